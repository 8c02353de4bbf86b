import { describe, expect, test } from 'vitest';
import { CommittedLog } from '../../../core/zab/commit-log.ts';
import { makeZxid } from '../../../wire/ids.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';

const options = { countMin: 5, bytesMax: 1000 };
const bytesOf = (zxid: number, length = 10) => Buffer.alloc(length, zxid);
const zxidsAfter = (log: CommittedLog, zxid: number) => log.after(zxid).map((proposal) => proposal.zxid);

function filled(first: number, last: number, base = first - 1): CommittedLog {
  const log = new CommittedLog(base, options);
  for (let zxid = first; zxid <= last; zxid++) log.add(zxid, bytesOf(zxid));
  return log;
}

describe('the committed log', () => {
  test('is, where it is empty, all of the history from its last transaction on', () => {
    const log = new CommittedLog(7, options);
    expect([log.base, log.min, log.max, log.count]).toEqual([7, 7, 7, 0]);
    expect([log.floor(6), log.floor(7), log.floor(9)]).toEqual([null, 7, 7]);
    expect(log.after(7)).toEqual([]);
    expect(() => log.after(6)).toThrow(RangeError);
  });

  test('keeps as many as it was told, and knows where they begin', () => {
    const log = filled(1, 20);
    expect([log.base, log.min, log.max, log.count]).toEqual([15, 16, 20, 5]);
    expect(zxidsAfter(log, 15)).toEqual([16, 17, 18, 19, 20]);
    expect(zxidsAfter(log, 18)).toEqual([19, 20]);
    expect(zxidsAfter(log, 20)).toEqual([]);
    expect(() => log.after(14)).toThrow('from 14 to 15');
    expect([log.floor(14), log.floor(15), log.floor(17), log.floor(99)]).toEqual([null, 15, 17, 20]);
  });

  test('keeps fewer where they are long, but always the last', () => {
    const log = filled(1, 5);
    log.add(6, bytesOf(6, 975));
    expect([log.min, log.bytes]).toEqual([4, 995]);
    log.add(7, bytesOf(7, 5000));
    expect([log.min, log.count, log.bytes, log.base]).toEqual([7, 1, 5000, 6]);
  });

  test.each([
    ['a repeated one', 20],
    ['an earlier one', 12],
    ['one too far ahead', 22],
    ['a later one of a newer epoch', makeZxid(1, 2)],
  ])('takes no transaction that does not follow: %s', (_what, zxid) => {
    const log = filled(1, 20);
    expect(() => log.add(zxid, bytesOf(1))).toThrow('does not follow');
    expect(log.max).toBe(20);
  });

  test('goes on in a newer epoch, also from its beginning', () => {
    const log = filled(1, 20);
    log.add(makeZxid(3, 1), bytesOf(1));
    expect(log.floor(makeZxid(2, 7))).toBe(20);
    const from = new CommittedLog(makeZxid(3, 0), options);
    from.add(makeZxid(3, 1), bytesOf(1));
    expect(from.max).toBe(makeZxid(3, 1));
  });

  test('is empty after the state was replaced, and goes on from there only', () => {
    const log = filled(1, 20);
    log.clear(100);
    expect([log.base, log.min, log.max, log.count, log.bytes]).toEqual([100, 100, 100, 0, 0]);
    expect(() => log.add(21, bytesOf(21))).toThrow('does not follow');
    log.add(101, bytesOf(101));
    expect(zxidsAfter(log, 100)).toEqual([101]);
  });

  test('agrees with a plain array over long histories', async () => {
    await withSeed('test/core/zab/commit-log.test.ts', (rng) => {
      for (let trial = 0; trial < 20; trial++) compareWithArray(rng.fork());
    });
  });
});

function compareWithArray(rng: Rng): void {
  const countMin = rng.between(1, 700);
  const log = new CommittedLog(0, { countMin, bytesMax: 10_000 });
  let model: { zxid: number; bytes: Buffer }[] = [];
  let base = 0;
  let last = 0;
  let total = 0;
  for (let step = 0; step < 3000; step++) {
    if (rng.below(1000) === 0) {
      base = last = makeZxid(rng.below(5), rng.below(1000));
      log.clear(base);
      model = [];
      total = 0;
    }
    last = rng.below(300) === 0 ? makeZxid(Math.floor(last / 2 ** 32) + 1, 1) : last + 1;
    const bytes = rng.bytes(rng.chance(1) ? 9000 : rng.below(40));
    log.add(last, bytes);
    model.push({ zxid: last, bytes });
    total += bytes.length;
    while (model.length > countMin || (model.length > 1 && total > 10_000)) {
      total -= model[0]!.bytes.length;
      base = model.shift()!.zxid;
    }
    if (step % 100 > 0) continue;
    expect([log.base, log.min, log.max, log.count, log.bytes]).toEqual([
      base,
      model[0]!.zxid,
      last,
      model.length,
      total,
    ]);
    const from = rng.pick([base, last, ...model.map((entry) => entry.zxid)]);
    expect(log.after(from)).toEqual(model.filter((entry) => entry.zxid > from));
    expect(log.floor(from)).toBe(from);
  }
}
