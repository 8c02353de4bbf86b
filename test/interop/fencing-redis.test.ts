import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { FencedRedis, fencedSet, InterProcessMutex } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { buildPackage } from '../kit/built.ts';
import { Child } from '../kit/processes.ts';
import { RedisServer, redisServer } from '../kit/redis.ts';
import { describeFencedRedis } from '../recipes/fencing/redis-suite.ts';

/**
 * Takes the lock and writes to Redis and to a node as fast as it can, with its token and without ever asking whether it still
 * holds the lock: what a program does that is stopped between asking and writing.
 */
const holder = (url: string, ioredis: string, zk: string, redisPort: number) => `
const { connect, InterProcessMutex, FencedRedis, fencedSet } = await import(${JSON.stringify(url)});
const { Redis } = (await import(${JSON.stringify(ioredis)})).default;
const redis = new Redis(${redisPort}, '127.0.0.1');
const client = await connect(${JSON.stringify(zk)}, { sessionTimeoutMs: 2000 });
const { path, fencingToken } = await new InterProcessMutex(client, '/locks/shared').acquire();
const writer = new FencedRedis(redis, { resource: 'shared' }).with({ fencingToken });
let said = false;
for (let n = 0; ; n++) {
  const value = 'first ' + n;
  const results = await Promise.allSettled([
    writer.set('{shared}:value', value),
    fencedSet(client, { path, fencingToken }, '/value', value),
  ]);
  const codes = results.map(({ status, reason }) => (status === 'fulfilled' ? 'written' : reason.code));
  if (!said) console.log('holding');
  said = true;
  if (codes.some((code) => code !== 'written')) console.log('outcome ' + codes.join(' '));
  if (codes.every((code) => code === 'FencedOut')) break;
}
console.log('stopped');
`;

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
      const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
      const script = holder(url, import.meta.resolve('ioredis'), zk.connectString, server.port);
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
