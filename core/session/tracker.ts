/** A session as its tracker knows it. One object for its whole life, so that requests never look anything up by its id. */
export interface Session {
  readonly id: bigint;
  /** Negotiated anew at each connect. */
  timeoutMs: number;
  /**
   * Its connection, or what stands for the server that its client was last heard through; requests that come another way are refused
   * as moved. Null until anything was heard.
   */
  owner: object | null;
  /** Its end is under way: nothing more is accepted from it. */
  closing: boolean;
  /** When it ends if nothing is heard from it: a multiple of the tick on the monotonic clock. */
  expiresAtMs: number;
}

/**
 * Sessions and when they end. Time is cut into ticks: a session ends at the first multiple of the tick at or after its
 * timeout, so that touching it is nothing most of the time and each tick looks only at those that are due (ExpiryQueue).
 *
 * Invariants: a session stands in the bucket of its `expiresAtMs` and in no other; a closing session is in none.
 */
export class SessionTracker {
  readonly #sessions = new Map<bigint, Session>();
  readonly #buckets = new Map<number, Set<Session>>();
  readonly #tickMs: number;
  #nextExpiryMs: number;

  constructor(tickMs: number, nowMs: number) {
    this.#tickMs = tickMs;
    this.#nextExpiryMs = this.#roundUp(nowMs);
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** When sessions may be due next. */
  get nextExpiryMs(): number {
    return this.#nextExpiryMs;
  }

  get(id: bigint): Session | undefined {
    return this.#sessions.get(id);
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Starts to watch over a session, from its full timeout. One that is known already is only touched. */
  track(id: bigint, timeoutMs: number, nowMs: number): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) {
      this.touch(known, nowMs);
      return known;
    }
    const session: Session = { id, timeoutMs, owner: null, closing: false, expiresAtMs: 0 };
    this.#sessions.set(id, session);
    this.touch(session, nowMs);
    return session;
  }

  /** Something was heard from the session. */
  touch(session: Session, nowMs: number): void {
    const expiresAtMs = this.#roundUp(nowMs + session.timeoutMs);
    if (expiresAtMs === session.expiresAtMs || session.closing) return;
    this.#leaveBucket(session);
    session.expiresAtMs = expiresAtMs;
    let bucket = this.#buckets.get(expiresAtMs);
    if (bucket === undefined) {
      bucket = new Set();
      this.#buckets.set(expiresAtMs, bucket);
    }
    bucket.add(session);
  }

  /** From now on nothing is accepted from the session, and it does not expire: its end is already decided. */
  setClosing(session: Session): void {
    session.closing = true;
    this.#leaveBucket(session);
  }

  remove(id: bigint): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#leaveBucket(session);
    this.#sessions.delete(id);
  }

  /** Sessions whose time is over; they are closing from now on. */
  expire(nowMs: number): Session[] {
    const expired: Session[] = [];
    for (; this.#nextExpiryMs <= nowMs; this.#nextExpiryMs += this.#tickMs) {
      for (const session of this.#buckets.get(this.#nextExpiryMs) ?? []) expired.push(session);
    }
    for (const session of expired) this.setClosing(session);
    return expired;
  }

  #leaveBucket(session: Session): void {
    const bucket = this.#buckets.get(session.expiresAtMs);
    if (bucket === undefined) return;
    bucket.delete(session);
    if (bucket.size === 0) this.#buckets.delete(session.expiresAtMs);
  }

  #roundUp(ms: number): number {
    return (Math.floor(ms / this.#tickMs) + 1) * this.#tickMs;
  }
}

/**
 * First id that a server gives to a session: the server's id in the high byte, then 40 bits of the clock, then a counter from
 * 0, so that ids of servers and of restarts do not meet (SessionTrackerImpl.initializeNextSessionId).
 */
export function firstSessionId(serverId: number, wallMs: number): bigint {
  const clockBits = BigInt.asUintN(64, BigInt(wallMs) << 24n) >> 8n;
  return BigInt.asIntN(64, clockBits | (BigInt(serverId & 0xff) << 56n));
}

/** The id after this one; the value that marks containers is left out. */
export function nextSessionId(id: bigint): bigint {
  const next = BigInt.asIntN(64, id + 1n);
  return next === -(2n ** 63n) ? next + 1n : next;
}
