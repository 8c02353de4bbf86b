/** The times that a session keeps, all in milliseconds and all derived from its timeout. */
export interface SessionTimes {
  /** Without a word from the server for this long, the connection is given up. */
  readonly readTimeoutMs: number;
  /** Without a word from any server for this long, the session is taken for expired (ZOOKEEPER-4508). */
  readonly expiryMs: number;
  /** A ping is sent when nothing else was for this long. */
  readonly pingAfterMs: number;
}

/** Pings are at most this far apart, however long the session timeout. */
const PING_AFTER_MS_MAX = 10_000;

/**
 * ZooKeeper's own rules: read timeout two thirds of the session timeout, a ping at half of that, a second earlier where that
 * leaves time, so that a lost ping still leaves time to try another server.
 */
export function sessionTimes(timeoutMs: number): SessionTimes {
  const readTimeoutMs = Math.floor((timeoutMs * 2) / 3);
  const half = Math.floor(readTimeoutMs / 2);
  const pingAfterMs = Math.min(PING_AFTER_MS_MAX, half > 2_000 ? half - 1_000 : half);
  return { readTimeoutMs, expiryMs: Math.floor((timeoutMs * 4) / 3), pingAfterMs: Math.max(1, pingAfterMs) };
}
