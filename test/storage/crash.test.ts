import { expect, test } from 'vitest';
import { Rng, withSeed } from '../kit/seed.ts';
import { CrashTrial } from './crash-trial.ts';

const TRIALS = Number(process.env.TRIALS ?? 4000);

test(`nothing acknowledged is lost and nothing comes back half, over ${TRIALS} lives' stories on a crashing disk`, async () => {
  await withSeed('test/storage/crash.test.ts', (rng) => {
    const total = { lives: 0, lost: 0, kept: 0, torn: 0, snapshots: 0, failures: 0 };
    for (let trial = 0; trial < TRIALS; trial++) {
      const seed = rng.next();
      const story = new CrashTrial(new Rng(seed));
      try {
        story.run(3);
      } catch (error) {
        throw new Error(`story ${trial} (its own seed: ${seed}): ${(error as Error).message}`, {
          cause: error,
        });
      }
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += story.counts[key];
    }
    // The disk has to have been as bad as this test promises, also where chance was kind to a short run.
    for (const key of Object.keys(total) as (keyof typeof total)[])
      expect(total[key], key).toBeGreaterThan(TRIALS / 25);
  });
});
