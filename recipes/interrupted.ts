import { ConnectionLossError, SessionExpiredError } from '../client/index.ts';

/** What comes of an operation whose connection or session went away: the next one waits for another. */
export function isInterrupted(error: unknown): boolean {
  return error instanceof ConnectionLossError || error instanceof SessionExpiredError;
}
