import { expect, test } from 'vitest';
import { checkWrites } from './check-writes.ts';
import { node, Story } from './story.ts';
import { Timeline } from './timeline.ts';

const faults = ({ history }: Story): string[] => checkWrites(history, new Timeline(history));
const set = (path: string, data: string, version = -1) => ({ type: 'set', path, data, version }) as const;
const create = (path: string, data: string) =>
  ({ type: 'create', path, data, ephemeral: false, sequential: false }) as const;

test('nothing is wrong with a history that went well', () => {
  const story = new Story()
    .create('/a', 'a0', 10)
    .set('/a', 'a1', 11, { version: 1, czxid: 10 }, 0)
    .refused(set('/a', 'x', 0), 'BadVersion', 12)
    .refused(create('/a', 'y'), 'NodeExists', 13)
    .delete('/a', 14, 1)
    .refused(set('/a', 'z'), 'NoNode', 15)
    .create('/a', 'a2', 16);
  expect(faults(story)).toEqual([]);
});

test('a write after the answer of another comes later in the order', () => {
  const story = new Story().create('/a', 'a0', 10).create('/b', 'b0', 9);
  expect(faults(story)).toEqual([expect.stringContaining('asked for after the answer of #0')]);
});

test('a write after a read comes later than what the read shows', () => {
  const story = new Story().get('/a', null, 12).create('/b', 'b0', 11);
  expect(faults(story)).toEqual([expect.stringContaining('asked for after the answer of #0')]);
});

test('two writes do not share a zxid', () => {
  const story = new Story().create('/a', 'a0', 10).create('/b', 'b0', 10);
  expect(faults(story)).toContainEqual(expect.stringContaining('two writes at 0xa'));
});

test('two sets do not make the same version', () => {
  const story = new Story()
    .create('/a', 'a0', 10)
    .set('/a', 'a1', 11, { version: 1, czxid: 10 })
    .set('/a', 'a2', 12, { version: 1, czxid: 10 });
  expect(faults(story)).toEqual([expect.stringContaining('versions do not grow')]);
});

test('a version that nobody wrote is found, and is explained by a set without an answer', () => {
  const begin = () => new Story().create('/a', 'a0', 10);
  const jump = (story: Story) => story.set('/a', 'a2', 12, { version: 2, czxid: 10 });
  expect(faults(jump(begin()))).toEqual([expect.stringContaining('1 writes in between')]);
  expect(faults(jump(begin().lost(set('/a', 'a1'))))).toEqual([]);
});

test('a set on a condition that did not hold', () => {
  const story = new Story().create('/a', 'a0', 10).set('/a', 'a1', 11, { version: 1, czxid: 10 }, 5);
  expect(faults(story)).toEqual([expect.stringContaining('another version')]);
});

test('a refusal for no reason', () => {
  const begin = () => new Story().create('/a', 'a0', 10);
  expect(faults(begin().refused(set('/a', 'x', 0), 'BadVersion', 11))).toHaveLength(1);
  expect(faults(begin().refused(set('/a', 'x'), 'NoNode', 11))).toHaveLength(1);
  expect(faults(begin().refused(create('/b', 'x'), 'NodeExists', 11))).toHaveLength(1);
});

test('a node that is created twice without a delete between, and one with a delete without an answer', () => {
  const again = (story: Story) => story.create('/a', 'a1', 12);
  expect(faults(again(new Story().create('/a', 'a0', 10)))).not.toEqual([]);
  const lost = new Story().create('/a', 'a0', 10).lost({ type: 'delete', path: '/a', version: -1 });
  expect(faults(again(lost))).toEqual([]);
});

test('a write without an answer that was applied twice', () => {
  const story = new Story()
    .create('/a', 'a0', 10)
    .lost(set('/a', 'a1'))
    .get('/a', node('/a', 'a1', { mzxid: 11, version: 1, czxid: 10 }), 11)
    .get('/a', node('/a', 'a1', { mzxid: 12, version: 2, czxid: 10 }), 12);
  expect(faults(story)).toEqual([expect.stringContaining('applied twice, at 0xb and 0xc')]);
});

test('a write without an answer that took place before it was asked for', () => {
  const story = new Story()
    .create('/a', 'a0', 10)
    .create('/b', 'b0', 20)
    .lost(set('/a', 'a1'))
    .get('/a', node('/a', 'a1', { mzxid: 15, version: 1, czxid: 10 }), 21);
  expect(faults(story)).toEqual([expect.stringContaining('asked for after the answer of #1')]);
});

test('data that nobody wrote, or that was refused', () => {
  const seen = (story: Story, data: string) =>
    story.get('/a', node('/a', data, { mzxid: 30, version: 1, czxid: 10 }), 31);
  const begin = () => new Story().create('/a', 'a0', 10);
  expect(faults(seen(begin(), 'ghost'))).toContainEqual(expect.stringContaining('which nobody wrote'));
  const refused = begin().refused(set('/a', 'x', 9), 'BadVersion', 11);
  expect(faults(seen(refused, 'x'))).toContainEqual(expect.stringContaining('what was not applied'));
});

test('one zxid with two stories', () => {
  const story = new Story()
    .create('/a', 'a0', 10)
    .create('/a2', 'b', 11)
    .get('/a', node('/a', 'b', { mzxid: 10 }), 12);
  expect(faults(story)).toContainEqual(expect.stringContaining('elsewhere'));
});

test('a multi may change a node twice, and takes its place as one', () => {
  const story = new Story().create('/a', 'a0', 10).multi(11, [
    [set('/a', 'a1'), node('/a', 'a1', { mzxid: 11, version: 1, czxid: 10 })],
    [set('/a', 'a2'), node('/a', 'a2', { mzxid: 11, version: 2, czxid: 10 })],
    [create('/b', 'b0'), node('/b', 'b0', { mzxid: 11 })],
  ]);
  expect(faults(story)).toEqual([]);
  story.get('/b', node('/b', 'b0', { mzxid: 12 }), 12);
  expect(faults(story)).not.toEqual([]);
});

test('a multi without an answer of which a part was seen has done the rest too, seen or not', () => {
  const writes = [set('/a', 'a1'), create('/b', 'b0')] as const;
  const story = new Story()
    .create('/a', 'a0', 10)
    .lost({ type: 'multi', writes })
    .delete('/b', 12)
    .get('/a', node('/a', 'a1', { mzxid: 11, version: 1, czxid: 10 }), 13);
  expect(faults(story)).toEqual([]);
});
