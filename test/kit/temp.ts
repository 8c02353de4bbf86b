import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own that goes away with its owner. */
export interface TempDirectory extends AsyncDisposable {
  readonly path: string;
  /** A path below the directory; nothing is made. */
  at(...parts: string[]): string;
}

/** Makes an empty directory; `await using` removes it with everything in it. */
export async function tempDirectory(prefix = 'zookit-'): Promise<TempDirectory> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    at: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
