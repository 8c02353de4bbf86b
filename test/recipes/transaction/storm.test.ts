import { expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { type CommitOutcome, ThreePhaseCommit, TwoPhaseCommit } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { noWatches, untilChildren } from '../leader/waiting.ts';
import { Books, type Entry } from './books.ts';

const FILE = 'test/recipes/transaction/storm.test.ts';
const participants = ['a', 'b', 'c'];
const backoff = { baseMs: 1, maxMs: 4 };

type Kind = typeof TwoPhaseCommit | typeof ThreePhaseCommit;

/** A process that stands ready for one participant, and is hit by faults. */
class Process {
  readonly cable = new Cuttable();
  readonly client: ZooKeeperClient;
  readonly commit: AsyncDisposable;

  private constructor(cable: Cuttable, client: ZooKeeperClient, commit: AsyncDisposable) {
    this.cable = cable;
    this.client = client;
    this.commit = commit;
  }

  static async start(
    server: TestServer,
    Commit: Kind,
    id: string,
    books: Books,
    rng: Rng,
    errors: unknown[],
  ): Promise<Process> {
    const cable = new Cuttable();
    const client = await connect(server.connectString, { ports: cable.ports, backoff });
    const handlers = books.handlers(id, async () => {
      for (let turns = rng.below(4); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      if (rng.chance(8)) throw new Error('at times');
    });
    const onError = (error: unknown): void => {
      if ((error as Error).message !== 'at times') errors.push(error);
    };
    const commit = await Commit.start(client, '/t', {
      participant: { ...handlers, id },
      retryMs: 1,
      onError,
    });
    return new Process(cable, client, commit);
  }

  async end(): Promise<void> {
    await this.commit[Symbol.asyncDispose]();
    expect(this.client.watchCounts()).toMatchObject(noWatches);
    await this.client.close();
  }
}

async function storm(rng: Rng, Commit: Kind): Promise<void> {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const books = new Books();
  const errors: unknown[] = [];
  const startAs = (id: string) => Process.start(server, Commit, id, books, rng.fork(), errors);
  // Two for each participant: one takes the part, the other follows.
  const processes = await Promise.all([...participants, ...participants].map(startAs));
  await using driver = await Commit.start(client, '/t');
  const outcomes: Promise<[CommitOutcome, readonly string[]]>[] = [];
  for (let round = 0; round < 30; round++) {
    const some = participants.filter(() => rng.chance(70));
    const among = some.length === 0 ? participants : some;
    const voteTimeoutMs = rng.pick([0, 20, 60_000]);
    const running = driver.run(round, { participants: among, voteTimeoutMs, waitFor: 'everybody' });
    outcomes.push(running.then((outcome) => [outcome, among]));
    const at = rng.below(processes.length);
    const { cable, client: theirs } = processes[at]!;
    const fault = rng.weighted({ nothing: 2, drop: 3, expire: 2, restart: 1 });
    if (fault === 'drop') cable.drop();
    if (fault === 'expire') server.expireSession(theirs.sessionId);
    if (fault === 'restart') {
      await processes[at]!.end();
      processes[at] = await startAs(participants[at % participants.length]!);
    }
    for (let turns = rng.below(20); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [{ id, decision }, among] of await Promise.all(outcomes)) {
    const entry: Entry = decision === 'commit' ? 'committed' : 'rolled-back';
    expect(books.of(id)).toEqual(Object.fromEntries(among.map((each) => [each, entry])));
  }
  await untilChildren(client, '/t/transactions', 0);
  await Promise.all(processes.map((process) => process.end()));
  expect(errors).toEqual([]);
  for (const id of participants) await untilChildren(client, `/t/participants/${id}`, 0);
}

for (const [name, Commit] of Object.entries({ TwoPhaseCommit, ThreePhaseCommit })) {
  test(`${name}: processes of all participants lose connections and sessions, end and start; all do the same`, () =>
    withSeed(FILE, (rng) => storm(rng, Commit)));
}
