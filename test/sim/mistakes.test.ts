import { expect, test } from 'vitest';
import { Rng } from '../kit/seed.ts';
import { type Mistake, mistakes } from './mistakes.ts';
import { drawPlan } from './plan.ts';
import { Run } from './run.ts';

const RUNS_MAX = 2_000;

/** In how many runs a mistake is found, and by what; null if it is not. */
function find({ seams, profile }: Mistake): { readonly runs: number; readonly why: string } | null {
  for (let seed = 1; seed <= RUNS_MAX; seed++) {
    const { violations } = new Run(drawPlan(new Rng(seed), profile), { seams }).go();
    if (violations.length > 0) return { runs: seed, why: violations[0]! };
  }
  return null;
}

test.each(Object.entries(mistakes))(
  'it is found where %s',
  (_, mistake) => {
    expect(find(mistake), `not within ${RUNS_MAX} runs`).not.toBeNull();
  },
  3_600_000,
);
