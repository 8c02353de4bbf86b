import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { describeDifference, Lockstep, type RunResult } from '../differential/run.ts';
import { startJava, startOurs } from '../differential/servers.ts';
import { Side } from '../differential/side.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { withSeed } from '../kit/seed.ts';
import { tempDirectory } from '../kit/temp.ts';

// More of them by hand: STEPS=100000 npx vitest run --project interop test/interop/differential.test.ts
const steps = Number(process.env.STEPS ?? 10_000);
const SESSIONS = 5;

test.skipIf(javaZooKeeper() === null)(
  `${steps} random operations answer as Apache ZooKeeper answers, also after the data directories were swapped`,
  () =>
    withSeed('test/interop/differential.test.ts', async (rng) => {
      await using home = await tempDirectory('zookit-differential-');
      const [one, other] = [home.at('one'), home.at('other')];
      await using java = await startJava(one);
      await using ours = await startOurs(other);
      await using left = new Side('begun by Apache ZooKeeper', java.port);
      await using right = new Side('begun by zookit', ours.port);
      const run = new Lockstep(left, right, SESSIONS);
      const names = [left.name, right.name] as const;
      expectNoDifference(await run.random(rng, Math.ceil(steps / 2)), names);
      const tree = await left.dump();
      expectSameTree(tree, await right.dump());

      await Promise.all([java.stop(), ours.stop()]);
      await using javaOnOurs = await startJava(other);
      await using oursOnJavas = await startOurs(one);
      left.movedTo(oursOnJavas.port);
      right.movedTo(javaOnOurs.port);
      await run.goOnWith(right, left);
      expectSameTree(withoutQuotas(tree), withoutQuotas(await left.dump()));
      expectSameTree(withoutQuotas(tree), withoutQuotas(await right.dump()));
      const result = await run.random(rng, Math.floor(steps / 2));
      expectNoDifference(result, [names[1], names[0]]);
      expectSameTree(withoutQuotas(await left.dump()), withoutQuotas(await right.dump()));
      expect(result.steps.length).toBe(steps);
      if (process.env.COVERAGE === '1') process.stdout.write(coverageOf(result));
    }),
  600_000,
);

function expectNoDifference(result: RunResult, names: readonly [string, string]): void {
  if (result.difference !== null) throw new Error(describeDifference(result, names));
}

type Tree = Awaited<ReturnType<Side['dump']>>;

function expectSameTree(expected: Tree, actual: Tree): void {
  const paths = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
  const differing = paths.filter((path) => !isDeepStrictEqual(expected[path], actual[path]));
  const shown = differing.map((path) =>
    JSON.stringify({ path, expected: expected[path], actual: actual[path] }),
  );
  if (differing.length > 0) throw new Error(`the trees differ:\n${shown.join('\n')}`);
}

/** What quotas have counted is no part of any transaction: each server counts anew when it starts. */
function withoutQuotas(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith('/zookeeper_stats')));
}

/** How often each kind of step ended how, and how often each allowed difference was met. */
function coverageOf({ allowed, coverage }: RunResult): string {
  return [...coverage, ...[...allowed].map(([id, count]) => [`allowed: ${id}`, count] as const)]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${String(count).padStart(7)}  ${what}\n`)
    .join('');
}
