import { ByteReader, ByteWriter } from '../../wire/bytes.ts';
import { decode } from '../../wire/codec.ts';
import { Stat } from '../../wire/data.ts';
import { ErrorCode, errorName } from '../../wire/errors.ts';
import { WireFault } from '../../wire/fault.ts';
import { formatZxid } from '../../wire/ids.ts';
import { MultiReply, type MultiResult } from '../../wire/multi.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { PathReply } from '../../wire/replies.ts';
import { AuthPacket } from '../../wire/requests.ts';
import { type LoggedTxn, writeLoggedTxn } from '../../wire/txn.ts';
import type { ServerStats } from '../admin/stats.ts';
import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import type { Clock, Logger } from '../ports.ts';
import type { Session, SessionTracker } from '../session/tracker.ts';
import { ENTRY_BYTES_MAX } from '../storage/log-format.ts';
import type { Applied, AppliedTxn, DataTree } from '../tree/tree.ts';
import { LeaderBroadcast, type Proposal } from '../zab/leader-broadcast.ts';
import type { QuorumVerifier, ServerId } from '../zab/quorum.ts';
import type { Connection, ConnectionOwner, Waiting } from './connection.ts';
import { OutstandingChanges } from './outstanding.ts';
import { Preparer } from './prepare.ts';
import { Reads } from './reads.ts';
import { Refusal } from './refusal.ts';
import type { Request } from './request.ts';

export type ClientRequest = Request<Connection>;
export type ClientProposal = Proposal<ClientRequest>;

/** What the processor asks of its surroundings. */
export interface ProcessorEffects {
  /** Put the proposal into the log; tell `durable` when it is on disk. */
  log(proposal: ClientProposal): void;
  /** The session was made or renewed, or could not be: the connection waits to hear. */
  sessionReady(connection: Connection): void;
  /** The session has ended. Its connection, if it has one, already has the answer if it asked for this. */
  sessionClosed(session: Session): void;
  close(connection: Connection, reason: string): void;
  markDirty(connection: Connection): void;
  /** A paused connection may go on: first with the frames held of it, then with what its link brings. */
  resume(connection: Connection): void;
}

export interface ProcessorParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly tracker: SessionTracker;
  readonly auth: AuthProviders;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: ServerId;
  readonly quorum: QuorumVerifier;
}

/** Buffer that encoded transactions share. */
const ENCODER_BYTES = 64 * 1024;

/**
 * Bytes that a client may leave unread before its requests are read no further; and as many of requests that wait, and of the
 * answers that these will get.
 */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;
/** Requests that may wait before the length of their answers is estimated: looking at each node costs time. */
const WAITING_UNESTIMATED = 16;

/**
 * From a request to its answer. There is one write path: prepare, propose, log, acknowledge, commit, apply, reply. Reads are
 * answered from the tree at once, unless an earlier write of the same connection is still under way: then they wait for it,
 * so that each client sees its own requests done in order (CommitProcessor).
 */
export class RequestProcessor implements ConnectionOwner {
  readonly outstanding: OutstandingChanges;
  readonly broadcast: LeaderBroadcast<ClientRequest>;
  readonly #parts: ProcessorParts;
  readonly #effects: ProcessorEffects;
  readonly #preparer: Preparer;
  readonly #reads: Reads;
  readonly #encoder = new ByteWriter(ENCODER_BYTES);
  /** Syncs that wait until everything proposed before them is committed. */
  #pendingSyncs: { readonly zxid: number; readonly connection: Connection }[] = [];
  /**
   * Longest transaction: what ZooKeeper reads back from a log with the same `jute.maxbuffer`. It can be longer than its request,
   * as ACLs name every identity of the client.
   */
  readonly #txnBytesMax: number;
  #digestMismatchReported = false;
  /** The monotonic clock as of the turn: whoever drives the processor sets it at each input. */
  nowMs: number;

