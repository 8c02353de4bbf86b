import {
  type CreateMode,
  ephemeralKind,
  isCreateMode,
  isEphemeral,
  isSequential,
  isTtl,
  ownerToTtl,
  TTL_MS_MAX,
} from '../../wire/create-mode.ts';
import { type Acl, type Id, Perms } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { parentOf, sequenceSuffix } from '../../wire/path.ts';
import type { LoggedTxn, SimpleTxn, Txn } from '../../wire/txn.ts';
import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import { DIGEST_VERSION } from '../tree/digest.ts';
import { NO_NODE } from '../tree/node-id.ts';
import { limitNodePath, StatsTrack, statsNodePath } from '../tree/quota.ts';
import type { DataTree } from '../tree/tree.ts';
import { fixupAcl } from './acl.ts';
import { type Ask, readAsk } from './ask.ts';
import { ChangeRecord, type OutstandingChanges } from './outstanding.ts';
import {
  asPart,
  badPath,
  type CreateOp,
  listed,
  nextVersion,
  ownerOf,
  requireDeletable,
  requireValid,
  type WriteOp,
} from './prepare-rules.ts';
import { Refusal } from './refusal.ts';
import type { Request } from './request.ts';

/** What the requester is to one operation: who it is, and which transaction it will be part of. */
interface Context {
  readonly zxid: number;
  readonly timeMs: number;
  readonly sessionId: bigint;
  readonly ids: readonly Id[];
}

/**
 * Turns a write request into the transaction that every server will apply without asking again: all validation happens here,
 * against the tree as the transactions under way will leave it. A request that is refused becomes an error transaction, which
 * takes its place in the order too.
 *
 * Invariant: `prepare` either adds exactly the changes of the transaction it returns to the outstanding ones, or none.
 */
export class Preparer {
  readonly #tree: DataTree;
  readonly #outstanding: OutstandingChanges;
  readonly #auth: AuthProviders;
  readonly #config: ServerConfig;

  constructor(tree: DataTree, outstanding: OutstandingChanges, auth: AuthProviders, config: ServerConfig) {
    this.#tree = tree;
    this.#outstanding = outstanding;
    this.#auth = auth;
    this.#config = config;
  }

  /** Throws `WireFault` for a record that cannot be read: such a request takes no place in the order. */
  prepare(request: Request<unknown>, zxid: number, timeMs: number): LoggedTxn {
    const context: Context = { zxid, timeMs, sessionId: request.sessionId, ids: request.ids };
    const ask = request.refused === ErrorCode.Ok ? readAsk(request) : null;
    let txn: Txn;
    try {
      if (ask === null) throw new Refusal(request.refused, 'refused before it was read');
      if (request.session?.closing === true && request.type !== OpCode.closeSession) {
        throw new Refusal(ErrorCode.SessionExpired, `session is closing`);
      }
      txn = this.#perform(context, ask);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      txn = { type: OpCode.error, body: { err: refusal.code } };
    }
    return {
      header: { clientId: request.sessionId, cxid: request.xid, zxid, time: timeMs, type: txn.type },
      txn,
      digest: this.#digestAfter(txn),
    };
  }

  /** Error transactions carry no digest. */
  #digestAfter(txn: Txn): LoggedTxn['digest'] {
    if (!this.#config.digestEnabled || txn.type === OpCode.error) return null;
    return { version: DIGEST_VERSION, treeDigest: this.#outstanding.digestLong() };
  }

  #perform(context: Context, ask: Ask): Txn {
    switch (ask.type) {
      case OpCode.multi:
        return this.#multi(context, ask.body);
      case OpCode.check:
        // As a transaction of its own it would keep Apache ZooKeeper from starting on the log (ZOOKEEPER-2623).
        throw new Refusal(ErrorCode.Unimplemented, 'check outside a multi');
      case OpCode.setACL:
        return this.#setAcl(context, ask.body.path, ask.body.acl, ask.body.version);
      case OpCode.deleteContainer:
        return this.#deleteContainer(context, Buffer.from(ask.body.path ?? []).toString('utf8'));
      case OpCode.createSession:
        return ask;
      case OpCode.closeSession:
        return this.#closeSession(context);
      case OpCode.reconfig:
        throw new Refusal(ErrorCode.ReconfigDisabled, 'this server does not reconfigure');
      default:
        return this.#one(context, ask);
    }
  }

  // -- Operations --------------------------------------------------------------------------------------------------------

