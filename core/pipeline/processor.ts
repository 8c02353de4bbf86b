import { ByteReader } from '../../wire/bytes.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { WireFault } from '../../wire/fault.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { AuthPacket } from '../../wire/requests.ts';
import type { LoggedTxn, TxnHeader } from '../../wire/txn.ts';
import type { ServerStats } from '../admin/stats.ts';
import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import type { Clock, Logger } from '../ports.ts';
import type { Session, SessionTracker } from '../session/tracker.ts';
import type { Applied } from '../tree/applied.ts';
import type { DataTree } from '../tree/tree.ts';
import { addIdentities } from './acl.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { DigestCheck } from './digest-check.ts';
import { Reads } from './reads.ts';
import { Refusal } from './refusal.ts';
import type { Waiting } from './request.ts';
import { isRequest, isWrite } from './request-kinds.ts';
import type { ClientRequest, Committed, WritePath } from './write-path.ts';
import { writeReply } from './write-reply.ts';

/** What the processor asks of its surroundings. */
export interface ProcessorEffects {
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
}

/**
 * Bytes that a client may leave unread before its requests are read no further; and as many of requests that wait, and of the
 * answers that these will get.
 */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;
/** Requests that may wait before the length of their answers is estimated: looking at each node costs time. */
const WAITING_UNESTIMATED = 16;

/**
 * From a request to its answer, on any server. Writes go their path and are answered when their transactions come back as
 * committed. Reads are answered from the tree at once, unless an earlier write of the same connection is still under way: then
 * they wait for it, so that each client sees its own requests done in order (CommitProcessor).
 */
export class RequestProcessor implements ConnectionOwner, Committed {
  readonly #path: WritePath;
  readonly #parts: ProcessorParts;
  readonly #effects: ProcessorEffects;
  readonly #reads: Reads;
  /** Syncs that wait until everything proposed before them is committed. */
  #pendingSyncs: { readonly zxid: number; readonly connection: Connection }[] = [];
  readonly #digests: DigestCheck;
  /** The monotonic clock as of the turn: whoever drives the processor sets it at each input. */
  nowMs: number;

  constructor(parts: ProcessorParts, effects: ProcessorEffects, pathTo: (committed: Committed) => WritePath) {
    const { tree, auth, config } = parts;
    this.#parts = parts;
    this.#effects = effects;
    this.nowMs = parts.clock.monotonicMs();
    this.#reads = new Reads(tree, auth, config);
    this.#digests = new DigestCheck(parts);
    this.#path = pathTo(this);
  }

  // -- In ------------------------------------------------------------------------------------------------------------------

  /** One frame of a connection whose session is set up. */
  receive(connection: Connection, bytes: Buffer, start: number, end: number): void {
    if (end - start < 8)
      throw new WireFault('truncated', `frame of ${end - start} bytes holds no request header`);
    const xid = bytes.readInt32BE(start);
    const type = bytes.readInt32BE(start + 4);
    connection.stats.packetsReceived++;
    this.#parts.stats.packetsReceived++;
    const session = connection.session!;
    this.#parts.tracker.touch(session, this.nowMs);
    if (type === OpCode.auth) {
      this.#authenticate(connection, xid, bytes, start + 8, end);
      return;
    }
    if (isWrite(type) || (type === OpCode.sync && this.#path.forwardsSyncs && !session.closing)) {
      this.#submit(connection, session, xid, type, bytes, start + 8, end);
      return;
    }
    const request: Waiting = {
      xid,
      type,
      bytes,
      start: start + 8,
      end,
      receivedMs: this.nowMs,
      afterZxid: this.#path.lastProposed,
      answerBytes: 0,
      proposed: false,
    };
    if (session.closing) this.#answerInOrder(connection, { ...request, type: BEHIND_END });
    else if (connection.waitingCount > 0) this.#wait(connection, request);
    else this.#runNow(connection, request);
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
      afterZxid: 0,
      answerBytes: 0,
      proposed: true,
      refused: ErrorCode.Ok,
    });
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

