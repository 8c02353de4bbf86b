import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { FencedRedis, fencedSet, InterProcessMutex } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { buildPackage } from '../kit/built.ts';
import { Child } from '../kit/processes.ts';
import { RedisServer, redisServer } from '../kit/redis.ts';
import { holderScript } from '../recipes/fencing/holder.ts';
import { describeFencedRedis } from '../recipes/fencing/redis-suite.ts';

if (redisServer() === null) {
  test.skip('FencedRedis against Redis: not installed: apt-get install redis-server', () => {});
} else {
  let server: RedisServer;
  const clients: Redis[] = [];
  const client = (): Redis => {
    const redis = server.connect();
    clients.push(redis);
    return redis;
  };
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    for (const redis of clients) redis.disconnect();
    await server?.[Symbol.asyncDispose]();
  });

  describeFencedRedis('Redis', async () => {
    const redis = client();
    await redis.flushall();
    return redis;
  });

  describe('FencedRedis against Redis', () => {
    test('goes on where Redis has forgotten its scripts', async () => {
      const redis = client();
      const writer = new FencedRedis(redis, { resource: 'flushed' }).with({ fencingToken: 1 });
      await writer.set('{flushed}', '1');
      await redis.script('FLUSH');
      expect(await writer.incr('{flushed}')).toBe(2);
      expect(await writer.incr('{flushed}')).toBe(3);
    });

    test('a command that Redis refuses rejects with its error', async () => {
      const writer = new FencedRedis(client(), { resource: 'wrong' }).with({ fencingToken: 1 });
      await writer.hset('{wrong}', { a: 1 });
      await expect(writer.incr('{wrong}')).rejects.toThrow('WRONGTYPE');
    });

    test('many writers, each with its token, in any order: the last value is of the highest', async () => {
      const redis = client();
      const store = new FencedRedis(redis, { resource: 'many' });
      const tokens = Array.from({ length: 200 }, (_, i) => (i * 77) % 200);
      const settled = await Promise.allSettled(
        tokens.map((token) => store.with({ fencingToken: token }).set('{many}', token)),
      );
      let highest = -1;
      for (const [i, { status }] of settled.entries()) {
        const admitted = tokens[i]! >= highest;
        expect(status).toBe(admitted ? 'fulfilled' : 'rejected');
        highest = Math.max(highest, tokens[i]!);
      }
      expect(await redis.get('{many}')).toBe('199');
    });

    test('a holder that was stopped past the end of its session cannot overwrite its successor', async () => {
      using built = buildPackage();
      await using zk = await TestServer.start({ tickTimeMs: 100 });
      await using ours = await connect(zk.connectString);
      await ours.create('/value', 'none');
      const redis = client();
      const script = holderScript(built, zk.connectString, server.port);
      await using child = new Child(process.execPath, ['--input-type=module', '-e', script]);
      await child.waitFor(/holding/);
      const waiting = new InterProcessMutex(ours, '/locks/shared').acquire();
      while ((await ours.children('/locks/shared')).length < 2) await ours.sync();
      child.process.kill('SIGSTOP');
      const lease = await waiting;
      await new FencedRedis(redis, { resource: 'shared' }).with(lease).set('{shared}:value', 'second');
      await fencedSet(ours, lease, '/value', 'second');
      expect(child.output).not.toContain('outcome');
      child.process.kill('SIGCONT');
      // It took itself for the holder all the time, and nothing of what it wrote came through.
      await child.waitFor(/stopped/);
      expect(child.output).toContain('outcome FencedOut');
      expect(await redis.get('{shared}:value')).toBe('second');
      expect(String((await ours.get('/value')).data)).toBe('second');
      await lease.release();
    });
  });
}
