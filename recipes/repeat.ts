import {
  ClosedError,
  ConnectionLossError,
  NotReadOnlyError,
  QueueFullError,
  SessionExpiredError,
  type UnansweredError,
} from '../client/index.ts';
import { isBusy } from '../client/retry-policies.ts';

/** Whether an operation ended so because its client has ended, by `close` or with its session: what follows fails at once. */
export function isOver(error: unknown): error is UnansweredError {
  if (error instanceof ClosedError) return true;
  return error instanceof SessionExpiredError && error.circumstances?.retryInMs === null;
}

/**
 * Whether an operation that ended so may be sent again, on another connection or in another session: it waits for one, so a loop
 * of repetitions does not spin. What the first one did is another question: its `outcome` answers.
 */
export function mayRepeat(error: unknown): error is UnansweredError {
  const lost = error instanceof ConnectionLossError || error instanceof SessionExpiredError;
  return lost && !isOver(error);
}

/**
 * Whether an operation was refused for the moment only: by a server that has too much to do or no quorum, or because too many wait in
 * the client. Asked again, it may do.
 */
export function isRefusedForNow(error: unknown): boolean {
  return isBusy(error) || error instanceof QueueFullError || error instanceof NotReadOnlyError;
}

/** Does what may be done any number of times, until it was answered. */
export async function repeatedly<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayRepeat(error)) throw error;
    }
  }
}
