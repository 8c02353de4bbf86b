import { viewOf } from '../../wire/bytes.ts';
import { CONTAINER_OWNER, ttlToOwner } from '../../wire/create-mode.ts';
import { type Acl, Perms, STAT_BYTES } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { nameOf, parentOf } from '../../wire/path.ts';
import type { LoggedTxn, SimpleTxn, TxnHeader } from '../../wire/txn.ts';
import { AclTable } from './acl-table.ts';
import { type Applied, failure, type PreparedTxn, result } from './applied.ts';
import { isOutsideDigest, TreeDigest } from './digest.ts';
import { NO_NODE, type NodeId } from './node-id.ts';
import { LongField, NodeStore } from './node-store.ts';
import { Owners } from './owners.ts';
import { QuotaKeeper } from './quota-keeper.ts';
import { CONFIG_NODE, specialNodes } from './special-nodes.ts';
import { Watches } from './watches.ts';

export interface TreeOptions {
  readonly extendedTypes: boolean;
  readonly digestEnabled: boolean;
  /** Seeds the hash of the path index. */
  readonly hashSeed: number;
}

const EMPTY = Buffer.alloc(0);
const READ_ONLY_ACL: readonly Acl[] = [{ perms: Perms.read, id: { scheme: 'world', id: 'anyone' } }];

/**
 * The replicated state: znodes, sessions' ephemerals, ACLs, quotas, watches. `apply` is the only way in for a change, and it
 * is deterministic: the same transactions in the same order give the same tree, with the same digest, on every server.
 *
 * Replay is idempotent, because a fuzzy snapshot may already hold what the log applies again: creating what is there takes
 * over the ACL and lifts the parent's counters, deleting what is gone still lifts the parent's pzxid.
 */
export class DataTree {
  readonly options: TreeOptions;
  readonly store: NodeStore;
  readonly acls = new AclTable();
  readonly watches = new Watches();
  readonly quotas: QuotaKeeper;
  readonly owners: Owners;
  /** Every session the servers know, with its timeout in milliseconds. */
  readonly sessions = new Map<bigint, number>();
  readonly digest = new TreeDigest();
  lastProcessedZxid = 0;
  #root: NodeId = NO_NODE;
  /** Set while one operation is applied. */
  #prepared: PreparedTxn | null = null;

  constructor(options: TreeOptions) {
    this.options = options;
    this.store = new NodeStore(options.hashSeed);
    this.quotas = new QuotaKeeper(this.store);
    this.owners = new Owners(options.extendedTypes);
    this.#insertSpecial();
  }

  // -- Reading -----------------------------------------------------------------------------------------------------------

  /** The node at a path in UTF-8 as it came from a client; `/` and the empty path are the root. */
  find(bytes: Uint8Array, start: number, end: number): NodeId {
    if (end - start === 1 && bytes[start] === SLASH) return this.#root;
    return this.store.find(bytes, start, end);
  }

  findPath(path: string): NodeId {
    return path === '/' ? this.#root : this.store.findPath(path);
  }

  childNames(id: NodeId): string[] {
    const names: string[] = [];
    for (
      let child = this.store.firstChildOf(id);
      child !== NO_NODE;
      child = this.store.nextSiblingOf(child)
    ) {
      names.push(nameOf(this.store.path(child)));
    }
    return names;
  }

  // -- Applying ----------------------------------------------------------------------------------------------------------

  /** `prepared` spares looking up nodes, and working out their digests byte by byte, a second time. */
  apply({ header, txn }: LoggedTxn, prepared: PreparedTxn | null = null): Applied {
    let applied: Applied;
    if (txn.type === OpCode.multi) applied = this.#applyMulti(header, txn.body);
    else {
      if (txn.type !== OpCode.closeSession) this.#prepared = prepared;
      applied = this.#applySimple(header, txn, false);
      this.#prepared = null;
    }
    if (header.zxid > this.lastProcessedZxid) this.lastProcessedZxid = header.zxid;
    return applied;
  }

