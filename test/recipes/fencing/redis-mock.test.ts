import type { Redis } from 'ioredis';
import RedisMock from 'ioredis-mock';
import { describe, expect, test } from 'vitest';
import { FencedRedis } from '../../../recipes/index.ts';
import { describeFencedRedis } from './redis-suite.ts';

const fresh = async (): Promise<Redis> => {
  const redis = new RedisMock();
  await redis.flushall();
  return redis;
};

describeFencedRedis('ioredis-mock', fresh);

describe('scripts of FencedRedis', () => {
  test('are sent by their digest, and as text where Redis does not know them', async () => {
    const sent: string[] = [];
    let known = false;
    const redis = {
      evalsha: async (digest: string) => {
        expect(digest).toMatch(/^[0-9a-f]{40}$/);
        sent.push('evalsha');
        if (!known) throw new Error('NOSCRIPT No matching script.');
        return [1, 'OK'];
      },
      eval: async (_: string, count: number, ...rest: unknown[]) => {
        sent.push(`eval ${count} ${rest.join(' ')}`);
        known = true;
        return [1, 'OK'];
      },
    };
    const writer = new FencedRedis(redis, { resource: 'r' }).with({ fencingToken: 3 });
    await writer.set('k', 'v');
    await writer.set('k', 'v');
    known = false;
    await writer.set('k', 'v');
    const full = 'eval 2 fence:{r} k 3 SET v';
    expect(sent).toEqual(['evalsha', full, 'evalsha', 'evalsha', full]);
  });

  test('whose answer was lost are not repeated', async () => {
    const sent: string[] = [];
    const redis = {
      evalsha: async () => {
        sent.push('evalsha');
        throw new Error('Connection is closed.');
      },
      eval: async () => {
        sent.push('eval');
        return [1, 'OK'];
      },
    };
    const writer = new FencedRedis(redis, { resource: 'r' }).with({ fencingToken: 3 });
    await expect(writer.incr('n')).rejects.toThrow('Connection is closed.');
    expect(sent).toEqual(['evalsha']);
  });
});
