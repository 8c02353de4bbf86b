import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatAverage, formatDate, formatHex } from '../../core/admin/format.ts';
import { Summary } from '../../core/admin/summary.ts';

it('averages are doubles with at most four decimals', () => {
  expect([0, 2, 12 / 7, 0.00004, 0.00005, 123456.5].map(formatAverage)).toEqual([
    ...['0.0', '2.0', '1.7143', '0.0', '0.0001', '123456.5'],
  ]);
});

it('hexadecimal is that of a 64-bit word', () => {
  expect([0, 255, -1, 2 ** 52, -(2n ** 63n)].map(formatHex)).toEqual([
    ...['0', 'ff', 'ffffffffffffffff', '10000000000000', '8000000000000000'],
  ]);
});

it('dates are those of the Gregorian calendar', () => {
  expect(formatDate(Date.UTC(2024, 1, 29, 23, 59, 59, 999))).toBe('Thu Feb 29 23:59:59 UTC 2024');
  fc.assert(
    fc.property(fc.integer({ min: -8e14, max: 8e14 }), (ms) => {
      // "Thu, 29 Feb 2024 23:59:59 GMT", in another order
      const [weekday, day, month, year, clock] = new Date(ms).toUTCString().replace(',', '').split(' ');
      fc.pre(!year!.startsWith('-'));
      expect(formatDate(ms)).toBe(`${weekday} ${month} ${day} ${clock} UTC ${Number(year)}`);
    }),
  );
});

it('a summary knows its least, greatest and mean, and forgets them', () => {
  const summary = new Summary();
  expect([summary.min, summary.average, summary.max]).toEqual([0, 0, 0]);
  for (const value of [4, 2, 9]) summary.add(value);
  expect([summary.count, summary.sum, summary.min, summary.average, summary.max]).toEqual([3, 15, 2, 5, 9]);
  summary.reset();
  summary.add(3);
  expect([summary.count, summary.sum, summary.min, summary.max]).toEqual([1, 3, 3, 3]);
});
