import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import {
  CachedAtomicLong,
  DistributedAtomicInteger,
  DistributedAtomicLong,
  SharedCount,
} from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { CuratorProgram, curatorMissing } from '../kit/curator.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';

const missing = curatorMissing();
let program: CuratorProgram | null = null;

async function untilValue(count: SharedCount, wanted: number): Promise<void> {
  for await (const { value } of count.changes()) if (value === wanted) return;
}

const numbersOf = (list: string): number[] => list.split(',').map(Number);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function describeCounters(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`counters shared with Java Curator on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('a shared count, set by each and seen by the other', async () => {
      await using java = await program!.start(server.connectString);
      await using ours = await SharedCount.start(client, '/count', 5);
      expect(await java.ask('share /count 99')).toBe('5');
      await java.ask('set /count -7');
      await untilValue(ours, -7);
      const { versioned } = ours;
      expect(await java.ask('try /count 8')).toBe('true');
      expect(await ours.trySet(9, { previous: versioned })).toBe(false);
      await untilValue(ours, 8);
      expect(await ours.trySet(10)).toBe(true);
      while ((await java.ask('count /count 0')) !== '10') await client.sync();
    });

    test('numbers that both add to', async () => {
      await using java = await program!.start(server.connectString);
      expect(await java.ask('long /long 300')).toBe('true 0 300');
      const long = new DistributedAtomicLong(client, '/long');
      expect(await long.add(-301)).toMatchObject({ pre: 300, post: -1 });
      expect(await java.ask('long /long 1')).toBe('true -1 0');
      const integer = new DistributedAtomicInteger(client, '/integer');
      expect(await integer.add(70_000)).toMatchObject({ pre: 0, post: 70_000 });
      expect(await java.ask('integer /integer -70001')).toBe('true 70000 -1');
      expect(await integer.get()).toBe(-1);
    });

    test('both at once, through one lock: every number is counted once', async () => {
      await using first = await program!.start(server.connectString);
      await using second = await program!.start(server.connectString);
      const ours = new DistributedAtomicLong(client, '/race', {
        lockPath: '/race-lock',
        triesMax: 3,
        backoff: { baseMs: 1, maxMs: 5 },
        lockTriesMax: 1000,
      });
      const java = [first.ask('increments /race 100'), second.ask('increments /race 100')];
      const pres: number[] = [];
      for (let i = 0; i < 100; i++) {
        const result = await ours.increment();
        if (result.succeeded) pres.push(result.pre);
      }
      for (const list of await Promise.all(java)) pres.push(...numbersOf(list));
      expect(pres.sort((a, b) => a - b)).toEqual(upTo(300));
      expect(await ours.get()).toBe(300);
    });

    test('blocks of numbers, taken by both', async () => {
      await using java = await program!.start(server.connectString);
      const cached = new CachedAtomicLong(client, new DistributedAtomicLong(client, '/blocks'), 7);
      const theirs = java.ask('cached /blocks 50');
      const numbers: number[] = [];
      for (let i = 0; i < 50; i++) numbers.push(await cached.next());
      numbers.push(...numbersOf(await theirs));
      expect(new Set(numbers).size).toBe(100);
    });
  });
}

if (missing !== null) {
  test.skip(`Java Curator: ${missing}`, () => {});
} else {
  beforeAll(async () => {
    program = await CuratorProgram.compile('CuratorCounters');
  });
  afterAll(() => program?.[Symbol.asyncDispose]());
  describeCounters('zookit', () => TestServer.start());
  if (javaZooKeeper() !== null) {
    describeCounters('Apache ZooKeeper', async () => {
      const server = await JavaServer.start();
      return {
        connectString: `127.0.0.1:${server.port}`,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    });
  }
}
