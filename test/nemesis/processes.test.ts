import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { withSeed } from '../kit/seed.ts';
import { tempDirectory } from '../kit/temp.ts';
import { startProcesses } from './processes.ts';
import { playRound, wordsOf } from './round.ts';

const DURATION_S = Number(process.env.DURATION_S ?? 15);
/** A history is checked this often. */
const ROUND_S = 15;

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built[Symbol.dispose]());

// By hand, for longer: DURATION_S=1800 npx vitest run --project unit test/nemesis/processes.test.ts
test(
  `three processes that are killed and stopped for ${DURATION_S} s lose nothing`,
  () =>
    withSeed('test/nemesis/processes.test.ts', async (rng) => {
      await using directory = await tempDirectory('zookit-nemesis-');
      const options = { main: built.main, directory: directory.path, servers: 3 };
      await using cluster = await startProcesses(options);
      for (let round = 0; round * ROUND_S < DURATION_S; round++) {
        const faultsMs = Math.min(ROUND_S, DURATION_S - round * ROUND_S) * 1000;
        const report = await playRound(cluster, rng, { workers: 6, faultsMs, root: `/round-${round}` });
        process.stdout.write(`round ${round}: ${wordsOf(report)}\n`);
        expect(report.faults).toBeGreaterThan(0);
      }
    }),
  DURATION_S * 4_000 + 400_000,
);
