import { expect, test } from 'vitest';
import { Fence, judgeOrder } from './fence.ts';
import { Holdings, judgeHoldings } from './holdings.ts';
import { Items } from './items.ts';
import type { Claim } from './report.ts';

type Belief = Partial<Pick<Claim, 'held' | 'aborted' | 'safeMs'>>;

/** Leases as `[worker, token, at, what it says of itself]`, each claimed once, of workers with one lease each. */
function holdings(...claims: readonly (readonly [number, number, number, Belief])[]): Holdings {
  const all = new Holdings();
  for (const [worker, token, atMs, { held = false, aborted = true, safeMs = 0 }] of claims) {
    const claim = { type: 'claim', resource: 'mutex', token, atMs, held, aborted, safeMs } as const;
    all.claim({ ...claim, holding: `lease of ${worker}` }, worker);
  }
  return all;
}

const judge = (all: Holdings, permits = 1): string[] => judgeHoldings(all.all, permits);

test('leases one after the other are in order, and so is one that does not believe in itself any more', () => {
  expect(
    judge(holdings([1, 5, 0, { held: true }], [1, 5, 10, { held: true }], [2, 7, 11, { held: true }])),
  ).toEqual([]);
  expect(judge(holdings([1, 5, 0, { held: true }], [2, 7, 11, { held: true }], [1, 5, 12, {}]))).toEqual([]);
});

test.each([
  ['is held', { held: true }],
  ['has a signal that has not aborted', { aborted: false }],
  ['is safe', { safeMs: 1 }],
])('a lease that still %s when another is held overlaps', (_, belief) => {
  const all = holdings([1, 5, 0, { held: true }], [2, 7, 11, { held: true }], [1, 5, 12, belief]);
  expect(judge(all)).toEqual([expect.stringContaining('2 at once, of 1')]);
});

test('a promise stands although nobody asks again, until the lease is let go', () => {
  const all = holdings([1, 5, 0, { held: true, safeMs: 20 }], [2, 7, 11, { held: true }]);
  expect(judge(all)).toEqual([expect.stringContaining('2 at once, of 1')]);
  all.letGo('lease of 1', 10);
  expect(judge(all)).toEqual([]);
});

test('as many as there are permits may hold, and no more', () => {
  const three = [
    [1, 5, 0, { safeMs: 30 }],
    [2, 6, 10, { safeMs: 30 }],
    [3, 7, 20, { safeMs: 30 }],
  ] as const;
  expect(judge(holdings(...three.slice(0, 2)), 2)).toEqual([]);
  expect(judge(holdings(...three), 2)).toEqual([expect.stringContaining('3 at once, of 2')]);
  expect(judge(holdings(...three), 3)).toEqual([]);
});

test('tokens grow and belong to one holder', () => {
  expect(judge(holdings([1, 5, 0, { held: true }], [2, 5, 10, { held: true }]))).toEqual([
    'mutex: token 5 has two holders, 1 and 2',
  ]);
  expect(judge(holdings([1, 5, 0, { held: true }], [2, 4, 10, { held: true }]))).toEqual([
    expect.stringContaining('its token is lower'),
  ]);
});

test('the fence refuses older tokens, resource by resource, and an order in which it did not is noticed', () => {
  const fence = new Fence();
  const answers = [
    fence.write('a', 5),
    fence.write('a', 5),
    fence.write('a', 7),
    fence.write('a', 5),
    fence.write('b', 5),
  ];
  expect(answers).toEqual(['ok', 'ok', 'ok', 'stale', 'ok']);
  expect(fence.refused).toBe(1);
  expect(fence.judge()).toEqual([]);
  expect(judgeOrder('a', [5, 7, 6])).toEqual(['a: a write with token 6 came after 7']);
});

/** Items `x` and `y`, put, and handlings as `[name, item, token, session]` of the worker with the session's number. */
function items(...handlings: readonly (readonly [string, string, number, number])[]): Items {
  const all = new Items();
  all.puts.set('x', 'put').set('y', 'put');
  for (const [handling, item, token, session] of handlings) {
    const path = `/q/${item}`;
    all.begin({ type: 'handling', handling, item, path, token, session: `${session}`, atMs: token }, session);
    all.handled(handling);
  }
  return all;
}

test('items that were put are handled, each once, by whomever', () => {
  expect(items(['a', 'x', 1, 1], ['b', 'y', 2, 1]).judge()).toEqual([]);
  expect(items(['a', 'x', 1, 1]).judge()).toEqual(['item y was put and is lost']);
});

test('what nobody put, or what was not put for sure, is not handled; what may have been put may be', () => {
  const all = items(['a', 'x', 1, 1], ['b', 'y', 2, 1], ['c', 'z', 3, 1]);
  expect(all.judge()).toEqual(['item z was handled and never put']);
  all.puts.set('z', 'not-put');
  expect(all.judge()).toEqual(['item z was handled, and its put had said that it was not applied']);
  all.puts.set('z', 'putting');
  expect(all.judge()).toEqual([]);
});

test('an item comes again when its first handler has died, has lost its session, or has given it back', () => {
  const again = (): Items => items(['a', 'y', 1, 1], ['b', 'x', 2, 1], ['c', 'x', 3, 2]);
  expect(again().judge()).toEqual([expect.stringContaining('item x came again')]);
  const died = again();
  died.deadWorkers.add(1);
  expect(died.judge()).toEqual([]);
  const expired = again();
  expired.endedSessions.add('1');
  expect(expired.judge()).toEqual([]);
  const back = again();
  back.handBack('b');
  expect(back.judge()).toEqual([]);
});

test('an item is acknowledged while its handler is given the next one, and does not come again after that', () => {
  const soon = items(['a', 'x', 1, 1], ['b', 'y', 2, 1], ['c', 'x', 3, 2]);
  soon.endedSessions.add('1');
  expect(soon.judge()).toEqual([]);
  const all = items(['a', 'x', 1, 1], ['b', 'y', 2, 1], ['d', 'z', 3, 1], ['c', 'x', 4, 2]);
  all.puts.set('z', 'put');
  all.endedSessions.add('1');
  expect(all.judge()).toEqual([expect.stringContaining('item x came again')]);
});

test('two handlers of one item are never both sure of it', () => {
  const all = items(['a', 'y', 1, 1], ['b', 'x', 2, 1], ['c', 'x', 10, 2]);
  all.endedSessions.add('1');
  all.sure('b', 9);
  expect(all.judge()).toEqual([]);
  all.sure('b', 11);
  expect(all.judge()).toEqual([expect.stringContaining('2 at once, of 1')]);
});

test('an item that was put once is there once', () => {
  const all = items(['a', 'x', 1, 1], ['b', 'y', 2, 1]);
  all.begin(
    { type: 'handling', handling: 'c', item: 'x', path: '/q/other', token: 3, session: '1', atMs: 3 },
    1,
  );
  all.handBack('a');
  expect(all.judge()).toEqual(['item x was put once and is there 2 times']);
});