  constructor(parts: ProcessorParts, effects: ProcessorEffects) {
    const { tree, auth, config } = parts;
    this.#parts = parts;
    this.#effects = effects;
    this.nowMs = parts.clock.monotonicMs();
    this.#txnBytesMax = Math.min(2 * config.juteMaxBufferBytes, ENTRY_BYTES_MAX);
    this.outstanding = new OutstandingChanges(tree);
    this.#preparer = new Preparer(tree, this.outstanding, auth, config);
    this.#reads = new Reads(tree, auth, config);
    this.broadcast = new LeaderBroadcast(parts.quorum, tree.lastProcessedZxid, {
      propose: (proposal) => effects.log(proposal),
      commit: (proposal) => this.#commit(proposal),
    });
  }

  // -- In ------------------------------------------------------------------------------------------------------------------

  /** One frame of a connection whose session is set up. */
  receive(connection: Connection, bytes: Buffer, start: number, end: number): void {
    const { nowMs } = this;
    if (end - start < 8)
      throw new WireFault('truncated', `frame of ${end - start} bytes holds no request header`);
    const xid = bytes.readInt32BE(start);
    const type = bytes.readInt32BE(start + 4);
    connection.stats.packetsReceived++;
    this.#parts.stats.packetsReceived++;
    const session = connection.session!;
    this.#parts.tracker.touch(session, nowMs);
    if (type === OpCode.auth) {
      this.#authenticate(connection, xid, bytes, start + 8, end);
    } else if (isWrite(type)) {
      this.#submit(connection, xid, type, bytes, start + 8, end, nowMs);
    } else if (session.closing) {
      this.#refuseInOrder(connection, xid, bytes, start + 8, end);
    } else if (connection.waitingCount > 0) {
      const afterZxid = this.broadcast.lastProposed;
      const answerBytes =
        connection.waitingCount < WAITING_UNESTIMATED
          ? 0
          : this.#reads.answerBytes(connection, type, bytes, start + 8, end);
      const proposed = false;
      connection.pushWaiting({
        xid,
        type,
        bytes,
        start: start + 8,
        end,
        receivedMs: nowMs,
        afterZxid,
        answerBytes,
        proposed,
      });
      this.throttle(connection);
    } else {
      this.#runNow(connection, xid, type, bytes, start + 8, end, nowMs);
      if (connection.out.writer.pos > UNSENT_BYTES_MAX) this.throttle(connection);
    }
  }

