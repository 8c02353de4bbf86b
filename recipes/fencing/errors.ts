/** A write was refused because the lock that it relied on has passed on; nothing was written. Stop the work: somebody else does it. */
export class FencedOutError extends Error {
  readonly code = 'FencedOut';
  /** What was to be written to: the resource, or the node. */
  readonly resource: string;
  /** The token of who wanted to write. */
  readonly token: number;
  /** The token of the newer holder, where it is known. */
  readonly highest: number | null;

  constructor(resource: string, token: number, highest: number | null, cause?: unknown) {
    const why =
      highest === null
        ? `the lock's node that stood for token ${token} is gone`
        : `token ${token} is refused, a holder with token ${highest} has written`;
    super(`${resource}: ${why} [FencedOut]`, cause === undefined ? {} : { cause });
    this.name = 'FencedOutError';
    this.resource = resource;
    this.token = token;
    this.highest = highest;
  }
}
