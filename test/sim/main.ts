import { parseArgs } from 'node:util';
import { Rng } from '../kit/seed.ts';
import { mistakes } from './mistakes.ts';
import { drawPlan, type Plan } from './plan.ts';
import { drawAnyPlan } from './profiles.ts';
import { Run, type RunSeams } from './run.ts';
import { shrink, stepInWords } from './shrink.ts';

const USAGE = `npm run test:sim -- [--seed N] [--runs N] [--shrink] [--mistake TEXT]

--seed N        the first seed; chosen anew and printed if left out
--runs N        so many seeds, one after the other (1)
--shrink        a failing run is made as short as it goes, and told
--mistake TEXT  servers make the planted mistake whose name contains this, or all of them in turn where it is empty
`;

const VIOLATIONS_SHOWN = 8;
const LENGTH_SHOWN = 500;
const PROGRESS_EVERY = 500;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function tell(plan: Plan, violations: readonly string[], seams: RunSeams, isShrunk: boolean): void {
  say(`seed ${plan.seed}: ${JSON.stringify(plan.options)}`);
  for (const why of violations.slice(0, VIOLATIONS_SHOWN)) say(`  ${why.slice(0, LENGTH_SHOWN)}`);
  if (seams.seams === undefined) say(`  replay: npm run test:sim -- --seed ${plan.seed} --shrink`);
  if (!isShrunk) return;
  const short = shrink(plan, seams);
  say(`  ${short.plan.steps.length} of ${plan.steps.length} steps are enough (${short.runs} runs):`);
  for (const step of short.plan.steps) say(`  ${stepInWords(step)}`);
  for (const why of short.violations.slice(0, VIOLATIONS_SHOWN)) say(`  ${why.slice(0, LENGTH_SHOWN)}`);
}

/** Runs seeds one after the other; returns how many failed. */
function runSeeds(first: number, runs: number, isShrunk: boolean): number {
  const startedMs = performance.now();
  let failed = 0;
  let [transactions, acknowledged, elections] = [0, 0, 0];
  for (let i = 0; i < runs; i++) {
    const plan = drawAnyPlan(new Rng((first + i) >>> 0));
    const result = new Run(plan).go();
    transactions += result.transactions;
    acknowledged += result.acknowledged;
    elections += result.elections;
    if (runs === 1)
      say(`seed ${plan.seed}, ${plan.profile}: ${JSON.stringify(plan.options)}, trace ${result.traceHash}`);
    if (result.violations.length > 0) {
      failed++;
      tell(plan, result.violations, {}, isShrunk);
    }
    if ((i + 1) % PROGRESS_EVERY === 0) say(`${i + 1} runs, ${failed} failed`);
  }
  const eachMs = (performance.now() - startedMs) / runs;
  say(
    `${runs} runs from seed ${first}, ${failed} failed: ${transactions} transactions committed, ${acknowledged} answers, ${elections} leaders; ${eachMs.toFixed(0)} ms a run`,
  );
  return failed;
}

/** Looks for planted mistakes; returns how many were not found. */
function findMistakes(text: string, first: number, runs: number, isShrunk: boolean): number {
  let missed = 0;
  for (const [name, { seams, profile }] of Object.entries(mistakes)) {
    if (!name.includes(text)) continue;
    let found = 0;
    for (let i = 0; i < runs && found === 0; i++) {
      const plan = drawPlan(new Rng((first + i) >>> 0), profile);
      const { violations } = new Run(plan, { seams }).go();
      if (violations.length === 0) continue;
      found = i + 1;
      say(`${name}: found in run ${found}, ${violations[0]!.slice(0, LENGTH_SHOWN)}`);
      if (isShrunk) tell(plan, violations, { seams }, true);
    }
    if (found > 0) continue;
    missed++;
    say(`${name}: NOT FOUND in ${runs} runs`);
  }
  return missed;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    mistake: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) say(USAGE);
else {
  const first = values.seed === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(values.seed);
  const runs = Number(values.runs ?? 1);
  if (!Number.isInteger(first) || !Number.isInteger(runs)) throw new Error('--seed and --runs take integers');
  const failed =
    values.mistake === undefined
      ? runSeeds(first, runs, values.shrink)
      : findMistakes(values.mistake, first, runs, values.shrink);
  if (failed > 0) process.exitCode = 1;
}
