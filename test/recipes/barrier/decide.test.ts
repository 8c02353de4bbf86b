import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideEnter,
  decideLeave,
  decideRemaining,
  isLeftOver,
  membersOf,
} from '../../../recipes/barrier/decide.ts';

describe('a double barrier', () => {
  test('is opened by the one who completes it, and entered by whoever sees that', () => {
    expect(decideEnter(['a'], 2)).toBe('wait');
    expect(decideEnter(['a', 'b'], 2)).toBe('open');
    expect(decideEnter(['a', 'b', 'c'], 2)).toBe('open');
    expect(decideEnter(['ready', 'a'], 2)).toBe('entered');
  });

  test('the node that says so is no member', () => {
    expect(membersOf(['c', 'ready', 'a'])).toEqual(['a', 'c']);
    expect(decideLeave(['ready', 'a'], 'a')).toEqual({ kind: 'last' });
  });

  test('left by the lowest when the highest is gone, by the others after their own nodes', () => {
    expect(decideLeave(['b', 'c', 'a'], 'a')).toEqual({ kind: 'wait', on: 'c', keepsOwn: true });
    expect(decideLeave(['b', 'c', 'a'], 'b')).toEqual({ kind: 'wait', on: 'a', keepsOwn: false });
    // Its own node is gone already.
    expect(decideLeave(['c', 'a'], 'b')).toEqual({ kind: 'wait', on: 'a', keepsOwn: false });
    expect(decideLeave(['b'], 'b')).toEqual({ kind: 'last' });
    expect(decideLeave([], 'b')).toEqual({ kind: 'last' });
  });

  test('nobody is through before all have decided to leave, in whatever order, and then all are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat(), { maxLength: 200 }),
        (count, choices) => {
          const all = Array.from({ length: count }, (_, i) => `m${i}`);
          let names = new Set(all);
          const waitsOn = new Map<string, string>();
          const left = new Set<string>();
          const leaving = new Set<string>();
          const turn = (member: string): void => {
            if (left.has(member) || names.has(waitsOn.get(member) ?? '')) return;
            leaving.add(member);
            const decision = decideLeave([...names], member);
            if (decision.kind === 'last' || !decision.keepsOwn)
              names = new Set([...names].filter((n) => n !== member));
            if (decision.kind === 'last') {
              expect(leaving.size).toBe(count);
              left.add(member);
            } else waitsOn.set(member, decision.on);
          };
          for (const choice of choices) turn(all[choice % count]!);
          for (let round = 0; round < 2 * count + 2; round++) for (const member of all) turn(member);
          expect(left.size).toBe(count);
        },
      ),
    );
  });

  test('a leftover of members who died is older than all who are there', () => {
    expect(isLeftOver(10, [])).toBe(true);
    expect(isLeftOver(10, [11, 12])).toBe(true);
    expect(isLeftOver(10, [11, 9])).toBe(false);
  });
});

test('a latch counts what has its prefix, and no further than to 0', () => {
  expect(decideRemaining([], 'down-', 3)).toBe(3);
  expect(decideRemaining(['down-a', 'other', 'down-b'], 'down-', 3)).toBe(1);
  expect(decideRemaining(['down-a', 'down-b'], 'down-', 1)).toBe(0);
});
