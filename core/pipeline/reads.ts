import { ByteReader, viewOf } from '../../wire/bytes.ts';
import { decode } from '../../wire/codec.ts';
import { Perms, STAT_BYTES, Stat } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { WireFault } from '../../wire/fault.ts';
import { MultiReply, MultiRequest, type MultiResult } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { ErrorReply, GetACLReply, NamesReply, WhoAmIReply } from '../../wire/replies.ts';
import {
  AddWatchRequest,
  PathRequest,
  SetWatches,
  SetWatches2,
  WatchesRequest,
} from '../../wire/requests.ts';
import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import { NO_NODE, type NodeId } from '../tree/node-id.ts';
import type { DataTree } from '../tree/tree.ts';
import { maskDigests } from './acl.ts';
import type { Connection } from './connection.ts';
import { Refusal } from './refusal.ts';
import { WatchRequests } from './watch-requests.ts';

/**
 * Everything that is answered from this server's own tree. Each answer is built straight into the connection's out buffer;
 * a refusal is thrown, and the caller answers with its code.
 */
export class Reads {
  readonly #tree: DataTree;
  readonly #auth: AuthProviders;
  readonly #config: ServerConfig;
  readonly #watchRequests: WatchRequests;
  readonly #scratch = Buffer.allocUnsafe(STAT_BYTES);

  constructor(tree: DataTree, auth: AuthProviders, config: ServerConfig) {
    this.#tree = tree;
    this.#watchRequests = new WatchRequests(tree);
    this.#auth = auth;
    this.#config = config;
  }

