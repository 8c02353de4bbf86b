import { expect, test } from 'vitest';
import { EventType } from '../../../wire/events.ts';
import type { WatchEntry } from '../watch-journal.ts';
import type { Change } from './changes.ts';
import { checkWatches } from './watches.ts';

const changes: Change[] = [
  { zxid: 1, kind: 'created', path: '/a' },
  { zxid: 2, kind: 'created', path: '/a/x' },
  { zxid: 3, kind: 'changed', path: '/a' },
  { zxid: 4, kind: 'changed', path: '/a' },
  { zxid: 5, kind: 'deleted', path: '/a/x' },
  { zxid: 6, kind: 'deleted', path: '/a' },
];
const found = (...entries: WatchEntry[]): string[] => checkWatches([{ session: 1n, entries }], changes);
const armed = (watch: Extract<WatchEntry, { kind: 'armed' }>['watch'], path: string, zxid: number) =>
  [
    { kind: 'answer', zxid },
    { kind: 'armed', watch, path, zxid },
  ] as const;
const event = (type: number, path: string): WatchEntry => ({ kind: 'event', type, path });
const answer = (zxid: number): WatchEntry => ({ kind: 'answer', zxid });
const { NodeCreated, NodeDataChanged, NodeDeleted, NodeChildrenChanged } = EventType;

test('each watch fires once, before the answers that show it', () => {
  expect(found(...armed('data', '/a', 2), event(NodeDataChanged, '/a'), answer(4))).toEqual([]);
  expect(found(...armed('exists', '/a', 0), event(NodeCreated, '/a'), answer(1))).toEqual([]);
  expect(found(...armed('child', '/a', 2), event(NodeChildrenChanged, '/a'), answer(6))).toEqual([]);
  expect(found(...armed('data', '/a', 2), answer(2))).toEqual([]);
});

test('an event that is missing, late, made up, twice or another', () => {
  const data = armed('data', '/a', 2);
  expect(found(...data, answer(3))).toEqual([expect.stringContaining('is missing')]);
  expect(found(...data, answer(3), event(NodeDataChanged, '/a'))).toHaveLength(2);
  expect(found(event(NodeDataChanged, '/a'))).toEqual([expect.stringContaining('nothing was due')]);
  expect(found(...data, event(NodeDataChanged, '/a'), event(NodeDataChanged, '/a'))).toHaveLength(1);
  expect(found(...data, event(NodeDeleted, '/a'))).not.toEqual([]);
});

test('persistent watches fire every time, recursive ones below too', () => {
  const all = [
    event(NodeDataChanged, '/a'),
    event(NodeDataChanged, '/a'),
    event(NodeDeleted, '/a/x'),
    event(NodeDeleted, '/a'),
    answer(6),
  ];
  expect(found(...armed('recursive', '/', 2), ...all)).toEqual([]);
  expect(found(...armed('recursive', '/', 2), ...all.toSpliced(2, 1))).not.toEqual([]);
  expect(found(...armed('recursive', '/', 2), ...[all[0]!, all[2]!, all[1]!, all[3]!])).not.toEqual([]);
  expect(
    found(...armed('persistent', '/a', 3), event(NodeDataChanged, '/a'), event(NodeChildrenChanged, '/a')),
  ).toEqual([]);
});

test('after a move, what has changed is told before watches hold again', () => {
  const gone = event(NodeDeleted, '/a');
  const both = [
    ...armed('data', '/a', 4),
    ...armed('child', '/a', 4),
    { kind: 'moved', seenZxid: 4 } as const,
  ];
  const end: WatchEntry = { kind: 'rearmed', zxid: 6 };
  expect(found(...both, gone, gone, end)).toEqual([]);
  expect(found(...both, gone, end)).toEqual([expect.stringContaining('was not told')]);
  expect(found(...both, gone, gone, gone, end)).toHaveLength(1);
  const moved: WatchEntry = { kind: 'moved', seenZxid: 2 };
  const rearmed: WatchEntry = { kind: 'rearmed', zxid: 4 };
  const data = armed('data', '/a', 2);
  expect(found(...data, moved, event(NodeDataChanged, '/a'), answer(4), rearmed)).toEqual([]);
  expect(found(...data, moved, answer(4), rearmed)).toEqual([expect.stringContaining('was not told')]);
  expect(
    found(...armed('child', '/a', 2), moved, answer(4), rearmed, event(NodeChildrenChanged, '/a')),
  ).toEqual([]);
  expect(found(...armed('child', '/a', 2), moved, event(NodeDeleted, '/b'))).not.toEqual([]);
  expect(found(...armed('child', '/a', 2), moved, answer(4), rearmed, answer(5))).toEqual([
    expect.stringContaining('is missing'),
  ]);
});
