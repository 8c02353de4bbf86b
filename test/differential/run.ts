import { isDeepStrictEqual } from 'node:util';
import type { Rng } from '../kit/seed.ts';
import { allowancesFor } from './allowed.ts';
import type { Answer } from './answer.ts';
import { nextStep } from './generate.ts';
import { Model } from './model.ts';
import type { Side } from './side.ts';
import { pathsOf, type Step } from './step.ts';

export interface Difference {
  readonly number: number;
  readonly step: Step;
  readonly left: Answer;
  readonly right: Answer;
}

export interface RunResult {
  readonly steps: readonly Step[];
  readonly difference: Difference | null;
  /** How often each allowed difference was met. */
  readonly allowed: ReadonlyMap<string, number>;
  /** How many steps of each kind ended how: to see that the sequence reaches what it should. */
  readonly coverage: ReadonlyMap<string, number>;
}

/**
 * Does the same steps at two servers, one step after the other, and compares; stops at the first difference. The sequence and
 * what is known of it go on when the sides change.
 */
export class Lockstep {
  readonly steps: Step[] = [];
  readonly allowed = new Map<string, number>();
  readonly coverage = new Map<string, number>();
  readonly #model: Model;
  #left: Side;
  #right: Side;

  /** The left side is Apache ZooKeeper: allowed differences are meant that way round. */
  constructor(left: Side, right: Side, sessionCount: number) {
    this.#left = left;
    this.#right = right;
    this.#model = new Model(sessionCount);
  }

  async random(rng: Rng, count: number): Promise<RunResult> {
    for (let n = 0; n < count; n++) {
      const number = this.steps.length;
      const step = nextStep(rng, this.#model, number);
      const { difference, left } = await this.#once(step, number);
      if (difference !== null) return this.#result(difference);
      this.#model.learn(step, left);
    }
    return this.#result(null);
  }

  /** The servers have been stopped, and the sides are served by others now, on the same data. */
  async goOnWith(left: Side, right: Side): Promise<void> {
    await Promise.all([left.leave(), right.leave()]);
    this.#left = left;
    this.#right = right;
    this.#model.allDropped();
  }

  #result(difference: Difference | null): RunResult {
    return { steps: this.steps, difference, allowed: this.allowed, coverage: this.coverage };
  }

  async #once(step: Step, number: number): Promise<{ difference: Difference | null; left: Answer }> {
    this.steps.push(step);
    const [left, right] = await Promise.all([
      this.#left.perform(step, number),
      this.#right.perform(step, number),
    ]);
    this.#count(step, left);
    if (isDeepStrictEqual(left, right)) return { difference: null, left };
    const allowances = allowancesFor(step, left, right);
    if (allowances === null) return { difference: { number, step, left, right }, left };
    for (const { id } of allowances) this.allowed.set(id, (this.allowed.get(id) ?? 0) + 1);
    return { difference: null, left };
  }

  #count(step: Step, answer: Answer): void {
    const type = 'type' in step ? ` ${step.type}` : '';
    const key = `${step.do}${type} ${answer.outcome} ${answer.err ?? ''}`.trim();
    this.coverage.set(key, (this.coverage.get(key) ?? 0) + 1);
    if (answer.events.length > 0) {
      this.coverage.set('events', (this.coverage.get('events') ?? 0) + answer.events.length);
    }
  }
}

/** The difference, and the last steps that touched the same paths or sessions. */
export function describeDifference(result: RunResult, names: readonly [string, string]): string {
  const { difference, steps } = result;
  if (difference === null) return 'no difference';
  const paths = new Set(
    pathsOf(difference.step).flatMap((path) => [path, path.replace(/\/[^/]*$/, '') || '/']),
  );
  const related = steps
    .slice(0, -1)
    .map((step, number) => ({ step, number }))
    .filter(({ step }) =>
      paths.size === 0
        ? step.session === difference.step.session
        : pathsOf(step).some((path) => paths.has(path)),
    )
    .slice(-15);
  const show = (value: unknown): string => JSON.stringify(value, readable);
  return [
    `difference at step ${difference.number}: ${show(difference.step)}`,
    `${names[0]}: ${show(difference.left)}`,
    `${names[1]}: ${show(difference.right)}`,
    'steps before that touched the same paths:',
    ...related.map(({ step, number }) => `  ${number}: ${show(step)}`),
  ].join('\n');
}

function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer') {
    const bytes = Buffer.from((value as unknown as { data: number[] }).data);
    return bytes.length > 40 ? `${bytes.length} bytes` : bytes.toString('utf8');
  }
  return value;
}
