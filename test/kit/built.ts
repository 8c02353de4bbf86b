import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The compiled package in a directory of its own, so that tests neither need nor disturb `dist`. */
export interface BuiltPackage extends Disposable {
  readonly directory: string;
  /** The command line's entry file, for `node`. */
  readonly main: string;
}

/**
 * Compiles the package as `npm run build` does, without checking types: that is another step's affair. It lies below
 * node_modules, from where its dependencies are found, and is removed at the end. `project` names another tsconfig than the package's,
 * for one that holds more than the package.
 */
export function buildPackage(project = 'tsconfig.build.json'): BuiltPackage {
  const directory = join(ROOT, 'node_modules', '.cache', `zookit-test-build-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', join(ROOT, project), '--outDir', directory, '--noCheck'];
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const main = join(directory, 'cli', 'main.js');
  if (status !== 0 || !existsSync(main)) {
    remove();
    throw new Error(`the package does not compile:\n${stdout}`);
  }
  return { directory, main, [Symbol.dispose]: remove };
}
