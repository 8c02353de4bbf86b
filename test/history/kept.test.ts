import { expect, test } from 'vitest';
import { checkHistory } from './check.ts';
import { checkKept } from './check-kept.ts';
import { node, Story } from './story.ts';
import { Timeline } from './timeline.ts';

const faults = ({ history }: Story): string[] => checkKept(history, new Timeline(history));
const a0 = node('/a', 'a0', { mzxid: 10 });
const a1 = node('/a', 'a1', { mzxid: 11, version: 1, czxid: 10 });
const lostSet = { type: 'set', path: '/a', data: 'a1', version: -1 } as const;
const begin = () => new Story().create('/a', 'a0', 10);

test('what was acknowledged is there', () => {
  expect(faults(begin().tree('s1', a0).tree('s2', a0))).toEqual([]);
  expect(faults(begin().tree('s1'))).toEqual([expect.stringContaining('s1: /a: missing')]);
});

test('a set that was acknowledged and is undone', () => {
  const story = begin().set('/a', 'a1', 11, { version: 1, czxid: 10 });
  expect(faults(story.tree('s1', a1))).toEqual([]);
  expect(faults(story.tree('s1', a0))).toEqual([expect.stringContaining('shows the state of 0xa')]);
});

test('a set without an answer may be there or not, but not for a while', () => {
  expect(faults(begin().lost(lostSet).tree('s1', a1))).toEqual([]);
  expect(faults(begin().lost(lostSet).tree('s1', a0))).toEqual([]);
  expect(faults(begin().lost(lostSet).get('/a', a1, 11).tree('s1', a0))).not.toEqual([]);
});

test('a delete without an answer may have happened; one that was acknowledged has', () => {
  const lost = { type: 'delete', path: '/a', version: -1 } as const;
  expect(faults(begin().lost(lost).tree('s1'))).toEqual([]);
  expect(faults(begin().lost(lost).tree('s1', a0))).toEqual([]);
  expect(faults(begin().delete('/a', 11).tree('s1', a0))).not.toEqual([]);
});

test('servers that differ', () => {
  const story = begin().lost(lostSet).tree('s1', a1).tree('s2', a0);
  expect(faults(story)).toContainEqual(expect.stringContaining('s1 and s2: /a is version 1'));
});

test('a report names each property and leaves out what is too much', () => {
  const story = new Story();
  for (let i = 0; i < 15; i++) story.create(`/n${i}`, `d${i}`, 10 + i);
  const report = checkHistory(story.tree('s1').history);
  expect(report).toHaveLength(11);
  expect(report[10]).toBe('acknowledged writes are kept: 5 more');
});

test('a history in which two writes have the same data cannot be checked', () => {
  expect(() => checkHistory(begin().create('/b', 'a0', 11).history)).toThrow('the same data');
});
