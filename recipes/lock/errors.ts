/** The lock could not be had within `timeoutMs`; nothing of the attempt is left behind. */
export class AcquireTimeoutError extends Error {
  readonly code = 'AcquireTimeout';
  readonly path: string;
  readonly timeoutMs: number;

  constructor(path: string, timeoutMs: number) {
    super(`lock ${path}: not acquired within ${timeoutMs} ms [AcquireTimeout]`);
    this.name = 'AcquireTimeoutError';
    this.path = path;
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Why a lease is not to be relied on:
 * - `in-doubt`: the connection is gone. The lock is still held while the session lives, but nobody here can tell how long.
 * - `session-lost`: the session has ended, and others may hold the lock.
 * - `deleted`: somebody deleted the lock's node.
 * - `expired`: the `leaseMs` that it was asked for are over, and it has been given back.
 * - `released`: the lease was released.
 */
export type LeaseEndReason = 'in-doubt' | 'session-lost' | 'deleted' | 'expired' | 'released';

const meanings: Record<LeaseEndReason, string> = {
  'in-doubt': 'the connection is lost: whether the lock is still held is in doubt',
  'session-lost': 'the session has ended, and the lock with it',
  deleted: 'the node of the lock was deleted',
  expired: 'the time that the lease was asked for is over',
  released: 'the lease has been released',
};

/** The reason that a lease's signal aborts with. */
export class LeaseEndedError extends Error {
  readonly code = 'LeaseEnded';
  readonly path: string;
  readonly reason: LeaseEndReason;

  constructor(path: string, reason: LeaseEndReason, cause?: unknown) {
    super(`lock ${path}: ${meanings[reason]} [LeaseEnded]`, cause === undefined ? {} : { cause });
    this.name = 'LeaseEndedError';
    this.path = path;
    this.reason = reason;
  }
}
