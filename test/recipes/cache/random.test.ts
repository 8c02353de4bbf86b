import { expect, test } from 'vitest';
import {
  connect,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
  NoWatcherError,
  type ZooKeeperClient,
} from '../../../client/index.ts';
import { type CacheScope, ZNodeCache } from '../../../recipes/cache/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { Replay, treeOf } from './replay.ts';

const FILE = 'test/recipes/cache/random.test.ts';
const names = ['a', 'b', 'c'];

/** A node that is sometimes the top itself, two levels above it or three below. */
function somePath(rng: Rng): string {
  let path = '/top';
  for (let depth = rng.below(4); depth > 0; depth--) path += `/${rng.pick(names)}`;
  return path;
}

async function unless(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    const refused =
      error instanceof NoNodeError || error instanceof NodeExistsError || error instanceof NotEmptyError;
    if (!refused) throw error;
  });
}

async function someWrites(client: ZooKeeperClient, rng: Rng, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const path = somePath(rng);
    const kind = rng.weighted({ create: 5, set: 4, delete: 3, remove: 1, replace: 1 });
    if (kind === 'create') await unless(client.create(path, String(i), { parents: rng.chance(50) }));
    else if (kind === 'set') await unless(client.set(path, String(i)));
    else if (kind === 'delete') await unless(client.delete(path));
    else if (kind === 'remove') await unless(client.deleteRecursive(path));
    else
      await unless(
        client
          .transaction()
          .delete(path)
          .create(path, String(i))
          .commit()
          .catch((error) => {
            throw error.failure ?? error;
          }),
      );
  }
}

async function trial(rng: Rng, scope: CacheScope, watches: 'auto' | 'one-shot'): Promise<void> {
  await using server = await TestServer.start();
  const cable = new Cuttable();
  await using client = await connect(server.connectString, {
    ports: cable.ports,
    backoff: { baseMs: 1, maxMs: 4 },
    sessionTimeoutMs: 5_000,
  });
  const writers = await Promise.all([1, 2, 3].map(() => connect(server.connectString)));
  await someWrites(writers[0]!, rng, rng.below(30));
  const cache = await ZNodeCache.start(client, '/top', { scope, watches, concurrency: rng.pick([1, 3, 64]) });
  const replay = new Replay(cache, scope);
  for (let round = 0; round < 12; round++) {
    const work = writers.map((writer) => someWrites(writer, rng.fork(), 12));
    for (let i = rng.below(30); i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
    const fault = rng.weighted({ nothing: 3, drop: 4, cut: 2, expire: 2, unwatch: 2 });
    if (fault === 'drop') cable.drop();
    if (fault === 'expire') server.expireSession(client.sessionId);
    // Somebody in the same process takes off whatever watches there are.
    if (fault === 'unwatch') {
      const path = rng.chance(50) ? '/top' : somePath(rng);
      await client.removeWatches(path).catch((error: unknown) => {
        if (!(error instanceof NoWatcherError)) throw error;
      });
    }
    if (fault === 'cut') {
      cable.cut();
      await Promise.all(work);
      cable.mend();
    }
    if (rng.chance(50)) await Promise.all(work);
    if (rng.chance(30)) {
      await Promise.all(work);
      await Promise.all(writers.map((writer) => writer.sync()));
      await cache.sync();
      const tree = await treeOf(writers[0]!, '/top', scope);
      expect(replay.contents()).toEqual(tree);
      replay.check();
    }
    await Promise.all(work);
  }
  await Promise.all(writers.map((writer) => writer.sync()));
  await cache.sync({ timeoutMs: 30_000 });
  const tree = await treeOf(writers[0]!, '/top', scope);
  expect(new Map([...cache].map(({ path, stat }) => [path, stat.mzxid]))).toEqual(tree);
  expect(replay.contents()).toEqual(tree);
  replay.check();
  await cache.close();
  const { data, exist, child, persistent, recursive } = client.watchCounts();
  expect([data, exist, child, persistent, recursive].map(({ listeners }) => listeners)).toEqual([
    0, 0, 0, 0, 0,
  ]);
  await Promise.all(writers.map((writer) => writer.close()));
}

for (const watches of ['auto', 'one-shot'] as const) {
  for (const scope of ['node', 'children', 'tree'] as const) {
    test(`${scope}, ${watches} watches: after many changes, lost connections and sessions the cache equals the tree, and so does the replay of its changes`, async () => {
      await withSeed(FILE, (rng) => trial(rng, scope, watches));
    });
  }
}
