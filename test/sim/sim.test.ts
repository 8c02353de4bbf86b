import { test } from 'vitest';
import { Rng, withSeed } from '../kit/seed.ts';
import { drawPlan } from './plan.ts';
import { Run } from './run.ts';

const RUNS = Number(process.env.RUNS ?? 150);

test(`an ensemble keeps its promises through whatever happens, ${RUNS} runs`, async () => {
  await withSeed('test/sim/sim.test.ts', (rng) => {
    for (let i = 0; i < RUNS; i++) {
      const seed = rng.next();
      const result = new Run(drawPlan(new Rng(seed))).go();
      if (result.violations.length > 0)
        throw new Error(`run ${i}, seed ${seed}:\n${result.violations.slice(0, 12).join('\n')}`);
    }
  });
}, 3_600_000);
