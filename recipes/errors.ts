/** What was waited for (a barrier, an item, a count) did not come within `timeoutMs`; nothing of the attempt is left behind. */
export class WaitTimeoutError extends Error {
  readonly code = 'WaitTimeout';
  readonly path: string;
  readonly timeoutMs: number;

  /** `what` was waited for, as the message has it: `barrier: not open`. */
  constructor(what: string, path: string, timeoutMs: number) {
    super(`${path}: ${what} within ${timeoutMs} ms [WaitTimeout]`);
    this.name = 'WaitTimeoutError';
    this.path = path;
    this.timeoutMs = timeoutMs;
  }
}
