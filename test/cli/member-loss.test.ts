import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientState, ConnectionLossError, connect, type ZooKeeperClient } from '../../client/index.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { type EnsembleMember, OurEnsemble } from '../kit/our-ensemble.ts';
import { eventually } from '../kit/processes.ts';
import { tempDirectory } from '../kit/temp.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

/** Reads and writes one znode a lane until it is stopped; anything that fails is kept. */
class Load {
  readonly failures: unknown[] = [];
  acknowledged = 0;
  #stopped = false;
  readonly #lanes: Promise<void>[];

  constructor(client: ZooKeeperClient, lanes: number) {
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#run(client, `/lane-${lane}`));
  }

  /** Resolves when so many more writes were acknowledged, or one failed. */
  async more(writes: number): Promise<void> {
    const goal = this.acknowledged + writes;
    await eventually(`${goal} writes`, () => this.acknowledged >= goal || this.failures.length > 0, 60_000);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  async #run(client: ZooKeeperClient, path: string): Promise<void> {
    try {
      await client.create(path, '0');
      for (let i = 1; !this.#stopped; i++) {
        await client.set(path, String(i));
        this.acknowledged++;
        const { data } = await client.get(path);
        if (data?.toString() !== String(i)) throw new Error(`${path}: read ${data} after writing ${i}`);
      }
    } catch (error) {
      this.failures.push(error);
    }
  }
}

describe('an ensemble of three processes', () => {
  it("loses a follower, and the leader's clients notice nothing", async () => {
    await using temp = await tempDirectory();
    await using ensemble = await OurEnsemble.start({ main: built.main, directory: temp.path });
    const { leader, followers } = await ensemble.roles();
    const client = await connect(`127.0.0.1:${leader.port}`);
    const states: ClientState[] = [];
    client.on('state', (state) => states.push(state));
    const load = new Load(client, 8);
    await load.more(200);

    const victim = followers[0]!;
    await ensemble.kill(victim);
    await load.more(1000);
    expect(await ensemble.mode(leader)).toBe('leader');
    // Nor when it comes back.
    expect(await ensemble.restart(victim)).toBe('follower');
    await load.more(200);
    await load.stop();

    expect(load.failures).toEqual([]);
    expect(states).toEqual([]);
    await client.close();
  }, 180_000);
});

const TICK_MS = 100;
const SYNC_LIMIT = 20;
const LIMIT_MS = TICK_MS * SYNC_LIMIT;

/** When the member said that the role was over and why, on the wall clock, for the first time since a moment. */
async function endOfRole(
  member: EnsembleMember,
  role: string,
  sinceMs: number,
): Promise<{ atMs: number; reason: string }> {
  const told = new RegExp(`^.*"msg":"the role as ${role} is over: (.*?)".*$`, 'gm');
  const ends = (): { atMs: number; reason: string }[] =>
    [...member.child.output.matchAll(told)]
      .map(([line, reason]) => ({ atMs: Date.parse(JSON.parse(line).time as string), reason: reason! }))
      // One that started late may have followed before, and not been let in.
      .filter(({ atMs }) => atMs >= sinceMs);
  await eventually(`the role as ${role} is over`, () => ends().length > 0, 60_000);
  return ends()[0]!;
}

describe('a leader that stands still with its connections open', () => {
  it('is left by its followers after syncLimit ticks and not before, and makes way when it goes on', async () => {
    await using temp = await tempDirectory();
    const limits = [
      `tickTime=${TICK_MS}`,
      `syncLimit=${SYNC_LIMIT}`,
      'initLimit=100',
      'maxSessionTimeout=60000',
    ];
    await using ensemble = await OurEnsemble.start({
      main: built.main,
      directory: temp.path,
      configLines: limits,
    });
    const { leader, followers } = await ensemble.roles();
    const before = await connect(`127.0.0.1:${leader.port}`);
    await before.create('/before', 'x');

    leader.child.process.kill('SIGSTOP');
    const stoppedMs = Date.now();
    // It waits in the leader's socket: whoever reads it must not acknowledge it, for there is no quorum with it any more.
    const late = before.create('/late', 'x').catch((error: unknown) => error);
    const ends = await Promise.all(followers.map((follower) => endOfRole(follower, 'follower', stoppedMs)));
    for (const { atMs, reason } of ends) {
      const silentMs = Number(/the leader has been silent for (\d+) ms/.exec(reason)?.[1]);
      expect(silentMs).toBeGreaterThanOrEqual(LIMIT_MS);
      // The last ping may have been half a tick old, and more where the machine has other things to do.
      expect(atMs - stoppedMs).toBeGreaterThan(LIMIT_MS - 5 * TICK_MS);
    }
    const modes = await Promise.all(followers.map((follower) => ensemble.serves(follower)));
    expect(modes.sort()).toEqual(['follower', 'leader']);
    const after = await connect(followers.map(({ port }) => `127.0.0.1:${port}`).join(','));
    await after.create('/after', 'x');

    leader.child.process.kill('SIGCONT');
    await endOfRole(leader, 'leader', stoppedMs);
    expect(await ensemble.serves(leader)).toBe('follower');
    expect(await late).toBeInstanceOf(ConnectionLossError);
    const there = await connect(`127.0.0.1:${leader.port}`);
    await there.sync('/');
    for (const client of [there, after]) {
      expect((await client.children('/')).sort()).toEqual(['after', 'before', 'zookeeper']);
    }
    await Promise.all([before.close(), there.close(), after.close()]);
  }, 180_000);
});
