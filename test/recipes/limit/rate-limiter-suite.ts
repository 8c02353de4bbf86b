import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import { AcquireTimeoutError, RateLimiter } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { expectNoWatches, settledOf, untilChildren } from '../lock/helpers.ts';

let number = 0;

/** RateLimiter against a server that works. */
export function describeRateLimiter(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`RateLimiter against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    const at = () => `/rates/r${number}`;
    const limiterOf = (zk: ZooKeeperClient, permits: number, intervalMs: number) =>
      new RateLimiter(zk, at(), { permits, intervalMs });

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('in no span of an interval do more acquisitions resolve than there are permits', async () => {
      number++;
      const intervalMs = 60;
      // What the limiter's own clock showed last: when the permit was had, however long the test itself is kept waiting then.
      let lastMs = 0;
      const monotonicMs = () => {
        lastMs = nodePorts.monotonicMs();
        return lastMs;
      };
      const ports = { ...nodePorts, monotonicMs };
      await using first = await connect(server.connectString, { ports });
      await using second = await connect(server.connectString, { ports });
      const limiters = [first, second].map((zk) => limiterOf(zk, 3, intervalMs));
      const atMs: number[] = [];
      await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const limiter = limiters[i % 2]!;
          const permits = i % 6 === 0 ? 2 : 1;
          await limiter.acquire({ permits });
          for (let n = 0; n < permits; n++) atMs.push(lastMs);
        }),
      );
      for (const limiter of limiters) await limiter.close();
      atMs.sort((a, b) => a - b);
      expect(atMs.length).toBe(14);
      const spans = atMs.slice(3).map((time, i) => time - atMs[i]!);
      expect(Math.min(...spans)).toBeGreaterThan(intervalMs - 5);
      expectNoWatches(first);
    });

    test('permits come back by themselves; close waits for that and lets nobody more through', async () => {
      number++;
      const limiter = limiterOf(client, 2, 300);
      await limiter.acquire();
      await limiter.acquire({ timeoutMs: 0 });
      await expect(limiter.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      expect((await client.children(`${at()}/leases`)).length).toBe(2);
      const waiting = limiter.acquire();
      await untilChildren(client, `${at()}/leases`, 3);
      const closing = limiter.close();
      await expect(waiting).rejects.toMatchObject({ code: 'Closed' });
      await expect(limiter.acquire()).rejects.toMatchObject({ code: 'Closed' });
      expect(await settledOf(client, [closing])).toBe(0);
      await Promise.all([closing, limiter.close()]);
      await untilChildren(client, `${at()}/leases`, 0);
      await using next = limiterOf(other, 2, 1);
      await next.acquire({ permits: 2, timeoutMs: 0 });
    });

    test('who gives up waiting uses no permit', async () => {
      number++;
      const limiter = limiterOf(client, 1, 100);
      await limiter.acquire();
      const stop = new AbortController();
      const waiting = limiter.acquire({ signal: stop.signal });
      await untilChildren(client, `${at()}/leases`, 2);
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      await untilChildren(client, `${at()}/leases`, 1);
      await limiter.acquire();
      await limiter.close();
      await untilChildren(client, `${at()}/leases`, 0);
    });

    test('closing the client ends everything at once', async () => {
      number++;
      const zk = await connect(server.connectString);
      const limiter = limiterOf(zk, 1, 3_600_000);
      await limiter.acquire();
      const refused = expect(limiter.acquire()).rejects.toThrow();
      await untilChildren(client, `${at()}/leases`, 2);
      await zk.close();
      await refused;
      await limiter.close();
      await untilChildren(client, `${at()}/leases`, 0);
    });

    test('what can never be right is refused', async () => {
      expect(() => limiterOf(client, 0, 1)).toThrow(RangeError);
      expect(() => limiterOf(client, 1, 0)).toThrow(RangeError);
      expect(() => limiterOf(client, 1, Number.POSITIVE_INFINITY)).toThrow(RangeError);
      expect(() => new RateLimiter(client, 'x', { permits: 1, intervalMs: 1 })).toThrow(TypeError);
      await using limiter = limiterOf(client, 1, 1);
      await expect(limiter.acquire({ permits: 2 })).rejects.toThrow(RangeError);
    });
  });
}
