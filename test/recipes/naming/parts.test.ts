import { describe, expect, test } from 'vitest';
import { packSnowflake, parseSnowflake, SnowflakeTicks } from '../../../recipes/naming/snowflake-bits.ts';
import { numberOf } from '../../../recipes/naming/unique-ids.ts';
import { freeNumber } from '../../../recipes/naming/worker-id.ts';

describe('a free worker number', () => {
  const node = (number: number, sequence: number) =>
    `_c_00000000-0000-0000-0000-000000000000-worker-${number}-${String(sequence).padStart(10, '0')}`;

  test('is one that nobody contends for', () => {
    const names = [node(0, 4), node(2, 5), node(2, 6), node(7, 1), 'mark-1', 'mark-3', 'worker-x'];
    const drawn = [0, 1].map((draw) => freeNumber(names, 4, () => draw));
    expect(drawn).toEqual([1, 3]);
    expect(freeNumber(names, 1, () => 0)).toBeNull();
    expect(freeNumber([], 1, () => 0)).toBe(0);
    // Past the highest sequence number.
    expect(freeNumber([`x-worker-0--000000005`, `x-worker-1--2147483648`], 3, () => 0)).toBe(2);
  });

  test('is drawn from all that are free', () => {
    const names = [1, 4, 5].map((number) => node(number, number));
    const drawn = [0, 1, 2, 3, 4].map((draw) => freeNumber(names, 8, () => draw));
    expect(drawn).toEqual([0, 2, 3, 6, 7]);
  });
});

test.each([
  ['id-0000000000', 0],
  ['_c_x-id-0000000007', 7],
  ['id-2147418111', 2 ** 31 - 65_537],
  ['id-2147418112', null],
  ['id-2147483647', null],
  ['id--2147483648', null],
  ['id--000000001', null],
])('of %s, ids are made of the number %s: none that a server may give out twice', (name, number) => {
  expect(numberOf(name)).toBe(number);
});

describe('snowflakes', () => {
  test('are packed and read', () => {
    const parts = { timeMs: 2 ** 41 - 1, worker: 1023, count: 4095 };
    expect(packSnowflake(parts)).toBe(2n ** 63n - 1n);
    expect(parseSnowflake(packSnowflake(parts))).toEqual(parts);
    expect(parseSnowflake(packSnowflake({ timeMs: 1, worker: 2, count: 3 }))).toEqual({
      timeMs: 1,
      worker: 2,
      count: 3,
    });
  });

  test('count within a millisecond, go on without the clock, and never back', () => {
    const ticks = new SnowflakeTicks(1_000);
    expect(ticks.unusedMs).toBe(1_000);
    expect(ticks.next(900, 2_000)).toEqual({ timeMs: 1_000, count: 0 });
    expect(ticks.next(1_000, 2_000)).toEqual({ timeMs: 1_000, count: 1 });
    expect(ticks.next(1_500, 2_000)).toEqual({ timeMs: 1_500, count: 0 });
    expect(ticks.unusedMs).toBe(1_501);
    for (let count = 1; count < 4096; count++) {
      expect(ticks.next(1_400, 2_000)).toEqual({ timeMs: 1_500, count });
    }
    expect(ticks.next(1_400, 2_000)).toEqual({ timeMs: 1_501, count: 0 });
  });

  test('end where the reservation does, and go on with the next', () => {
    const ticks = new SnowflakeTicks(10);
    expect(ticks.next(11, 11)).toBeNull();
    expect(ticks.next(11, 12)).toEqual({ timeMs: 11, count: 0 });
    for (let count = 1; count < 4096; count++) ticks.next(11, 12);
    expect(ticks.next(11, 12)).toBeNull();
    expect(ticks.next(11, 12)).toBeNull();
    expect(ticks.next(11, 13)).toEqual({ timeMs: 12, count: 0 });
  });
});
