import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { ZNodeCache } from '../../../recipes/cache/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { treeOf } from './replay.ts';

/** More steps than any scenario has; reaching it means that the scenario did not end. */
const STEPS_MAX = 200;

interface Scene {
  readonly steps: CountedSteps;
  readonly client: ZooKeeperClient;
  readonly stop: AbortController;
  /** Set as soon as there is one. */
  cache: ZNodeCache | null;
}

let server: TestServer;
let other: ZooKeeperClient;
beforeAll(async () => {
  server = await TestServer.start();
  other = await connect(server.connectString);
  for (const path of ['/x/a/1', '/x/b']) await other.create(path, path, { parents: true });
});
afterAll(async () => {
  await other.close();
  await server.close();
});

const interruptions: Record<string, (scene: Scene) => void> = {
  'the signal aborts': ({ stop }) => stop.abort(new Error('interrupted')),
  'the connection breaks': ({ steps }) => steps.cut(),
  'the session expires': ({ client }) => void server.expireSession(client.sessionId),
  'the cache is closed': ({ cache, stop }) => (cache === null ? stop.abort() : void cache.close()),
};

for (const [name, interrupt] of Object.entries(interruptions)) {
  test.each(['auto', 'one-shot'] as const)(
    `${name} at whichever step: the whole tree, or nothing is left (%s)`,
    async (watches) => {
      let last = 0;
      for (let at = 0; at === last && at < STEPS_MAX; at++) {
        const steps = new CountedSteps();
        const client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const scene: Scene = { steps, client, stop: new AbortController(), cache: null };
        const base = steps.steps;
        steps.onStep = (step) => {
          if (last > at || step - base < at) return;
          last = at + 1;
          interrupt(scene);
        };
        scene.cache = await ZNodeCache.start(client, '/x', { watches, signal: scene.stop.signal }).catch(
          (error) => {
            expect([scene.stop.signal.aborted, error]).toEqual([true, scene.stop.signal.reason]);
            return null;
          },
        );
        const { cache } = scene;
        if (cache !== null) {
          // More to read, and more steps.
          await other.set('/x/b', String(at));
          await cache.sync().catch((error) => expect([cache.closed, error.code]).toEqual([true, 'Closed']));
          if (!cache.closed) {
            const held = new Map([...cache].map(({ path, stat }) => [path, stat.mzxid]));
            expect(held).toEqual(await treeOf(other, '/x', 'tree'));
          }
          await cache.close();
        }
        await client.sync().catch(() => {});
        const listeners = Object.values(client.watchCounts()).map((counts) => counts.listeners);
        expect(listeners).toEqual([0, 0, 0, 0, 0]);
        await client.close();
      }
      expect(last).toBeGreaterThan(8);
      expect(last).toBeLessThan(STEPS_MAX);
    },
  );
}
