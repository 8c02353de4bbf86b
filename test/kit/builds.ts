import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory of what a run of tests has compiled, see `buildPackage`. */
    builds: string;
  }
}

/** Below node_modules, from where the dependencies of what is compiled are found. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache');

/** Makes the directory before a run's first file; it goes away after the last with everything in it. */
export function setup(project: TestProject): () => void {
  mkdirSync(CACHE, { recursive: true });
  const builds = mkdtempSync(join(CACHE, 'zookit-test-builds-'));
  // Servers that run as another user read it.
  chmodSync(builds, 0o755);
  project.provide('builds', builds);
  return () => rmSync(builds, { recursive: true, force: true });
}
