import { describe, expect, test } from 'vitest';
import { Backlog } from '../../../recipes/queue/backlog.ts';
import { attemptsIn, packItems, unpackItems } from '../../../recipes/queue/items.ts';
import {
  compareItems,
  delayNames,
  delayPart,
  idIn,
  idNames,
  idPart,
  type Naming,
  plainNames,
  priorityNames,
  priorityPart,
} from '../../../recipes/queue/names.ts';

function sorted(naming: Naming, names: readonly string[]): string[] {
  const items = names.map((name) => naming.parse(name)).filter((item) => item !== null);
  return items.sort(compareItems).map(({ name }) => name);
}

describe('names of items', () => {
  test.each([
    ['queue-0000000007', 'queue-', 7],
    ['queue--000000005', 'queue-', -5],
    ['queue--2147483648', 'queue-', -2147483648],
    ['queue-2147483647', 'queue-', 2147483647],
    ['queue-|a-b|0000000001', 'queue-|a-b|', 1],
    ['queue-|7|-000000001', 'queue-|7|', -1],
    ['queue-1000000050000000003', 'queue-100000005', 3],
    ['queue-100000005-2147483648', 'queue-100000005', -2147483648],
  ])('%s', (name, prefix, sequence) => {
    expect(plainNames.parse(name)).toMatchObject({ name, prefix, sequence });
  });

  test.each(['queue', 'queue-', 'queue-1', 'other-0000000001', '0000000001', 'queue-9999999999'])(
    'no item: %s',
    (name) => {
      expect(plainNames.parse(name)).toBeNull();
    },
  );

  test('order goes on when the number passes its highest', () => {
    const names = ['queue-2147483646', 'queue-2147483647', 'queue--2147483648', 'queue--2147483647'];
    expect(sorted(plainNames, names.toReversed())).toEqual(names);
  });

  test('priorities sort as numbers, and as text as Java does', () => {
    const priorities = [-0x8000_0000, -80, -1, 0, 1, 5, 255, 256, 0x7fff_ffff];
    const names = priorities.map((priority, i) => `queue-${priorityPart(priority)}000000000${9 - i}`);
    expect(sorted(priorityNames, names.toReversed())).toEqual(names);
    expect(names.toSorted()).toEqual(names);
    expect(names[1]).toMatch(/^queue-0FFFFFFB0/);
    // Put back by Java: first.
    expect(sorted(priorityNames, [...names, 'queue-0000000099'])[0]).toBe('queue-0000000099');
  });

  test('delays sort by time', () => {
    const at = 1_700_000_000_000;
    const names = [
      `queue-${delayPart(5)}0000000009`,
      `queue-${delayPart(at)}0000000001`,
      `queue-${delayPart(at)}0000000002`,
    ];
    expect(sorted(delayNames, names.toReversed())).toEqual(names);
    expect(delayPart(at)).toBe('|18BCFE56800|');
    expect(delayPart(5)).toBe('|00000005|');
    expect(delayNames.parse(names[1]!)?.dueAtMs).toBe(at);
    expect(delayNames.parse('queue-0000000001')?.dueAtMs).toBe(0);
  });

  test('ids', () => {
    expect(idPart('a/b|c')).toBe('|a_b_c|');
    expect(idIn(idNames.parse('queue-|a_b_c|0000000001')!)).toBe('a_b_c');
    expect(idIn(idNames.parse('queue-0000000001')!)).toBeNull();
  });
});

describe('bytes of items', () => {
  test("are Curator's, with notes behind the end", () => {
    const items = [Buffer.from('a'), Buffer.alloc(0), Buffer.from([0, 1, 2])];
    const plain = packItems(items);
    expect(plain).toEqual(
      Buffer.from('\0\x01\0\x01\x01\0\0\0\x01a\x01\0\0\0\0\x01\0\0\0\x03\0\x01\x02\x02', 'latin1'),
    );
    expect(unpackItems(plain)).toEqual({ items, notes: {} });
    const noted = packItems(items, { attempts: 3, error: 'ä' });
    expect(noted.subarray(0, plain.length)).toEqual(plain);
    expect(unpackItems(noted)).toEqual({ items, notes: { attempts: 3, error: 'ä' } });
  });

  test('cut off anywhere they are refused', () => {
    const whole = packItems([Buffer.from('abc'), Buffer.from('d')]);
    for (let end = 0; end < whole.length; end++) {
      expect(() => unpackItems(whole.subarray(0, end))).toThrow(/not valid/);
    }
    expect(() => unpackItems(null)).toThrow(/not valid/);
    const negative = Buffer.from(whole);
    negative.writeInt32BE(-1, 5);
    expect(() => unpackItems(negative)).toThrow(/damaged/);
  });

  test('notes that make no sense do no harm', () => {
    const plain = packItems([Buffer.from('a')]);
    for (const trailer of ['{', 'null', '7', '{"attempts":"x"}', '{"attempts":-1}']) {
      const { items, notes } = unpackItems(Buffer.concat([plain, Buffer.from(trailer)]));
      expect([items.length, attemptsIn(notes)]).toEqual([1, 0]);
    }
  });
});

describe('what a consumer tries next', () => {
  const names = Array.from({ length: 100 }, (_, i) => `queue-${String(i).padStart(10, '0')}`);
  const last = (bound: number) => bound - 1;

  test('the first, while nobody else is quicker', () => {
    const backlog = new Backlog(plainNames);
    backlog.fill(names, (name) => name === names[0]);
    expect(backlog.next(0, last)).toEqual({ kind: 'take', name: names[1] });
    backlog.tried(true);
    expect(backlog.next(0, last)).toEqual({ kind: 'take', name: names[2] });
    expect(backlog.size).toBe(97);
  });

  test('one of more and more at the head, when others are; and the first again later', () => {
    const backlog = new Backlog(plainNames);
    backlog.fill(names, () => false);
    const places: number[] = [];
    for (const had of [
      false,
      false,
      false,
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      true,
      true,
      true,
    ]) {
      backlog.tried(had);
      backlog.fill(names, () => false);
      const next = backlog.next(0, last);
      places.push(next.kind === 'take' ? names.indexOf(next.name) : -1);
    }
    expect(places).toEqual([1, 3, 7, 15, 31, 63, 63, 31, 15, 7, 3, 1, 0, 0]);
  });

  test('nothing that is not due, also not when it is spread', () => {
    const backlog = new Backlog(delayNames);
    backlog.fill(
      [100, 200, 300].map((at, i) => `queue-${delayPart(at)}000000000${i}`),
      () => false,
    );
    expect(backlog.next(40, last)).toEqual({ kind: 'later', afterMs: 60 });
    backlog.tried(false);
    backlog.tried(false);
    expect(backlog.next(200, last)).toMatchObject({ name: `queue-${delayPart(200)}0000000001` });
    expect(backlog.next(200, last)).toMatchObject({ name: `queue-${delayPart(100)}0000000000` });
    expect(backlog.next(200, last)).toEqual({ kind: 'later', afterMs: 100 });
    expect(new Backlog(delayNames).next(0, last)).toEqual({ kind: 'none' });
  });
});
