import { afterAll, beforeAll, describe } from 'vitest';
import { type BuiltPackage, buildPackage } from './built.ts';
import { javaZooKeeper } from './java.ts';
import { MixedEnsemble, type MixedEnsembleOptions } from './mixed-ensemble.ts';

/** A suite about ensembles of both, with the package built; skipped where Apache ZooKeeper is not installed. */
export function describeMixed(
  name: string,
  suite: (create: (options: Omit<MixedEnsembleOptions, 'main'>) => Promise<MixedEnsemble>) => void,
): void {
  describe.skipIf(javaZooKeeper() === null)(name, () => {
    let built: BuiltPackage | undefined;
    beforeAll(() => {
      built = buildPackage();
    });
    afterAll(() => built?.[Symbol.dispose]());
    suite((options) => MixedEnsemble.create({ ...options, main: built!.main }));
  });
}