  /** All or nothing was decided when the transaction was prepared: one part of type error means that none is applied. */
  #applyMulti(header: TxnHeader, parts: readonly SimpleTxn[]): Applied {
    const results: Applied[] = [];
    let err: ErrorCode = ErrorCode.Ok;
    const failed = parts.some((part) => part.type === OpCode.error);
    let afterFailure = false;
    for (const part of parts) {
      let result: Applied;
      if (part.type === OpCode.error) {
        result = failure(part.body.err as ErrorCode);
        afterFailure = true;
      } else if (failed) {
        result = failure(afterFailure ? ErrorCode.RuntimeInconsistency : ErrorCode.Ok);
      } else {
        result = this.#applySimple(header, part, true);
        if (result.node !== NO_NODE) result.stat = this.#copyStat(result.node);
      }
      if (err === ErrorCode.Ok) err = result.err;
      results.push(result);
    }
    return { type: OpCode.multi, err, path: '', node: NO_NODE, stat: null, parts: results };
  }

  #applySimple(header: TxnHeader, txn: SimpleTxn, inMulti: boolean): Applied {
    switch (txn.type) {
      case OpCode.create:
      case OpCode.create2: {
        const owner = txn.body.ephemeral ? header.clientId : 0n;
        return this.#create(header, txn.type, txn.body, owner);
      }
      case OpCode.createContainer:
        return this.#create(header, txn.type, txn.body, CONTAINER_OWNER);
      case OpCode.createTTL:
        return this.#create(header, txn.type, txn.body, ttlToOwner(txn.body.ttl));
      case OpCode.delete:
      case OpCode.deleteContainer:
        return result(txn.type, this.#delete(txn.body.path, header.zxid), txn.body.path);
      case OpCode.setData:
      case OpCode.reconfig:
        return this.#setData(header, txn.type, txn.body.path, txn.body.data, txn.body.version);
      case OpCode.setACL:
        return this.#setAcl(txn.body.path, txn.body.acl, txn.body.version);
      case OpCode.createSession:
        this.sessions.set(header.clientId, txn.body.timeOut);
        return result(txn.type, ErrorCode.Ok, '');
      case OpCode.closeSession:
        this.#closeSession(header, txn.body.paths2Delete);
        return result(txn.type, ErrorCode.Ok, '');
      case OpCode.check:
        return result(
          txn.type,
          ErrorCode.Ok,
          txn.body.path,
          inMulti ? NO_NODE : this.findPath(txn.body.path),
        );
      case OpCode.error:
        return failure(txn.body.err as ErrorCode);
      default:
        return unreachable(txn);
    }
  }

  #create(
    header: TxnHeader,
    type: number,
    body: { path: string; data: Uint8Array | null; acl: Acl[] | null; parentCVersion: number },
    owner: bigint,
  ): Applied {
    const { path } = body;
    const parentPath = parentOf(path);
    const parent = this.#target(parentPath);
    if (parent === NO_NODE) return result(type, ErrorCode.NoNode, path);
    const aclId = this.acls.use(body.acl);
    const isNew = this.#prepared !== null && this.#prepared.prepared(path) !== null;
    const existing = isNew ? NO_NODE : this.findPath(path);
    if (existing !== NO_NODE) {
      this.acls.release(this.store.aclId(existing));
      this.store.setAclId(existing, aclId);
      this.#liftParent(parent, parentPath, body.parentCVersion, header.zxid);
      return result(type, ErrorCode.NodeExists, path);
    }
    const node = this.#insert(path, parent, body.data, aclId);
    this.store.setLong(node, LongField.czxid, header.zxid);
    this.store.setLong(node, LongField.mzxid, header.zxid);
    this.store.setLong(node, LongField.pzxid, header.zxid);
    this.store.setLong(node, LongField.ctime, header.time);
    this.store.setLong(node, LongField.mtime, header.time);
    this.#setOwner(node, path, owner);
    this.#liftParent(parent, parentPath, body.parentCVersion, header.zxid);
    this.#redigest(node, path);
    this.quotas.count(path, body.data?.length ?? 0, 1);
    if (isOutsideDigest(path)) this.quotas.nodeCame(path);
    this.watches.created(path, parentPath, header.zxid, aclId, this.store.aclId(parent));
    return result(type, ErrorCode.Ok, path, type === OpCode.create ? NO_NODE : node);
  }

  #delete(path: string, zxid: number): ErrorCode {
    const parentPath = parentOf(path);
    const parent = this.#target(parentPath);
    if (parent === NO_NODE) return ErrorCode.NoNode;
    const node = this.#target(path);
    if (node !== NO_NODE) this.#removeBelow(node);
    const dataLength = node === NO_NODE ? 0 : this.store.dataLength(node);
    const aclId = node === NO_NODE ? 0 : this.store.aclId(node);
    if (node !== NO_NODE) this.#remove(node, path);
    if (zxid > this.store.long(parent, LongField.pzxid)) {
      this.store.setLong(parent, LongField.pzxid, zxid);
      this.#redigest(parent, parentPath);
    }
    if (node === NO_NODE) return ErrorCode.NoNode;
    if (isOutsideDigest(path)) this.quotas.nodeWent(path);
    this.quotas.count(path, -dataLength, -1);
    this.watches.deleted(path, parentPath, zxid, aclId, this.store.aclId(parent));
    this.acls.release(aclId);
    return ErrorCode.Ok;
  }

  #setData(header: TxnHeader, type: number, path: string, data: Uint8Array | null, version: number): Applied {
    const node = this.#target(path);
    if (node === NO_NODE) return result(type, ErrorCode.NoNode, path);
    if (this.quotas.paths.size > 0)
      this.quotas.count(path, (data?.length ?? 0) - this.store.dataLength(node), 0);
    this.store.setData(node, data);
    this.store.setVersion(node, version);
    this.store.setLong(node, LongField.mzxid, header.zxid);
    this.store.setLong(node, LongField.mtime, header.time);
    this.#redigest(node, path);
    this.watches.dataChanged(path, header.zxid, this.store.aclId(node));
    return result(type, ErrorCode.Ok, path, node);
  }

  #setAcl(path: string, acl: Acl[] | null, version: number): Applied {
    const node = this.#target(path);
    if (node === NO_NODE) return result(OpCode.setACL, ErrorCode.NoNode, path);
    const before = this.store.aclId(node);
    this.store.setAclId(node, this.acls.use(acl));
    this.acls.release(before);
    this.store.setAversion(node, version);
    this.#redigest(node, path);
    return result(OpCode.setACL, ErrorCode.Ok, path, node);
  }

  /** The nodes that the transaction names go; a log that names none (older than 3.6) means all that the session owns. */
  #closeSession(header: TxnHeader, named: readonly string[] | null): void {
    const owned = this.owners.ephemerals.get(header.clientId);
    this.sessions.delete(header.clientId);
    for (const path of named ?? [...(owned ?? [])]) this.#delete(path, header.zxid);
    // A snapshot taken while the session ended may hold nodes that the list no longer names.
    if (named !== null && owned !== undefined) for (const path of [...owned]) this.#delete(path, header.zxid);
    this.owners.ephemerals.delete(header.clientId);
  }

  /** Takes away a node whose session is unknown, after recovery. Every server that recovers this state does the same. */
  removeOrphan(path: string): void {
    this.#delete(path, this.lastProcessedZxid);
  }

  // -- Loading a snapshot --------------------------------------------------------------------------------------------------

  /** Empties the tree for a snapshot to be loaded: not even the special nodes are left. Watches are dropped. */
  static empty(options: TreeOptions): DataTree {
    const tree = new DataTree(options);
    for (const path of [...specialNodes].reverse()) {
      tree.#remove(tree.findPath(path), path);
    }
    tree.#root = NO_NODE;
    tree.acls.clear();
    return tree;
  }

  /** Adds one node of a snapshot; parents come before their children. `path` is empty for the root. */
  loadNode(path: Buffer, data: Buffer | null, aclId: number, statPersisted: Buffer): void {
    const slash = path.lastIndexOf(SLASH);
    const parent = path.length === 0 ? NO_NODE : slash === 0 ? this.#root : this.store.find(path, 0, slash);
    if (path.length > 0 && parent === NO_NODE) {
      throw new Error(`snapshot holds ${path.toString()} but not its parent`);
    }
    const node = this.store.insert(path, path.length, parent, data);
    if (path.length === 0) this.#root = node;
    this.store.setAclId(node, aclId);
    this.acls.useId(aclId);
    const owner = statPersisted.readBigInt64BE(44);
    this.store.setStatPersisted(node, statPersisted, this.owners.kind(owner) === 'session');
    const text = path.toString();
    this.owners.add(text, owner);
    this.#redigest(node, text === '' ? '/' : text);
  }

  /** What follows the last node of a snapshot: nodes every tree has, quotas, and ACLs that nobody uses. */
  finishLoad(zxid: number): void {
    this.#insertSpecial();
    this.acls.dropUnused();
    this.lastProcessedZxid = zxid;
    this.quotas.rebuild();
  }

  // -- Within ------------------------------------------------------------------------------------------------------------

  /** The Stat that clients see, in wire form; null without a node. */
  statOf(path: string): Buffer | null {
    const node = this.findPath(path);
    return node === NO_NODE ? null : this.#copyStat(node);
  }

  #copyStat(node: NodeId): Buffer {
    this.store.copyStat(node, statView, 0);
    return Buffer.from(statScratch);
  }

  /** The node that an operation changes. */
  #target(path: string): NodeId {
    const prepared = this.#prepared === null ? null : this.#prepared.prepared(path);
    return prepared === null || prepared.node === NO_NODE ? this.findPath(path) : prepared.node;
  }

  #insertSpecial(): void {
    if (this.#root === NO_NODE) this.#root = this.#insertRoot();
    for (const path of specialNodes) {
      if (this.findPath(path) !== NO_NODE) continue;
      const acl = path === CONFIG_NODE ? this.acls.use(READ_ONLY_ACL) : this.acls.use(null);
      const node = this.#insert(path, this.findPath(parentOf(path)), EMPTY, acl);
      // ZooKeeper gives this one its ACL by a setACL that asks for no version, and shows it.
      if (path === CONFIG_NODE) this.store.setAversion(node, -1);
      this.#redigest(node, path);
    }
  }

  #insertRoot(): NodeId {
    const root = this.store.insert(EMPTY, 0, NO_NODE, EMPTY);
    this.store.setAclId(root, this.acls.use(null));
    this.#redigest(root, '/');
    return root;
  }

  #insert(path: string, parent: NodeId, data: Uint8Array | null, aclId: number): NodeId {
    const { scratch } = this.store;
    const length = scratch.encode(path);
    const node = this.store.insert(scratch.bytes, length, parent, data);
    this.store.setAclId(node, aclId);
    return node;
  }

  #remove(node: NodeId, path: string): void {
    if (this.store.hasOwner(node)) this.owners.remove(path, this.store.rawOwner(node));
    this.digest.subtract(this.store.digest(node));
    this.store.remove(node);
  }

  /**
   * A node that is deleted has no children, except on replay over a fuzzy snapshot: those it has then were created by later
   * transactions, which follow and create them again.
   */
  #removeBelow(top: NodeId): void {
    if (this.store.firstChildOf(top) === NO_NODE) return;
    for (const node of [...this.store.below(top)].reverse()) {
      const aclId = this.store.aclId(node);
      this.#remove(node, this.store.path(node));
      this.acls.release(aclId);
    }
  }

  #setOwner(node: NodeId, path: string, owner: bigint): void {
    if (owner === 0n) return;
    this.store.setOwner(node, owner, this.owners.kind(owner) === 'session' ? owner : 0n);
    this.owners.add(path, owner);
  }

  /**
   * A creation's effect on the parent. Replay of an older one never lowers the counters. So the count ends at 2^31 - 1, as in Apache
   * ZooKeeper: what follows that is lower.
   */
  #liftParent(parent: NodeId, parentPath: string, parentCVersion: number, zxid: number): void {
    const stored = this.store.storedCversion(parent);
    const cversion = parentCVersion === -1 ? (stored + 1) | 0 : parentCVersion;
    if (cversion > stored) {
      this.store.setStoredCversion(parent, cversion);
      this.store.setLong(parent, LongField.pzxid, zxid);
    }
    this.#redigest(parent, parentPath);
  }

  #redigest(node: NodeId, path: string): void {
    if (!this.options.digestEnabled || isOutsideDigest(path)) return;
    this.digest.subtract(this.store.digest(node));
    const prepared = this.#prepared === null ? null : this.#prepared.prepared(path);
    const digest = prepared === null ? this.store.computeDigest(node) : prepared.digest;
    this.store.setDigest(node, digest);
    this.digest.add(digest);
  }
}

const SLASH = 0x2f;
const statScratch = Buffer.alloc(STAT_BYTES);
const statView = viewOf(statScratch);

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
