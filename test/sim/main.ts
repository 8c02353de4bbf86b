import { parseArgs } from 'node:util';
import { Rng } from '../kit/seed.ts';
import { drawPlan } from './plan.ts';
import { Run } from './run.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, runs: { type: 'string', default: '1' } },
});
const first = values.seed === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(values.seed);
const runs = Number(values.runs);
let failed = 0;
let transactions = 0;
let elections = 0;
const startedMs = Date.now();
for (let i = 0; i < runs; i++) {
  const seed = (first + i) >>> 0;
  const plan = drawPlan(new Rng(seed));
  const result = new Run(plan).go();
  transactions += result.transactions;
  elections += result.elections;
  if (result.violations.length === 0) continue;
  failed++;
  process.stdout.write(
    `seed ${seed} ${JSON.stringify(plan.options)}\n  ${result.violations
      .slice(0, 4)
      .map((v) => v.slice(0, 600))
      .join('\n  ')}\n`,
  );
}
process.stdout.write(
  `${failed} of ${runs} runs failed, from seed ${first}, ${transactions} transactions, ${elections} elections, ${(Date.now() - startedMs) / runs} ms each\n`,
);