  #one(context: Context, op: WriteOp): SimpleTxn {
    switch (op.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.#create(context, op);
      case OpCode.delete:
        return this.#delete(context, op.body.path, op.body.version);
      case OpCode.setData:
        return this.#setData(context, op.body.path, op.body.data, op.body.version);
      case OpCode.check:
        return this.#check(context, op.body.path, op.body.version);
    }
  }

  /** One failure undoes them all: what came before it is recorded as it was, it and what follows as errors. */
  #multi(context: Context, ops: readonly WriteOp[]): Txn {
    const mark = this.#outstanding.mark();
    const parts: SimpleTxn[] = [];
    let failed = false;
    for (const op of ops) {
      if (failed) {
        parts.push({ type: OpCode.error, body: { err: ErrorCode.RuntimeInconsistency } });
        continue;
      }
      try {
        parts.push(asPart(this.#one(context, op)));
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        this.#outstanding.rollback(mark);
        failed = true;
        parts.push({ type: OpCode.error, body: { err: refusal.code } });
      }
    }
    return { type: OpCode.multi, body: parts };
  }

  #create(context: Context, op: CreateOp): SimpleTxn {
    const { data, flags } = op.body;
    const ttlMs = op.type === OpCode.createTTL ? op.body.ttl : -1;
    const mode = this.#createMode(op.body.path, flags, ttlMs);
    // Apache ZooKeeper logs such a node and then ends at it, at each start anew: no log of ours may hold one.
    if (op.type === OpCode.createTTL && !isTtl(mode)) {
      throw new Refusal(
        ErrorCode.BadArguments,
        `${op.body.path}: createTTL with mode ${flags}, which has no TTL`,
      );
    }
    if (!op.body.path.includes('/') || op.body.path.includes('\0')) throw badPath(op.body.path, 'no parent');
    const acl = fixupAcl(op.body.path, op.body.acl, context.ids, this.#auth);
    const parentPath = parentOf(op.body.path);
    const parent = this.#existing(parentPath);
    this.#require(parent.acl, Perms.create, context, parentPath);
    const path = isSequential(mode) ? op.body.path + sequenceSuffix(parent.nextSequence) : op.body.path;
    requireValid(path);
    if (this.#outstanding.exists(path)) throw new Refusal(ErrorCode.NodeExists, path);
    if (ephemeralKind(parent.owner, this.#config.extendedTypesEnabled) === 'session') {
      throw new Refusal(ErrorCode.NoChildrenForEphemerals, path);
    }
    this.#checkQuota(path, data?.length ?? 0, 1);

    const parentCVersion = (parent.nextSequence + 1) | 0;
    const changed = parent.duplicate(context.zxid);
    changed.childCount++;
    changed.nextSequence = parentCVersion;
    // As the tree does, which keeps the last count there is.
    if (parentCVersion > changed.cversion) {
      changed.cversion = parentCVersion;
      changed.pzxid = context.zxid;
    }
    const node = new ChangeRecord(path);
    node.zxid = node.czxid = node.mzxid = node.pzxid = context.zxid;
    node.ctime = node.mtime = context.timeMs;
    node.acl = acl;
    node.data = data;
    node.owner = ownerOf(mode, op.type, context.sessionId, ttlMs);
    this.#outstanding.add(changed);
    this.#outstanding.add(node);
    switch (op.type) {
      case OpCode.createContainer:
        return { type: op.type, body: { path, data, acl, parentCVersion } };
      case OpCode.createTTL:
        return { type: op.type, body: { path, data, acl, parentCVersion, ttl: ttlMs } };
      default:
        return { type: op.type, body: { path, data, acl, ephemeral: isEphemeral(mode), parentCVersion } };
    }
  }

  #createMode(path: string, flags: number, ttlMs: number): CreateMode {
    if (!isCreateMode(flags))
      throw new Refusal(ErrorCode.BadArguments, `${path}: create mode ${flags} is unknown`);
    if (isTtl(flags)) {
      if (!this.#config.extendedTypesEnabled) {
        throw new Refusal(ErrorCode.Unimplemented, `${path}: TTL nodes need extendedTypesEnabled=true`);
      }
      if (!(ttlMs > 0 && ttlMs <= TTL_MS_MAX))
        throw new Refusal(ErrorCode.BadArguments, `${path}: TTL ${ttlMs} ms`);
    } else if (ttlMs >= 0) {
      throw new Refusal(ErrorCode.BadArguments, `${path}: mode ${flags} has no TTL`);
    }
    return flags;
  }

  #delete(context: Context, path: string, version: number): SimpleTxn {
    requireDeletable(path);
    const parent = this.#existing(parentOf(path));
    this.#require(parent.acl, Perms.delete, context, path);
    const node = this.#existing(path);
    nextVersion(path, node.version, version);
    if (node.childCount > 0) throw new Refusal(ErrorCode.NotEmpty, path);
    this.#remove(context, parent, node);
    return { type: OpCode.delete, body: { path } };
  }

  #deleteContainer(context: Context, path: string): SimpleTxn {
    requireDeletable(path);
    const node = this.#existing(path);
    if (node.childCount > 0) throw new Refusal(ErrorCode.NotEmpty, path);
    if (!this.#isDue(node, context.timeMs)) throw new Refusal(ErrorCode.BadVersion, path);
    this.#remove(context, this.#existing(parentOf(path)), node);
    return { type: OpCode.deleteContainer, body: { path } };
  }

  /** Another node may have taken the place of the one that was due when the request was made (see `reapCandidates`). */
  #isDue(node: ChangeRecord, timeMs: number): boolean {
    const unwrittenMs = timeMs - node.mtime;
    const { extendedTypesEnabled, containerMaxNeverUsedIntervalMs } = this.#config;
    switch (ephemeralKind(node.owner, extendedTypesEnabled)) {
      case 'container':
        return (
          node.cversion !== 0 ||
          (containerMaxNeverUsedIntervalMs > 0 && unwrittenMs > containerMaxNeverUsedIntervalMs)
        );
      case 'ttl':
        return unwrittenMs > ownerToTtl(node.owner);
      default:
        return false;
    }
  }

  #remove(context: Context, parent: ChangeRecord, node: ChangeRecord): void {
    const changed = parent.duplicate(context.zxid);
    changed.childCount--;
    changed.pzxid = context.zxid;
    this.#outstanding.add(changed);
    const gone = node.duplicate(context.zxid);
    gone.exists = false;
    this.#outstanding.add(gone);
  }

  #setData(context: Context, path: string, data: Uint8Array | null, version: number): SimpleTxn {
    requireValid(path);
    const node = this.#existing(path);
    this.#require(node.acl, Perms.write, context, path);
    if (this.#tree.quotas.paths.size > 0)
      this.#checkQuota(path, (data?.length ?? 0) - this.#dataLength(node), 0);
    const next = nextVersion(path, node.version, version);
    const changed = node.duplicate(context.zxid);
    changed.version = next;
    changed.mzxid = context.zxid;
    changed.mtime = context.timeMs;
    changed.dataNode = NO_NODE;
    changed.data = data;
    changed.bodyCrc = -1;
    this.#outstanding.add(changed);
    return { type: OpCode.setData, body: { path, data, version: next } };
  }

  #setAcl(context: Context, path: string, wanted: readonly Acl[] | null, version: number): SimpleTxn {
    requireValid(path);
    const acl = fixupAcl(path, wanted, context.ids, this.#auth);
    const node = this.#existing(path);
    this.#require(node.acl, Perms.admin, context, path);
    const next = nextVersion(path, node.aversion, version);
    const changed = node.duplicate(context.zxid);
    changed.aversion = next;
    changed.acl = acl;
    this.#outstanding.add(changed);
    return { type: OpCode.setACL, body: { path, acl, version: next } };
  }

  #check(context: Context, path: string, version: number): SimpleTxn {
    requireValid(path);
    const node = this.#existing(path);
    this.#require(node.acl, Perms.read, context, path);
    return { type: OpCode.check, body: { path, version: nextVersion(path, node.version, version) } };
  }

  /** The session's ephemerals as they will be when this transaction is applied: with those under way, without those going. */
  #closeSession(context: Context): SimpleTxn {
    const paths = new Set(this.#tree.owners.ephemerals.get(context.sessionId) ?? []);
    for (const record of this.#outstanding.records()) {
      if (!record.exists) paths.delete(record.path);
      else if (record.owner === context.sessionId && record.owner !== 0n) paths.add(record.path);
    }
    for (const path of paths) {
      const parent = this.#outstanding.get(parentOf(path));
      const node = this.#outstanding.get(path);
      if (parent !== undefined && node !== undefined) this.#remove(context, parent, node);
    }
    return { type: OpCode.closeSession, body: { paths2Delete: listed([...paths]) } };
  }

  // -- Checks ------------------------------------------------------------------------------------------------------------

  #existing(path: string): ChangeRecord {
    const record = this.#outstanding.get(path);
    if (record === undefined) throw new Refusal(ErrorCode.NoNode, path);
    return record;
  }

  #require(acl: readonly Acl[], perms: number, context: Context, path: string): void {
    if (this.#config.skipAcl || this.#auth.permits(acl, perms, context.ids)) return;
    throw new Refusal(ErrorCode.NoAuth, path);
  }

  #dataLength(record: ChangeRecord): number {
    return record.dataNode === NO_NODE
      ? (record.data?.length ?? 0)
      : this.#tree.store.dataLength(record.dataNode);
  }

  /** Only hard limits refuse, and only where the server is told to enforce them. */
  #checkQuota(path: string, bytes: number, count: number): void {
    if (!this.#config.enforceQuota) return;
    const limited = this.#tree.quotas.paths.nearest(path);
    if (limited === null) return;
    const limits = this.#track(limitNodePath(limited));
    const usage = this.#track(statsNodePath(limited));
    if (limits === null || usage === null) return;
    const countLimit = limits.get('countHardLimit');
    const byteLimit = limits.get('byteHardLimit');
    const overCount = count !== 0 && countLimit > -1 && usage.get('count') + count > countLimit;
    const overBytes = bytes !== 0 && byteLimit > -1 && usage.get('bytes') + bytes > byteLimit;
    if (overCount || overBytes) throw new Refusal(ErrorCode.QuotaExceeded, limited);
  }

  #track(path: string): StatsTrack | null {
    const node = this.#tree.findPath(path);
    return node === NO_NODE ? null : new StatsTrack((this.#tree.store.data(node) ?? '').toString());
  }
}
