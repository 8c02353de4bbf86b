import { type ByteReader, ByteWriter } from '../wire/bytes.ts';
import { type ConnectResponse, readConnectResponse } from '../wire/connect.ts';
import { WatcherEvent } from '../wire/events.ts';
import { WireFault } from '../wire/fault.ts';
import { formatSessionId, ReservedXid, type Zxid } from '../wire/ids.ts';
import { OpCode } from '../wire/opcodes.ts';
import { Empty } from '../wire/requests.ts';
import type { Attempts } from './attempts.ts';
import { type AuthInfo, Credentials } from './auth.ts';
import {
  circumstancesOf,
  closedError,
  endedError,
  queueFullError,
  unheardError,
  unreadableError,
} from './call-errors.ts';
import { Deadlines } from './deadlines.ts';
import { SessionExpiredError } from './errors.ts';
import { FrameStream, writeBody, writeFrame } from './frames.ts';
import { Identity } from './identity.ts';
import { type Endpoint, formatEndpoint } from './ports.ts';
import { behindReason, Refusals } from './refusals.ts';
import { type Call, closeCall, contextOf, Requests } from './requests.ts';
import type { SessionOut, SessionSettings } from './session-types.ts';
import type { ClientState } from './state.ts';
import { type Watches, watchKinds, writeRearm } from './watches.ts';

/**
 * A client's side of a session: connects, keeps the connection alive, moves to another server when it breaks, and says when
 * the session is gone. A pure machine: links, time and chance come in as inputs, effects leave through `SessionOut`. Every
 * input carries the monotonic time.
 *
 * Invariants: a reply is matched with the oldest unanswered request or the connection is dropped; nothing that a server sends
 * makes an input throw; after `ended` nothing is sent and every call has settled.
 */
export class Session {
  readonly writer = new ByteWriter(16 * 1024);
  readonly requests: Requests;
  readonly identity: Identity;
  /** `next` is when to call `tick`. */
  readonly deadlines: Deadlines;
  readonly attempts: Attempts;
  readonly #credentials = new Credentials();
  readonly #refusals = new Refusals();
  readonly #settings: SessionSettings;
  readonly #watches: Watches;
  readonly #out: SessionOut;

  readonly #frames: FrameStream;
  #closing = false;
  #endError: Error | null = null;
  #relativeZxid: Zxid = 0;
  /** The call whose reply is being read: a fault in it is its own. */
  #answering: Call | null = null;
  #everReady = false;
  /** Whether the server of the connection has no quorum. */
  #readOnly = false;

  constructor(settings: SessionSettings, attempts: Attempts, watches: Watches, out: SessionOut) {
    this.#settings = settings;
    this.attempts = attempts;
    this.#watches = watches;
    this.#out = out;
    this.identity = new Identity(settings.sessionTimeoutMs);
    this.deadlines = new Deadlines(this.identity, settings.attemptTimeoutMs);
    this.requests = new Requests(settings);
    this.#frames = new FrameStream(settings.frameBytesMax);
  }

  get ready(): boolean {
    return this.deadlines.phase === 'ready';
  }

  get ended(): boolean {
    return this.deadlines.phase === 'ended';
  }

  start(nowMs: number): void {
    this.deadlines.heardMs = nowMs;
    this.#attempt(nowMs);
  }

  /** Time has passed. Call it when `deadlines.next` has come; earlier or later does no harm. */
  tick(nowMs: number): void {
    switch (this.deadlines.due(nowMs)) {
      case 'close':
        this.#end(null);
        break;
      case 'unheard':
        this.#unheard(nowMs);
        break;
      case 'attempt':
        this.#attempt(nowMs);
        break;
      case 'slow':
        this.#drop(nowMs, this.deadlines.slowReason());
        break;
      case 'silent':
      case 'late':
        this.#drop(nowMs, this.deadlines.silentReason());
        break;
      case 'doubt':
        this.#out.doubt();
        break;
      case 'ping':
        this.deadlines.asked(nowMs);
        writeFrame(this.writer, ReservedXid.ping, OpCode.ping, Empty, null);
        this.#sent(nowMs);
        break;
      case 'probe':
        this.deadlines.probeAtMs = Number.POSITIVE_INFINITY;
        this.#out.probe(this.attempts.candidate());
        break;
      case 'nothing':
        break;
    }
  }

