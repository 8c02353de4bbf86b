import type { Plan, Step } from './plan.ts';
import { Run, type RunSeams } from './run.ts';

/** What a violation is about: the same property, not the same words. */
const propertyOf = (violation: string): string => violation.split(':')[0]!;

export interface Shrunk {
  readonly plan: Plan;
  readonly violations: readonly string[];
  /** How many runs it took. */
  readonly runs: number;
}

/**
 * Leaves steps out of a failing plan for as long as it breaks the same property (delta debugging): halves first, then smaller and
 * smaller parts, at last each step by itself. Runs at most `runsMax` times.
 */
export function shrink(plan: Plan, seams: RunSeams = {}, runsMax = 400): Shrunk {
  let best: Plan = plan;
  let { violations } = new Run(plan, seams).go();
  const property = violations.length === 0 ? null : propertyOf(violations[0]!);
  let runs = 1;
  if (property === null) return { plan, violations, runs };
  const tries = (steps: readonly Step[]): boolean => {
    runs++;
    const candidate = { ...best, steps };
    const result = new Run(candidate, seams).go();
    if (!result.violations.some((violation) => propertyOf(violation) === property)) return false;
    best = candidate;
    violations = result.violations;
    return true;
  };
  for (let size = Math.ceil(best.steps.length / 2); runs < runsMax; size = Math.ceil(size / 2)) {
    let isShorter = false;
    for (let from = 0; from < best.steps.length && runs < runsMax; ) {
      const { steps } = best;
      if (tries([...steps.slice(0, from), ...steps.slice(from + size)])) isShorter = true;
      else from += size;
    }
    if (size === 1 && !isShorter) break;
  }
  return { plan: best, violations, runs };
}

/** A step as one reads it. */
export function stepInWords(step: Step): string {
  const { atMs, kind, ...rest } = step;
  const details = Object.entries(rest).map(([name, value]) => {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return `${name} ${text}`;
  });
  return `${String(atMs).padStart(6)} ms  ${kind} ${details.join(', ')}`;
}
