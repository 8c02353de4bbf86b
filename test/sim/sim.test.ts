import { test } from 'vitest';
import { Rng, withSeed } from '../kit/seed.ts';
import { drawAnyPlan } from './profiles.ts';
import { Run } from './run.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const VIOLATIONS_SHOWN = 10;

test(`an ensemble keeps its promises through whatever happens, ${RUNS} runs`, async () => {
  await withSeed('test/sim/sim.test.ts', (rng) => {
    for (let i = 0; i < RUNS; i++) {
      const plan = drawAnyPlan(new Rng(rng.next()));
      const { violations } = new Run(plan).go();
      if (violations.length === 0) continue;
      const shown = violations.slice(0, VIOLATIONS_SHOWN).join('\n');
      throw new Error(`${shown}\nshorter: npm run test:sim -- --seed ${plan.seed} --shrink`);
    }
  });
}, 3_600_000);
