import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import {
  ScheduledLeaderTask,
  type ScheduledLeaderTaskOptions,
  type ScheduledRun,
} from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { ended, gate, noWatches } from './waiting.ts';

const HOUR_MS = 3_600_000;

/** ScheduledLeaderTask against a server that works. */
export function describeTask(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`ScheduledLeaderTask against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let number = 0;
    const fresh = () => `/tasks/t${++number}`;

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

    test('every run on exactly one process, in order, over changes of the leader', async () => {
      const path = fresh();
      const runs: { by: string; dueMs: number; token: number }[] = [];
      let running = 0;
      let wake = gate();
      const startOne = (id: string, zk: ZooKeeperClient) =>
        ScheduledLeaderTask.start(zk, path, {
          id,
          schedule: { everyMs: 20 },
          catchUp: 'all',
          run: async ({ dueMs, attempt, lease }) => {
            expect([++running, attempt]).toEqual([1, 1]);
            await zk.sync();
            runs.push({ by: id, dueMs, token: lease.fencingToken });
            running--;
            wake.open();
          },
        });
      const tasks = [await startOne('a', client), await startOne('b', other), await startOne('c', client)];
      expect((await tasks[1]!.participants()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
      for (const [i, task] of tasks.entries()) {
        const until = runs.length + 5;
        while (runs.length < until) {
          wake = gate();
          await wake.opened;
        }
        expect(tasks.map(({ hasLeadership }) => hasLeadership)).toEqual([0, 1, 2].map((each) => each === i));
        await task.close();
      }
      const first = runs[0]!.dueMs;
      expect(runs.map(({ dueMs }) => dueMs)).toEqual(runs.map((_, i) => first + 20 * i));
      expect([...new Set(runs.map(({ by }) => by))]).toEqual(['a', 'b', 'c']);
      const record = await tasks[0]!.lastRun();
      expect(record).toMatchObject({ state: 'ended', by: 'c', attempt: 1, dueMs: runs.at(-1)!.dueMs });
      expect(record!.fencingToken).toBe(runs.at(-1)!.token);
    });

    /** A task on a client whose clock on the wall a test can set. */
    async function withClock(): Promise<{ zk: ZooKeeperClient; clock: { ms: number } }> {
      const clock = { ms: HOUR_MS };
      const zk = await connect(server.connectString, { ports: { ...nodePorts, wallMs: () => clock.ms } });
      return { zk, clock };
    }

    async function ranAfter(catchUp: 'none' | 'last' | 'all', count: number): Promise<number[]> {
      const path = fresh();
      const { zk, clock } = await withClock();
      await using _zk = zk;
      const dues: number[] = [];
      const done = gate();
      const options: ScheduledLeaderTaskOptions = {
        schedule: { everyMs: HOUR_MS },
        catchUp,
        run: ({ dueMs }) => {
          dues.push(dueMs / HOUR_MS);
          if (dues.length === count) done.open();
        },
      };
      const first = await ScheduledLeaderTask.start(zk, path, options);
      while ((await first.lastRun()) === null) await zk.sync();
      expect(await first.lastRun()).toMatchObject({ state: 'none', dueMs: HOUR_MS });
      await first.close();
      // Nobody leads while the hours 2, 3 and 4 come.
      clock.ms = 4.5 * HOUR_MS;
      const second = await ScheduledLeaderTask.start(zk, path, options);
      if (count > 0) await done.opened;
      while (!second.hasLeadership) await zk.sync();
      for (let i = 0; i < 20; i++) await zk.sync();
      await second.close();
      return dues;
    }

    test('catchUp: runs that were due while nobody led', async () => {
      expect(await ranAfter('all', 3)).toEqual([2, 3, 4]);
      expect(await ranAfter('last', 1)).toEqual([4]);
      expect(await ranAfter('none', 0)).toEqual([]);
    });

    /** The calls of a function that loses its leadership in the first one: its node is deleted under it. */
    async function afterLoss(guarantee: 'at-least-once' | 'at-most-once'): Promise<ScheduledRun[]> {
      const path = fresh();
      const calls: ScheduledRun[] = [];
      const first = gate();
      const repeated = gate();
      const options: ScheduledLeaderTaskOptions = {
        schedule: { everyMs: 30 },
        guarantee,
        run: async (run) => {
          calls.push(run);
          if (calls.length === 1) {
            first.open();
            await ended(run.lease);
            run.signal.throwIfAborted();
          }
          if (calls.length === 2) repeated.open();
        },
      };
      const task = await ScheduledLeaderTask.start(client, path, { ...options, id: 'lost' });
      await first.opened;
      const behind = await ScheduledLeaderTask.start(other, path, { ...options, id: 'next' });
      await client.delete(calls[0]!.lease.path);
      await repeated.opened;
      await behind.close();
      await task.close();
      return calls;
    }

    test('at least once: what lost its leadership is repeated by the next leader', async () => {
      const [first, second] = await afterLoss('at-least-once');
      expect(second).toMatchObject({ dueMs: first!.dueMs, attempt: 2 });
      expect(second!.lease.fencingToken).toBeGreaterThan(first!.lease.fencingToken);
    });

    test('at most once: it is not', async () => {
      const [first, second] = await afterLoss('at-most-once');
      expect(second!.dueMs).toBeGreaterThan(first!.dueMs);
      expect([first!.attempt, second!.attempt]).toEqual([1, 1]);
    });

    test('a leader that lost its term cannot record', async () => {
      const path = fresh();
      const began = gate();
      const finish = gate();
      const task = await ScheduledLeaderTask.start(client, path, {
        id: 'lost',
        schedule: { everyMs: 30 },
        run: async () => {
          began.open();
          await finish.opened;
        },
      });
      await began.opened;
      const next = gate();
      const behind = await ScheduledLeaderTask.start(other, path, {
        id: 'next',
        // Its turn is far away, apart from what the one before it did not end.
        schedule: { everyMs: HOUR_MS * 1_000_000 },
        run: () => next.open(),
      });
      await client.delete((await task.participants())[0]!.path);
      await next.opened;
      while ((await behind.lastRun())!.state !== 'ended') await other.sync();
      finish.open();
      // Its function returns as if all were well.
      await task.close();
      expect(await behind.lastRun()).toMatchObject({ state: 'ended', by: 'next', attempt: 2 });
      await behind.close();
    });

    test('at least once: a function that throws is called again until it returns', async () => {
      const path = fresh();
      const errors: unknown[] = [];
      const attempts: number[] = [];
      const done = gate();
      const task = await ScheduledLeaderTask.start(client, path, {
        schedule: { everyMs: 50 },
        retryMs: 1,
        run: ({ attempt }) => {
          attempts.push(attempt);
          if (attempts.length < 3) throw new Error(`attempt ${attempt}`);
          done.open();
        },
        onError: (error) => errors.push(error),
      });
      await done.opened;
      await task.close();
      expect(attempts.slice(0, 3)).toEqual([1, 2, 3]);
      expect(errors).toMatchObject([{ message: 'attempt 1' }, { message: 'attempt 2' }]);
    });

    test('at most once: it is not, and the record says so', async () => {
      const path = fresh();
      const dues: number[] = [];
      const seen: unknown[] = [];
      const done = gate();
      const task = await ScheduledLeaderTask.start(client, path, {
        schedule: { everyMs: 50 },
        guarantee: 'at-most-once',
        run: async ({ dueMs }) => {
          if (dues.length > 0) seen.push(await task.lastRun());
          dues.push(dueMs);
          if (dues.length === 2) done.open();
          throw new Error('always');
        },
        onError: () => {},
      });
      await done.opened;
      await task.close();
      expect(dues[1]).toBeGreaterThan(dues[0]!);
      expect(await task.lastRun()).toMatchObject({ state: 'failed', dueMs: dues.at(-1) });
      expect(seen[0]).toMatchObject({ state: 'begun', dueMs: dues[1] });
    });

    test('a record that is none is reported, and not written over', async () => {
      const path = fresh();
      await client.create(`${path}/record`, '{"dueMs":1}', { parents: true });
      const reported = gate();
      const errors: unknown[] = [];
      const task = await ScheduledLeaderTask.start(client, path, {
        schedule: { everyMs: 10 },
        run: () => {},
        onError: (error) => {
          errors.push(error);
          reported.open();
        },
      });
      await reported.opened;
      await task.close();
      expect(errors[0]).toMatchObject({ message: expect.stringContaining('delete it to begin a new one') });
      expect((await client.get(`${path}/record`)).data?.toString()).toBe('{"dueMs":1}');
    });

    test('arguments that can never be right', async () => {
      const good = { schedule: { everyMs: 10 }, run: () => {} };
      const startWith = (more: object, path = '/t') =>
        ScheduledLeaderTask.start(client, path, { ...good, ...more } as ScheduledLeaderTaskOptions);
      await expect(startWith({}, 'relative')).rejects.toThrow(TypeError);
      for (const wrong of [
        { run: 1 },
        { guarantee: 'exactly-once' },
        { catchUp: 'some' },
        { schedule: { cron: 'x' } },
      ]) {
        await expect(startWith(wrong)).rejects.toThrow(TypeError);
      }
      for (const wrong of [{ retryMs: -1 }, { schedule: { everyMs: -1 } }]) {
        await expect(startWith(wrong)).rejects.toThrow(RangeError);
      }
      expect(await client.exists('/t')).toBeNull();
    });
  });
}
