import { expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { LeaderLatch, LeaderSelector, type Lease } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { untilChildren } from './waiting.ts';

/** A resource that remembers the highest token it has seen and refuses lower ones; checks who comes with them. */
class FencedResource {
  readonly accepted: number[] = [];
  refused = 0;
  /** Tokens of leaders whose session or node was taken from them without a word. */
  readonly doomed = new Set<number>();
  readonly #leaders = new Map<number, string>();

  write({ fencingToken, held }: Lease, leader: string): void {
    expect(this.#leaders.get(fencingToken) ?? leader, `token ${fencingToken} has two leaders`).toBe(leader);
    this.#leaders.set(fencingToken, leader);
    if (fencingToken >= (this.accepted.at(-1) ?? 0)) {
      this.accepted.push(fencingToken);
      return;
    }
    this.refused++;
    // Whom nobody but time and the network has overtaken has known it before.
    if (!this.doomed.has(fencingToken)) expect(held, `${leader} still held an overtaken lease`).toBe(false);
  }
}

interface Contender {
  readonly client: ZooKeeperClient;
  readonly cable: Cuttable;
  readonly latch: LeaderLatch;
  readonly selector: LeaderSelector;
}

/** Works as a leader as long as it may, and once more: what was on its way when the lease ended. */
async function work(
  lease: Lease,
  leader: string,
  resource: FencedResource,
  observer: ZooKeeperClient,
): Promise<void> {
  while (lease.held) {
    resource.write(lease, leader);
    await observer.sync().catch(() => {});
  }
  await observer.sync().catch(() => {});
  resource.write(lease, leader);
}

const ACTIONS = 60;

test('servers restarted, cables pulled, sessions expired, nodes deleted: never two leaders with a valid token', async () => {
  await withSeed('test/recipes/leader/nemesis.test.ts', async (rng: Rng) => {
    await using server = await TestServer.start({ tickTimeMs: 100 });
    await using observer = await connect(server.connectString, { backoff: { baseMs: 1, maxMs: 20 } });
    const resources = { latch: new FencedResource(), selector: new FencedResource() };
    const stop = new AbortController();
    const loops: Promise<void>[] = [];
    const contenders: Contender[] = [];
    for (const id of ['a', 'b', 'c']) {
      const cable = new Cuttable();
      const options = { ports: cable.ports, sessionTimeoutMs: 400, backoff: { baseMs: 1, maxMs: 20 } };
      const client = await connect(server.connectString, options);
      const errorPolicy = id === 'a' ? ('session' as const) : ('standard' as const);
      const latch = await LeaderLatch.start(client, '/latches', { id, errorPolicy });
      const selector = await LeaderSelector.start(client, '/selectors', {
        id,
        errorPolicy,
        autoRequeue: true,
        takeLeadership: (lease) => work(lease, id, resources.selector, observer),
      });
      loops.push(
        (async () => {
          for await (const term of latch.terms({ signal: stop.signal })) {
            await work(term, id, resources.latch, observer);
          }
        })(),
      );
      contenders.push({ client, cable, latch, selector });
    }
    /** Until somebody leads both elections, and has written. */
    const settled = async (): Promise<void> => {
      for (const resource of Object.values(resources)) {
        const before = resource.accepted.length;
        while (resource.accepted.length === before) await observer.exists('/').catch(() => {});
      }
    };
    const deletes = async (path: string, resource: FencedResource): Promise<void> => {
      const stat = await observer.exists(path).catch(() => null);
      if (stat === null) return;
      resource.doomed.add(stat.czxid);
      await observer.delete(path).catch(() => {});
    };
    for (let i = 0; i < ACTIONS; i++) {
      const { client, cable, latch, selector } = rng.pick(contenders);
      switch (rng.weighted({ expire: 4, restart: 1, drop: 4, cut: 2, delete: 3, release: 3 })) {
        case 'expire':
          for (const path of [latch.ourPath, selector.ourPath]) {
            const stat = await observer.exists(path).catch(() => null);
            if (stat !== null) for (const each of Object.values(resources)) each.doomed.add(stat.czxid);
          }
          server.expireSession(client.sessionId);
          break;
        case 'restart':
          await server.restart();
          break;
        case 'drop':
          cable.drop();
          break;
        case 'cut': {
          // Long enough for the session to expire, or not.
          cable.cut();
          const until = performance.now() + rng.between(50, 700);
          while (performance.now() < until) await observer.sync().catch(() => {});
          cable.mend();
          break;
        }
        case 'delete':
          await deletes(latch.ourPath, resources.latch);
          await deletes(selector.ourPath, resources.selector);
          break;
        case 'release':
          await latch.term?.release();
          selector.interrupt();
          break;
      }
      if (rng.chance(60)) await settled();
    }
    await settled();
    stop.abort();
    await Promise.all(contenders.flatMap(({ latch, selector }) => [latch.close(), selector.close()]));
    await Promise.all(loops);
    for (const { accepted } of Object.values(resources)) {
      expect(new Set(accepted).size).toBeGreaterThan(3);
      expect(accepted).toEqual([...accepted].sort((x, y) => x - y));
    }
    await untilChildren(observer, '/latches', 0);
    await untilChildren(observer, '/selectors', 0);
    await Promise.all(contenders.map(({ client }) => client.close()));
  });
}, 180_000);
