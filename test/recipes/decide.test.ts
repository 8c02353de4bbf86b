import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideLock } from '../../recipes/lock/decide.ts';
import { compareSequences, sequenceOf, sortBySequence } from '../../recipes/sequence.ts';
import { sequenceSuffix } from '../../wire/path.ts';

const nodeOf = (sequence: number, id = 'a'): string => `_c_${id}-lock-${sequenceSuffix(sequence)}`;

describe('sequence numbers', () => {
  test('are read behind the last marker only, and only as servers write them', () => {
    expect(sequenceOf('_c_x-lock-0000000007', 'lock-')).toBe(7);
    expect(sequenceOf('lock-lock-0000000007', 'lock-')).toBe(7);
    expect(sequenceOf('lock--000000005', 'lock-')).toBe(-5);
    expect(sequenceOf('lock--2147483648', 'lock-')).toBe(-2147483648);
    for (const name of [
      '0000000007',
      'lock-',
      'lock-7',
      'lock-00000000x7',
      'lock-9999999999',
      'lock-0000000001-lock-',
    ]) {
      expect(sequenceOf(name, 'lock-')).toBeNull();
    }
  });

  test('every number is read as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (sequence) => {
        expect(sequenceOf(nodeOf(sequence), 'lock-')).toBe(sequence);
      }),
    );
  });

  test('keep the order of creation, also when the counter goes below zero', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.uniqueArray(fc.nat(100_000), { minLength: 1, maxLength: 30 }),
        (start, steps) => {
          const created = [...steps].sort((a, b) => a - b).map((step) => (start + step) | 0);
          const names = steps.map((step) => nodeOf((start + step) | 0));
          expect(sortBySequence(names, 'lock-')).toEqual(created.map((sequence) => nodeOf(sequence)));
        },
      ),
    );
    expect(compareSequences(2147483647, -2147483648)).toBeLessThan(0);
  });
});

describe('decideLock', () => {
  const names = [nodeOf(9), nodeOf(3), nodeOf(12), 'not-a-contender', nodeOf(4)];

  test('the oldest holds, each other waits for the one before it', () => {
    expect(decideLock(names, nodeOf(3), 'lock-')).toEqual({ kind: 'held' });
    expect(decideLock(names, nodeOf(4), 'lock-')).toEqual({ kind: 'waiting', on: nodeOf(3), next: true });
    expect(decideLock(names, nodeOf(12), 'lock-')).toEqual({ kind: 'waiting', on: nodeOf(9), next: false });
    expect(decideLock(names, nodeOf(5), 'lock-')).toEqual({ kind: 'gone' });
  });

  test('one holds, and its release wakes exactly the one who holds it next', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 20 }), (numbers) => {
        const all = numbers.map((number) => nodeOf(number));
        const decided = all.map((name) => ({ name, decision: decideLock(all, name, 'lock-') }));
        const held = decided.filter(({ decision }) => decision.kind === 'held').map(({ name }) => name);
        expect(held).toHaveLength(1);
        const rest = all.filter((name) => name !== held[0]);
        const next = rest.filter((name) => decideLock(rest, name, 'lock-').kind === 'held');
        const woken = decided.flatMap(({ name, decision }) =>
          decision.kind === 'waiting' && decision.on === held[0] ? [name] : [],
        );
        expect(woken).toEqual(next);
      }),
    );
  });
});
