import { expect, test } from 'vitest';
import { describeDifference, Lockstep, type RunResult } from '../differential/run.ts';
import { startJava, startOurs } from '../differential/servers.ts';
import { Side } from '../differential/side.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { withSeed } from '../kit/seed.ts';

// More of them by hand: STEPS=100000 npx vitest run --project interop test/interop/differential.test.ts
const steps = Number(process.env.STEPS ?? 10_000);

test.skipIf(javaZooKeeper() === null)(
  `${steps} random operations answer as Apache ZooKeeper answers`,
  () =>
    withSeed('test/interop/differential.test.ts', async (rng) => {
      await using java = await startJava();
      await using ours = await startOurs();
      await using left = new Side('Apache ZooKeeper', java.port);
      await using right = new Side('zookit', ours.port);
      const result = await new Lockstep(left, right).random(rng, steps, 5);
      report(result);
      if (result.difference !== null) throw new Error(describeDifference(result, [left.name, right.name]));
      expect(result.steps.length).toBe(steps);
    }),
  600_000,
);

function report({ allowed, coverage }: RunResult): void {
  const lines = [...coverage, ...[...allowed].map(([id, count]) => [`allowed: ${id}`, count] as const)]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${String(count).padStart(7)}  ${what}`);
  if (process.env.COVERAGE === '1') process.stdout.write(`${lines.join('\n')}\n`);
}
