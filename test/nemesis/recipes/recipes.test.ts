import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { type BuiltPackage, buildPackage } from '../../kit/built.ts';
import { eventually } from '../../kit/processes.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { tempDirectory } from '../../kit/temp.ts';
import { connectStringOf } from '../cluster.ts';
import { Nemesis } from '../faults.ts';
import { patience } from '../look.ts';
import { startProcesses } from '../processes.ts';
import { paths } from './jobs.ts';
import { resources } from './report.ts';
import { Witness } from './witness.ts';
import { Workforce } from './workforce.ts';

const DURATION_S = Number(process.env.DURATION_S ?? 8);
const WORKERS = 5;
const PERMITS = 2;
/** Long enough for a busy machine's pauses, which are not what is tested. */
const SESSION_MS = 3_000;
/** How many at a time come to harm. */
const HANDS = 2;
/** What must be done of each kind when the harm is over. */
const DONE_AT_REST = 10;
const LIMIT_MS = 120_000;

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage('test/nemesis/recipes/tsconfig.json');
});
afterAll(() => built[Symbol.dispose]());

async function play(rng: Rng): Promise<void> {
  const { main, directory } = built;
  await using data = await tempDirectory('zookit-recipes-');
  // Most of the time there is a quorum, so that there is something to harm. Pauses of servers are another test's.
  await using cluster = await startProcesses({ main, directory: data.path, servers: 3 });
  const servers = new Nemesis(cluster, rng.fork(), {
    weights: { kill: 1, pause: 0, disconnect: 0 },
    harmedMax: 1,
  });
  await servers.calm();
  await using client = await connect(connectStringOf(cluster.servers), patience);
  await using witness = await Witness.start(PERMITS);
  const options = {
    directory,
    ports: cluster.servers.map(({ port }) => port),
    witness,
    sessionTimeoutMs: SESSION_MS,
    permits: PERMITS,
    lockDelayMs: rng.chance(50) ? 100 : undefined,
  };
  await using workforce = new Workforce(options, rng.fork());
  try {
    await workforce.hire(WORKERS);
    const harms = Array.from({ length: HANDS }, () => workforce.harm(DURATION_S * 1_000));
    await Promise.all([servers.run(DURATION_S * 1_000), ...harms]);
    await servers.calm();
    await atWorkAgain(witness, workforce);
    await workforce.quiet();
    await eventually(
      'the queue is empty',
      async () => (await childrenOf(client, paths.queue)) === 0,
      LIMIT_MS,
    );
    await workforce.end();
    // Of those who were killed, nothing stays either.
    const left = [paths.mutex, `${paths.semaphore}/locks`, `${paths.semaphore}/leases`, paths.latch];
    for (const path of [...left, paths.selector, `${paths.queue}-locks`]) {
      await eventually(
        `nobody is left in ${path}`,
        async () => (await childrenOf(client, path)) === 0,
        LIMIT_MS,
      );
    }
    expect(witness.judge()).toEqual([]);
  } catch (error) {
    const told = [...witness.judge(), '-- servers', ...servers.story, '-- workers', ...workforce.story];
    throw new Error(`${error}\n${told.join('\n')}\nDURATION_S=${DURATION_S}`, { cause: error });
  }
  process.stdout.write(`${wordsOf(witness, servers, workforce)}\n`);
}

/** Every kind of recipe goes on, with nobody harming it. */
async function atWorkAgain(witness: Witness, workforce: Workforce): Promise<void> {
  const kinds = [...resources, 'items', 'put'];
  const before = kinds.map((kind) => witness.count(kind));
  const done = (): boolean => kinds.every((kind, i) => witness.count(kind) >= before[i]! + DONE_AT_REST);
  await eventually(
    'every recipe goes on',
    () => {
      workforce.assertWell();
      return done();
    },
    LIMIT_MS,
  );
}

async function childrenOf(client: ZooKeeperClient, path: string): Promise<number> {
  await client.sync(path);
  return (await client.exists(path))?.numChildren ?? 0;
}

function wordsOf(witness: Witness, servers: Nemesis, workforce: Workforce): string {
  const holders = resources.map((resource) => `${resource} ${witness.holdings.of(resource).length}`);
  const writes = resources.reduce((sum, resource) => sum + witness.count(resource), 0);
  const { puts, repeated } = witness.items;
  const harm = `${servers.story.length} to servers, ${workforce.story.length} to workers`;
  const held = `${holders.join(', ')} (${writes} writes, ${witness.fence.refused} refused)`;
  const sessions = `${witness.count('sessions over')} sessions lost`;
  return `holders: ${held}; ${puts.size} items, ${repeated} handled again; harm: ${harm}, ${sessions}`;
}

// By hand, for longer: DURATION_S=300 npx vitest run --project unit test/nemesis/recipes/recipes.test.ts
test(
  `locks, semaphores, leaders and queues while servers and workers are killed, stopped and cut off for ${DURATION_S} s`,
  () => withSeed('test/nemesis/recipes/recipes.test.ts', play),
  DURATION_S * 4_000 + 400_000,
);
