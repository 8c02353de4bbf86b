import { describe, expect, test } from 'vitest';
import { zabChecks } from './zab.ts';
import type { Process, Transaction, ZabRun } from './zab-run.ts';

const txn = (epoch: number, counter: number, content = `${epoch}.${counter}`): Transaction => ({
  zxid: epoch * 0x1_0000_0000 + counter,
  content,
});
const [a, b, c, d, e] = [txn(1, 1), txn(1, 2), txn(1, 3), txn(2, 1), txn(2, 2)] as const;

/** `begins`: how many of what is delivered were there before the first broadcast. */
const primary = (
  server: number,
  epoch: number,
  delivered: Transaction[],
  broadcasts: Transaction[],
  begins = 0,
): Process => ({
  server,
  epoch,
  isPrimary: true,
  delivered,
  broadcasts: broadcasts.map((transaction) => ({ transaction, deliveredBefore: begins })),
});
const follower = (server: number, epoch: number, ...delivered: Transaction[]): Process => ({
  server,
  epoch,
  isPrimary: false,
  delivered,
  broadcasts: [],
});
const first = primary(1, 1, [a, b, c], [a, b, c]);
const second = primary(2, 2, [a, b, c, d, e], [d, e], 3);

const good: ZabRun = {
  processes: [
    first,
    follower(2, 1, a, b),
    follower(3, 1, a),
    second,
    follower(3, 2, a, b, c, d),
    follower(1, 2, a, b, c, d, e),
  ],
};

/** Each broken in a way of its own. */
const bad: Record<string, ZabRun[]> = {
  Integrity: [
    { processes: [primary(1, 1, [a], [a]), follower(2, 1, a, b)] },
    { processes: [primary(1, 1, [a], [a]), follower(2, 1, a, a)] },
    { processes: [primary(1, 1, [a], [a]), follower(2, 1, txn(1, 1, 'other'))] },
  ],
  Agreement: [{ processes: [primary(1, 1, [a], [a, b]), follower(2, 1, b)] }],
  TotalOrder: [
    { processes: [primary(1, 1, [a, b], [a, b]), follower(2, 1, b, a)] },
    { processes: [primary(1, 1, [a, b, c], [a, b, c]), follower(2, 1, a, c)] },
  ],
  LocalPrimaryOrder: [
    { processes: [primary(1, 1, [b], [a, b])] },
    { processes: [primary(1, 1, [a, b], [a, b]), follower(2, 1, b, a)] },
  ],
  GlobalPrimaryOrder: [{ processes: [first, primary(2, 2, [a, d, b], [d], 1)] }],
  PrimaryIntegrity: [
    { processes: [first, primary(2, 2, [a, b, d], [d], 2)] },
    { processes: [first, primary(2, 2, [a, b, c, d], [d], 2)] },
    { processes: [first, primary(2, 1, [a, b, c], [])] },
  ],
  Discarded: [
    { processes: [primary(1, 1, [a], [a, b]), primary(2, 2, [a, d], [d], 1), follower(1, 2, a, b, d)] },
    { processes: [first, second, follower(1, 2, a, b)] },
  ],
};

describe.each(Object.entries(zabChecks))('%s', (name, check) => {
  test('holds in a run as it should be', () => {
    expect(check(good)).toEqual([]);
    expect(check({ processes: [] })).toEqual([]);
  });

  test.each(bad[name]!)('is seen to be broken', (run) => {
    expect(check(run)).not.toEqual([]);
  });
});