  /** A request that the server makes itself: nobody waits for an answer. */
  submitOwn(type: number, sessionId: bigint, body: Buffer, origin: Connection | null = null): void {
    const session = this.#parts.tracker.get(sessionId) ?? null;
    this.#propose({
      origin,
      sessionId,
      session,
      xid: 0,
      type,
      bytes: body,
      start: 0,
      end: body.length,
      ids: [],
      receivedMs: this.nowMs,
    });
  }

  /** Everything up to this zxid is in the own log, on disk. */
  durable(zxid: number): void {
    this.broadcast.processAck(this.#parts.serverId, zxid);
  }

  mayRead(connection: Connection, aclId: number): boolean {
    return this.#reads.mayRead(connection, aclId);
  }

  markDirty(connection: Connection): void {
    this.#effects.markDirty(connection);
  }

  notified(bytes: number): void {
    this.#parts.stats.packetsSent++;
    this.#parts.stats.watchBytes += bytes;
  }

  /** Stops reading from a connection that has too much under way or leaves too much unread; starts again when it may. */
  throttle(connection: Connection): void {
    const waitingMax = this.#parts.config.globalOutstandingLimit;
    const unsentBytes = connection.out.writer.pos + connection.link.bufferedBytes;
    const waitingBytes = Math.max(connection.waitingBytes, connection.waitingAnswerBytes);
    const bytes = Math.max(unsentBytes, waitingBytes);
    if (!connection.paused) {
      if (connection.waitingCount <= waitingMax && bytes <= UNSENT_BYTES_MAX) return;
      connection.paused = true;
      connection.link.pauseReading();
    } else if (connection.waitingCount * 2 <= waitingMax && bytes * 2 <= UNSENT_BYTES_MAX) {
      this.#effects.resume(connection);
    }
  }

  // -- Reads -----------------------------------------------------------------------------------------------------------------

  #runNow(
    connection: Connection,
    xid: number,
    type: number,
    bytes: Buffer,
    start: number,
    end: number,
    receivedMs: number,
  ): void {
    if (type === OpCode.sync && this.broadcast.outstandingCount > 0) {
      const afterZxid = this.broadcast.lastProposed;
      const sync = { xid, type, bytes, start, end, receivedMs, afterZxid, answerBytes: 0, proposed: false };
      connection.pushWaiting(this.#deferSync(connection, sync));
      return;
    }
    this.#answerNow(connection, xid, type, bytes, start, end, receivedMs);
  }

  #answerNow(
    connection: Connection,
    xid: number,
    type: number,
    bytes: Buffer,
    start: number,
    end: number,
    receivedMs: number,
  ): void {
    const session = connection.session!;
    let size: number;
    if (session.owner !== connection) {
      this.#effects.close(connection, 'its session moved to another connection');
      return;
    }
    try {
      size = this.#reads.answer(connection, type, xid, bytes, start, end);
    } catch (error) {
      size = this.#answerError(connection, xid, type, codeOf(error));
    }
    this.#answered(connection, xid, type, size, receivedMs);
    this.#parts.stats.read(this.nowMs - receivedMs);
  }

  /** Errors end where they began: in the out buffer of whoever asked. A type that is no request ends the connection too. */
  #answerError(connection: Connection, xid: number, type: number, err: ErrorCode): number {
    const size = connection.out.header(xid, this.#parts.tree.lastProcessedZxid, err);
    if (err === ErrorCode.Unimplemented && !isRequest(type)) {
      this.#effects.close(connection, `it sent a request of unknown type ${type}`);
    }
    return size;
  }

  #answered(connection: Connection, xid: number, type: number, size: number, receivedMs: number): void {
    const { stats, tree } = this.#parts;
    stats.packetsSent++;
    stats.responseBytes += size;
    stats.lastResponseBytes = size;
    connection.stats.packetsSent++;
    connection.stats.answered(xid, tree.lastProcessedZxid, type, this.nowMs - receivedMs, this.nowMs);
    if (!connection.dirty) this.#effects.markDirty(connection);
  }

  /** Not part of the order: it is answered at once, and counts for the requests after it. */
  #authenticate(connection: Connection, xid: number, bytes: Buffer, start: number, end: number): void {
    const { scheme, auth } = AuthPacket.read(new ByteReader(bytes, start, end));
    const outcome = this.#parts.auth.authenticate(scheme, auth, connection.link.remoteIp);
    const zxid = 0;
    if (!outcome.ok) {
      this.#parts.stats.authFailures++;
      connection.out.header(xid, zxid, ErrorCode.AuthFailed);
      this.#effects.markDirty(connection);
      this.#effects.close(connection, `authentication by ${scheme} failed`);
      return;
    }
    const held = new Set(connection.ids.map((id) => `${id.scheme}\n${id.id}`));
    const added = outcome.ids.filter((id) => !held.has(`${id.scheme}\n${id.id}`));
    if (added.length > 0) connection.ids = [...connection.ids, ...added];
    connection.out.header(xid, zxid, ErrorCode.Ok);
    this.#effects.markDirty(connection);
  }

  // -- The write path ----------------------------------------------------------------------------------------------------------

  #submit(
    connection: Connection,
    xid: number,
    type: number,
    bytes: Buffer,
    start: number,
    end: number,
    receivedMs: number,
  ): void {
    const session = connection.session!;
    if (session.owner !== connection) {
      this.#effects.close(connection, 'its session moved to another connection');
      return;
    }
    const waiting: Waiting = {
      xid,
      type,
      bytes,
      start,
      end,
      receivedMs,
      afterZxid: 0,
      answerBytes: 0,
      proposed: true,
    };
    const { ids } = connection;
    try {
      this.#propose(
        { origin: connection, sessionId: session.id, session, xid, type, bytes, start, end, ids, receivedMs },
        waiting,
      );
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      this.#parts.logger.debug('unreadable request', { op: opName(type), fault: fault.message });
      this.#answerInOrder(connection, waiting);
      return;
    }
    this.throttle(connection);
  }

  #propose(request: ClientRequest, waiting: Waiting | null = null): void {
    const zxid = this.broadcast.nextZxid();
    this.outstanding.begin();
    const logged = this.#preparer.prepare(request, zxid, this.#parts.clock.wallMs());
    let bytes: Buffer;
    try {
      bytes = this.#encode(logged);
    } catch (fault) {
      this.outstanding.undo();
      throw fault;
    }
    if (request.type === OpCode.closeSession && request.session !== null) {
      this.#parts.tracker.setClosing(request.session);
    }
    if (waiting !== null) request.origin!.pushWaiting(waiting);
    this.broadcast.propose({ zxid, logged, bytes, request });
  }

  /** Transactions are encoded one behind the other in a buffer that they share until it is full: one allocation for many. */
  #encode(logged: LoggedTxn): Buffer {
    const encoder = this.#encoder;
    if (encoder.pos * 2 > encoder.bytes.length) encoder.renew(ENCODER_BYTES);
    const start = encoder.pos;
    writeLoggedTxn(encoder, logged);
    if (encoder.pos - start > this.#txnBytesMax && logged.header.type !== OpCode.closeSession) {
      throw new WireFault('unreasonable-length', `a transaction of ${encoder.pos - start} bytes`);
    }
    return encoder.bytes.subarray(start, encoder.pos);
  }

  /** A read that came behind the end of its session. Those that came before are answered, whenever their turn is. */
  #refuseInOrder(connection: Connection, xid: number, bytes: Buffer, start: number, end: number): void {
    const request = { xid, type: BEHIND_END, bytes, start, end, receivedMs: this.nowMs };
    const refused: Waiting = { ...request, afterZxid: 0, answerBytes: 0, proposed: false };
    if (connection.waitingCount > 0) connection.pushWaiting(refused);
    else this.#runWaiting(connection, refused);
    this.throttle(connection);
  }

  /** An unreadable write takes no place among the transactions, but its answer keeps its place among the answers. */
  #answerInOrder(connection: Connection, request: Waiting): void {
    const marshallingError: Waiting = { ...request, type: UNREADABLE, proposed: false };
    if (connection.waitingCount > 0) connection.pushWaiting(marshallingError);
    else this.#runWaiting(connection, marshallingError);
  }

  #commit({ logged, zxid, request }: ClientProposal): void {
    const { tree, tracker } = this.#parts;
    const applied = tree.apply(logged);
    this.outstanding.applied(zxid);
    if (logged.digest !== null) this.#compareDigest(logged.digest.treeDigest, zxid);
    const type = request?.type ?? logged.header.type;
    if (type === OpCode.createSession) {
      if (request?.origin != null) this.#effects.sessionReady(request.origin);
    } else {
      if (request?.origin != null) this.#reply(request.origin, request, applied);
      if (type === OpCode.closeSession) {
        const session = tracker.get(logged.header.clientId);
        tracker.remove(logged.header.clientId);
        if (session !== undefined) this.#effects.sessionClosed(session);
      }
    }
    this.#releaseSyncs(zxid);
  }

  #reply(connection: Connection, request: ClientRequest, applied: AppliedTxn): void {
    if (connection.phase !== 'open') return;
    connection.shiftWaiting();
    const size = this.#writeReply(connection, request, applied);
    this.#answered(connection, request.xid, request.type, size, request.receivedMs);
    this.#parts.stats.update(this.nowMs - request.receivedMs);
    this.#drain(connection);
  }

  #writeReply(connection: Connection, request: ClientRequest, applied: AppliedTxn): number {
    const { out } = connection;
    const zxid = this.#parts.tree.lastProcessedZxid;
    if (applied.parts !== null) {
      return out.record(request.xid, zxid, MultiReply, applied.parts.map(toMultiResult));
    }
    if (applied.err !== ErrorCode.Ok) return out.header(request.xid, zxid, applied.err);
    switch (request.type) {
      case OpCode.create:
        return out.record(request.xid, zxid, PathReply, { path: applied.path });
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        out.begin(request.xid, zxid, 0);
        out.writer.writeString(applied.path);
        out.writer.writeRaw(applied.stat!);
        return out.end();
      case OpCode.setData:
      case OpCode.setACL:
      case OpCode.check:
        out.begin(request.xid, zxid, 0);
        out.writer.writeRaw(applied.stat!);
        return out.end();
      default:
        return out.header(request.xid, zxid, ErrorCode.Ok);
    }
  }

  /** Lets requests go on that waited for the write just answered, up to the next write. */
  #drain(connection: Connection): void {
    for (;;) {
      const next = connection.peekWaiting();
      if (next === undefined || next.proposed || connection.phase !== 'open') break;
      if (next.type === OpCode.sync && next.afterZxid > this.broadcast.lastCommitted) {
        connection.replaceWaitingHead(this.#deferSync(connection, next));
        break;
      }
      connection.shiftWaiting();
      this.#runWaiting(connection, next);
    }
    this.throttle(connection);
  }

  /** A sync is answered when everything proposed before it came is committed; until then it stands like a write. */
  #deferSync(connection: Connection, sync: Waiting): Waiting {
    this.#pendingSyncs.push({ zxid: sync.afterZxid, connection });
    return { ...sync, proposed: true };
  }

  #runWaiting(connection: Connection, { xid, type, bytes, start, end, receivedMs }: Waiting): void {
    if (type === UNREADABLE || type === BEHIND_END) {
      const err = type === UNREADABLE ? ErrorCode.MarshallingError : ErrorCode.SessionExpired;
      const size = this.#answerError(connection, xid, type, err);
      this.#answered(connection, xid, type, size, receivedMs);
      return;
    }
    this.#answerNow(connection, xid, type, bytes, start, end, receivedMs);
  }

  #releaseSyncs(zxid: number): void {
    if (this.#pendingSyncs.length === 0) return;
    const ready = this.#pendingSyncs.filter((sync) => sync.zxid <= zxid);
    this.#pendingSyncs = this.#pendingSyncs.filter((sync) => sync.zxid > zxid);
    for (const { connection } of ready) {
      const sync = connection.phase === 'open' ? connection.shiftWaiting() : undefined;
      if (sync === undefined) continue;
      this.#runWaiting(connection, sync);
      this.#drain(connection);
    }
  }

  /** A tree that differs from what was prepared is a bug or damaged memory: it is counted, and said once. */
  #compareDigest(expected: bigint, zxid: number): void {
    const { tree, stats, logger } = this.#parts;
    if (tree.digest.equalsLong(expected)) return;
    stats.digestMismatches++;
    if (this.#digestMismatchReported) return;
    this.#digestMismatchReported = true;
    logger.error('the tree differs from the digest of its transaction', { zxid: formatZxid(zxid) });
  }
}

