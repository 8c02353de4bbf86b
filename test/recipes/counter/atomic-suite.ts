import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, InvalidValueError, json, type ZooKeeperClient } from '../../../client/index.ts';
import {
  CachedAtomicLong,
  DistributedAtomicBigInt,
  DistributedAtomicInteger,
  DistributedAtomicLong,
  DistributedAtomicValue,
  InterProcessMutex,
  WaitTimeoutError,
} from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;
const fresh = (): string => `/atomic/a${number++}`;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The atomic values against a server that works. */
export function describeAtomic(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`atomic values against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      [client, other] = [await connect(server.connectString), await connect(server.connectString)];
    });
    afterAll(async () => {
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test("numbers are counted in Curator's bytes, and no node counts as 0", async () => {
      const path = fresh();
      const long = new DistributedAtomicLong(client, path);
      expect(await long.get()).toBe(0);
      expect(await long.increment()).toMatchObject({ succeeded: true, pre: 0, post: 1 });
      expect(await long.add(300)).toMatchObject({ succeeded: true, pre: 1, post: 301 });
      expect(await long.decrement()).toMatchObject({ pre: 301, post: 300 });
      expect([...(await client.get(path)).data!]).toEqual([0, 0, 0, 0, 0, 0, 1, 44]);
      expect(await long.subtract(301)).toMatchObject({ post: -1 });
      expect(await new DistributedAtomicBigInt(other, path).get()).toBe(-1n);
      const integer = new DistributedAtomicInteger(client, fresh());
      expect(await integer.add(5)).toMatchObject({ succeeded: true, pre: 0, post: 5 });
      expect([...(await client.get(integer.path)).data!]).toEqual([0, 0, 0, 5]);
    });

    test('many at once, in one process and in several: none is lost, none is counted twice', async () => {
      const path = fresh();
      const counters = [client, other, client].map(
        (zk) => new DistributedAtomicLong(zk, path, { triesMax: 100, backoff: { baseMs: 1, maxMs: 20 } }),
      );
      const results = await Promise.all(upTo(150).map((i) => counters[i % 3]!.increment()));
      expect(results.every(({ succeeded }) => succeeded)).toBe(true);
      expect(results.map(({ pre }) => pre).sort((a, b) => a - b)).toEqual(upTo(150));
      expect(await counters[0]!.get()).toBe(150);
    });

    test('what waits for its turn in one process is written together', async () => {
      const counter = new DistributedAtomicLong(client, fresh());
      const results = await Promise.all(upTo(100).map(() => counter.increment()));
      expect(results.map(({ post }) => post)).toEqual(upTo(100).map((i) => i + 1));
      // The first by itself, which made the node, the others with one write.
      expect((await client.get(counter.path)).stat.version).toBe(1);
    });

    test('what this object wrote a moment ago is not taken for what is there', async () => {
      const path = fresh();
      const [counter, theirs] = [
        new DistributedAtomicLong(client, path),
        new DistributedAtomicLong(other, path),
      ];
      await counter.trySet(1);
      await theirs.trySet(7);
      expect(await counter.increment()).toMatchObject({ succeeded: true, pre: 7, post: 8 });
      await counter.trySet(1);
      await theirs.trySet(7);
      expect(await counter.compareAndSet(1, 2)).toMatchObject({ succeeded: false, pre: 7 });
      await counter.trySet(1);
      await theirs.trySet(7);
      expect(await counter.compareAndSet(7, 9)).toMatchObject({ succeeded: true, pre: 7, post: 9 });
      await counter.trySet(Number.MAX_SAFE_INTEGER);
      await theirs.trySet(7);
      expect(await counter.increment()).toMatchObject({ succeeded: true, pre: 7, post: 8 });
      await client.delete(path);
      expect(await counter.increment()).toMatchObject({ succeeded: true, pre: 0, post: 1 });
    });

    test('compareAndSet, trySet, forceSet and initialize', async () => {
      const counter = new DistributedAtomicLong(client, fresh());
      expect(await counter.compareAndSet(1, 2)).toMatchObject({ succeeded: false, pre: 0, post: null });
      expect(await client.exists(counter.path)).toBeNull();
      expect(await counter.compareAndSet(0, 2)).toMatchObject({ succeeded: true, pre: 0, post: 2 });
      expect(await counter.compareAndSet(0, 3)).toMatchObject({ succeeded: false, pre: 2, post: null });
      expect(await counter.trySet(8)).toMatchObject({ succeeded: true, pre: 2, post: 8 });
      expect(await counter.initialize(9)).toBe(false);
      await counter.forceSet(10);
      expect(await counter.get()).toBe(10);
      await client.delete(counter.path);
      expect(await counter.initialize(11)).toBe(true);
      await client.delete(counter.path);
      await counter.forceSet(12);
      expect(await counter.get()).toBe(12);
      await client.set(counter.path, '');
      expect(await counter.compareAndSet(0, 1)).toMatchObject({ succeeded: true });
    });

    test('what does not fit is refused, and harms no other change', async () => {
      const long = new DistributedAtomicLong(client, fresh());
      await long.forceSet(Number.MAX_SAFE_INTEGER - 1);
      const results = await Promise.allSettled([long.increment(), long.add(5), long.decrement()]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: expect.any(RangeError) });
      expect(await long.get()).toBe(Number.MAX_SAFE_INTEGER - 1);
      await expect(long.add(0.5)).rejects.toThrow(RangeError);
      const big = new DistributedAtomicBigInt(client, long.path);
      expect(await big.add(2n)).toMatchObject({ post: 2n ** 53n });
      await expect(long.get()).rejects.toThrow(InvalidValueError);
      await big.forceSet(2n ** 63n - 1n);
      await expect(big.increment()).rejects.toThrow(RangeError);
      const integer = new DistributedAtomicInteger(client, fresh());
      await integer.forceSet(2 ** 31 - 1);
      await expect(integer.increment()).rejects.toThrow(RangeError);
      await client.set(integer.path, 'five!');
      for (const change of [integer.increment(), integer.trySet(1), integer.compareAndSet(0, 1)]) {
        await expect(change).rejects.toThrow(InvalidValueError);
      }
      expect(String((await client.get(integer.path)).data)).toBe('five!');
      await integer.forceSet(1);
    });

    test('values of any kind are updated by a function', async () => {
      const value = new DistributedAtomicValue(client, fresh(), { codec: json<string[]>() });
      expect(await value.get()).toBeNull();
      expect(await value.update((present) => [...(present ?? []), 'a'])).toMatchObject({
        pre: null,
        post: ['a'],
      });
      expect(await value.update(() => undefined)).toMatchObject({ succeeded: false, pre: ['a'], post: null });
      expect(await value.compareAndSet(['a'], ['b'])).toMatchObject({ succeeded: true });
      expect(await value.compareAndSet(null, ['c'])).toMatchObject({ succeeded: false, pre: ['b'] });
      expect(await value.trySet(['c'])).toMatchObject({ succeeded: true, pre: ['b'], post: ['c'] });
      await expect(
        value.update(() => {
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await value.get()).toEqual(['c']);
    });

    test('who is never fast enough gives up, or takes the lock if there is one', async () => {
      const path = fresh();
      let calls = 0;
      // Somebody else is faster the first four times.
      const beaten = async (present: string[] | null): Promise<string[]> => {
        if (calls++ < 4) await other.set(path, JSON.stringify([`${calls}`]));
        return [...(present ?? []), 'ours'];
      };
      await client.create(path, '[]', { parents: true });
      const options = { codec: json<string[]>(), triesMax: 2, backoff: { baseMs: 1, maxMs: 2 } };
      const without = await new DistributedAtomicValue(client, path, options).update(beaten);
      expect(without).toMatchObject({ succeeded: false, stats: { optimisticTries: 2, promotedTries: 0 } });
      calls = 0;
      const lockPath = `${path}-lock`;
      const value = new DistributedAtomicValue(client, path, { ...options, lockPath });
      expect(await value.update(beaten)).toMatchObject({
        succeeded: true,
        post: ['4', 'ours'],
        stats: { optimisticTries: 2, promotedTries: 3 },
      });
      expect(await client.children(lockPath)).toEqual([]);
      calls = 0;
      await using _held = await new InterProcessMutex(other, lockPath).acquire();
      const hasty = new DistributedAtomicValue(client, path, { ...options, lockPath, lockTimeoutMs: 50 });
      expect(await hasty.update(beaten)).toMatchObject({ succeeded: false, stats: { promotedTries: 0 } });
    });

    test('a signal ends the waiting for one change and not for the others', async () => {
      const counter = new DistributedAtomicLong(client, fresh());
      const stop = new AbortController();
      const first = counter.increment();
      const second = counter.increment({ signal: stop.signal });
      const third = counter.increment();
      stop.abort(new Error('enough'));
      await expect(second).rejects.toThrow('enough');
      await expect(counter.increment({ signal: stop.signal })).rejects.toThrow('enough');
      expect([(await first).post, (await third).post]).toEqual([1, 2]);
    });

    test('arguments that cannot be right', () => {
      expect(() => new DistributedAtomicLong(client, 'x')).toThrow(TypeError);
      expect(() => new DistributedAtomicLong(client, '/x', { triesMax: 0 })).toThrow(RangeError);
      expect(() => new DistributedAtomicLong(client, '/x', { lockPath: 'y' })).toThrow(TypeError);
      expect(() => new DistributedAtomicLong(client, '/x', { lockTimeoutMs: -1 })).toThrow(RangeError);
      expect(() => new CachedAtomicLong(client, new DistributedAtomicLong(client, '/x'), 0)).toThrow(
        RangeError,
      );
    });

    test('numbers in blocks: each is given out once', async () => {
      const path = fresh();
      const caches = [client, other].map(
        (zk) => new CachedAtomicLong(zk, new DistributedAtomicLong(zk, path, { triesMax: 50 }), 10),
      );
      const numbers = await Promise.all(upTo(95).map((i) => caches[i % 2]!.next()));
      expect(new Set(numbers).size).toBe(95);
      expect(await new DistributedAtomicLong(client, path).get()).toBe(100);
      const rest = await Promise.all(upTo(5).map(() => caches[1]!.next()));
      expect([...numbers, ...rest].sort((a, b) => a - b).at(-1)).toBeLessThanOrEqual(110);
      const empty = new CachedAtomicLong(client, new DistributedAtomicLong(client, fresh()), 2);
      await expect(empty.next({ timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      expect([await empty.next(), await empty.next({ timeoutMs: 0 })]).toEqual([1, 2]);
    });
  });
}