  /** Writes the whole reply frame. Throws `Refusal` or `WireFault` without having written anything that stays. */
  answer(
    connection: Connection,
    type: number,
    xid: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number {
    switch (type) {
      case OpCode.getData:
        return this.#getData(connection, xid, bytes, start, end);
      case OpCode.exists:
        return this.#exists(connection, xid, bytes, start, end);
      case OpCode.ping:
        return this.#header(connection, xid);
      case OpCode.getChildren:
      case OpCode.getChildren2:
        return this.#getChildren(connection, type, xid, bytes, start, end);
      default:
        return this.#answerRare(connection, type, xid, new ByteReader(bytes, start, end));
    }
  }

  #answerRare(connection: Connection, type: number, xid: number, reader: ByteReader): number {
    switch (type) {
      case OpCode.sync:
        // The answer repeats the path as it came, null included.
        return this.#record(connection, xid, PathRequest, PathRequest.read(reader));
      case OpCode.getACL:
        return this.#getAcl(connection, xid, PathRequest.read(reader).path);
      case OpCode.getAllChildrenNumber:
        return this.#getAllChildrenNumber(connection, xid, PathRequest.read(reader).path);
      case OpCode.getEphemerals:
        return this.#getEphemerals(connection, xid, PathRequest.read(reader).path);
      case OpCode.multiRead:
        return this.#multiRead(connection, xid, reader);
      case OpCode.setWatches: {
        const request = SetWatches.read(reader);
        this.#watchRequests.set(connection, {
          ...request,
          persistentWatches: null,
          persistentRecursiveWatches: null,
        });
        return this.#header(connection, xid);
      }
      case OpCode.setWatches2:
        this.#watchRequests.set(connection, SetWatches2.read(reader));
        return this.#header(connection, xid);
      case OpCode.addWatch:
        this.#watchRequests.add(connection, AddWatchRequest.read(reader));
        return this.#record(connection, xid, ErrorReply, { err: 0 });
      case OpCode.checkWatches:
        this.#watchRequests.check(connection, WatchesRequest.read(reader));
        return this.#header(connection, xid);
      case OpCode.removeWatches:
        this.#watchRequests.remove(connection, WatchesRequest.read(reader));
        return this.#header(connection, xid);
      case OpCode.whoAmI: {
        const clientInfo = connection.ids.map((id) => ({
          authScheme: id.scheme ?? '',
          user: this.#auth.userName(id),
        }));
        return this.#record(connection, xid, WhoAmIReply, { clientInfo });
      }
      default:
        throw new Refusal(ErrorCode.Unimplemented, `request type ${type}`);
    }
  }

  /** About how long the answer to a request will be, if it can be long. Whatever the request is, this throws nothing. */
  answerBytes(connection: Connection, type: number, bytes: Buffer, start: number, end: number): number {
    if (type === OpCode.multiRead) return MULTI_READ_BYTES_MAX;
    if (type === OpCode.whoAmI) return connection.ids.length * ENTRY_BYTES;
    if (type === OpCode.getEphemerals) {
      return (this.#tree.owners.ephemerals.get(connection.session?.id ?? 0n)?.size ?? 0) * ENTRY_BYTES;
    }
    const isPathFirst =
      type === OpCode.getData ||
      type === OpCode.getChildren ||
      type === OpCode.getChildren2 ||
      type === OpCode.getACL;
    if (!isPathFirst || end - start < 4) return 0;
    const length = bytes.readInt32BE(start);
    if (length < 0 || length > end - start - 4) return 0;
    const node = this.#tree.find(bytes, start + 4, start + 4 + length);
    if (node === NO_NODE) return 0;
    const { store, acls } = this.#tree;
    if (type === OpCode.getData) return store.dataLength(node);
    if (type === OpCode.getACL) return acls.get(store.aclId(node)).length * ENTRY_BYTES;
    return store.numChildren(node) * ENTRY_BYTES;
  }

  mayRead(connection: Connection, aclId: number): boolean {
    return this.#permits(connection, aclId, Perms.read);
  }

  // -- The frequent ones: path and flag are read in place, no string is made unless a watch is set ------------------------

  #getData(connection: Connection, xid: number, bytes: Buffer, start: number, end: number): number {
    const pathEnd = readPathEnd(bytes, start, end);
    const node = this.#readable(connection, this.#tree.find(bytes, start + 4, pathEnd));
    const { store } = this.#tree;
    if (bytes[pathEnd] !== 0) this.#tree.watches.addData(shownPath(store.path(node)), connection);
    const { out } = connection;
    out.begin(xid, this.#tree.lastProcessedZxid, 0);
    const { writer } = out;
    const length = store.dataLength(node);
    writer.reserve(4 + length + STAT_BYTES);
    writer.writeInt(length === 0 && store.isDataNull(node) ? -1 : length);
    writer.pos += store.copyData(node, writer.dataView, writer.pos);
    out.stat(store, node);
    return out.end();
  }

  /** Needs no permission (docs/decisions/0011). The watch is set whether or not the node is there. */
  #exists(connection: Connection, xid: number, bytes: Buffer, start: number, end: number): number {
    const pathEnd = readPathEnd(bytes, start, end);
    const node = this.#tree.find(bytes, start + 4, pathEnd);
    if (node === NO_NODE && bytes.subarray(start + 4, pathEnd).includes(0)) {
      throw new Refusal(ErrorCode.BadArguments, 'NUL in the path of exists');
    }
    if (bytes[pathEnd] !== 0) {
      this.#tree.watches.addData(bytes.toString('utf8', start + 4, pathEnd), connection);
    }
    if (node === NO_NODE) throw noNode;
    const { out } = connection;
    out.begin(xid, this.#tree.lastProcessedZxid, 0);
    out.stat(this.#tree.store, node);
    return out.end();
  }

  #getChildren(
    connection: Connection,
    type: number,
    xid: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number {
    const pathEnd = readPathEnd(bytes, start, end);
    const node = this.#readable(connection, this.#tree.find(bytes, start + 4, pathEnd));
    if (bytes[pathEnd] !== 0) {
      this.#tree.watches.addChild(shownPath(this.#tree.store.path(node)), connection);
    }
    const { out } = connection;
    out.begin(xid, this.#tree.lastProcessedZxid, 0);
    this.#writeChildNames(connection, node);
    if (type === OpCode.getChildren2) out.stat(this.#tree.store, node);
    return out.end();
  }

  /** Names are copied as bytes: each is the tail of its node's path. */
  #writeChildNames(connection: Connection, node: NodeId): void {
    const { store } = this.#tree;
    const { writer } = connection.out;
    const prefix = store.pathLength(node) + 1;
    writer.writeInt(store.numChildren(node));
    for (let child = store.firstChildOf(node); child !== NO_NODE; child = store.nextSiblingOf(child)) {
      const length = store.pathLength(child) - prefix;
      writer.reserve(4 + length);
      writer.dataView.setInt32(writer.pos, length);
      store.copyPath(child, prefix, writer.dataView, writer.pos + 4);
      writer.pos += 4 + length;
    }
  }

  // -- The others --------------------------------------------------------------------------------------------------------

  #getAcl(connection: Connection, xid: number, path: string | null): number {
    const node = this.#existing(path);
    const aclId = this.#tree.store.aclId(node);
    if (!this.#permits(connection, aclId, Perms.read | Perms.admin))
      throw new Refusal(ErrorCode.NoAuth, path ?? '');
    const acl = this.#tree.acls.get(aclId);
    const shown = this.#permits(connection, aclId, Perms.admin) ? [...acl] : maskDigests(acl);
    return this.#record(connection, xid, GetACLReply, { acl: shown, stat: this.#stat(node) });
  }

  #getAllChildrenNumber(connection: Connection, xid: number, path: string | null): number {
    const node = this.#readable(connection, this.#existing(path));
    const { out } = connection;
    out.begin(xid, this.#tree.lastProcessedZxid, 0);
    out.writer.writeInt(this.#tree.store.descendants(node));
    return out.end();
  }

  /** The session's own ephemerals whose path begins with the prefix, as plain text. */
  #getEphemerals(connection: Connection, xid: number, prefix: string | null): number {
    const all = [...(this.#tree.owners.ephemerals.get(connection.session?.id ?? 0n) ?? [])];
    const wanted = prefix?.trim() ?? '';
    const children = wanted === '' || wanted === '/' ? all : all.filter((path) => path.startsWith(prefix!));
    return this.#record(connection, xid, NamesReply, { children });
  }

  #multiRead(connection: Connection, xid: number, reader: ByteReader): number {
    const results: MultiResult[] = [];
    let bytes = 0;
    for (const op of MultiRequest.read(reader)) {
      if (op.type !== OpCode.getData && op.type !== OpCode.getChildren) {
        throw new WireFault('malformed', 'a multi that reads holds operations that write');
      }
      try {
        const result = this.#readOne(connection, op.type, op.body);
        results.push(result);
        bytes += sizeOf(result);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        results.push({ type: OpCode.error, body: { err: refusal.code } });
      }
      if (bytes > MULTI_READ_BYTES_MAX) {
        throw new WireFault(
          'unreasonable-length',
          `a multi that reads more than ${MULTI_READ_BYTES_MAX} bytes`,
        );
      }
    }
    return this.#record(connection, xid, MultiReply, results);
  }

  #readOne(
    connection: Connection,
    type: typeof OpCode.getData | typeof OpCode.getChildren,
    { path, watch }: { path: string; watch: boolean },
  ): MultiResult {
    const node = this.#readable(connection, this.#existing(path));
    const { watches, store } = this.#tree;
    if (type === OpCode.getData) {
      if (watch) watches.addData(path, connection);
      return { type, body: { data: store.data(node), stat: this.#stat(node) } };
    }
    if (watch) watches.addChild(path, connection);
    return { type, body: { children: this.#tree.childNames(node) } };
  }

  // -- Within ------------------------------------------------------------------------------------------------------------

  #existing(path: string | null): NodeId {
    if (path === null) throw new WireFault('malformed', 'null path');
    const node = this.#tree.findPath(path);
    if (node === NO_NODE) throw new Refusal(ErrorCode.NoNode, path);
    return node;
  }

  #readable(connection: Connection, node: NodeId): NodeId {
    if (node === NO_NODE) throw noNode;
    if (!this.#permits(connection, this.#tree.store.aclId(node), Perms.read)) {
      throw new Refusal(ErrorCode.NoAuth, this.#tree.store.path(node));
    }
    return node;
  }

  #permits(connection: Connection, aclId: number, perms: number): boolean {
    const { acls } = this.#tree;
    if ((acls.worldPerms(aclId) & perms) !== 0 || this.#config.skipAcl) return true;
    return this.#auth.permits(acls.get(aclId), perms, connection.ids);
  }

  #stat(node: NodeId): Stat {
    this.#tree.store.copyStat(node, viewOf(this.#scratch), 0);
    return decode(Stat, this.#scratch);
  }

  #header(connection: Connection, xid: number): number {
    return connection.out.header(xid, this.#tree.lastProcessedZxid, ErrorCode.Ok);
  }

  #record<T>(
    connection: Connection,
    xid: number,
    codec: Parameters<typeof connection.out.record<T>>[2],
    value: T,
  ): number {
    return connection.out.record(xid, this.#tree.lastProcessedZxid, codec, value);
  }
}

/** A request of a megabyte could ask for many gigabytes; no client takes an answer as long as this. */
const MULTI_READ_BYTES_MAX = 16 * 1024 * 1024;
/** What a name or an identity takes in an answer, roughly. */
const ENTRY_BYTES = 40;

function sizeOf(result: MultiResult): number {
  if (result.type === OpCode.getData) return result.body.data?.length ?? 0;
  if (result.type !== OpCode.getChildren) return 0;
  let bytes = 0;
  for (const name of result.body.children ?? []) bytes += name.length + 4;
  return bytes;
}

/** Asking for what is not there is ordinary, and a stack trace for each would be dear. */
const noNode = new Refusal(ErrorCode.NoNode, '');

/** Where the path ends that begins with its length at `start`; a flag of one byte must follow. */
function readPathEnd(bytes: Buffer, start: number, end: number): number {
  if (end - start < 5) throw new WireFault('truncated', `request of ${end - start} bytes`);
  const length = bytes.readInt32BE(start);
  const pathEnd = start + 4 + length;
  if (length < 0 || pathEnd >= end)
    throw new WireFault('malformed', `path length ${length} of ${end - start - 5}`);
  return pathEnd;
}

function shownPath(path: string): string {
  return path === '' ? '/' : path;
}
