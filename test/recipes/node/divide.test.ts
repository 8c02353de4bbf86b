import { describe, expect, test } from 'vitest';
import { parseDivision } from '../../../recipes/node/division.ts';
import { divide } from '../../../recipes/node/index.ts';
import { withSeed } from '../../kit/seed.ts';

const FILE = 'test/recipes/node/divide.test.ts';
const of = (text: string): Map<string, string> =>
  new Map(
    text
      .split(' ')
      .filter((pair) => pair !== '')
      .map((pair) => pair.split('=') as [string, string]),
  );

function counts(division: ReadonlyMap<string, string>, members: readonly string[]): number[] {
  return members.map((member) => [...division.values()].filter((each) => each === member).length);
}

describe('divide', () => {
  test.each([
    ['nobody', 'abc', '', '', ''],
    ['nothing', '', 'xy', '', ''],
    ['one takes all', 'abc', 'x', '', 'a=x b=x c=x'],
    ['evenly', 'abcd', 'xy', '', 'a=x b=x c=y d=y'],
    ['one more for the first', 'abc', 'xy', '', 'a=x b=x c=y'],
    ['more members than items', 'a', 'xyz', '', 'a=x'],
    ['nothing moves without need', 'abcd', 'xy', 'a=y b=x c=y d=x', 'a=y b=x c=y d=x'],
    ['who has more keeps the odd one', 'abc', 'xy', 'a=y b=y c=x', 'a=y b=y c=x'],
    ['a newcomer gets its share and no more', 'abcd', 'xyz', 'a=x b=x c=y d=y', 'a=x b=x c=y d=z'],
    ['what a leaver had goes to the others', 'abcd', 'xz', 'a=x b=x c=y d=z', 'a=x b=x c=z d=z'],
    ['new items go to who has least', 'abcd', 'xy', 'a=x b=x', 'a=x b=x c=y d=y'],
    ['items that are no more', 'ab', 'xy', 'a=x b=x c=y d=y', 'a=x b=y'],
  ])('%s', (_name, items, members, before, after) => {
    expect(divide([...items], [...members], of(before))).toEqual(of(after));
  });

  test('whatever comes and goes: complete, even, the same for all, and as few moves as there can be', async () => {
    await withSeed(FILE, (rng) => {
      let before: ReadonlyMap<string, string> = new Map();
      for (let round = 0; round < 300; round++) {
        const items = Array.from({ length: 30 }, (_, i) => `i${i}`).filter(() => rng.chance(80));
        const members = Array.from({ length: 8 }, (_, i) => `m${i}`).filter(() => rng.chance(60));
        const after = divide(items, members, before);
        expect(divide([...items].reverse(), [...members].reverse(), before)).toEqual(after);
        if (members.length === 0) continue;
        expect([...after.keys()].sort()).toEqual([...items].sort());
        const shares = counts(after, members);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        // What a member had beyond its share has to move, and nothing else that somebody who is there had.
        const had = items.filter((item) => members.includes(before.get(item) ?? ''));
        const moved = had.filter((item) => after.get(item) !== before.get(item));
        const kept = new Map(had.map((item) => [item, before.get(item)!]));
        const sorted = counts(kept, members).sort((a, b) => b - a);
        const ideal = shares.slice().sort((a, b) => b - a);
        const needed = sorted.reduce((sum, count, i) => sum + Math.max(0, count - ideal[i]!), 0);
        expect(moved.length).toBe(needed);
        before = after;
      }
    });
  });

  test.each([
    [null, null],
    [{}, null],
    [{ members: ['x'], items: { a: 1 } }, null],
    [{ members: 'x', items: {} }, null],
    [
      { members: ['x'], items: { a: 'x' } },
      { members: ['x'], items: of('a=x') },
    ],
  ])('a division is read from %j', (value, division) => {
    expect(parseDivision(value)).toEqual(division);
  });
});
