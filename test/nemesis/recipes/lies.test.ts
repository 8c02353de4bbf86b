import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { type BuiltPackage, buildPackage } from '../../kit/built.ts';
import { eventually } from '../../kit/processes.ts';
import { Rng } from '../../kit/seed.ts';
import { paths } from './jobs.ts';
import type { Lies } from './lies.ts';
import type { Resource } from './report.ts';
import { Witness } from './witness.ts';
import { Workforce } from './workforce.ts';

const SESSION_MS = 1_000;
const PERMITS = 2;
const LIMIT_MS = 60_000;

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage('test/nemesis/recipes/tsconfig.json');
});
afterAll(() => built[Symbol.dispose]());

const lies: Lies = {
  leases: { mutex: 'never-aborts', latch: 'always-safe', selector: 'always-held' },
  onePermitMore: true,
  deletesFirst: true,
};

test('leases that lie when their holder is stopped, a permit too many, and a queue that deletes first are noticed', async () => {
  await using server = await TestServer.start({ tickTimeMs: 100 });
  await using client = await connect(server.connectString);
  await using witness = await Witness.start(PERMITS);
  const { directory } = built;
  const options = {
    directory,
    ports: [server.port],
    witness,
    sessionTimeoutMs: SESSION_MS,
    permits: PERMITS,
  };
  await using workforce = new Workforce({ ...options, lockDelayMs: undefined, lies }, new Rng(1));
  await workforce.hire(3);
  const overlaps = (resource: Resource): boolean => {
    return witness.judgeHoldings([resource]).some((wrong) => wrong.includes('at once'));
  };
  await eventually('the permit is noticed', () => overlaps('semaphore'), LIMIT_MS);
  for (const resource of ['mutex', 'latch', 'selector'] as const) {
    await eventually(
      `${resource}: the lie is noticed`,
      async () => overlaps(resource) || (await stopHolder(witness, workforce, resource)),
      LIMIT_MS,
    );
  }
  const { items } = witness;
  await eventually('an item is lost with its handler', () => killHandler(witness, workforce), LIMIT_MS);
  await workforce.quiet();
  const empty = async () => (await client.exists(paths.queue))?.numChildren === 0;
  await eventually('the queue is empty', empty, LIMIT_MS);
  await workforce.end();
  expect(items.judge()).toContainEqual(expect.stringMatching(/^item .* was put and is lost$/));
}, 300_000);

/** Stops the holder until another one has the resource; then it goes on where it was. False: look whether it did any harm. */
async function stopHolder(witness: Witness, workforce: Workforce, resource: Resource): Promise<false> {
  const holder = (): number | undefined => witness.claimants.get(resource);
  const worker = workforce.workers.find(({ pid }) => pid === holder());
  if (worker === undefined) return false;
  const { pid, child } = worker;
  child.process.kill('SIGSTOP');
  await eventually(`${resource}: another one has it`, () => holder() !== pid, LIMIT_MS);
  const claims = (): number => witness.count(`${resource} of ${pid}`);
  const before = claims();
  child.process.kill('SIGCONT');
  await eventually(`${resource}: the stopped one goes on`, () => claims() > before, LIMIT_MS);
  return false;
}

/** Kills a worker that has an item in hand. False if it had come to the end of it. */
async function killHandler({ items }: Witness, workforce: Workforce): Promise<boolean> {
  const inHand = [...items.handlings.values()].filter(({ handled }) => !handled).map(({ worker }) => worker);
  const worker = workforce.workers.find(({ pid }) => inHand.includes(pid));
  if (worker === undefined) return false;
  await workforce.kill(worker);
  await workforce.hire(1);
  const lost = new Set(items.unhandled());
  return [...items.handlings.values()].some(({ item, worker: by }) => by === worker.pid && lost.has(item));
}
