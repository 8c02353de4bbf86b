import { afterAll, beforeAll, expect, test } from 'vitest';
import { text } from '../../client/index.ts';
import {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  type Queue,
  SimpleDistributedQueue,
} from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { type CuratorOptions, startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import type { PeerProgram } from '../kit/peer-program.ts';
import { Collector } from '../recipes/queue/collector.ts';

/** The items that Java's consumer got from a queue, in their order. */
function gotBy(java: PeerProgram, path: string): string[] {
  return [...java.child.output.matchAll(new RegExp(`^got ${path} (.*)$`, 'gm'))].map(([, item]) => item!);
}

/** A queue of one kind, and how the i-th item is put into it. */
interface Filled {
  readonly queue: Queue<string>;
  put(item: string, i: number): Promise<unknown>;
}

describeOnBoth('queues and Java Curator', javaProgramsMissing(), (on) => {
  const start = (options?: CuratorOptions) => startCurator('CuratorQueues', on.connectString, options);
  let java: PeerProgram;
  beforeAll(async () => {
    java = await start();
  });
  afterAll(async () => {
    await java?.[Symbol.asyncDispose]();
  });

  /** What our consumer gets from a queue until there are so many. */
  const consume = async (queue: Queue<string>, count: number): Promise<string[]> => {
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(got.add, { signal: stop.signal });
    await Promise.race([got.until(count), done]);
    stop.abort();
    await done;
    return got.list;
  };

  const options = (path: string, locked: boolean) => ({
    codec: text,
    lockPath: locked ? `${path}-java-locks` : null,
  });

  for (const locked of [true, false]) {
    const how = locked ? 'with a lock path' : 'without';
    const lockOf = (path: string) => (locked ? `${path}-java-locks` : '-');

    test(`each consumes what the other puts, ${how}`, async () => {
      const path = `/java/plain-${locked}`;
      await using queue = new DistributedQueue<string>(on.client, path, options(path, locked));
      await java.ask(`open plain ${path} ${lockOf(path)} producer`);
      await java.ask(`put ${path} a`);
      await java.ask(`multi ${path} b c d`);
      expect(await consume(queue, 4)).toEqual(['a', 'b', 'c', 'd']);
      const back = `/java/plain-back-${locked}`;
      await using ours = new DistributedQueue<string>(on.client, back, options(back, locked));
      await ours.put('e');
      await ours.putMulti(['f', 'g']);
      await java.ask(`open plain ${back} ${lockOf(back)} consumer`);
      await ours.put('h');
      await java.hear(new RegExp(`got ${back} h`));
      expect(gotBy(java, back)).toEqual(['e', 'f', 'g', 'h']);
    });

    test(`ids, ${how}`, async () => {
      const path = `/java/id-${locked}`;
      await using queue = new DistributedIdQueue<string>(on.client, path, options(path, locked));
      await java.ask(`open id ${path} ${lockOf(path)} producer`);
      await java.ask(`put ${path} a one/1`);
      await java.ask(`put ${path} b two`);
      await queue.put('c', 'three');
      await queue.put('d', 'two');
      expect(await queue.has('one/1')).toBe(true);
      expect(await queue.remove('one/1')).toBe(1);
      expect(await java.ask(`remove ${path} three`)).toBe('1');
      expect(await consume(queue, 2)).toEqual(['b', 'd']);
    });

    test(`priorities, ${how}`, async () => {
      const path = `/java/priority-${locked}`;
      await using queue = new DistributedPriorityQueue<string>(on.client, path, options(path, locked));
      await java.ask(`open priority ${path} ${lockOf(path)} producer`);
      await java.ask(`put ${path} c 7`);
      await java.ask(`put ${path} a -7`);
      await queue.put('b', 0);
      await queue.put('d', 255);
      expect(await consume(queue, 4)).toEqual(['a', 'b', 'c', 'd']);
      const back = `/java/priority-back-${locked}`;
      await using ours = new DistributedPriorityQueue<string>(on.client, back, options(back, locked));
      for (const [item, priority] of [
        ['z', 0x7fff_ffff],
        ['y', 16],
        ['x', -0x8000_0000],
      ] as const) {
        await ours.put(item, priority);
      }
      await java.ask(`open priority ${back} ${lockOf(back)} consumer`);
      await java.hear(new RegExp(`got ${back} z`));
      expect(gotBy(java, back)).toEqual(['x', 'y', 'z']);
    });

    test(`delays, ${how}`, async () => {
      const path = `/java/delay-${locked}`;
      await using queue = new DistributedDelayQueue<string>(on.client, path, options(path, locked));
      await java.ask(`open delay ${path} ${lockOf(path)} producer`);
      const now = on.client.ports.wallMs();
      await java.ask(`put ${path} b ${now + 300}`);
      await java.ask(`put ${path} a ${now - 300}`);
      expect(await consume(queue, 2)).toEqual(['a', 'b']);
      expect(on.client.ports.wallMs()).toBeGreaterThanOrEqual(now + 300);
      const back = `/java/delay-back-${locked}`;
      await using ours = new DistributedDelayQueue<string>(on.client, back, options(back, locked));
      await ours.put('d', on.client.ports.wallMs() + 200);
      await ours.put('c', 1);
      await java.ask(`open delay ${back} ${lockOf(back)} consumer`);
      await java.hear(new RegExp(`got ${back} d`));
      expect(gotBy(java, back)).toEqual(['c', 'd']);
    });
  }

  /** By kind: what Java says of the i-th item besides, and our queue. */
  const both: readonly (readonly [
    kind: string,
    term: (i: number) => string,
    open: (path: string) => Filled,
  ])[] = [
    [
      'plain',
      () => '',
      (path) => {
        const queue = new DistributedQueue<string>(on.client, path, options(path, true));
        return { queue, put: (item) => queue.put(item) };
      },
    ],
    [
      'id',
      (i) => `id-${i}`,
      (path) => {
        const queue = new DistributedIdQueue<string>(on.client, path, options(path, true));
        return { queue, put: (item, i) => queue.put(item, `id-${i}`) };
      },
    ],
    [
      'priority',
      (i) => `${i % 3}`,
      (path) => {
        const queue = new DistributedPriorityQueue<string>(on.client, path, options(path, true));
        return { queue, put: (item, i) => queue.put(item, i % 3) };
      },
    ],
    [
      'delay',
      (i) => `${i}`,
      (path) => {
        const queue = new DistributedDelayQueue<string>(on.client, path, options(path, true));
        return { queue, put: (item, i) => queue.put(item, i + 1) };
      },
    ],
  ];

  test.each(both)('both put and consume at once, every item once: %s', async (kind, term, open) => {
    const path = `/java/both-${kind}`;
    const { queue, put } = open(path);
    await using _queue = queue;
    await java.ask(`open ${kind} ${path} ${path}-java-locks consumer`);
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(got.add, { signal: stop.signal });
    const items = Array.from({ length: 40 }, (_, i) => `item-${i}`);
    for (const [i, item] of items.entries()) {
      if (i % 2 === 0) await put(item, i);
      else await java.ask(`put ${path} ${item} ${term(i)}`);
    }
    while (got.list.length + gotBy(java, path).length < items.length) await on.client.sync();
    stop.abort();
    await done;
    expect([...got.list, ...gotBy(java, path)].sort()).toEqual([...items].sort());
    while ((await queue.size()) > 0) await on.client.sync();
  });

  test('an item that we put back Java gets, puts back too, and handles', async () => {
    const path = '/java/back';
    await using queue = new DistributedQueue<string>(on.client, path, options(path, true));
    await queue.put('bad');
    // We fail on it once.
    const stop = new AbortController();
    await queue.consume(
      () => {
        stop.abort();
        throw new Error('ours');
      },
      { signal: stop.signal },
    );
    await java.ask(`open plain ${path} ${path}-java-locks consumer`);
    // Java fails on it too, then handles it.
    await java.hear(new RegExp(`refused ${path} bad`));
    await java.hear(new RegExp(`got ${path} bad`));
    while ((await queue.size()) > 0) await on.client.sync();
  });

  test('nobody handles what the other has in hand; what a killed Java process had comes to us', async () => {
    const path = '/java/shared';
    await using queue = new DistributedQueue<string>(on.client, path, options(path, true));
    await using victim = await start({ sessionTimeoutMs: 2_000 });
    await victim.ask(`open plain ${path} ${path}-java-locks consumer`);
    await queue.put('endless');
    await victim.hear(new RegExp(`got ${path} endless`));
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(got.add, { signal: stop.signal });
    await queue.put('other');
    await got.until(1);
    expect(got.list).toEqual(['other']);
    await victim.kill();
    expect(await got.until(2)).toEqual(['other', 'endless']);
    stop.abort();
    await done;
  });

  test('the simple queue', async () => {
    await using queue = new SimpleDistributedQueue<string>(on.client, '/java/simple', { codec: text });
    await java.ask('offer /java/simple a');
    expect(await queue.take()).toBe('a');
    const taken = java.ask('take /java/simple');
    await queue.offer('b');
    expect(await taken).toBe('b');
    expect(await queue.poll()).toBeNull();
  });
});
