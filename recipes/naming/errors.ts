/** Somebody else has the name. */
export class NameTakenError extends Error {
  readonly code = 'NameTaken';
  readonly path: string;

  /** `path` is that of the name's node. */
  constructor(path: string) {
    super(`name ${path}: registered by somebody else [NameTaken]`);
    this.name = 'NameTakenError';
    this.path = path;
  }
}

/** A registration has ended without having been released: its node was deleted, overwritten, or went with its session. */
export class NameLostError extends Error {
  readonly code = 'NameLost';
  readonly path: string;

  /** `path` is that of the name's node. */
  constructor(path: string, cause?: unknown) {
    super(
      `name ${path}: not registered any more; somebody else may have it [NameLost]`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'NameLostError';
    this.path = path;
  }
}

/**
 * Why there are no ids at this moment:
 * - `no-worker`: no worker number is held, because the connection or the session is lost; another is asked for.
 * - `not-reserved`: the time for which ids may be made could not be extended, or is used up.
 * - `exhausted`: all numbers have been given out.
 * - `closed`: the generator was closed.
 */
export type IdsUnavailableReason = 'no-worker' | 'not-reserved' | 'exhausted' | 'closed';

const meanings: Record<IdsUnavailableReason, string> = {
  'no-worker': 'no worker number is held at this moment',
  'not-reserved': 'no time is reserved for further ids',
  exhausted: 'all numbers have been given out; use another path',
  closed: 'closed',
};

/** No id can be made without the risk that somebody else makes the same. */
export class IdsUnavailableError extends Error {
  readonly code = 'IdsUnavailable';
  readonly path: string;
  readonly reason: IdsUnavailableReason;

  constructor(path: string, reason: IdsUnavailableReason, cause?: unknown) {
    super(`ids ${path}: ${meanings[reason]} [IdsUnavailable]`, cause === undefined ? {} : { cause });
    this.name = 'IdsUnavailableError';
    this.path = path;
    this.reason = reason;
  }
}
