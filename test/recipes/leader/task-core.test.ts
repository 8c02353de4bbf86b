import { describe, expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import { ScheduledLeaderTask } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { describeTask } from './task-suite.ts';
import { gate } from './waiting.ts';

describeTask('zookit', () => TestServer.start());

/** More steps than a test has; reaching it means that a run did not come. */
const STEPS_MAX = 200;

describe('ScheduledLeaderTask interrupted at every step', () => {
  for (const guarantee of ['at-most-once', 'at-least-once'] as const) {
    test(`${guarantee}: a connection that breaks neither skips nor repeats a run`, async () => {
      await using server = await TestServer.start();
      let last = 0;
      for (let at = 0; at === last && at < STEPS_MAX; at++) {
        const steps = new CountedSteps();
        await using client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const base = steps.steps;
        let interrupted = false;
        steps.onStep = (step) => {
          if (interrupted || step - base < at) return;
          interrupted = true;
          steps.cut();
        };
        const dues: number[] = [];
        const done = gate();
        await using _task = await ScheduledLeaderTask.start(client, `/${guarantee}-${at}`, {
          schedule: { everyMs: 5 },
          guarantee,
          catchUp: 'all',
          run: async ({ dueMs }) => {
            dues.push(dueMs);
            // One round trip while it runs.
            await client.exists('/');
            if (dues.length === 3) done.open();
          },
        });
        await done.opened;
        const expected = dues.slice(0, 3).map((_, i) => dues[0]! + 5 * i);
        expect(dues.slice(0, 3), `step ${at}`).toEqual(expected);
        if (interrupted) last = at + 1;
        if (dues.length >= 3 && !interrupted) break;
      }
      expect(last).toBeGreaterThan(20);
      expect(last).toBeLessThan(STEPS_MAX);
    });
  }

  test('a session that expires at every moment: each run begins once in all, or again as another attempt', async () => {
    for (const guarantee of ['at-most-once', 'at-least-once'] as const) {
      await using server = await TestServer.start();
      await using client = await connect(server.connectString, { backoff: { baseMs: 1, maxMs: 2 } });
      await using other = await connect(server.connectString, { backoff: { baseMs: 1, maxMs: 2 } });
      const begun: [dueMs: number, attempt: number][] = [];
      const ended: number[] = [];
      const enough = gate();
      const clients = [client, other];
      const tasks = await Promise.all(
        clients.map((zk) =>
          ScheduledLeaderTask.start(zk, `/expiry-${guarantee}`, {
            schedule: { everyMs: 15 },
            guarantee,
            catchUp: 'all',
            retryMs: 1,
            onError: () => {},
            run: async ({ dueMs, attempt, signal }) => {
              begun.push([dueMs, attempt]);
              // Expires before, within or after the run, by the number of turns.
              for (let turn = begun.length % 7; turn > 0; turn--)
                await new Promise((resolve) => setImmediate(resolve));
              if (begun.length % 3 === 0) server.expireSession(zk.sessionId);
              await zk.sync();
              signal.throwIfAborted();
              ended.push(dueMs);
              if (begun.length >= 40) enough.open();
            },
          }),
        ),
      );
      await enough.opened;
      await Promise.all(tasks.map((task) => task.close()));
      const keys = begun.map((each) => each.join());
      expect(new Set(keys).size).toBe(keys.length);
      const dues = [...new Set(begun.map(([dueMs]) => dueMs))].sort((a, b) => a - b);
      if (guarantee === 'at-most-once') {
        expect(begun.every(([, attempt]) => attempt === 1)).toBe(true);
        expect(dues.length).toBe(begun.length);
      } else {
        // Nothing is left out, and nothing that another followed went without an end.
        expect(dues).toEqual(dues.map((_, i) => dues[0]! + 15 * i));
        expect(dues.slice(0, -1).filter((dueMs) => !ended.includes(dueMs))).toEqual([]);
      }
    }
  });
});

test('a task that may not stand for election any more says so', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const errors: unknown[] = [];
  const reported = gate();
  const task = await ScheduledLeaderTask.start(client, '/refused', {
    schedule: { everyMs: 3_600_000 },
    run: () => {},
    onError: (error) => {
      errors.push(error);
      reported.open();
    },
  });
  await client.setAcl('/refused/leader', [{ perms: 1 | 8, id: { scheme: 'world', id: 'anyone' } }]);
  await client.delete((await task.participants())[0]!.path);
  await reported.opened;
  expect(errors).toMatchObject([{ code: 'NoAuth' }]);
  await task.close();
});

test('a function that has thrown is not called again before retryMs have passed, however long that is', async () => {
  await using server = await TestServer.start();
  const RETRY_MS = 600_000;
  let early = 0;
  const asleep = gate();
  // A timer may fire early, as Node's for a very long time does.
  const after = (delayMs: number, run: () => void) => {
    if (delayMs < 50_000) return nodePorts.after(delayMs, run);
    if (++early > 3) asleep.open();
    return nodePorts.after(early > 3 ? delayMs : 1, run);
  };
  await using client = await connect(server.connectString, { ports: { ...nodePorts, after } });
  const attempts: number[] = [];
  const task = await ScheduledLeaderTask.start(client, '/patient', {
    schedule: { everyMs: 20 },
    retryMs: RETRY_MS,
    run: ({ attempt }) => {
      attempts.push(attempt);
      throw new Error('always');
    },
    onError: () => {},
  });
  await asleep.opened;
  await task.close();
  expect(attempts).toEqual([1]);
});
