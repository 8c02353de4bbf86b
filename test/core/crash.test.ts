import { expect, test } from 'vitest';
import { Rng, withSeed } from '../kit/seed.ts';
import { CrashTrial } from './crash-trial.ts';

const RUNS = Number(process.env.RUNS ?? 500);

test(`${RUNS} servers that crash and come back keep what clients have seen, and nothing half`, async () => {
  await withSeed('test/core/crash.test.ts', (rng) => {
    const total = { lives: 0, lost: 0, kept: 0, snapshots: 0, failures: 0, resumed: 0, expired: 0, txns: 0 };
    for (let run = 0; run < RUNS; run++) {
      // The first run has the seed of the test itself, so that a failure is replayed alone by `SEED=<its seed> RUNS=1`.
      const seed = run === 0 ? rng.seed : rng.next();
      try {
        const trial = new CrashTrial(new Rng(seed));
        trial.run(4);
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += trial.counts[key];
      } catch (error) {
        const { message } = error as Error;
        throw new Error(`run ${run} failed: ${message}\nalone: SEED=${seed} RUNS=1`, { cause: error });
      }
    }
    process.stdout.write(`test/core/crash.test.ts: ${JSON.stringify(total)}\n`);
    // Each of these has to have happened, or the test proves less than it says.
    if (RUNS >= 500)
      for (const [key, count] of Object.entries(total)) expect(count, key).toBeGreaterThan(RUNS / 10);
  });
}, 300_000);
