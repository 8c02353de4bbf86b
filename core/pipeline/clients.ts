import { ByteReader, ByteWriter } from '../../wire/bytes.ts';
import { type ConnectRequest, readConnectRequest, writeConnectResponse } from '../../wire/connect.ts';
import { WireFault } from '../../wire/fault.ts';
import { type FourLetterWord, fourLetterWordOf } from '../../wire/four-letter.ts';
import { formatSessionId, formatZxid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PASSWORD_BYTES, sessionPassword } from '../../wire/password.ts';
import { CreateSessionBody } from '../../wire/requests.ts';
import type { ServerStats } from '../admin/stats.ts';
import type { ServerConfig } from '../config.ts';
import type { ClientLink, Clock, Logger } from '../ports.ts';
import { firstSessionId, nextSessionId, type Session, type SessionTracker } from '../session/tracker.ts';
import type { DataTree } from '../tree/tree.ts';
import { Connection } from './connection.ts';
import type { RequestProcessor } from './processor.ts';

export interface ClientsParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly tracker: SessionTracker;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly processor: RequestProcessor;
  /** The answer to a four-letter word. */
  readonly fourLetterReply: (word: FourLetterWord) => string;
  /** On a learner: asks the leader whether a session that comes from elsewhere lives; `revalidated` is told. */
  readonly revalidate?: ((sessionId: bigint, timeoutMs: number) => void) | undefined;
}

const NO_PASSWORD = Buffer.alloc(PASSWORD_BYTES);

/**
 * All client connections of a server: how they begin (four-letter words, connect requests), which session each one carries,
 * and how they end. Sessions outlive their connections.
 *
 * Invariants: a session has at most one open connection, its `owner`; a session is renewed only against its password, and
 * only then is its earlier connection closed; a client that has seen a later zxid than this server is turned away.
 */
