/** A version that the history does not hold: it was never published, or so long ago that it has been dropped. */
export class UnknownVersionError extends Error {
  readonly code = 'UnknownVersion';
  readonly path: string;
  readonly version: number;
  /** The versions that there are, newest first. */
  readonly kept: readonly number[];

  constructor(path: string, version: number, kept: readonly number[]) {
    const there = kept.length === 0 ? 'it is empty' : `it holds ${kept.join(', ')}`;
    super(`config ${path}: version ${version} is not in its history (${there}) [UnknownVersion]`);
    this.name = 'UnknownVersionError';
    this.path = path;
    this.version = version;
    this.kept = kept;
  }
}