/** Pseudo type of a request whose record could not be read. */
const UNREADABLE = Number.MIN_SAFE_INTEGER;
/** Pseudo type of a read that its session's end came before. */
const BEHIND_END = Number.MIN_SAFE_INTEGER + 1;

const writes: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.check,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession,
]);

const requests: ReadonlySet<number> = new Set([
  ...writes,
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.sync,
  OpCode.ping,
  OpCode.checkWatches,
  OpCode.removeWatches,
  OpCode.multiRead,
  OpCode.auth,
  OpCode.setWatches,
  OpCode.setWatches2,
  OpCode.sasl,
  OpCode.getEphemerals,
  OpCode.getAllChildrenNumber,
  OpCode.addWatch,
  OpCode.whoAmI,
]);

function isWrite(type: number): boolean {
  return type === OpCode.setData || writes.has(type);
}

function isRequest(type: number): boolean {
  return requests.has(type);
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof Refusal) return error.code;
  if (error instanceof WireFault) return ErrorCode.MarshallingError;
  throw error;
}

/** Every creation that answers with a Stat is a create2 to the client. */
function toMultiResult({ type, err, path, stat }: Applied): MultiResult {
  switch (type) {
    case OpCode.create:
      return { type, body: { path } };
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return { type: OpCode.create2, body: { path, stat: decode(Stat, stat!) } };
    case OpCode.setData:
      return { type, body: { stat: decode(Stat, stat!) } };
    case OpCode.delete:
    case OpCode.check:
      return { type, body: null };
    case OpCode.error:
      return { type, body: { err } };
    default:
      throw new Error(`${opName(type)} (${errorName(err)}) cannot be part of a multi`);
  }
}
