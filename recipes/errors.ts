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

/**
 * A directory has given out all its sequence numbers, about 2^31 of them: its nodes have no order any more, and nothing of the attempt
 * is left there. A new directory counts from 0: a container goes by itself when it is empty, any other must be deleted.
 */
export class SequenceExhaustedError extends Error {
  readonly code = 'SequenceExhausted';
  readonly path: string;

  /** `path` is that of the directory. */
  constructor(path: string, cause?: unknown) {
    super(
      `directory ${path}: all sequence numbers have been given out; let all leave it and delete it, so that a new one begins at 0 [SequenceExhausted]`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'SequenceExhaustedError';
    this.path = path;
  }
}
