import { performance } from 'node:perf_hooks';
import { afterEach, expect, test, vi } from 'vitest';
import { considerateYield } from '../../core/io/yield-turn.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each([
  [0.1, 'in the next turn of a loop that has time', { inNextTurn: true, afterRest: true }],
  [0.9, 'after a rest where the loop is busy', { inNextTurn: false, afterRest: true }],
])('at a utilization of %d the work goes on %s', (utilization, _, expected) => {
  vi.useFakeTimers();
  vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({ utilization, idle: 0, active: 0 });
  let went = false;
  considerateYield()(() => {
    went = true;
  });
  expect(went).toBe(false);
  vi.advanceTimersByTime(0);
  const inNextTurn = went;
  vi.advanceTimersByTime(10);
  expect({ inNextTurn, afterRest: went }).toEqual(expected);
});
