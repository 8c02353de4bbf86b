import { describe, expect, test } from 'vitest';
import { dueTimes } from '../../../recipes/leader/due-times.ts';
import { planRun, type Situation } from '../../../recipes/leader/plan.ts';

const at = (text: string) => Date.parse(text);

describe('due times', () => {
  test.each([
    [{ everyMs: 100 }, 0, 100, 0],
    [{ everyMs: 100 }, 99.5, 100, 0],
    [{ everyMs: 100 }, 100, 200, 100],
    [{ everyMs: 100, offsetMs: 30 }, 100, 130, 30],
    [{ everyMs: 100, offsetMs: -30 }, 170, 270, 170],
    [{ everyMs: 100, offsetMs: 1_030 }, 131, 230, 130],
  ])('%j after and up to %d', (schedule, ms, after, upTo) => {
    const times = dueTimes(schedule);
    expect([times.after(ms), times.upTo(ms)]).toEqual([after, upTo]);
  });

  test.each([
    ['0 3 * * *', undefined, '2026-03-01T03:00:00Z', '2026-03-02T03:00:00Z', '2026-03-01T03:00:00Z'],
    ['0 3 * * *', undefined, '2026-03-01T02:59:59.999Z', '2026-03-01T03:00:00Z', '2026-02-28T03:00:00Z'],
    ['0 3 * * *', undefined, '2026-03-01T03:00:00.001Z', '2026-03-02T03:00:00Z', '2026-03-01T03:00:00Z'],
    ['*/10 * * * * *', undefined, '2026-03-01T03:00:05Z', '2026-03-01T03:00:10Z', '2026-03-01T03:00:00Z'],
    ['0 3 * * *', 'Europe/Berlin', '2026-07-01T00:00:00Z', '2026-07-01T01:00:00Z', '2026-06-30T01:00:00Z'],
    // The night in which the clocks of Berlin go forward has no half past two.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00Z', '2026-03-28T01:30:00Z'],
  ])('%s in %s at %s', (cron, timezone, moment, after, upTo) => {
    const times = dueTimes({ cron, timezone });
    expect(times.after(at(moment))).toBe(at(after));
    expect(times.upTo(at(moment))).toBe(at(upTo));
  });

  test('each of the times after a moment is the last one up to itself', () => {
    for (const schedule of [
      { everyMs: 7_000, offsetMs: 3 },
      { cron: '13 */5 * * *' },
      { cron: '1 2 29 2 *' },
    ]) {
      const times = dueTimes(schedule);
      let ms = at('2026-01-01T00:00:00Z');
      for (let i = 0; i < 20; i++) {
        const next = times.after(ms)!;
        expect(next).toBeGreaterThan(ms);
        expect([times.upTo(next), times.upTo(next - 1) ?? 0]).toEqual([next, times.upTo(ms) ?? 0]);
        ms = next;
      }
    }
  });

  test.each([
    [{ everyMs: 0 }, RangeError],
    [{ everyMs: 1.5 }, RangeError],
    [{ everyMs: 10, offsetMs: Number.NaN }, RangeError],
    [{ cron: 'now and then' }, TypeError],
    [{ cron: '0 0 * *' }, TypeError],
    [{ cron: '0 0 * * *', timezone: 'Atlantis/Capital' }, TypeError],
  ])('%j is no schedule', (schedule, error) => {
    expect(() => dueTimes(schedule)).toThrow(error);
  });
});

const times = dueTimes({ everyMs: 100 });

function situation(
  changes: Partial<Situation> & { readonly dueMs?: number; readonly begun?: boolean },
): Situation {
  const { dueMs = 500, begun = false, ...rest } = changes;
  const state = begun ? ('begun' as const) : ('ended' as const);
  return {
    record: { dueMs, state, run: 'r', attempt: 1, by: '', atMs: 0, fencingToken: 1 },
    nowMs: 600,
    readySinceMs: 510,
    guarantee: 'at-least-once',
    catchUp: 'last',
    unstarted: false,
    ...rest,
  };
}

describe('what a leader does', () => {
  const run = (dueMs: number, attempt = 1) => ({ kind: 'run', dueMs, attempt });
  const wait = (untilMs: number | null) => ({ kind: 'wait', untilMs });

  test.each([
    ['waits for the next one', { nowMs: 599 }, wait(600)],
    ['runs it when it is due', { nowMs: 600 }, run(600)],
    ['runs it when the timer was late', { nowMs: 650 }, run(600)],
    ['never goes back behind the record, whatever the clock says', { nowMs: 5, dueMs: 500 }, wait(600)],
    ['none: what was waited for is run, however late', { nowMs: 690, catchUp: 'none' }, run(600)],
    ['none: what was missed is left out', { nowMs: 950, readySinceMs: 950, catchUp: 'none' }, wait(1_000)],
    [
      'none: due at the moment of becoming ready',
      { nowMs: 900, readySinceMs: 900, catchUp: 'none' },
      run(900),
    ],
    ['last: the last one that was missed', { nowMs: 950, readySinceMs: 950 }, run(900)],
    ['all: the first one that was missed', { nowMs: 950, readySinceMs: 950, catchUp: 'all' }, run(600)],
    ['at least once: repeats what has no end', { begun: true, nowMs: 950 }, run(500, 2)],
    ['at least once: also with none', { begun: true, nowMs: 950, catchUp: 'none' }, run(500, 2)],
    ['at most once: does not', { begun: true, nowMs: 599, guarantee: 'at-most-once' }, wait(600)],
    [
      'at most once: what surely did not begin',
      { begun: true, guarantee: 'at-most-once', unstarted: true },
      run(500),
    ],
    ['at least once: the same is no further attempt', { begun: true, unstarted: true }, run(500)],
  ] as const)('%s', (_, changes, plan) => {
    expect(planRun(times, situation(changes))).toEqual(plan);
  });

  test('has nothing more to do when there are no more times', () => {
    const never = { after: () => null, upTo: () => 500 };
    for (const catchUp of ['none', 'last', 'all'] as const) {
      expect(planRun(never, situation({ catchUp }))).toEqual(wait(null));
    }
  });
});
