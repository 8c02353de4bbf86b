import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { LeaderSelector, type Lease } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { ended, gate, noWatches, untilChildren } from './waiting.ts';

/** LeaderSelector against a server that works. */
export function describeSelector(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`LeaderSelector against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let number = 0;
    const fresh = () => `/selectors/s${++number}`;

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
    });
    afterAll(async () => {
      expect(client.watchCounts()).toMatchObject(noWatches);
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test("leads while the function runs, with the nodes of Curator's mutex, and goes out of the line", async () => {
      const path = fresh();
      const began = gate();
      const finish = gate();
      let lease: Lease | undefined;
      const selector = await LeaderSelector.start(client, path, {
        id: 'host-7',
        takeLeadership: async (given) => {
          lease = given;
          began.open();
          await finish.opened;
        },
      });
      await began.opened;
      expect(selector.ourPath).toMatch(/\/_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-lock-0000000000$/);
      expect([selector.hasLeadership, lease!.held, selector.requeue()]).toEqual([true, true, false]);
      expect(await selector.leader()).toMatchObject({ id: 'host-7', isLeader: true });
      finish.open();
      await untilChildren(client, path, 0);
      while (!selector.idle) await client.sync();
      expect([selector.hasLeadership, lease!.signal.aborted]).toEqual([false, true]);
      expect([selector.requeue(), selector.requeue()]).toEqual([true, false]);
      while (!selector.idle) await client.sync();
      expect(lease!.fencingToken).toBeGreaterThan(0);
      await selector.close();
      expect(selector.requeue()).toBe(false);
    });

    test('with autoRequeue everybody takes turns, one at a time, with growing tokens', async () => {
      const path = fresh();
      let leaders = 0;
      const turns: string[] = [];
      const tokens: number[] = [];
      const done = gate();
      const selectorOf = (id: string, zk: ZooKeeperClient) =>
        LeaderSelector.start(zk, path, {
          id,
          autoRequeue: true,
          takeLeadership: async (lease) => {
            expect(++leaders).toBe(1);
            turns.push(id);
            tokens.push(lease.fencingToken);
            await zk.sync();
            leaders--;
            if (turns.length === 30) done.open();
          },
        });
      const selectors = [
        await selectorOf('a', client),
        await selectorOf('b', other),
        await selectorOf('c', client),
      ];
      await done.opened;
      await Promise.all(selectors.map((selector) => selector.close()));
      expect(turns.slice(0, 3)).toEqual(['a', 'b', 'c']);
      expect(new Set(turns.slice(0, 10)).size).toBe(3);
      expect(tokens).toEqual([...tokens].sort((x, y) => x - y));
      await untilChildren(client, path, 0);
    });

    test('interrupt aborts the lease; the next one leads when the function has ended', async () => {
      const path = fresh();
      const began = gate();
      const finish = gate();
      const selector = await LeaderSelector.start(client, path, {
        takeLeadership: async ({ signal }) => {
          began.open();
          await finish.opened;
          signal.throwIfAborted();
        },
      });
      const next = gate();
      await using _behind = await LeaderSelector.start(other, path, { takeLeadership: () => next.open() });
      await began.opened;
      expect([selector.interrupt(), selector.interrupt(), selector.hasLeadership]).toEqual([
        true,
        false,
        false,
      ]);
      let passed = false;
      void next.opened.then(() => {
        passed = true;
      });
      await other.sync();
      await client.sync();
      expect(passed).toBe(false);
      finish.open();
      await next.opened;
      await selector.close();
    });

    test('what the function throws is reported, and the next one leads', async () => {
      const path = fresh();
      const errors: unknown[] = [];
      const next = gate();
      await using _failing = await LeaderSelector.start(client, path, {
        takeLeadership: () => {
          throw new Error('cannot lead');
        },
        onError: (error) => errors.push(error),
      });
      await using _behind = await LeaderSelector.start(other, path, { takeLeadership: () => next.open() });
      await next.opened;
      expect(errors).toMatchObject([{ message: 'cannot lead' }]);
    });

    test('close ends the leadership and waits for the function', async () => {
      const path = fresh();
      const began = gate();
      let finished = false;
      const selector = await LeaderSelector.start(client, path, {
        autoRequeue: true,
        takeLeadership: async (lease) => {
          began.open();
          expect(await ended(lease)).toMatchObject({ reason: 'released' });
          await client.sync();
          finished = true;
        },
      });
      await began.opened;
      await selector.close();
      expect(finished).toBe(true);
      await untilChildren(client, path, 0);
    });

    test('one that waits in line can be closed, and leaves no node', async () => {
      const path = fresh();
      const stay = gate();
      const selector = await LeaderSelector.start(client, path, { takeLeadership: () => stay.opened });
      const behind = await LeaderSelector.start(other, path, { takeLeadership: () => {} });
      await behind.close();
      await untilChildren(client, path, 1);
      stay.open();
      await selector.close();
    });

    test('a deleted node ends the leadership; the function is called again with a new one', async () => {
      const path = fresh();
      const leases: Lease[] = [];
      const twice = gate();
      await using selector = await LeaderSelector.start(client, path, {
        autoRequeue: true,
        takeLeadership: async (lease) => {
          leases.push(lease);
          if (leases.length === 1) await other.delete(selector.ourPath);
          else twice.open();
          await ended(lease);
        },
      });
      await twice.opened;
      expect(leases[0]!.signal.reason).toMatchObject({ reason: 'deleted' });
      expect(leases[1]!.fencingToken).toBeGreaterThan(leases[0]!.fencingToken);
    });

    test('arguments that can never be right', async () => {
      const takeLeadership = () => {};
      await expect(LeaderSelector.start(client, 'relative', { takeLeadership })).rejects.toThrow(TypeError);
      // @ts-expect-error no function
      await expect(LeaderSelector.start(client, fresh(), {})).rejects.toThrow(TypeError);
    });
  });
}
