import { ClosedError, SessionExpiredError, UnansweredError, ZooKeeperError } from './errors.ts';
import type { Random } from './ports.ts';
import { type BackoffPolicy, backoffMs, defaultBackoff } from './retry.ts';

/** A failure that may be worth another try. */
export interface Failure {
  /** Repetitions so far: 0 after the first failure. */
  readonly retries: number;
  /** Since the first try began. */
  readonly elapsedMs: number;
  readonly error: unknown;
}

/** Says whether work that has failed is tried again, and when. A policy remembers nothing, so one serves any number of uses. */
export interface RetryPolicy {
  /** How long to wait before the next try; null to give up. */
  delayMs(failure: Failure, random: Random): number | null;
}

export interface ExponentialBackoffOptions extends Partial<BackoffPolicy> {
  /** Repetitions at most. Default: any number. */
  readonly retriesMax?: number | undefined;
}

function count(name: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${name} must be 0 or more, not ${value}`);
}

/** Delays that double from `baseMs` (default 100) up to `maxMs` (default 5,000), the upper half of each left to chance. */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): RetryPolicy {
  const baseMs = count('baseMs', options.baseMs ?? defaultBackoff.baseMs);
  const maxMs = count('maxMs', options.maxMs ?? defaultBackoff.maxMs);
  const retriesMax = count('retriesMax', options.retriesMax ?? Number.POSITIVE_INFINITY);
  return {
    delayMs: ({ retries }, random) =>
      retries >= retriesMax ? null : backoffMs(retries, { baseMs, maxMs }, random),
  };
}

/** So many repetitions, with the same delay before each. */
export function retryTimes(retriesMax: number, delayMs: number): RetryPolicy {
  count('retriesMax', retriesMax);
  count('delayMs', delayMs);
  return { delayMs: ({ retries }) => (retries >= retriesMax ? null : delayMs) };
}

/** Repetitions with the same delay, none of which begins later than `elapsedMsMax` after the first try. */
export function retryUntilElapsed(elapsedMsMax: number, delayMs: number): RetryPolicy {
  count('elapsedMsMax', elapsedMsMax);
  count('delayMs', delayMs);
  return { delayMs: ({ elapsedMs }) => (elapsedMs + delayMs > elapsedMsMax ? null : delayMs) };
}

/** Any number of repetitions with the same delay. */
export function retryForever(delayMs: number): RetryPolicy {
  count('delayMs', delayMs);
  return { delayMs: () => delayMs };
}

/** The policy while the session lives: what fails with `SessionExpiredError` is not tried again. */
export function withinSession(policy: RetryPolicy): RetryPolicy {
  return {
    delayMs: (failure, random) =>
      failure.error instanceof SessionExpiredError ? null : policy.delayMs(failure, random),
  };
}

/** Codes by which a server says that it did not try, or cannot tell: asked again, it may. */
const askAgain: ReadonlySet<string> = new Set([
  'OperationTimeout',
  'RequestTimeout',
  'SessionMoved',
  'ThrottledOp',
]);

/** Whether a server answered that it did not try, or cannot tell. */
export function isBusy(error: unknown): boolean {
  return error instanceof ZooKeeperError && askAgain.has(error.code);
}

/**
 * Whether another try may come to something else: the connection or the session was lost, or the server did not try. Whether a
 * repetition does harm is another question, which only the caller can answer.
 */
export function isRetryable(error: unknown): boolean {
  if (isBusy(error)) return true;
  if (!(error instanceof UnansweredError) || error instanceof ClosedError) return false;
  // Without another attempt there will be no other session either.
  if (error.code === 'SessionExpired') return error.circumstances?.retryInMs !== null;
  return error.code === 'ConnectionLoss';
}
