import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuiltPackage, buildOwnPackage } from './built.ts';

const ROOT = dirname(dirname(import.meta.dirname));

/** The compiled examples beside the compiled package, which they import by its name. */
export interface BuiltExamples extends Disposable {
  /** The file of an example, for `node`. */
  file(name: string): string;
}

export function buildExamples(): BuiltExamples {
  const built: BuiltPackage = buildOwnPackage();
  const directory = dirname(dirname(built.main));
  const output = join(directory, 'examples');
  try {
    const names = { '.': './index.js', './di': './recipes/di/index.js' };
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ name: 'zookit', type: 'module', exports: names }),
    );
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const project = join(ROOT, 'examples', 'tsconfig.json');
    execFileSync(process.execPath, [compiler, '-p', project, '--noCheck', '--outDir', output], {
      stdio: 'pipe',
    });
  } catch (error) {
    built[Symbol.dispose]();
    throw error;
  }
  return {
    file: (name) => join(output, `${name}.js`),
    [Symbol.dispose]: () => built[Symbol.dispose](),
  };
}
