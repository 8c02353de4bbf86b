import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { FencedOutError, FencedRedis } from '../../../recipes/index.ts';

/** FencedRedis against something that speaks as Redis does; `fresh` gives an empty one. */
export function describeFencedRedis(name: string, fresh: () => Promise<Redis>): void {
  describe(`FencedRedis against ${name}`, () => {
    test('a token that was overtaken writes nothing any more', async () => {
      const redis = await fresh();
      const store = new FencedRedis(redis, { resource: 'orders' });
      const old = store.with({ fencingToken: 4_294_967_299 });
      const young = store.with({ fencingToken: 4_294_967_300 });
      expect(await old.set('a', 'old')).toBe('OK');
      expect(await young.set('a', 'young')).toBe('OK');
      const refusals = [
        old.set('a', 'late'),
        old.del('a'),
        old.incr('n'),
        old.hset('h', { f: 1 }),
        old.expire('a', 1),
        old.claim(),
        old.run("return redis.call('SET', KEYS[1], ARGV[1])", { keys: ['a'], args: ['late'] }),
      ];
      for (const refused of await Promise.allSettled(refusals)) {
        expect(refused).toMatchObject({
          status: 'rejected',
          reason: { code: 'FencedOut', resource: 'orders', token: 4_294_967_299, highest: 4_294_967_300 },
        });
      }
      expect(await redis.get('a')).toBe('young');
      expect((await redis.keys('*')).sort()).toEqual(['a', 'fence:{orders}']);
      expect(await redis.get('fence:{orders}')).toBe('4294967300');
      expect(await young.set('a', 'again')).toBe('OK');
    });

    test('tokens are numbers, not texts, and exact up to 2^53', async () => {
      const store = new FencedRedis(await fresh(), { resource: 'r' });
      await store.with({ fencingToken: 9 }).claim();
      await store.with({ fencingToken: 10 }).claim();
      await expect(store.with({ fencingToken: 9 }).claim()).rejects.toThrow(FencedOutError);
      await store.with({ fencingToken: 2 ** 53 - 1 }).claim();
      await expect(store.with({ fencingToken: 2 ** 53 - 2 }).claim()).rejects.toMatchObject({
        highest: 2 ** 53 - 1,
      });
    });

    test('claiming fences older ones out before anything was written', async () => {
      const redis = await fresh();
      const store = new FencedRedis(redis, { resource: 'r', fenceKey: 'token' });
      await store.with({ fencingToken: 2 }).claim();
      await expect(store.with({ fencingToken: 1 }).set('k', 'v')).rejects.toThrow('token 1 is refused');
      expect(await redis.keys('*')).toEqual(['token']);
    });

    test('resources do not know of each other', async () => {
      const redis = await fresh();
      await new FencedRedis(redis, { resource: 'a' }).with({ fencingToken: 9 }).claim();
      await new FencedRedis(redis, { resource: 'b' }).with({ fencingToken: 1 }).set('k', 'v');
      expect(await redis.get('k')).toBe('v');
    });

    test('commands answer as Redis does', async () => {
      const redis = await fresh();
      const writer = new FencedRedis(redis, { resource: 'r' }).with({ fencingToken: 1 });
      expect(await writer.set('k', 'v', 'NX')).toBe('OK');
      expect(await writer.set('k', 'w', 'NX')).toBeNull();
      expect([await writer.incr('n'), await writer.incr('n', 5)]).toEqual([1, 6]);
      expect(await writer.hset('h', { a: 1, b: 'two' })).toBe(2);
      expect(await writer.hdel('h', 'a', 'c')).toBe(1);
      expect(await redis.hgetall('h')).toEqual({ b: 'two' });
      expect(await writer.command('ZADD', 'ranking', 7, 'ada')).toBe(1);
      expect(await writer.expire('k', 60_000)).toBe(1);
      expect(await redis.ttl('k')).toBeGreaterThan(0);
      expect(await writer.del('k', 'n', 'none')).toBe(2);
      const script = "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], #KEYS, ARGV[1], #ARGV}";
      expect(await writer.run(script, { keys: ['s'], args: ['x'] })).toEqual(['s', 1, 'x', 1]);
      expect(await writer.run('local unused = 1')).toBeNull();
    });

    test('a lease that has ended sends nothing', async () => {
      const redis = await fresh();
      const signal = AbortSignal.abort(new Error('ended'));
      const writer = new FencedRedis(redis, { resource: 'r' }).with({ fencingToken: 1, signal });
      await expect(writer.set('k', 'v')).rejects.toThrow('ended');
      expect(await redis.keys('*')).toEqual([]);
    });

    test('arguments that cannot be right', async () => {
      const redis = await fresh();
      expect(() => new FencedRedis(redis, { resource: '' })).toThrow(TypeError);
      const store = new FencedRedis(redis, { resource: 'r' });
      for (const fencingToken of [-1, 0.5, Number.NaN, 2 ** 53]) {
        expect(() => store.with({ fencingToken })).toThrow(RangeError);
      }
    });
  });
}
