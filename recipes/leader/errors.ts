/** A latch, selector or task was closed, or its client was, while somebody waited for it. `cause` has the error that ended it, if one did. */
export class ElectionClosedError extends Error {
  readonly code = 'ElectionClosed';
  readonly path: string;

  constructor(path: string, cause?: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : '; start another one to take part again';
    super(`election ${path}: closed${why} [ElectionClosed]`, cause === undefined ? {} : { cause });
    this.name = 'ElectionClosedError';
    this.path = path;
  }
}
