import { onAbort } from '../client/aborts.ts';
import type { ClientPorts } from '../client/index.ts';

/** How long a recipe may wait. */
export interface WaitOptions {
  /** Gives up: the promise rejects with the signal's reason, and nothing of the attempt is left behind. */
  readonly signal?: AbortSignal | undefined;
  /** The same after so many milliseconds, with an error that says so; 0 looks once and does not wait. Default: for ever. */
  readonly timeoutMs?: number | undefined;
}

/** Thrown by work that was told not to wait and would have to. */
export const wouldWait: unique symbol = Symbol('would wait');

const timedOut = Symbol('timed out');

/**
 * Does work that waits, for as long as the options allow: `signal` aborts when it has to end, `wait` is false if it must not wait at
 * all and is to throw `wouldWait` instead. `late` makes the error for work that did not come to its end in time.
 */
export async function patiently<T>(
  ports: ClientPorts,
  { signal, timeoutMs }: WaitOptions,
  late: (timeoutMs: number) => Error,
  work: (signal: AbortSignal, wait: boolean) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
    throw new RangeError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
  }
  // One signal of our own rather than `AbortSignal.any`, which leaves something behind at a signal that is used for long.
  const stop = new AbortController();
  const release = signal === undefined ? () => {} : onAbort(signal, () => stop.abort(signal.reason));
  const cancel =
    timeoutMs === undefined || timeoutMs === 0 || timeoutMs === Number.POSITIVE_INFINITY
      ? () => {}
      : ports.after(timeoutMs, () => stop.abort(timedOut));
  try {
    return await work(stop.signal, timeoutMs !== 0);
  } catch (error) {
    throw error === wouldWait || error === timedOut ? late(timeoutMs ?? 0) : error;
  } finally {
    cancel();
    release();
  }
}
