import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  AcquireTimeoutError,
  InterProcessSemaphoreMutex,
  InterProcessSemaphoreV2,
  type Lease,
  type PermitCount,
  SharedCount,
} from '../../../recipes/index.ts';
import { childPath, nameOf } from '../../../wire/path.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { NotificationCounter } from '../../kit/notifications.ts';
import { ended, expectNoWatches, settledOf, untilChildren } from './helpers.ts';

/** A limit that a test turns. */
class Dial implements PermitCount {
  readonly listeners = new Set<() => void>();
  value: number;

  constructor(value: number) {
    this.value = value;
  }

  turn(value: number): void {
    this.value = value;
    for (const listener of this.listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

let number = 0;

/** InterProcessSemaphoreV2 and InterProcessSemaphoreMutex against a server that works. */
export function describeSemaphore(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`InterProcessSemaphoreV2 against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    const at = () => `/semaphores/s${number}`;
    const semaphoreOf = (zk: ZooKeeperClient, limit: number | PermitCount) =>
      new InterProcessSemaphoreV2(zk, at(), limit);
    const fresh = (limit: number | PermitCount) => {
      number++;
      return semaphoreOf(client, limit);
    };
    const leases = () => `${at()}/leases`;
    const locks = () => `${at()}/locks`;

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

    test("its nodes are Curator's: a line of askers, and one node a permit", async () => {
      const semaphore = fresh(1);
      const lease = await semaphore.acquire();
      const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
      expect(nameOf(lease.path)).toMatch(new RegExp(`^_c_${uuid}-lease-0000000000$`));
      expect(await semaphore.participants()).toEqual([lease.path]);
      const waiting = semaphoreOf(other, 1).acquire();
      await untilChildren(client, leases(), 2);
      expect((await client.children(locks()))[0]).toMatch(new RegExp(`^_c_${uuid}-lock-\\d{10}$`));
      const { stat } = await client.get(lease.path);
      expect([stat.ephemeralOwner, stat.czxid]).toEqual([client.sessionId, lease.fencingToken]);
      const { holders, waiters } = await semaphore.inspect();
      expect(holders.map(({ path, sessionId }) => [path, sessionId])).toEqual([
        [lease.path, client.sessionId],
      ]);
      expect(waiters.map(({ sessionId }) => sessionId)).toEqual([other.sessionId]);
      await lease.release();
      const next = await waiting;
      expect(next.fencingToken).toBeGreaterThan(lease.fencingToken);
      await next.release();
      await untilChildren(client, locks(), 0);
      expect(await semaphore.participants()).toEqual([]);
      expectNoWatches(client);
    });

    test('as many hold permits as there are, never more, over many turns', async () => {
      const three = fresh(3);
      const full = [await three.acquire(), await semaphoreOf(other, 3).acquire(), await three.acquire()];
      await expect(three.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      for (const lease of full) await lease.release();
      let inside = 0;
      await Promise.all(
        Array.from({ length: 24 }, async (_, i) => {
          const zk = i % 2 === 0 ? client : other;
          const semaphore = semaphoreOf(zk, 3);
          for (let turn = 0; turn < 2; turn++) {
            const many = i % 5 === 0 ? 2 : 1;
            await using _lease = many === 2 ? await semaphore.acquireMany(2) : await semaphore.acquire();
            inside += many;
            expect(inside).toBeLessThanOrEqual(3);
            await zk.sync();
            inside -= many;
          }
        }),
      );
      expectNoWatches(client);
      expectNoWatches(other);
    });

    test('a permit is had in the order of asking', async () => {
      const semaphore = fresh(1);
      const held = await semaphore.acquire();
      const order: number[] = [];
      const askers = [];
      for (let i = 0; i < 5; i++) {
        const asker = semaphoreOf(i % 2 === 0 ? other : client, 1).acquire();
        askers.push(
          asker.then((lease) => {
            order.push(i);
            return lease.release();
          }),
        );
        await untilChildren(client, locks(), i + 1);
      }
      await held.release();
      await Promise.all(askers);
      expect(order).toEqual([0, 1, 2, 3, 4]);
    });

    test('a timeout or a signal ends the waiting and leaves nothing', async () => {
      const semaphore = fresh(1);
      const held = await semaphore.acquire();
      await expect(semaphore.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      await expect(semaphore.acquire({ timeoutMs: 30 })).rejects.toThrow(AcquireTimeoutError);
      const stop = new AbortController();
      const first = semaphore.acquire({ signal: stop.signal });
      await untilChildren(client, leases(), 2);
      const second = semaphore.acquire({ signal: stop.signal });
      await untilChildren(client, locks(), 2);
      stop.abort(new Error('no more'));
      await expect(first).rejects.toThrow('no more');
      await expect(second).rejects.toThrow('no more');
      await untilChildren(client, locks(), 0);
      expect(await semaphore.participants()).toEqual([held.path]);
      await held.release();
      // With 0 it looks for a free permit, whoever else is asking.
      await (await semaphore.acquire({ timeoutMs: 0 })).release();
      expectNoWatches(client);
    });

    test('several permits are had all or none, and two who want several do not block each other', async () => {
      const semaphore = fresh(3);
      expect(() => semaphoreOf(client, 0)).toThrow(RangeError);
      expect(() => semaphoreOf(client, 1.5)).toThrow(RangeError);
      await expect(semaphore.acquireMany(4)).rejects.toThrow(RangeError);
      await expect(semaphore.acquireMany(0)).rejects.toThrow(RangeError);
      const one = await semaphore.acquire();
      await expect(semaphore.acquireMany(3, { timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      await untilChildren(client, leases(), 1);
      const all = [semaphore, semaphoreOf(other, 3)].map((each) => each.acquireMany(3));
      expect(await settledOf(client, all)).toBe(0);
      await one.release();
      await Promise.all(
        all.map(async (many) => {
          await using lease = await many;
          expect(lease.leases.length).toBe(3);
          expect(lease.fencingToken).toBe(Math.max(...lease.leases.map((each) => each.fencingToken)));
          expect([lease.held, lease.signal.aborted, lease.safeForMs() > 0]).toEqual([true, false, true]);
        }),
      );
      const two = await semaphore.acquireMany(2);
      await two.leases[0]!.release();
      expect(two.signal.reason).toMatchObject({ reason: 'released', path: two.leases[0]!.path });
      expect([two.held, two.leases[1]!.held]).toEqual([false, true]);
      await two.release();
      expect(await semaphore.participants()).toEqual([]);
    });

    test('a limit that grows lets the next one in; one that shrinks takes nothing away', async () => {
      const dial = new Dial(1);
      const semaphore = fresh(dial);
      const first = await semaphore.acquire();
      const second = semaphore.acquire();
      await untilChildren(client, leases(), 2);
      expect(await settledOf(client, [second])).toBe(0);
      dial.turn(2);
      const granted = await second;
      dial.turn(1);
      expect([first.held, granted.held]).toEqual([true, true]);
      await first.release();
      await expect(semaphore.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      const many = semaphore.acquireMany(2);
      await granted.release();
      expect(await settledOf(client, [many])).toBe(0);
      dial.turn(2);
      await (await many).release();
      expect(dial.listeners.size).toBe(0);
    });

    test('the limit of a SharedCount is followed by all', async () => {
      number++;
      await using ours = await SharedCount.start(client, `${at()}-count`, 1);
      await using theirs = await SharedCount.start(other, `${at()}-count`, 1);
      const first = await semaphoreOf(client, ours).acquire();
      const second = semaphoreOf(other, theirs).acquire();
      await untilChildren(client, leases(), 2);
      expect(await settledOf(other, [second])).toBe(0);
      await ours.set(2);
      await Promise.all([first.release(), second.then((lease) => lease.release())]);
    });

    test('deleted nodes: the holder is told, who waits asks again', async () => {
      const semaphore = fresh(1);
      const held = await semaphore.acquire();
      const waiting = semaphore.acquire();
      const names = await untilChildren(client, leases(), 2);
      const asked = names.find((each) => each !== nameOf(held.path))!;
      await other.delete(childPath(leases(), asked));
      while ((await untilChildren(client, leases(), 2)).includes(asked)) await client.sync();
      await other.deleteRecursive(leases());
      expect(await ended(held)).toMatchObject({ reason: 'deleted' });
      const lease = await waiting;
      await held.release();
      expect(lease.held).toBe(true);
      await lease.release();
      await untilChildren(client, locks(), 0);
    });

    test('who loses the place at the gate keeps the one among the permits', async () => {
      const semaphore = fresh(1);
      const held = await semaphore.acquire();
      const order: string[] = [];
      const ask = (who: string) =>
        semaphore.acquire().then((lease) => {
          order.push(who);
          return lease.release();
        });
      const first = ask('first');
      await untilChildren(client, leases(), 2);
      await other.deleteRecursive(locks());
      const second = ask('second');
      await untilChildren(client, leases(), 3);
      await held.release();
      await Promise.all([first, second]);
      expect(order).toEqual(['first', 'second']);
    });

    test('a permit whose time is over goes to the next', async () => {
      const semaphore = fresh(1);
      const short = await semaphore.acquire({ leaseMs: 20 });
      const next = await semaphore.acquire();
      expect(short.signal.reason).toMatchObject({ reason: 'expired' });
      await next.release();
      await expect(semaphore.acquire({ leaseMs: -1 })).rejects.toThrow(RangeError);
    });

    test('a release wakes one asker, however many stand in line', async () => {
      const semaphore = fresh(1);
      const counter = new NotificationCounter();
      await using zk = await connect(server.connectString, { ports: counter.ports });
      const held = await semaphore.acquire();
      const got: Lease[] = [];
      const askers = Array.from({ length: 30 }, async () => {
        const lease = await semaphoreOf(zk, 1).acquire();
        got.push(lease);
      });
      await untilChildren(client, locks(), 30);
      await untilChildren(client, leases(), 2);
      // Each in line watches its node and the one before; the one at the gate its nodes and the permits.
      while (zk.watchCounts().data.listeners < 60) await zk.sync();
      expect(counter.count).toBe(0);
      await held.release();
      await askers[0];
      // The second is at the gate when it watches the permits.
      while (zk.watchCounts().child.listeners < 1) await zk.sync();
      // One for the permit, one for the gate.
      expect([got.length, counter.count]).toEqual([1, 2]);
      for (let i = 0; i < 30; i++) {
        await askers[i];
        await got[i]!.release();
      }
      await zk.sync();
      expectNoWatches(zk);
    });
  });

  describe(`InterProcessSemaphoreMutex against ${name}`, () => {
    test('one holder at a time, with growing fencing tokens; it is not re-entrant', async () => {
      await using server = await start();
      await using client = await connect(server.connectString);
      await using other = await connect(server.connectString);
      const mutex = new InterProcessSemaphoreMutex(client, '/mutex');
      const tokens: number[] = [];
      let holders = 0;
      await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const asker = i % 2 === 0 ? mutex : new InterProcessSemaphoreMutex(other, '/mutex');
          await using lease = await asker.acquire();
          expect(++holders).toBe(1);
          tokens.push(lease.fencingToken);
          await client.sync();
          holders--;
        }),
      );
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
      await using lease = await mutex.acquire({ timeoutMs: 0 });
      expect(await mutex.participants()).toEqual([lease.path]);
      await expect(mutex.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
    });
  });
}
