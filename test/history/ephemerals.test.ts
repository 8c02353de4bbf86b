import { expect, test } from 'vitest';
import { checkHistory } from './check.ts';
import { node, Story } from './story.ts';

const faults = ({ history }: Story): string[] => checkHistory(history);
const e = node('/e', 'e0', { mzxid: 10, ephemeralOwner: 5n });
const begin = () => new Story().create('/e', 'e0', 10, 5n);

test('the nodes of a session that lives are there', () => {
  expect(faults(begin().tree('s1', e))).toEqual([]);
  expect(faults(begin().tree('s1'))).toEqual([expect.stringContaining('missing, which was')]);
});

test('the nodes of a session that has ended are gone', () => {
  expect(faults(begin().ended(5n, 'ended').tree('s1'))).toEqual([]);
  expect(faults(begin().ended(5n, 'closed', 11).tree('s1', e))).toEqual([
    expect.stringContaining('session 0x5, which is closed'),
  ]);
});

test('a node of a session that nobody opened', () => {
  const ghost = node('/g', 'g', { mzxid: 12, ephemeralOwner: 6n });
  expect(faults(begin().tree('s1', e, ghost))).toContainEqual(
    expect.stringContaining('session 0x6, which nobody opened'),
  );
});

test('a node goes while its session still does something afterwards', () => {
  const story = begin().get('/e', null, 12, 2n).create('/x', 'x', 13, 0n, 5n).ended(5n, 'ended');
  expect(faults(story)).toContainEqual(expect.stringContaining('missing, which was'));
});

test('a node outlives the known end of its session', () => {
  const story = begin().ended(5n, 'closed', 11);
  expect(faults(story.get('/e', e, 10, 2n))).toEqual([]);
  expect(faults(story.get('/e', e, 11, 2n))).toEqual([expect.stringContaining('had ended by 0xb')]);
});

test('the nodes of a session go together', () => {
  const story = begin().create('/f', 'f0', 11, 5n).ended(5n, 'ended').get('/e', null, 12, 2n);
  expect(faults(story)).toEqual([]);
  story.get('/f', node('/f', 'f0', { mzxid: 11, ephemeralOwner: 5n }), 12, 2n);
  expect(faults(story)).toEqual([expect.stringContaining('/f is there, although its session had ended')]);
});

test('a node that its session deleted says nothing about the session', () => {
  const story = begin().delete('/e', 11, -1, 5n).get('/e', null, 12, 2n).tree('s1');
  expect(faults(story)).toEqual([]);
});