  linkOpen(nowMs: number): void {
    this.deadlines.enter('handshake', nowMs);
    // The changes that a watch must not miss are those after the last one seen when the connection began.
    this.#relativeZxid = this.identity.lastZxid;
    this.deadlines.asked(nowMs);
    const handshake = this.#refusals.next(this.attempts.servers, this.identity);
    writeBody(this.writer, this.identity.connectRequest(this.#settings.readOnly, handshake === 'question'));
    this.#sent(nowMs);
  }

  chunk(nowMs: number, bytes: Buffer): void {
    try {
      this.#frames.push(bytes, (reader) => this.#frame(nowMs, reader));
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      this.#garbage(nowMs, error);
    }
  }

  /** The link failed or the server ended it. */
  linkClosed(nowMs: number, error: Error | null): void {
    const unanswered = this.deadlines.phase === 'handshake';
    const during = unanswered ? ' without answering the handshake' : '';
    this.#lose(nowMs, error ?? new Error(`the server closed the connection${during}`), unanswered);
  }

  /** What a server answered that was asked, over a link of its own, whether it has a quorum. */
  probed(nowMs: number, endpoint: Endpoint, hasQuorum: boolean): void {
    if (this.deadlines.phase !== 'ready' || !this.#readOnly) return;
    if (hasQuorum) {
      this.attempts.prefer(endpoint);
      this.#drop(nowMs, new Error(`${formatEndpoint(endpoint)} has a quorum`));
      this.deadlines.retryAtMs = nowMs;
    } else {
      this.deadlines.probeAtMs = nowMs + this.attempts.probeDelayMs();
    }
  }

  submit(nowMs: number, call: Call): void {
    if (this.deadlines.phase === 'ended' || this.#closing) {
      call.fail(endedError(call, this.#endError));
    } else if (!call.urgent && this.requests.waiting >= this.#settings.pendingMax) {
      call.fail(queueFullError(call, this.#settings.pendingMax));
    } else if (this.deadlines.phase === 'ready') {
      this.requests.send(call, this.writer, nowMs);
      this.#sent(nowMs);
    } else {
      this.requests.enqueue(call);
    }
  }

  /** Adds credentials to this connection and all later ones. `done` is called once, with null if the server took them. */
  addAuth(nowMs: number, auth: AuthInfo, done: (error: Error | null) => void): void {
    if (this.deadlines.phase === 'ended' || this.#closing) {
      done(closedError('addAuth', this.#endError));
      return;
    }
    this.#credentials.add(auth, done);
    if (this.deadlines.phase !== 'ready') return;
    this.#credentials.writeNew(this.writer);
    this.#sent(nowMs);
  }

  /** Tells the server again about the watches of a path, after a request that may have removed more than it should. */
  rearmPath(nowMs: number, path: string): void {
    const batch = this.#watches.rearmPath(path, this.identity.lastZxid);
    if (this.deadlines.phase !== 'ready' || batch === null) return;
    writeRearm(this.writer, batch);
    this.#sent(nowMs);
  }

  /**
   * Ends the session on the server, after the answers to what was sent before. Without a connection it tries to get one for
   * `closeTimeoutMs`, so that ephemeral nodes need not wait for the session's expiry.
   */
  close(nowMs: number): void {
    if (this.deadlines.phase === 'ended' || this.#closing) return;
    this.#closing = true;
    this.deadlines.closeByMs = nowMs + this.#settings.closeTimeoutMs;
    this.requests.failUnsent((call) => endedError(call, this.#endError));
    if (this.deadlines.phase === 'ready') this.#sendClose(nowMs);
    // A session that a handshake under way may still make owns nothing, and expires on the server unheard of.
    else if (this.identity.sessionId === 0n) this.#end(null);
  }

  #sendClose(nowMs: number): void {
    const call = closeCall(() => this.#end(null));
    this.requests.send(call, this.writer, nowMs);
    this.#sent(nowMs);
  }

  #attempt(nowMs: number): void {
    this.deadlines.enter('connecting', nowMs);
    this.#frames.begin();
    this.writer.reset();
    this.#out.connect(this.attempts.next());
  }

  #frame(nowMs: number, reader: ByteReader): void {
    if (this.deadlines.phase === 'handshake') {
      this.#handshake(nowMs, readConnectResponse(reader));
      return;
    }
    this.deadlines.heardMs = nowMs;
    const xid = reader.readInt();
    const zxid = reader.readLongExact();
    const err = reader.readInt();
    if (xid === ReservedXid.notification) {
      const event = WatcherEvent.read(reader);
      this.#watches.dispatch(event.type, event.path, zxid > 0 ? zxid : null);
      return;
    }
    const fault = xid >= 0 ? this.requests.mismatch(xid) : null;
    if (fault !== null) {
      this.#drop(nowMs, fault);
      return;
    }
    if (zxid > this.identity.lastZxid) this.identity.lastZxid = zxid;
    if (xid >= 0) {
      this.#reply(nowMs, err, reader);
    } else if (xid === ReservedXid.auth) {
      // Credentials that were taken before got this client its rights; going on without them would mislead.
      const error = this.#credentials.answered(err);
      if (error !== null) this.#end(error);
    } else if (xid === ReservedXid.setWatches) {
      if (err !== 0) this.#drop(nowMs, new Error(`the server refused to set watches again (code ${err})`));
    } else if (xid === ReservedXid.ping) {
      this.deadlines.answered(nowMs);
    } else {
      throw new WireFault('malformed', `reply with reserved number ${xid}`);
    }
  }

  #reply(nowMs: number, err: number, reader: ByteReader): void {
    const call = this.requests.head!;
    this.deadlines.proven(nowMs, call.sentMs);
    this.#answering = call;
    call.answer(err, reader);
    this.#answering = null;
    // The answer to a close has ended everything by now.
    if (this.requests.head === call) this.requests.shift();
  }

  #handshake(nowMs: number, response: ConnectResponse): void {
    const before = this.identity.sessionId;
    if (response.timeOut <= 0 && before !== 0n) {
      this.deadlines.heardMs = nowMs;
      this.#expire(nowMs, this.#refusals.expiredReason(this.identity, this.attempts.server));
      return;
    }
    const fault = this.identity.fault(response, this.#settings.readOnly);
    if (fault !== null || this.#refusals.asking) {
      this.#drop(nowMs, fault === null ? behindReason(this.identity.lastZxid) : new Error(fault));
      return;
    }
    this.#refusals.otherwise();
    this.identity.accept(response, nowMs);
    this.attempts.succeeded();
    this.#readOnly = response.readOnly === true;
    this.deadlines.heardMs = nowMs;
    this.deadlines.agreed();
    this.deadlines.enter('ready', nowMs);
    if (this.#readOnly) this.deadlines.probeAtMs = nowMs + this.attempts.probeDelayMs();
    if (this.#closing) {
      this.#sendClose(nowMs);
      return;
    }
    this.#credentials.writeAll(this.writer);
    for (const batch of this.#watches.rearm(this.#relativeZxid)) writeRearm(this.writer, batch);
    this.requests.sendUnsent(this.writer, nowMs);
    this.#sent(nowMs);
    this.#announce(response.sessionId !== before);
  }

  #announce(newSession: boolean): void {
    const first = !this.#everReady;
    this.#everReady = true;
    this.#tell(this.#readOnly ? 'readonly' : first ? 'connected' : 'reconnected', null, newSession);
    // Reads that a listener starts now follow the watches on the wire: what they return is watched from then on.
    if (!first) this.#watches.resync();
  }

  /**
   * The bytes cannot be what the protocol allows: the connection goes. A request whose own answer they were is not sent again, as
   * it would come to the same.
   */
  #garbage(nowMs: number, fault: WireFault): void {
    const tooLarge = fault.code === 'frame-too-large' && this.deadlines.phase === 'ready';
    const call = this.#answering ?? (tooLarge ? this.requests.head : undefined);
    this.#answering = null;
    if (this.deadlines.phase === 'handshake') {
      this.#drop(nowMs, new Error(`no answer to a handshake: ${fault.message}`, { cause: fault }));
      return;
    }
    if (call !== undefined) {
      call.fail(unreadableError(call, fault, tooLarge, circumstancesOf(this, nowMs)));
      this.requests.shift();
    }
    this.#drop(nowMs, fault);
  }

  #drop(nowMs: number, cause: Error): void {
    this.#out.disconnect();
    this.#lose(nowMs, cause);
  }

  /** The connection is gone, or never came about. */
  #lose(nowMs: number, cause: Error, hungUp = false): void {
    const { phase } = this.deadlines;
    if (phase === 'ended') return;
    const wasReady = phase === 'ready';
    if (hungUp) this.#refusals.hungUp();
    else this.#refusals.otherwise();
    const delayMs = this.attempts.failed(cause, wasReady ? nowMs - this.deadlines.phaseMs : 0);
    this.#frames.stop();
    this.deadlines.enter('waiting', nowMs);
    this.deadlines.retryAtMs = nowMs + delayMs;
    this.#credentials.connectionLost();
    this.requests.connectionLost(cause, circumstancesOf(this, nowMs, phase));
    if (this.#closing) {
      this.requests.failUnsent((call) => endedError(call, this.#endError));
    } else if (wasReady) {
      this.#tell('suspended', cause);
    }
  }

  /** No server was heard for so long that the session, if there was one, must have expired. */
  #unheard(nowMs: number): void {
    const { expiryMs } = this.identity.times;
    const cause = new Error(`no server was heard for ${expiryMs} ms (${this.attempts.summary})`);
    this.deadlines.heardMs = nowMs;
    if (this.identity.sessionId !== 0n) {
      this.#expire(nowMs, cause);
      return;
    }
    if (this.deadlines.phase !== 'waiting') this.#drop(nowMs, cause);
    const circumstances = circumstancesOf(this, nowMs);
    this.requests.failUnsent((call) => unheardError(call, cause, circumstances));
  }

  #expire(nowMs: number, cause: Error): void {
    const { sessionId } = this.identity;
    const { phase } = this.deadlines;
    if (phase !== 'waiting') this.#drop(nowMs, cause);
    if (this.ended || this.identity.sessionId !== sessionId) return;
    const circumstances = circumstancesOf(this, nowMs, phase, this.#settings.renew);
    const why = { detail: `${formatSessionId(sessionId)}: ${cause.message}`, cause, circumstances };
    this.identity.forget();
    this.requests.failAll((call) => new SessionExpiredError({ ...contextOf(call), ...why }, call.outcome));
    if (this.#closing) {
      this.#end(null);
      return;
    }
    this.#out.state('lost', { sessionId, newSession: false, reason: cause });
    this.#watches.endAll(['data', 'exist', 'child'], 'session-lost');
    if (!this.#settings.renew) {
      this.#end(new SessionExpiredError({ operation: 'session', path: null, ...why }, 'not-applied'));
    }
  }

  #end(error: Error | null): void {
    if (this.deadlines.phase === 'ended') return;
    this.deadlines.enter('ended', 0);
    this.#endError = error;
    this.#frames.stop();
    this.#out.disconnect();
    this.requests.failAll((call) => endedError(call, this.#endError));
    this.#credentials.ended(error ?? new Error('closed'));
    this.#watches.endAll(watchKinds, 'closed');
    this.#out.ended(error);
  }

  #tell(state: ClientState, reason: Error | null, newSession = false): void {
    this.#out.state(state, { sessionId: this.identity.sessionId, newSession, reason });
  }

  #sent(nowMs: number): void {
    this.deadlines.sentMs = nowMs;
    this.#out.flush();
  }
}
