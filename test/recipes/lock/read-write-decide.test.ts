import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideReadWrite, sideOf, sortReadWrite } from '../../../recipes/lock/decide-read-write.ts';
import { sequenceSuffix } from '../../../wire/path.ts';

const node = (side: 'READ' | 'WRIT', sequence: number, id = 'a') =>
  `_c_${id}-__${side}__${sequenceSuffix(sequence)}`;
const numberOf = (name: string) => name.slice(name.lastIndexOf('__') + 2);
const read = (sequence: number, id?: string) => node('READ', sequence, id);
const writ = (sequence: number, id?: string) => node('WRIT', sequence, id);

describe('decideReadWrite', () => {
  const line = [read(9), 'stranger', writ(3), read(1), writ(7), read(5), read(2)];
  test.each([
    [read(1), { kind: 'held' }],
    [read(2), { kind: 'held' }],
    [writ(3), { kind: 'waiting', on: read(2) }],
    [read(5), { kind: 'waiting', on: writ(3) }],
    [writ(7), { kind: 'waiting', on: read(5) }],
    [read(9), { kind: 'waiting', on: writ(7) }],
    [read(4), { kind: 'gone' }],
    ['stranger', { kind: 'gone' }],
  ])('%s', (ours, decision) => {
    expect(decideReadWrite(line, ours)).toEqual(decision);
  });

  test("a reader with the writer's own number goes with the writer, in front of whoever comes next", () => {
    const both = [writ(3), writ(4), read(3, 'z'), read(5)];
    expect(decideReadWrite(both, writ(3))).toEqual({ kind: 'held' });
    expect(decideReadWrite(both, read(3, 'z'))).toEqual({ kind: 'held' });
    expect(decideReadWrite(both, writ(4))).toEqual({ kind: 'waiting', on: read(3, 'z') });
    expect(decideReadWrite(both, read(5))).toEqual({ kind: 'waiting', on: writ(4) });
    const downgraded = both.slice(1);
    expect(decideReadWrite(downgraded, read(3, 'z'))).toEqual({ kind: 'held' });
    expect(decideReadWrite(downgraded, writ(4))).toEqual({ kind: 'waiting', on: read(3, 'z') });
  });

  test('lists the line, all or one side', () => {
    expect(sortReadWrite(line)).toEqual([read(1), read(2), writ(3), read(5), writ(7), read(9)]);
    expect(sortReadWrite(line, 'write')).toEqual([writ(3), writ(7)]);
    expect([sideOf(read(1)), sideOf(writ(-5)), sideOf('lock-0000000001')]).toEqual(['read', 'write', null]);
  });
});

/** One step of a line: somebody joins it, and somebody who stands in it, holder or not, leaves; who holds may downgrade. */
type Step = { readonly act: 'read' | 'write' | 'leave' | 'downgrade'; readonly who: number };

const steps = fc.array(
  fc.record({
    act: fc.constantFrom('read', 'write', 'leave', 'downgrade'),
    who: fc.nat(1_000),
  }) as fc.Arbitrary<Step>,
  { minLength: 1, maxLength: 60 },
);

/** Contenders that look at the line only when the node they watch is gone, as real ones do. */
class Model {
  names: string[] = [];
  readonly holders = new Set<string>();
  readonly #watching = new Map<string, string>();
  #next: number;

  constructor(start: number) {
    this.#next = start;
  }

  step({ act, who }: Step): void {
    if (act === 'leave') this.leave(this.names[who % Math.max(1, this.names.length)]);
    else if (act === 'downgrade') this.#downgrade(who);
    else this.#join(node(act === 'read' ? 'READ' : 'WRIT', this.#number(), `${who}`));
  }

  leave(name: string | undefined): void {
    if (name === undefined) return;
    this.names = this.names.filter((each) => each !== name);
    this.holders.delete(name);
    this.#watching.delete(name);
    for (const [waiter, on] of [...this.#watching]) if (on === name) this.#look(waiter);
  }

  #downgrade(who: number): void {
    const writer = [...this.holders].find((name) => sideOf(name) === 'write');
    if (writer !== undefined) this.#join(`_c_down${who}-__READ__${numberOf(writer)}`);
  }

  #join(name: string): void {
    if (this.names.includes(name)) return;
    // The order in which the server lists names is nobody's.
    this.names.splice(this.names.length >> 1, 0, name);
    this.#look(name);
  }

  #look(name: string): void {
    const decision = decideReadWrite(this.names, name);
    if (decision.kind === 'held') {
      this.#watching.delete(name);
      this.holders.add(name);
    } else if (decision.kind === 'waiting') {
      expect(this.names).toContain(decision.on);
      this.#watching.set(name, decision.on);
    } else {
      expect.unreachable();
    }
  }

  #number(): number {
    const number = this.#next;
    this.#next = (number + 1) | 0;
    return number;
  }

  check(): void {
    const writers = [...this.holders].filter((name) => sideOf(name) === 'write');
    expect(writers.length).toBeLessThanOrEqual(1);
    const [writer] = writers;
    for (const name of writer === undefined ? [] : this.holders) {
      // Nobody stands beside a writer but what the writer itself downgraded to.
      expect(numberOf(name)).toBe(numberOf(writer!));
    }
    if (this.names.length > 0) expect(this.holders.size).toBeGreaterThan(0);
  }
}

test('never a writer beside another holder, and never nobody while somebody stands in line', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 2 ** 31 - 10, -(2 ** 31), -20), steps, (start, story) => {
      const model = new Model(start);
      for (const step of story) {
        model.step(step);
        model.check();
      }
      // Who waits gets it when those before are gone: nobody is forgotten.
      while (model.names.length > 0) {
        model.leave([...model.holders][0]);
        model.check();
      }
    }),
    { numRuns: 500 },
  );
});