  #runNow(connection: Connection, request: Waiting): void {
    if (request.type === OpCode.sync && request.afterZxid > this.#path.lastCommitted) {
      connection.pushWaiting(this.#deferSync(connection, request));
      return;
    }
    this.#answerNow(connection, request);
    if (connection.out.writer.pos > UNSENT_BYTES_MAX) this.throttle(connection);
  }

  /** Behind a write of the same connection. With many waiting, what their answers will take is estimated. */
  #wait(connection: Connection, request: Waiting): void {
    const { type, bytes, start, end } = request;
    const isEstimated = connection.waitingCount >= WAITING_UNESTIMATED;
    const answerBytes = isEstimated ? this.#reads.answerBytes(connection, type, bytes, start, end) : 0;
    connection.pushWaiting(answerBytes === 0 ? request : { ...request, answerBytes });
    this.throttle(connection);
  }

  #answerNow(connection: Connection, request: Waiting): void {
    if (connection.session!.owner !== connection) {
      this.#effects.close(connection, 'its session moved to another connection');
      return;
    }
    const { type, xid, bytes, start, end } = request;
    let size: number;
    try {
      size = this.#reads.answer(connection, type, xid, bytes, start, end);
    } catch (error) {
      size = this.#answerError(connection, xid, type, codeOf(error));
    }
    this.#answered(connection, request, size);
    this.#parts.stats.read(this.nowMs - request.receivedMs);
  }

  /** Errors end where they began: in the out buffer of whoever asked. A type that is no request ends the connection too. */
  #answerError(connection: Connection, xid: number, type: number, err: ErrorCode): number {
    const size = connection.out.header(xid, this.#parts.tree.lastProcessedZxid, err);
    if (err === ErrorCode.Unimplemented && !isRequest(type)) {
      this.#effects.close(connection, `it sent a request of unknown type ${type}`);
    }
    return size;
  }

  #answered(connection: Connection, { xid, type, receivedMs }: Waiting, size: number): void {
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
    const refusal = addIdentities(connection, this.#parts.auth, scheme, auth);
    connection.out.header(xid, 0, refusal === null ? ErrorCode.Ok : ErrorCode.AuthFailed);
    this.#effects.markDirty(connection);
    if (refusal === null) return;
    this.#parts.stats.authFailures++;
    this.#effects.close(connection, refusal);
  }

  // -- The write path ----------------------------------------------------------------------------------------------------------

  #submit(
    connection: Connection,
    session: Session,
    xid: number,
    type: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (session.owner !== connection) {
      this.#effects.close(connection, 'its session moved to another connection');
      return;
    }
    const request: ClientRequest = {
      origin: connection,
      sessionId: session.id,
      session,
      ids: connection.ids,
      xid,
      type,
      bytes,
      start,
      end,
      receivedMs: this.nowMs,
      afterZxid: this.#path.lastProposed,
      answerBytes: 0,
      proposed: true,
      refused: ErrorCode.Ok,
    };
    try {
      this.#propose(request);
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      this.#parts.logger.debug('unreadable request', { op: opName(type), fault: fault.message });
      this.#answerInOrder(connection, { ...request, type: UNREADABLE, proposed: false });
      return;
    }
    this.throttle(connection);
  }

  #propose(request: ClientRequest): void {
    this.#path.submit(request);
    if (request.type === OpCode.closeSession && request.session !== null) {
      this.#parts.tracker.setClosing(request.session);
    }
    // A connection that waits for its session has no requests that could wait behind it.
    if (request.type !== OpCode.createSession) request.origin?.pushWaiting(request);
  }

  /**
   * What takes no place among the transactions keeps its place among the answers: a write that could not be read, a read that
   * came behind the end of its session.
   */
  #answerInOrder(connection: Connection, request: Waiting): void {
    if (connection.waitingCount > 0) connection.pushWaiting(request);
    else this.#runWaiting(connection, request);
    this.throttle(connection);
  }

  committed(logged: LoggedTxn, request: ClientRequest | null, applied: Applied): void {
    const { tracker } = this.#parts;
    const { zxid } = logged.header;
    const waiting = request ?? this.#waitingFor(logged.header);
    this.#digests.applied(logged);
    const type = waiting?.type ?? logged.header.type;
    if (type === OpCode.createSession) {
      this.#trackSession(logged);
      const owner = waiting === null ? tracker.get(logged.header.clientId)?.owner : waiting.origin;
      if (owner instanceof Connection) this.#effects.sessionReady(owner);
    } else {
      if (waiting?.origin != null) this.#reply(waiting.origin, waiting, applied);
      if (type === OpCode.closeSession) {
        const session = tracker.get(logged.header.clientId);
        tracker.remove(logged.header.clientId);
        if (session !== undefined) this.#effects.sessionClosed(session);
      }
    }
    this.#releaseSyncs(zxid);
  }

  #reply(connection: Connection, request: ClientRequest, applied: Applied): void {
    if (connection.phase !== 'open') return;
    connection.shiftWaiting();
    if (applied.err === ErrorCode.SessionMoved) {
      this.#effects.close(connection, 'its session moved to another server');
      return;
    }
    const zxid = this.#parts.tree.lastProcessedZxid;
    const { store } = this.#parts.tree;
    const size = writeReply(connection.out, request.type, request.xid, zxid, applied, store);
    this.#answered(connection, request, size);
    this.#parts.stats.update(this.nowMs - request.receivedMs);
    this.#drain(connection);
  }

  /** Lets requests go on that waited for the write just answered, up to the next write. */
  #drain(connection: Connection): void {
    for (;;) {
      const next = connection.peekWaiting();
      if (next === undefined || next.proposed || connection.phase !== 'open') break;
      if (next.type === OpCode.sync && next.afterZxid > this.#path.lastCommitted) {
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

  #runWaiting(connection: Connection, request: Waiting): void {
    const { type, xid } = request;
    if (type !== UNREADABLE && type !== BEHIND_END) {
      this.#answerNow(connection, request);
      return;
    }
    const err = type === UNREADABLE ? ErrorCode.MarshallingError : ErrorCode.SessionExpired;
    this.#answered(connection, request, this.#answerError(connection, xid, type, err));
  }

  #releaseSyncs(zxid: number): void {
    if (this.#pendingSyncs.length === 0) return;
    const ready = this.#pendingSyncs.filter((sync) => sync.zxid <= zxid);
    this.#pendingSyncs = this.#pendingSyncs.filter((sync) => sync.zxid > zxid);
    for (const { connection } of ready) this.synced(connection);
  }

  synced(connection: Connection): void {
    const sync = connection.phase === 'open' ? connection.shiftWaiting() : undefined;
    if (sync === undefined) return;
    this.#runWaiting(connection, sync);
    this.#drain(connection);
  }

  /** Sessions of other servers' clients may come to this one any time. */
  #trackSession({ header: { clientId }, txn }: LoggedTxn): void {
    const { tracker } = this.#parts;
    if (tracker.get(clientId) !== undefined || txn.type !== OpCode.createSession) return;
    tracker.track(clientId, txn.body.timeOut, this.nowMs);
  }

  /** On a learner: the request that this answers (CommitProcessor). What was proposed before it came is an earlier connection's. */
  #waitingFor({ clientId, cxid, zxid }: TxnHeader): ClientRequest | null {
    const owner = this.#parts.tracker.get(clientId)?.owner;
    if (!(owner instanceof Connection)) return null;
    const head = owner.peekWaiting() as ClientRequest | undefined;
    const isIt = head?.proposed === true && head.xid === cxid && head.afterZxid < zxid;
    return isIt && head.type !== OpCode.sync ? head : null;
  }
}

/** Pseudo type of a request whose record could not be read. */
const UNREADABLE = Number.MIN_SAFE_INTEGER;
/** Pseudo type of a read that its session's end came before. */
const BEHIND_END = Number.MIN_SAFE_INTEGER + 1;

function codeOf(error: unknown): ErrorCode {
  if (error instanceof Refusal) return error.code;
  if (error instanceof WireFault) return ErrorCode.MarshallingError;
  throw error;
}
