import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  entryName,
  isDropped,
  planHistory,
  readRecord,
  versionsOf,
  writeRecord,
} from '../../../recipes/config/history.ts';
import { mergeLayers } from '../../../recipes/config/merge.ts';
import { isStale } from '../../../recipes/follow.ts';
import type { Stat } from '../../../wire/data.ts';

const names = (...versions: number[]) => versions.map(entryName);

describe('planHistory', () => {
  test.each([
    ['the first version', [], null, 0, 3, { preserve: false, drop: [] }],
    ['room is left', names(0), 0, 1, 3, { preserve: false, drop: [] }],
    ['the oldest goes', names(2, 0, 1), 2, 3, 3, { preserve: false, drop: names(0) }],
    ['a smaller limit', names(0, 1, 2, 3), 3, 4, 2, { preserve: false, drop: names(0, 1, 2) }],
    ['only the present one is kept', names(4), 4, 5, 1, { preserve: false, drop: names(4) }],
    ['set by other means meanwhile', names(0, 1), 4, 5, 10, { preserve: true, drop: [] }],
    ['and that needs room, too', names(0, 1), 4, 5, 3, { preserve: true, drop: names(0) }],
    ['no room for it', names(0), 4, 5, 1, { preserve: false, drop: names(0) }],
    [
      'entries from the future are in the way',
      names(0, 7, 8),
      6,
      7,
      10,
      { preserve: true, drop: names(7, 8) },
    ],
    ['a node without a value', [], null, 4, 3, { preserve: false, drop: [] }],
    [
      'around the end of 32 bits',
      names(2147483646, 2147483647),
      2147483647,
      -2147483648,
      2,
      {
        preserve: false,
        drop: names(2147483646),
      },
    ],
  ] as const)('%s', (_, there, current, next, max, plan) => {
    expect(planHistory(there, current, next, max)).toEqual(plan);
  });

  test('never leaves more than the limit, and always the newest', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(30), { maxLength: 12 }),
        fc.nat(30),
        fc.integer({ min: 1, max: 8 }),
        (there, current, max) => {
          const next = current + 1;
          const { preserve, drop } = planHistory(names(...there), current, next, max);
          const rest = names(...there).filter((name) => !drop.includes(name));
          const left = versionsOf([...rest, ...names(next), ...(preserve ? names(current) : [])]);
          expect(left.length).toBeLessThanOrEqual(max);
          const all = [...new Set([...there.filter((version) => version < next), current, next])];
          expect(left).toEqual(all.sort((a, b) => b - a).slice(0, max));
        },
      ),
    );
  });
});

test.each([
  ['the present one is there, or was never made', [3, 5], 5, 5, false],
  ['one that is yet to come, too', [3, 5], 6, 5, false],
  ['an older one is kept', [2, 5], 4, 5, false],
  ['only later ones are kept', [5], 4, 5, true],
  ['nothing is kept', [], 4, 5, true],
  ['past the highest number', [-2147483648], 2147483647, -2147483648, true],
])('whether an entry may have been dropped: %s', (_, kept, version, current, dropped) => {
  expect(isDropped(kept.map(entryName), version, current)).toBe(dropped);
});

describe('a record of the history', () => {
  test('is read as it was written', () => {
    const record = { id: 'x', by: 'alice', rollbackTo: 3, atMs: 5, value: { a: [1, null] } };
    expect(readRecord(writeRecord(record))).toEqual(record);
    expect(readRecord(writeRecord({ id: 'x', by: null, value: null }))).toEqual({
      id: 'x',
      by: null,
      value: null,
    });
  });

  test('is told from other data', () => {
    for (const data of ['', 'x', '5', 'null', '{}', '[]']) expect(readRecord(Buffer.from(data))).toBeNull();
    expect(readRecord(null)).toBeNull();
    expect(readRecord(Buffer.from('{"value":1,"by":7,"id":null}'))).toEqual({ id: '', by: null, value: 1 });
  });
});

describe('mergeLayers', () => {
  test.each([
    ['one layer is itself', [{ a: 1 }], { a: 1 }],
    ['later layers win', [{ a: 1, b: 1 }, { b: 2 }, { b: 3 }], { a: 1, b: 3 }],
    [
      'objects merge at every depth',
      [{ a: { b: { c: 1, d: 1 } } }, { a: { b: { d: 2 } } }],
      { a: { b: { c: 1, d: 2 } } },
    ],
    ['lists are replaced', [{ a: [1, 2] }, { a: [3] }], { a: [3] }],
    ['null is a value', [{ a: { b: 1 } }, { a: null }], { a: null }],
    ['an object replaces a scalar', [{ a: 1 }, { a: { b: 1 } }], { a: { b: 1 } }],
    ['a scalar replaces everything', [{ a: 1 }, 5], 5],
  ])('%s', (_, layers, value) => {
    expect(mergeLayers(layers)).toEqual(value);
  });

  test('has no way into prototypes', () => {
    const layers = [JSON.parse('{"__proto__":{"x":1}}'), JSON.parse('{"__proto__":{"polluted":1},"a":1}')];
    const value = mergeLayers(layers) as Record<string, unknown>;
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"x":1,"polluted":1},"a":1}');
  });

  test('changes no layer', () => {
    const below = Object.freeze({ a: Object.freeze({ b: 1 }) });
    expect(mergeLayers([below, { a: { c: 2 } }])).toEqual({ a: { b: 1, c: 2 } });
    expect(below).toEqual({ a: { b: 1 } });
  });
});

test('an answer is stale if any node is older than what was seen of it', () => {
  const node = (mzxid: number) => ({ data: null, stat: { mzxid } as Stat });
  expect(isStale([node(5)], [])).toBe(false);
  expect(isStale([node(5)], [5])).toBe(false);
  expect(isStale([node(4)], [5])).toBe(true);
  expect(isStale([null, node(7)], [5, 7])).toBe(false);
  expect(isStale([node(9), node(6)], [5, 7])).toBe(true);
});
