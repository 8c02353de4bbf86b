import { afterAll, beforeAll, expect, test } from 'vitest';
import { text } from '../../client/index.ts';
import {
  CachedAtomicLong,
  DistributedAtomicInteger,
  DistributedAtomicLong,
  DistributedAtomicValue,
  SharedCount,
  SharedValue,
} from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import type { PeerProgram } from '../kit/peer-program.ts';

async function untilValue(count: SharedCount, wanted: number): Promise<void> {
  for await (const { value } of count.changes()) if (value === wanted) return;
}

const numbersOf = (list: string): number[] => list.split(',').map(Number);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describeOnBoth('counters shared with Java Curator', javaProgramsMissing(), (on) => {
  let java: PeerProgram;
  beforeAll(async () => {
    java = await startCurator('CuratorCounters', on.connectString);
  });
  afterAll(() => java?.[Symbol.asyncDispose]());

  test('a shared count, set by each and seen by the other', async () => {
    await using ours = await SharedCount.start(on.client, '/count', 5);
    expect(await java.ask('share /count 99')).toBe('5');
    await java.ask('set /count -7');
    await untilValue(ours, -7);
    const { versioned } = ours;
    expect(await java.ask('try /count 8')).toBe('true');
    expect(await ours.trySet(9, { previous: versioned })).toBe(false);
    await untilValue(ours, 8);
    expect(await ours.trySet(10)).toBe(true);
    while ((await java.ask('count /count 0')) !== '10') await on.client.sync();
  });

  test('a shared value, set by each and seen by the other', async () => {
    await using ours = await SharedValue.start(on.client, '/value', 'first', { codec: text });
    expect(await java.ask('share-value /value other')).toBe('first');
    await java.ask('set-value /value theirs');
    for await (const { value } of ours.changes()) if (value === 'theirs') break;
    const { versioned } = ours;
    expect(await java.ask('try-value /value again')).toBe('true');
    expect(await ours.trySet('late', { previous: versioned })).toBe(false);
    for await (const { value } of ours.changes()) if (value === 'again') break;
    expect(await ours.trySet('ours')).toBe(true);
    while ((await java.ask('shared-value /value -')) !== 'ours') await on.client.sync();
  });

  test('a value that both compare and set', async () => {
    const ours = new DistributedAtomicValue(on.client, '/atomic', { codec: text });
    expect(await ours.initialize('a')).toBe(true);
    expect(await java.ask('initialize /atomic b')).toBe('false');
    expect(await java.ask('swap /atomic b,c')).toBe('false a');
    expect(await java.ask('swap /atomic a,c')).toBe('true a');
    expect(await ours.compareAndSet('a', 'd')).toMatchObject({ succeeded: false, pre: 'c' });
    expect(await ours.compareAndSet('c', 'd')).toMatchObject({ succeeded: true, pre: 'c', post: 'd' });
    expect(await java.ask('atomic /atomic -')).toBe('true d');
    await java.ask('force /atomic e');
    expect(await ours.get()).toBe('e');
    await on.client.delete('/atomic');
    expect(await java.ask('initialize /atomic f')).toBe('true');
    expect(await ours.initialize('g')).toBe(false);
  });

  test('numbers that both add to', async () => {
    expect(await java.ask('long /long 300')).toBe('true 0 300');
    const long = new DistributedAtomicLong(on.client, '/long');
    expect(await long.add(-301)).toMatchObject({ pre: 300, post: -1 });
    expect(await java.ask('long /long 1')).toBe('true -1 0');
    const integer = new DistributedAtomicInteger(on.client, '/integer');
    expect(await integer.add(70_000)).toMatchObject({ pre: 0, post: 70_000 });
    expect(await java.ask('integer /integer -70001')).toBe('true 70000 -1');
    expect(await integer.get()).toBe(-1);
  });

  test('both at once, through one lock: every number is counted once', async () => {
    await using second = await startCurator('CuratorCounters', on.connectString);
    const ours = new DistributedAtomicLong(on.client, '/race', {
      lockPath: '/race-lock',
      triesMax: 3,
      backoff: { baseMs: 1, maxMs: 5 },
      lockTriesMax: 1000,
    });
    const theirs = [java.ask('increments /race 100'), second.ask('increments /race 100')];
    const pres: number[] = [];
    for (let i = 0; i < 100; i++) {
      const result = await ours.increment();
      if (result.succeeded) pres.push(result.pre);
    }
    for (const list of await Promise.all(theirs)) pres.push(...numbersOf(list));
    expect(pres.sort((a, b) => a - b)).toEqual(upTo(300));
    expect(await ours.get()).toBe(300);
  });

  test('blocks of numbers, taken by both', async () => {
    const cached = new CachedAtomicLong(on.client, new DistributedAtomicLong(on.client, '/blocks'), 7);
    const theirs = java.ask('cached /blocks 50');
    const numbers: number[] = [];
    for (let i = 0; i < 50; i++) numbers.push(await cached.next());
    numbers.push(...numbersOf(await theirs));
    expect(new Set(numbers).size).toBe(100);
  });
});
