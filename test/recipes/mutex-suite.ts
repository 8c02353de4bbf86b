import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { AcquireTimeoutError, InterProcessMutex, type Lease, LeaseEndedError } from '../../recipes/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { NotificationCounter } from '../kit/notifications.ts';

let lockNumber = 0;

/** Resolves when a directory has exactly so many children. */
async function untilChildren(client: ZooKeeperClient, path: string, count: number): Promise<string[]> {
  for (;;) {
    let changed: () => void = () => {};
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    const names = await client.children(path, { watch: () => changed() });
    if (names.length === count) return names;
    await change;
  }
}

function aborted(signal: AbortSignal): Promise<LeaseEndedError> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason));
  });
}

/** InterProcessMutex against a server that works. */
export function describeMutex(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`InterProcessMutex against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    const mutexOf = (zk: ZooKeeperClient) => new InterProcessMutex(zk, `/locks/m${lockNumber}`);
    const fresh = () => {
      lockNumber++;
      return mutexOf(client);
    };

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test("a lease is an ephemeral sequential node with Curator's name, and its release removes it", async () => {
      const mutex = fresh();
      const lease = await mutex.acquire();
      const [node] = await client.children(mutex.path);
      expect(node).toMatch(/^_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-lock-0000000000$/);
      expect(lease.path).toBe(`${mutex.path}/${node}`);
      const { stat } = await client.get(lease.path);
      expect(stat.ephemeralOwner).toBe(client.sessionId);
      expect(lease.fencingToken).toBe(stat.czxid);
      expect(lease.signal.aborted).toBe(false);
      await Promise.all([lease.release(), lease.release()]);
      await lease.release();
      expect(await client.exists(lease.path)).toBeNull();
      expect(lease.signal.reason).toMatchObject({ reason: 'released', code: 'LeaseEnded' });
    });

    test('one holder at a time, in the order of asking, with growing fencing tokens', async () => {
      const mutex = fresh();
      let holders = 0;
      const order: number[] = [];
      const tokens: number[] = [];
      // The directory exists from here on: the nodes of the others are then made in the order of asking.
      await (await mutex.acquire()).release();
      const numbers = Array.from({ length: 20 }, (_, i) => i);
      await Promise.all(
        numbers.map(async (i) => {
          await using lease = await mutex.acquire();
          expect(++holders).toBe(1);
          order.push(i);
          tokens.push(lease.fencingToken);
          await client.sync();
          holders--;
        }),
      );
      expect(order).toEqual(numbers);
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
      expect(new Set(tokens).size).toBe(20);
    });

    test('a timeout or a signal ends the waiting and leaves no node', async () => {
      const mutex = fresh();
      const held = await mutex.acquire();
      await expect(mutex.acquire({ timeoutMs: 50 })).rejects.toThrow(AcquireTimeoutError);
      await expect(mutex.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      const stop = new AbortController();
      const waiting = mutex.acquire({ signal: stop.signal });
      await untilChildren(client, mutex.path, 2);
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      await expect(mutex.acquire({ signal: stop.signal })).rejects.toThrow('no more');
      await untilChildren(client, mutex.path, 1);
      await held.release();
      const free = await mutex.acquire({ timeoutMs: 0 });
      await free.release();
      expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
    });

    test('who gives up in the middle of the queue disturbs nobody', async () => {
      const mutex = fresh();
      const first = await mutex.acquire();
      const stop = new AbortController();
      const second = mutex.acquire({ signal: stop.signal });
      await untilChildren(client, mutex.path, 2);
      const third = mutex.acquire();
      await untilChildren(client, mutex.path, 3);
      const settled: string[] = [];
      third.then(() => settled.push('third')).catch(() => {});
      stop.abort();
      await expect(second).rejects.toThrow();
      await untilChildren(client, mutex.path, 2);
      await client.sync();
      expect(settled).toEqual([]);
      await first.release();
      await (await third).release();
    });

    test('re-entrant by handing the lease over', async () => {
      const mutex = fresh();
      const outer = await mutex.acquire();
      const inner = await mutex.acquire({ lease: outer });
      expect(inner.fencingToken).toBe(outer.fencingToken);
      await outer.release();
      expect(inner.signal.aborted).toBe(false);
      expect(await client.exists(inner.path)).not.toBeNull();
      await expect(mutex.acquire({ lease: outer })).rejects.toThrow(LeaseEndedError);
      const innermost = await mutex.acquire({ lease: inner });
      await inner.release();
      await innermost.release();
      expect(await client.exists(inner.path)).toBeNull();
      const other = fresh();
      await expect(other.acquire({ lease: innermost })).rejects.toThrow(TypeError);
    });

    test('the signal aborts when the node is deleted under the holder', async () => {
      const mutex = fresh();
      await using other = await connect(server.connectString);
      const lease = await mutex.acquire();
      await other.set(lease.path, 'touched');
      await other.delete(lease.path);
      expect(await aborted(lease.signal)).toMatchObject({ reason: 'deleted', path: lease.path });
      await lease.release();
      await expect(mutex.acquire({ lease })).rejects.toThrow(LeaseEndedError);
    });

    test('a waiter whose node is deleted goes back to the end of the queue', async () => {
      const mutex = fresh();
      const held = await mutex.acquire();
      const waiting = mutex.acquire();
      await untilChildren(client, mutex.path, 2);
      const [, second] = await mutex.participants();
      await client.delete(second!);
      await held.release();
      const lease = await waiting;
      expect(lease.path).not.toBe(second);
      await lease.release();
    });

    test('closing the client ends its leases and its waiting', async () => {
      const mutex = fresh();
      const zk = await connect(server.connectString);
      const lease = await mutexOf(zk).acquire();
      const waiting = mutexOf(zk).acquire();
      await untilChildren(client, mutex.path, 2);
      const next = mutex.acquire();
      await untilChildren(client, mutex.path, 3);
      const refused = expect(waiting).rejects.toMatchObject({ code: 'Closed' });
      await zk.close();
      await refused;
      // Whichever is heard first: that the server deleted the node, or that the session has ended.
      expect(['deleted', 'session-lost']).toContain(lease.signal.reason.reason);
      await lease.release();
      await (await next).release();
    });

    test('200 contenders over several clients: one release wakes exactly one', async () => {
      const mutex = fresh();
      const counter = new NotificationCounter();
      const clients = await Promise.all(
        Array.from({ length: 5 }, () => connect(server.connectString, { ports: counter.ports })),
      );
      const first = await mutex.acquire();
      const got: Lease[] = [];
      let wake: () => void = () => {};
      const work = Array.from({ length: 200 }, async (_, i) => {
        const lease = await mutexOf(clients[i % clients.length]!).acquire();
        got.push(lease);
        wake();
        return lease;
      });
      await untilChildren(client, mutex.path, 201);
      // Everybody has set their watches: each waiter one on the node before it and one on its own.
      const watching = () => clients.reduce((sum, zk) => sum + zk.watchCounts().data.listeners, 0);
      while (watching() < 400) await Promise.all(clients.map((zk) => zk.sync()));
      expect(counter.count).toBe(0);
      let previous: Lease = first;
      for (let i = 1; i <= 200; i++) {
        const next = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await previous.release();
        if (got.length < i) await next;
        previous = got[i - 1]!;
        expect(got.length).toBe(i);
        expect(counter.count).toBe(i);
        expect(previous.fencingToken).toBeGreaterThan(
          i === 1 ? first.fencingToken : got[i - 2]!.fencingToken,
        );
      }
      await previous.release();
      await Promise.all(work);
      await Promise.all(clients.map((zk) => zk.sync()));
      expect(counter.count).toBe(200);
      expect(watching()).toBe(0);
      await Promise.all(clients.map((zk) => zk.close()));
    });
  });
}
