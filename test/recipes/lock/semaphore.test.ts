import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decidePermits } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { sequenceSuffix } from '../../../wire/path.ts';
import { describeSemaphore } from './semaphore-suite.ts';

describeSemaphore('zookit', () => TestServer.start());

const node = (sequence: number) => `_c_a-lease-${sequenceSuffix(sequence)}`;

test('permits are held by the oldest nodes, all of an asker or none', () => {
  const names = [node(5), node(2), 'stranger', node(9), node(4)];
  expect(decidePermits(names, [node(4)], 2)).toBe('held');
  expect(decidePermits(names, [node(5)], 2)).toBe('waiting');
  expect(decidePermits(names, [node(2), node(5)], 2)).toBe('waiting');
  expect(decidePermits(names, [node(2), node(5)], 3)).toBe('held');
  expect(decidePermits(names, [node(2), node(3)], 9)).toBe('gone');
});

test('never more than the limit hold, also beside those who count all nodes as Curator does', () => {
  const step = fc.record({ act: fc.constantFrom('ours', 'theirs', 'leave', 'look'), who: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (limit, story) => {
      let next = 2 ** 31 - 20;
      let names: string[] = [];
      const askers = new Map<string, { readonly java: boolean; held: boolean }>();
      const look = (name: string): void => {
        const asker = askers.get(name)!;
        const granted = asker.java ? names.length <= limit : decidePermits(names, [name], limit) === 'held';
        asker.held ||= granted;
      };
      for (const { act, who } of story) {
        const name = names[who % Math.max(1, names.length)];
        if (act === 'ours' || act === 'theirs') {
          const made = node(next++ | 0);
          names.unshift(made);
          askers.set(made, { java: act === 'theirs', held: false });
        } else if (name !== undefined && act === 'leave') {
          names = names.filter((each) => each !== name);
          askers.delete(name);
        } else if (name !== undefined) {
          look(name);
        }
        expect([...askers.values()].filter(({ held }) => held).length).toBeLessThanOrEqual(limit);
      }
      // When all look, as many hold as may: no permit is left unused.
      for (const each of names) look(each);
      const ours = [...askers.values()].filter(({ java }) => !java);
      if (ours.length === names.length) {
        expect(ours.filter(({ held }) => held).length).toBe(Math.min(limit, names.length));
      }
    }),
    { numRuns: 500 },
  );
});
