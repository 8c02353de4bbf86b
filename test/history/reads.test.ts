import { expect, test } from 'vitest';
import { checkReads } from './check-reads.ts';
import { node, Story } from './story.ts';
import { Timeline } from './timeline.ts';

const faults = ({ history }: Story): string[] => checkReads(history, new Timeline(history));
const a0 = node('/a', 'a0', { mzxid: 10 });
const a1 = node('/a', 'a1', { mzxid: 11, version: 1, czxid: 10 });
const begin = () => new Story().create('/a', 'a0', 10).set('/a', 'a1', 11, { version: 1, czxid: 10 });

test('another session may lag behind, and goes on from there', () => {
  expect(faults(begin().get('/a', null, 9, 2n).get('/a', a0, 10, 2n).get('/a', a1, 11, 2n))).toEqual([]);
});

test('a session that goes back', () => {
  expect(faults(begin().get('/a', a0, 10))).toEqual([expect.stringContaining('goes back to 0xa')]);
});

test('a read that shows an older state than its zxid', () => {
  expect(faults(begin().get('/a', a0, 11, 2n))).toEqual([expect.stringContaining('shows the state of 0xa')]);
});

test('a read that shows a newer state than its zxid', () => {
  expect(faults(begin().get('/a', a1, 10, 2n))).toEqual([expect.stringContaining('written later')]);
});

test('a node that is missing although nobody deleted it', () => {
  expect(faults(begin().get('/a', null, 12, 2n))).toEqual([
    expect.stringContaining('missing, which was version'),
  ]);
  const gone = begin().lost({ type: 'delete', path: '/a', version: -1 }).get('/a', null, 12, 2n);
  expect(faults(gone)).toEqual([]);
});

test('a node that is missing and then back as if nothing had been', () => {
  const story = begin()
    .lost({ type: 'delete', path: '/a', version: -1 })
    .get('/a', null, 12, 2n)
    .lost({ type: 'set', path: '/a', data: 'a2', version: -1 })
    .get('/a', node('/a', 'a2', { mzxid: 13, version: 2, czxid: 10 }), 14, 2n);
  expect(faults(story)).toEqual([expect.stringContaining('missing, which was version')]);
});

test("a session's writes take place in the order in which they were sent", () => {
  const lost = { type: 'set', path: '/a', data: 'a2', version: -1 } as const;
  const seen = (mzxid: number) => node('/a', 'a2', { mzxid, version: 2, czxid: 10 });
  const story = (mzxid: number) =>
    begin()
      .lost(lost)
      .create('/b', 'b0', 20)
      .get('/a', seen(mzxid), mzxid + 10, 2n);
  expect(faults(story(15))).toEqual([]);
  expect(faults(story(21))).toEqual([expect.stringContaining('before #2')]);
});

test('children are those of the zxid', () => {
  const family = () => new Story().create('/p/a', 'a', 10).create('/p/b', 'b', 11).delete('/p/a', 12);
  expect(faults(family().children('/p', ['a', 'b'], 11, 2n).children('/p', ['b'], 12, 2n))).toEqual([]);
  expect(faults(family().children('/p', ['a', 'b'], 12, 2n))).toEqual([
    expect.stringContaining('/p/a was not there'),
  ]);
  expect(faults(family().children('/p', ['a'], 11, 2n))).toEqual([expect.stringContaining('/p/b: missing')]);
  expect(faults(family().children('/p', ['b', 'c'], 12, 2n))).toEqual([
    expect.stringContaining('nobody made /p/c'),
  ]);
});

test('a read that was sent again may come after a write without an answer that was sent later', () => {
  const story = begin()
    .get('/x', null, 30)
    .lost({ type: 'set', path: '/a', data: 'a2', version: -1 })
    .get('/a', node('/a', 'a2', { mzxid: 20, version: 2, czxid: 10 }), 31);
  expect(faults(story)).toEqual([]);
});