export class Clients {
  readonly connections = new Set<Connection>();
  readonly #parts: ClientsParts;
  readonly #byIp = new Map<string, number>();
  readonly #dirty: Connection[] = [];
  /** Who waits for the leader's word on a session, and how many questions about it are under way. */
  readonly #revalidating = new Map<bigint, { connection: Connection; questions: number }>();
  #nextSessionId: bigint;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
    this.#nextSessionId = firstSessionId(parts.config.serverId, parts.clock.wallMs());
  }

  // -- Connections come and go -----------------------------------------------------------------------------------------------

  /** A link was made; null if it is refused, and closed then. */
  connected(link: ClientLink): Connection | null {
    const { config, stats, logger } = this.#parts;
    const fromHere = this.#byIp.get(link.remoteIp) ?? 0;
    const tooMany = config.maxClientCnxns > 0 && fromHere >= config.maxClientCnxns;
    if (tooMany || (config.maxCnxns > 0 && this.connections.size >= config.maxCnxns)) {
      stats.connectionsRejected++;
      const limit = tooMany ? `maxClientCnxns=${config.maxClientCnxns}` : `maxCnxns=${config.maxCnxns}`;
      logger.warn(`too many connections (${limit}): one from ${link.remoteIp} is refused`);
      link.close();
      return null;
    }
    this.#byIp.set(link.remoteIp, fromHere + 1);
    const { processor, clock } = this.#parts;
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const connection = new Connection(link, processor, config.juteMaxBufferBytes, now);
    this.connections.add(connection);
    return connection;
  }

  /** The link is gone, whoever ended it. */
  disconnected(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const { remoteIp } = connection.link;
    const left = (this.#byIp.get(remoteIp) ?? 1) - 1;
    if (left > 0) this.#byIp.set(remoteIp, left);
    else this.#byIp.delete(remoteIp);
    connection.phase = 'closed';
    this.#parts.tree.watches.removeWatcher(connection);
    // Still this server's: what it asked of another one before may be under way from there.
    if (connection.session?.owner === connection) connection.session.owner = this;
    connection.dropWaiting();
  }

  /** Ends a connection from this side: what it was sent still goes out, what it asked is dropped. */
  close(connection: Connection, reason: string): void {
    if (connection.phase === 'closed') return;
    const { logger } = this.#parts;
    logger.debug(`closing the connection of ${connection.link.remoteIp}: ${reason}`, {
      session: connection.session === null ? undefined : formatSessionId(connection.session.id),
    });
    if (!connection.out.isEmpty) connection.link.write(connection.out.take());
    this.disconnected(connection);
    connection.link.close();
  }

  /** Ends connections that have not asked for a session in time: they would count against `maxClientCnxns` for ever. */
  closeSessionless(nowMs: number): void {
    for (const connection of [...this.connections]) {
      const isAsking = connection.phase === 'new' || connection.phase === 'handshake';
      if (!isAsking || nowMs - connection.establishedMs < SESSIONLESS_MS_MAX) continue;
      this.#parts.stats.sessionlessExpired++;
      this.close(connection, 'it did not ask for a session');
    }
  }

  // -- Bytes in and out ------------------------------------------------------------------------------------------------------

  /** Bytes of a connection, as they came. Whatever they are, the worst that happens is the end of this connection. */
  received(connection: Connection, chunk: Buffer): void {
    const { processor, clock, stats } = this.#parts;
    processor.nowMs = clock.monotonicMs();
    stats.bytesReceived += chunk.length;
    this.#guarded(connection, () => {
      let bytes = chunk;
      if (connection.phase === 'new') {
        const first = this.#sniff(connection, chunk);
        if (first === null) return;
        bytes = first;
      }
      connection.frames.push(bytes, (frame, start, end) => this.#frame(connection, frame, start, end));
    });
  }

  /** What cannot be read ends the connection it came from, and nothing else. */
  #guarded(connection: Connection, read: () => void): void {
    const { stats } = this.#parts;
    try {
      read();
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      if (fault.code === 'frame-too-large') stats.largeRequestsRejected++;
      this.close(connection, fault.message);
    }
  }

  /** Sends what the turn has produced, each connection's replies as one write. */
  flush(): void {
    for (const connection of this.#dirty) {
      connection.dirty = false;
      if (connection.phase === 'closed' || connection.out.isEmpty) continue;
      const { link } = connection;
      if (link.bufferedBytes > UNREAD_BYTES_MAX) {
        this.close(connection, `it left ${link.bufferedBytes} bytes unread`);
        continue;
      }
      link.write(connection.out.take());
      if (connection.paused || link.bufferedBytes > 0) this.#parts.processor.throttle(connection);
    }
    this.#dirty.length = 0;
  }

  /**
   * A paused connection goes on: with the frames held of it, until it is paused anew or has none, then with its link. Called
   * while it still counts as paused.
   */
  resume(connection: Connection): void {
    connection.paused = false;
    this.#runHeld(connection);
    if (connection.phase === 'open' && !connection.paused) connection.link.resumeReading();
  }

  #runHeld(connection: Connection): void {
    const { held } = connection;
    let done = 0;
    this.#guarded(connection, () => {
      while (done < held.length && !connection.paused && connection.phase === 'open') {
        const { bytes, start, end } = held[done++]!;
        this.#parts.processor.receive(connection, bytes, start, end);
      }
    });
    connection.held = connection.phase === 'open' ? held.slice(done) : [];
  }

  markDirty(connection: Connection): void {
    if (connection.dirty) return;
    connection.dirty = true;
    this.#dirty.push(connection);
  }

  /** The link has sent what was written to it. */
  drained(connection: Connection): void {
    if (connection.phase === 'open') this.#parts.processor.throttle(connection);
  }

  #frame(connection: Connection, bytes: Buffer, start: number, end: number): void {
    switch (connection.phase) {
      case 'open':
        if (connection.paused) this.#hold(connection, bytes, start, end);
        else this.#parts.processor.receive(connection, bytes, start, end);
        return;
      case 'handshake':
        this.#connect(connection, readConnectRequest(new ByteReader(bytes, start, end)));
        return;
      case 'joining':
        this.#hold(connection, bytes, start, end);
        return;
      default:
        return;
    }
  }

  /** Frames that a chunk still holds while its connection is not to be read. */
  #hold(connection: Connection, bytes: Buffer, start: number, end: number): void {
    connection.held.push({ bytes, start, end });
    if (connection.held.length > HELD_MAX) throw new WireFault('malformed', `${HELD_MAX} requests are held`);
  }

  /** The first four bytes are a four-letter word or the length of the first frame. Null while they have not come. */
  #sniff(connection: Connection, chunk: Buffer): Buffer | null {
    const bytes = connection.prefix === null ? chunk : Buffer.concat([connection.prefix, chunk]);
    connection.prefix = null;
    if (bytes.length < 4) {
      connection.prefix = bytes;
      return null;
    }
    this.#parts.stats.packetsReceived++;
    connection.stats.packetsReceived++;
    const word = fourLetterWordOf(bytes.readInt32BE(0));
    if (word === null) {
      connection.phase = 'handshake';
      return bytes;
    }
    connection.link.write(Buffer.from(this.#parts.fourLetterReply(word), 'utf8'));
    this.close(connection, `answered ${word}`);
    return null;
  }

  // -- Sessions --------------------------------------------------------------------------------------------------------------

  #connect(connection: Connection, request: ConnectRequest): void {
    const { config, tree, stats, logger, processor } = this.#parts;
    stats.connectionRequests++;
    connection.sentReadOnly = request.readOnly !== null;
    if (request.lastZxidSeen > tree.lastProcessedZxid) {
      logger.info(
        `a client of ${connection.link.remoteIp} has seen ${formatZxid(request.lastZxidSeen)}, later than this server`,
      );
      this.close(connection, 'it must try another server');
      return;
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = config;
    const timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs);
    connection.phase = 'joining';
    if (request.sessionId !== 0n) {
      stats.connectionRevalidations++;
      this.#renew(connection, request.sessionId, request.passwd, timeoutMs);
      return;
    }
    const sessionId = this.#takeSessionId();
    const session = this.#parts.tracker.track(sessionId, timeoutMs, processor.nowMs);
    session.owner = connection;
    connection.session = session;
    // What else the client sends stays in the system's buffers, or a client could make the server hold any amount of it.
    connection.link.pauseReading();
    const body = new ByteWriter(4);
    CreateSessionBody.write(body, { timeOut: timeoutMs });
    processor.submitOwn(OpCode.createSession, sessionId, body.finish(), connection);
  }

  /** A wall clock that was set back since an earlier life may lead to ids that are still in use. */
  #takeSessionId(): bigint {
    let id = this.#nextSessionId;
    while (this.#parts.tracker.get(id) !== undefined) id = nextSessionId(id);
    this.#nextSessionId = nextSessionId(id);
    return id;
  }

  #renew(connection: Connection, sessionId: bigint, password: Uint8Array | null, timeoutMs: number): void {
    const { tracker, revalidate } = this.#parts;
    const session = tracker.get(sessionId);
    const isOwner = password !== null && sessionPassword(sessionId).equals(password);
    if (isOwner && revalidate !== undefined) {
      connection.link.pauseReading();
      connection.askedTimeoutMs = timeoutMs;
      // Nobody would read from it any more, nor notice that it ends.
      const earlier = this.#revalidating.get(sessionId);
      if (earlier !== undefined) this.close(earlier.connection, 'its client has connected anew');
      this.#revalidating.set(sessionId, { connection, questions: (earlier?.questions ?? 0) + 1 });
      revalidate(sessionId, timeoutMs);
    } else if (isOwner && session !== undefined && !session.closing) {
      this.#adopt(connection, session, timeoutMs);
    } else {
      this.#refuse(connection, sessionId, isOwner ? 'has expired' : 'was asked for with a wrong password');
    }
  }

  /**
   * The leader's word on a session that a client asked this learner for. The last question's answer counts: with an earlier one the
   * client could go on to another server, and the late question would take its session away from there.
   */
  revalidated(sessionId: bigint, valid: boolean): void {
    const asked = this.#revalidating.get(sessionId);
    if (asked === undefined || --asked.questions > 0) return;
    this.#revalidating.delete(sessionId);
    const { connection } = asked;
    if (connection.phase !== 'joining') return;
    const { tracker, processor } = this.#parts;
    const timeoutMs = connection.askedTimeoutMs;
    if (valid) this.#adopt(connection, tracker.track(sessionId, timeoutMs, processor.nowMs), timeoutMs);
    else this.#refuse(connection, sessionId, 'has expired');
  }

  #refuse(connection: Connection, sessionId: bigint, reason: string): void {
    this.#parts.logger.info(`session ${formatSessionId(sessionId)} ${reason}`, {
      client: connection.link.remoteIp,
    });
    this.#respond(connection, 0n, 0);
    this.close(connection, `session ${reason}`);
  }

  #adopt(connection: Connection, session: Session, timeoutMs: number): void {
    const { tracker, processor } = this.#parts;
    const earlier = session.owner;
    session.owner = connection;
    session.timeoutMs = timeoutMs;
    connection.session = session;
    if (earlier instanceof Connection) this.close(earlier, 'its client has connected anew');
    tracker.touch(session, processor.nowMs);
    this.sessionReady(connection);
  }

  /** The session stands: the client is told, and the requests it sent ahead are done. */
  sessionReady(connection: Connection): void {
    const { session } = connection;
    if (connection.phase !== 'joining' || session === null) return;
    this.#respond(connection, session.id, session.timeoutMs);
    connection.phase = 'open';
    this.resume(connection);
  }

  /** A session has ended: its connection goes with it. */
  sessionClosed(session: Session): void {
    if (session.owner instanceof Connection) this.close(session.owner, 'its session has ended');
  }

  #respond(connection: Connection, sessionId: bigint, timeoutMs: number): void {
    const passwd = sessionId === 0n ? NO_PASSWORD : sessionPassword(sessionId);
    const readOnly = connection.sentReadOnly ? false : null;
    connection.out.raw(
      writeConnectResponse({ protocolVersion: 0, timeOut: timeoutMs, sessionId, passwd, readOnly }),
    );
    connection.stats.packetsSent++;
    this.#parts.stats.packetsSent++;
    this.markDirty(connection);
  }
}

/** How long a connection may take to ask for a session, as in ZooKeeper. */
export const SESSIONLESS_MS_MAX = 10_000;
/** Frames held of one connection: more than one chunk can hold of them, and links that are paused bring no more chunks. */
const HELD_MAX = 10_000;
/** What a client leaves unread of answers and events before it is given up: it does not read. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024;
