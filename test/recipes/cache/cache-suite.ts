import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, json, Perms, type ZooKeeperClient, type ZooKeeperError } from '../../../client/index.ts';
import { type CacheOptions, type CacheScope, ZNodeCache } from '../../../recipes/cache/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { Replay, treeOf } from './replay.ts';

let number = 0;

/** ZNodeCache against a server that works, with persistent watches or one-shot ones. */
export function describeCache(name: string, start: () => Promise<ServerUnderTest>): void {
  describe.each(['auto', 'one-shot'] as const)(`ZNodeCache against ${name}, %s watches`, (watches) => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let path = '';
    const cached = (scope: CacheScope, options: CacheOptions<Buffer> = {}) =>
      ZNodeCache.start(client, path, { scope, watches, ...options });
    const fresh = (): void => {
      path = `/cache/c${++number}`;
    };
    const noWatches = (): void => {
      const counts = Object.values(client.watchCounts()).map(({ listeners }) => listeners);
      expect(counts).toEqual([0, 0, 0, 0, 0]);
    };
    const heard = (cache: ZNodeCache): string[] => {
      const changes: string[] = [];
      cache.onChange(({ type, node }) =>
        changes.push(`${type} ${node.path.slice(path.length)} ${node.data.toString()}`),
      );
      return changes;
    };

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
      await other.ensurePath('/cache');
    });
    afterAll(async () => {
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('tree: what is there at the start, what comes, changes and goes', async () => {
      fresh();
      await other.create(`${path}/a/b`, 'B', { parents: true });
      const cache = await cached('tree');
      expect([...cache].map((node) => node.path)).toEqual([path, `${path}/a`, `${path}/a/b`]);
      expect([cache.size, cache.current, cache.get(`${path}/a/b`)?.data.toString()]).toEqual([3, true, 'B']);
      expect([cache.children(), cache.children(`${path}/a`), cache.get(`${path}/x`)]).toEqual([
        ['a'],
        ['b'],
        undefined,
      ]);
      const changes = heard(cache);
      await other.set(path, 'top');
      await cache.sync();
      await other.create(`${path}/a/c`, 'C');
      await cache.sync();
      await other.deleteRecursive(`${path}/a`);
      await cache.sync();
      expect(changes.slice(0, 2)).toEqual(['changed  top', 'created /a/c C']);
      expect(changes.slice(2, 4).sort()).toEqual(['deleted /a/b B', 'deleted /a/c C']);
      expect(changes.slice(4)).toEqual(['deleted /a ']);
      await cache.close();
      expect([cache.current, cache.closed, cache.size]).toEqual([false, true, 1]);
      noWatches();
    });

    test('node: alone, and before it exists', async () => {
      fresh();
      const cache = await cached('node');
      expect([cache.size, cache.current]).toEqual([0, true]);
      const changes = heard(cache);
      await other.create(path, 'one');
      await cache.sync();
      await other.create(`${path}/child`, 'x');
      await other.set(path, 'two');
      await cache.sync();
      await other.deleteRecursive(path);
      await cache.sync();
      await other.create(path, 'three');
      await cache.sync();
      expect(changes).toEqual(['created  one', 'changed  two', 'deleted  two', 'created  three']);
      await cache.close();
      noWatches();
    });

    test('children: without the node itself and without grandchildren', async () => {
      fresh();
      const cache = await cached('children');
      const changes = heard(cache);
      await other.create(`${path}/a/deep`, 'x', { parents: true });
      await cache.sync();
      await other.set(path, 'ignored');
      await other.set(`${path}/a`, 'A');
      await other.create(`${path}/b`, 'B');
      await cache.sync();
      expect([...cache].map((node) => node.path).sort()).toEqual([`${path}/a`, `${path}/b`]);
      await other.deleteRecursive(path);
      await cache.sync();
      await other.create(`${path}/c`, 'C', { parents: true });
      await cache.sync();
      expect([...cache].map((node) => node.path)).toEqual([`${path}/c`]);
      expect(changes).toEqual(
        expect.arrayContaining(['created /a ', 'changed /a A', 'created /b B', 'created /c C']),
      );
      expect(changes.every((change) => !change.includes('deep') && !change.includes('ignored'))).toBe(true);
      await cache.close();
      noWatches();
    });

    test('two hundred nodes with eight reads at once', async () => {
      fresh();
      await other.create(path);
      const each = Array.from({ length: 200 }, (_, i) => i);
      await Promise.all(each.map((i) => other.create(`${path}/n${i}`, String(i))));
      const cache = await cached('tree', { concurrency: 8 });
      expect(cache.size).toBe(201);
      const replay = new Replay(cache, 'tree');
      await Promise.all(
        each.map((i) => (i % 2 === 0 ? other.delete(`${path}/n${i}`) : other.set(`${path}/n${i}`, 'x'))),
      );
      await cache.sync();
      expect(replay.contents()).toEqual(await treeOf(other, path, 'tree'));
      replay.check();
      await cache.close();
      noWatches();
    });

    test('values by a codec, and what is none', async () => {
      fresh();
      await other.create(path, '{"a":1}');
      const cache = await ZNodeCache.start(client, path, {
        scope: 'node',
        watches,
        codec: json<{ a: number }>(),
      });
      expect(cache.get(path)).toMatchObject({ value: { a: 1 } });
      await other.set(path, '{"a":');
      await cache.sync();
      expect(cache.get(path)).toMatchObject({ value: undefined, fault: { code: 'InvalidValue' } });
      await other.set(path, '{"a":2}');
      await cache.sync();
      expect(cache.get(path)?.value).toEqual({ a: 2 });
      expect(cache.get(path)?.fault).toBeUndefined();
      await cache.close();
    });

    test('a node that may not be read is left out and reported', async () => {
      fresh();
      await other.create(path);
      await other.create(`${path}/secret`, 'x', {
        acl: [{ perms: Perms.write, id: { scheme: 'world', id: 'anyone' } }],
      });
      const cache = await cached('tree');
      expect(cache.size).toBe(1);
      const errors: ZooKeeperError[] = [];
      cache.onError((error) => errors.push(error));
      await other.create(`${path}/open`, 'x');
      await other.create(`${path}/other`, 'x', {
        acl: [{ perms: Perms.write, id: { scheme: 'world', id: 'anyone' } }],
      });
      await cache.sync();
      expect([...cache].map((node) => node.path)).toEqual([path, `${path}/open`]);
      // Servers tell of changes only who may read the node: then there is nothing to be reported.
      for (const error of errors) expect(error).toMatchObject({ code: 'NoAuth' });
      if (watches === 'one-shot') expect(errors.map((error) => error.path)).toContain(`${path}/other`);
      await cache.close();
      path = `${path}/secret`;
      await expect(cached('tree')).rejects.toMatchObject({ code: 'NoAuth' });
    });

    test('changes as a stream: resync first, then one by one; too many give way to a resync', async () => {
      fresh();
      await other.create(path);
      const cache = await cached('tree');
      const stream = cache.changes({ bufferMax: 2 });
      expect((await stream.next()).value).toEqual({ type: 'resync' });
      for (const name of ['a', 'b']) await other.create(`${path}/${name}`);
      await cache.sync();
      expect((await stream.next()).value).toMatchObject({ type: 'created', node: { path: `${path}/a` } });
      expect((await stream.next()).value).toMatchObject({ type: 'created', node: { path: `${path}/b` } });
      for (const name of ['c', 'd', 'e']) await other.create(`${path}/${name}`);
      await cache.sync();
      expect((await stream.next()).value).toEqual({ type: 'resync' });
      const next = stream.next();
      await cache.close();
      expect(await next).toEqual({ done: true, value: undefined });
      const stop = new AbortController();
      const ended = cache.changes({ signal: stop.signal });
      expect((await ended.next()).value).toEqual({ type: 'resync' });
      expect((await ended.next()).done).toBe(true);
    });

    test('two caches on one path, and a watch of the user removed under them', async () => {
      fresh();
      await other.create(path, 'one');
      await using first = await cached('tree');
      const second = await cached('tree');
      await second.close();
      await client.removeWatches(path, 'any');
      await other.set(path, 'two');
      await other.create(`${path}/a`, 'A');
      await first.sync();
      expect([first.get(path)?.data.toString(), first.size]).toEqual(['two', 2]);
    });

    test('arguments, and a start that is given up', async () => {
      await expect(ZNodeCache.start(client, 'x')).rejects.toThrow(TypeError);
      await expect(ZNodeCache.start(client, '/x', { scope: 'all' as 'tree' })).rejects.toThrow(TypeError);
      await expect(ZNodeCache.start(client, '/x', { watches: 'no' as 'auto' })).rejects.toThrow(TypeError);
      await expect(ZNodeCache.start(client, '/x', { concurrency: 0 })).rejects.toThrow(RangeError);
      const stop = new AbortController();
      const starting = ZNodeCache.start(client, '/cache', { watches, signal: stop.signal });
      stop.abort(new Error('no more'));
      await expect(starting).rejects.toThrow('no more');
      await client.sync();
      noWatches();
      const closing = await connect(server.connectString);
      const cache = await ZNodeCache.start(closing, '/cache', { watches });
      expect(() => cache.changes({ bufferMax: 0 })).toThrow(RangeError);
      const last = cache.changes();
      await last.next();
      await closing.close();
      expect([(await last.next()).done, cache.closed]).toEqual([true, true]);
      await expect(cache.sync()).rejects.toMatchObject({ code: 'Closed' });
      await cache.close();
    });
  });
}
