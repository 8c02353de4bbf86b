import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inject } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
/** Only the package. */
const PACKAGE = 'tsconfig.build.json';

/** The compiled package in a directory of its own, so that tests neither need nor disturb `dist`. */
export interface BuiltPackage extends Disposable {
  readonly directory: string;
  /** The command line's entry file, for `node`. */
  readonly main: string;
}

/**
 * Compiles the package as `npm run build` does, without checking types: that is another step's affair. All files of a run share what
 * the first of them has compiled, so nothing in it may be changed. `project` names another tsconfig than the package's, for one that
 * holds more than the package.
 */
export function buildPackage(project = PACKAGE): BuiltPackage {
  const shared = join(inject('builds'), project.replaceAll('/', '-'));
  if (!existsSync(shared)) {
    const own = compile(project);
    try {
      renameSync(own, shared);
    } catch (error) {
      rmSync(own, { recursive: true, force: true });
      // Another file was quicker.
      if (!existsSync(shared)) throw error;
    }
  }
  return { directory: shared, main: mainIn(shared), [Symbol.dispose]: () => {} };
}

/** As `buildPackage`, in a directory that the caller may change, and that is removed at the end. */
export function buildOwnPackage(): BuiltPackage {
  const directory = compile(PACKAGE);
  return {
    directory,
    main: mainIn(directory),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function compile(project: string): string {
  const directory = join(inject('builds'), `own-${process.pid}`);
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', join(ROOT, project), '--outDir', directory, '--noCheck'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0 || !existsSync(mainIn(directory))) {
    rmSync(directory, { recursive: true, force: true });
    throw new Error(`the package does not compile:\n${stdout}`);
  }
  return directory;
}

function mainIn(directory: string): string {
  return join(directory, 'cli', 'main.js');
}
