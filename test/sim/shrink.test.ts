import { expect, test } from 'vitest';
import { Rng } from '../kit/seed.ts';
import { mistakes } from './mistakes.ts';
import { drawPlan } from './plan.ts';
import { drawAnyPlan } from './profiles.ts';
import { Run } from './run.ts';
import { shrink, stepInWords } from './shrink.ts';

test('the same plan gives the same run, another seed another one', () => {
  const hash = (seed: number): string => new Run(drawAnyPlan(new Rng(seed))).go().traceHash;
  expect(hash(7)).toBe(hash(7));
  expect(hash(7)).not.toBe(hash(8));
});

test('a failing run becomes a short story that fails in the same way', () => {
  const { seams, profile } = mistakes['a follower does not end sessions']!;
  let plan = drawPlan(new Rng(1), profile);
  for (let seed = 2; new Run(plan, { seams }).go().violations.length === 0; seed++) {
    plan = drawPlan(new Rng(seed), profile);
  }
  const shrunk = shrink(plan, { seams }, 150);
  expect(plan.steps.length).toBeGreaterThan(50);
  expect(shrunk.plan.steps.length).toBeLessThan(12);
  expect(new Run(shrunk.plan, { seams }).go().violations).toEqual(shrunk.violations);
  expect(shrunk.violations).not.toEqual([]);
  for (const step of shrunk.plan.steps) expect(stepInWords(step)).toContain(step.kind);
}, 600_000);
