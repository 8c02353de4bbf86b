import type { Identity } from './identity.ts';

/** Where a session stands with its connection. */
export type Phase = 'idle' | 'waiting' | 'connecting' | 'handshake' | 'ready' | 'ended';

/** What a session has to do because of the time. */
export type Due =
  | 'nothing'
  /** `close` has taken as long as it may. */
  | 'close'
  /** No server was heard for so long that a session must have expired. */
  | 'unheard'
  /** The delay before the next attempt is over. */
  | 'attempt'
  /** The attempt takes too long. */
  | 'slow'
  /** The server of the connection is silent. */
  | 'silent'
  /** What was answered came too late to be sure that the session goes on: only a new handshake tells. */
  | 'late'
  /** Nothing that was sent lately has been answered, though the server was heard. */
  | 'doubt'
  | 'ping'
  /** Another server should be asked whether it has a quorum. */
  | 'probe';

/** The moments that a session remembers, and what follows from them. All times are monotonic milliseconds. */
export class Deadlines {
  /** When a server was last heard. */
  heardMs = 0;
  /** When something was last sent. */
  sentMs = 0;
  /** When the next attempt may begin. */
  retryAtMs = 0;
  closeByMs = Number.POSITIVE_INFINITY;
  /** When to look for a server with a quorum; counts only while there is a connection. */
  probeAtMs = Number.POSITIVE_INFINITY;
  readonly #attemptTimeoutMs: number;
  readonly #identity: Identity;
  #phase: Phase = 'idle';
  #phaseMs = 0;
  /** When the latest of what has been answered was sent: the server counts the session's timeout from no earlier than that. */
  #provenMs = 0;
  #doubted = false;
  #late = false;
  /** When the handshake and the pings that are still unanswered were sent. */
  #askedMs: number[] = [];

  /** The session's timeout is taken from its identity, which learns it from the server. */
  constructor(identity: Identity, attemptTimeoutMs: number) {
    this.#identity = identity;
    this.#attemptTimeoutMs = attemptTimeoutMs;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** When the phase began. */
  get phaseMs(): number {
    return this.#phaseMs;
  }

  /** Enters a phase. The handshake belongs to the attempt that began with connecting, and shares its time. */
  enter(phase: Phase, nowMs: number): void {
    if (phase !== 'handshake') this.#phaseMs = nowMs;
    if (phase === 'connecting') {
      this.#askedMs = [];
      this.#late = false;
    }
    if (phase === 'ready') this.probeAtMs = Number.POSITIVE_INFINITY;
    this.#phase = phase;
  }

  /** A handshake or a ping was sent; they are answered in order. */
  asked(nowMs: number): void {
    this.#askedMs.push(nowMs);
  }

  /** A ping was answered. */
  answered(nowMs: number): void {
    this.proven(nowMs, this.#askedMs.shift() ?? 0);
  }

  /** The handshake was answered, for which a server asks the leader: the session's timeout began anew. */
  agreed(): void {
    this.#provenMs = Math.max(this.#provenMs, this.#askedMs.shift() ?? 0);
    this.#doubted = false;
  }

  /**
   * The server has answered something that was sent at that time. A follower answers by itself and tells the leader up to half a tick
   * later that the session is alive. That is soon enough while a third of the timeout is left, as a timeout is at least two ticks;
   * later than that, the leader may let the session expire although it was answered.
   */
  proven(nowMs: number, sentMs: number): void {
    if (sentMs < this.#provenMs) return;
    const inTimeMs = this.#provenMs + this.#identity.times.readTimeoutMs;
    if (nowMs >= inTimeMs) {
      // Answers that only waited to be read say nothing against the connection.
      if (sentMs >= inTimeMs) this.#late = true;
      return;
    }
    this.#provenMs = sentMs;
    this.#doubted = false;
  }

  /** When `due` will next be something else; infinity if never. */
  next(): number {
    const { times } = this.#identity;
    const silence = Math.min(this.heardMs + times.expiryMs, this.closeByMs);
    switch (this.#phase) {
      case 'waiting':
        return Math.min(this.retryAtMs, silence);
      case 'connecting':
      case 'handshake':
        return Math.min(this.#phaseMs + this.#attemptTimeoutMs, silence);
      case 'ready':
        if (this.#late) return this.heardMs;
        return Math.min(
          this.heardMs + times.readTimeoutMs,
          this.#doubted ? Number.POSITIVE_INFINITY : this.#provenMs + times.readTimeoutMs,
          this.sentMs + times.pingAfterMs,
          this.closeByMs,
          this.probeAtMs,
        );
      case 'idle':
      case 'ended':
        return Number.POSITIVE_INFINITY;
    }
  }

  /** Whether the server of the connection has answered something so fresh that the session is safe for a while. */
  trusted(nowMs: number): boolean {
    return this.#phase === 'ready' && nowMs < this.#provenMs + this.#identity.times.readTimeoutMs;
  }

  /** For how long no server can let the session expire, counted from when the latest answered request was sent; 0 without a session. */
  safeForMs(nowMs: number): number {
    if (this.#identity.sessionId === 0n) return 0;
    return Math.max(0, this.#provenMs + this.#identity.timeoutMs - nowMs);
  }

  /**
   * A ping that somebody else sent in our place, while we did not get to run, was answered. Returns for how long we had been away if
   * that is so long that the session is in doubt, as far as we could know, and nobody has been told yet; else 0.
   */
  answeredForUs(nowMs: number, sentMs: number): number {
    this.heardMs = nowMs;
    const awayMs = this.#doubtful(nowMs) ? nowMs - this.#provenMs : 0;
    // It was answered soon after, or it would have been given up.
    this.proven(sentMs, sentMs);
    // An answer that has waited for us as well settles no doubt.
    if (nowMs >= sentMs + this.#identity.times.readTimeoutMs) this.#doubted = true;
    return awayMs;
  }

  /** Whether doubt arises now: once, until something is answered. */
  #doubtful(nowMs: number): boolean {
    if (this.#doubted || nowMs < this.#provenMs + this.#identity.times.readTimeoutMs) return false;
    this.#doubted = true;
    return true;
  }

  /** What is wrong with a connection that is `silent` or `late`. */
  silentReason(): Error {
    const { readTimeoutMs } = this.#identity.times;
    const what = this.#late ? 'answered after more than' : 'was silent for';
    return new Error(`the server ${what} ${readTimeoutMs} ms`);
  }

  /** What is wrong with an attempt that is `slow`. */
  slowReason(): Error {
    const missing = this.#phase === 'connecting' ? 'no connection' : 'no answer to the handshake';
    return new Error(`${missing} within ${this.#attemptTimeoutMs} ms`);
  }

  due(nowMs: number): Due {
    const { times } = this.#identity;
    if (this.#phase === 'idle' || this.#phase === 'ended') return 'nothing';
    if (nowMs >= this.closeByMs) return 'close';
    if (nowMs >= this.heardMs + times.expiryMs) return 'unheard';
    if (this.#phase === 'waiting') return nowMs >= this.retryAtMs ? 'attempt' : 'nothing';
    if (this.#phase !== 'ready') return nowMs >= this.#phaseMs + this.#attemptTimeoutMs ? 'slow' : 'nothing';
    if (nowMs >= this.heardMs + times.readTimeoutMs) return 'silent';
    if (this.#late) return 'late';
    if (this.#doubtful(nowMs)) return 'doubt';
    if (nowMs >= this.sentMs + times.pingAfterMs) return 'ping';
    return nowMs >= this.probeAtMs ? 'probe' : 'nothing';
  }
}
