import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory of what a run of tests compiles, see `buildPackage`; there is none before the first time. */
    builds: string;
  }
}

/** Below node_modules, from where the dependencies of what is compiled are found. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache');

/** Names the directory before a run's first file; it goes away after the last with everything in it. */
export function setup(project: TestProject): () => void {
  const builds = join(CACHE, `zookit-test-builds-${process.pid}`);
  const remove = () => rmSync(builds, { recursive: true, force: true });
  // Of a run that was killed, long ago.
  remove();
  project.provide('builds', builds);
  return remove;
}
