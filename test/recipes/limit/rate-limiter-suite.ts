import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientPorts, connect, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import { AcquireTimeoutError, RateLimiter } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { expectNoWatches, settledOf, untilChildren } from '../lock/helpers.ts';

/** Longer than any test. */
const FOR_EVER_MS = 86_400_000;

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
      const intervalMs = 167;
      // The limiter looks at its clock when a permit is had, and once more for the timer that gives it back.
      let before = 0;
      let latest = 0;
      const hadMs: number[] = [];
      const ports: ClientPorts = {
        ...nodePorts,
        monotonicMs() {
          before = latest;
          latest = nodePorts.monotonicMs();
          return latest;
        },
        after(delayMs, run) {
          // No other timer is so long; one that is set again as it was early is shorter.
          if (delayMs > intervalMs / 2 && delayMs <= intervalMs) hadMs.push(before);
          return nodePorts.after(delayMs, run);
        },
      };
      await using first = await connect(server.connectString, { ports });
      await using second = await connect(server.connectString, { ports });
      const limiters = [first, second].map((zk) => limiterOf(zk, 3, intervalMs));
      await Promise.all(Array.from({ length: 14 }, (_, i) => limiters[i % 2]!.acquire()));
      for (const limiter of limiters) await limiter.close();
      expect(hadMs.length).toBe(14);
      const spans = hadMs.slice(3).map((time, i) => time - hadMs[i]!);
      expect(Math.min(...spans)).toBeGreaterThanOrEqual(intervalMs);
      expectNoWatches(first);
    });

    test('permits come back by themselves, and close waits for that', async () => {
      number++;
      const limiter = limiterOf(client, 2, 50);
      for (let i = 0; i < 5; i++) await limiter.acquire();
      await limiter.acquire({ permits: 2 });
      const closing = limiter.close();
      await expect(limiter.acquire()).rejects.toMatchObject({ code: 'Closed' });
      await Promise.all([closing, limiter.close()]);
      expect(await client.children(`${at()}/leases`)).toEqual([]);
      await using next = limiterOf(other, 2, 1);
      await next.acquire({ permits: 2, timeoutMs: 0 });
    });

    test('who gives up, times out or is closed out uses no permit', async () => {
      number++;
      await using zk = await connect(server.connectString);
      const limiter = limiterOf(zk, 2, FOR_EVER_MS);
      await limiter.acquire();
      await limiter.acquire({ timeoutMs: 0 });
      await expect(limiter.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      await expect(limiter.acquire({ timeoutMs: 20 })).rejects.toThrow(AcquireTimeoutError);
      const stop = new AbortController();
      const aborted = limiter.acquire({ signal: stop.signal });
      await untilChildren(client, `${at()}/leases`, 3);
      stop.abort(new Error('no more'));
      await expect(aborted).rejects.toThrow('no more');
      await untilChildren(client, `${at()}/leases`, 2);
      const waiting = limiter.acquire();
      await untilChildren(client, `${at()}/leases`, 3);
      const closing = limiter.close();
      await expect(waiting).rejects.toMatchObject({ code: 'Closed' });
      await untilChildren(client, `${at()}/leases`, 2);
      expect(await settledOf(client, [closing])).toBe(0);
      await zk.close();
      await closing;
    });

    test('closing the client ends everything at once', async () => {
      number++;
      const zk = await connect(server.connectString);
      const limiter = limiterOf(zk, 1, FOR_EVER_MS);
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
