import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, text, type ZooKeeperClient } from '../../../client/index.ts';
import {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  type ItemFailure,
  WaitTimeoutError,
} from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { Collector, Gate } from './collector.ts';

let number = 0;
const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

/** The queues against a server that works. */
export function describeQueues(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`queues against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    const path = () => `/queues/q${++number}`;

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      const counts = client?.watchCounts();
      await client?.close();
      await server?.[Symbol.asyncDispose]();
      expect(counts).toMatchObject({
        child: { listeners: 0 },
        data: { listeners: 0 },
        exist: { listeners: 0 },
      });
    });

    /** Consumes so many items, then ends the consumer. */
    const consume = async (queue: DistributedQueue<string>, count: number, concurrency = 1) => {
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(got.add, { signal: stop.signal, concurrency });
      await Promise.race([got.until(count), done]);
      stop.abort();
      await done;
      return got.list;
    };

    test("items are nodes with Curator's names and bytes, handled in order and then gone", async () => {
      const at = path();
      await using queue = new DistributedQueue<string>(client, at, { codec: text });
      await queue.put('x1');
      expect(await client.children(at)).toEqual(['queue-0000000000']);
      const { data, stat } = await client.get(`${at}/queue-0000000000`);
      expect(data).toEqual(Buffer.from('\x00\x01\x00\x01\x01\x00\x00\x00\x02x1\x02', 'latin1'));
      expect(stat.ephemeralOwner).toBe(0n);
      await queue.putMulti(['x2', 'x3']);
      await queue.put('x4');
      expect(await queue.size()).toBe(3);
      expect(await consume(queue, 4)).toEqual(['x1', 'x2', 'x3', 'x4']);
      expect(await queue.size()).toBe(0);
      expect(await client.children(`${at}-locks`)).toEqual([]);
    });

    test('a consumer that waits gets what is put, also where the queue did not exist', async () => {
      await using queue = new DistributedQueue<{ n: number }>(client, path());
      const got = new Collector<{ n: number }>();
      const consuming = queue.consume(got.add);
      for (let n = 0; n < 20; n++) {
        await queue.put({ n });
        await got.until(n + 1);
      }
      expect(got.list.map(({ n }) => n)).toEqual([...numbers(20)].map(Number));
      await queue.close();
      await consuming;
      expect(await client.children(`${queue.path}-receipts`)).toEqual([]);
    });

    test('as many at once as asked for, and no more', async () => {
      await using queue = new DistributedQueue<string>(client, path(), { codec: text });
      await Promise.all(numbers(12).map((item) => queue.put(item)));
      const begun = new Collector<string>();
      const gates = numbers(12).map(() => new Gate());
      const stop = new AbortController();
      let now = 0;
      let most = 0;
      const done = queue.consume(
        async (item) => {
          most = Math.max(most, ++now);
          begun.add(item);
          await gates[Number(item)]!.opened;
          now--;
        },
        { concurrency: 3, signal: stop.signal },
      );
      await begun.until(3);
      await client.sync();
      expect([...begun.list].sort()).toEqual(['0', '1', '2']);
      expect((await client.children(queue.lockPath!)).length).toBe(3);
      for (const gate of gates) gate.open();
      await begun.until(12);
      stop.abort();
      await done;
      expect(most).toBe(3);
      expect(await queue.size()).toBe(0);
    });

    test('several consumers share the items, each of which is handled once', async () => {
      const at = path();
      const clients = await Promise.all(numbers(4).map(() => connect(server.connectString)));
      await using queue = new DistributedQueue<string>(client, at, { codec: text });
      const got = new Collector<string>();
      const stop = new AbortController();
      const consuming = clients.map((zk) =>
        new DistributedQueue<string>(zk, at, { codec: text }).consume(got.add, {
          concurrency: 2,
          signal: stop.signal,
        }),
      );
      await Promise.all(numbers(200).map((item) => queue.put(item)));
      await got.until(200);
      stop.abort();
      await Promise.all(consuming);
      expect([...got.list].map(Number).sort((a, b) => a - b)).toEqual(numbers(200).map(Number));
      expect(await queue.size()).toBe(0);
      expect(await client.children(`${at}-locks`)).toEqual([]);
      await Promise.all(clients.map((zk) => zk.close()));
    });

    test('an item that fails goes to the end, is tried again, and is set aside at last', async () => {
      const at = path();
      await using queue = new DistributedQueue<string>(client, at, { codec: text, attemptsMax: 3 });
      for (const item of ['bad', 'good']) await queue.put(item);
      const tries: [string, number][] = [];
      const failures = new Collector<ItemFailure<string>>();
      const stop = new AbortController();
      const done = queue.consume(
        (item, { attempt }) => {
          tries.push([item, attempt]);
          if (item === 'bad') throw new Error('no way');
        },
        { signal: stop.signal, onFailure: failures.add },
      );
      await failures.until(3);
      stop.abort();
      await done;
      expect(tries).toEqual([
        ['bad', 1],
        ['good', 1],
        ['bad', 2],
        ['bad', 3],
      ]);
      expect(failures.list.map(({ poison, attempt }) => [attempt, poison])).toEqual([
        [1, false],
        [2, false],
        [3, true],
      ]);
      expect(await queue.size()).toBe(0);
      const [poison, ...more] = await queue.poison();
      expect(more).toEqual([]);
      expect(poison).toMatchObject({ item: 'bad', attempts: 3, error: 'Error: no way' });
      expect(poison!.failedAtMs).toBeGreaterThan(0);

      expect(await queue.retryPoison(poison!.path)).toBe(true);
      expect(await queue.retryPoison(poison!.path)).toBe(false);
      expect(await queue.poison()).toEqual([]);
      expect(await consume(queue, 1)).toEqual(['bad']);
    });

    test('what cannot be read is set aside at once, and can be discarded', async () => {
      const at = path();
      await using queue = new DistributedQueue<{ n: number }>(client, at);
      await queue.put({ n: 1 });
      await client.create(`${at}/queue-`, 'no item at all', { mode: 'persistent-sequential' });
      await new DistributedQueue<string>(client, at, { codec: text }).put('no JSON');
      await client.create(`${at}/foreign`, 'not of the queue');
      const failures = new Collector<ItemFailure<{ n: number }>>();
      const stop = new AbortController();
      const done = queue.consume(() => {}, { signal: stop.signal, onFailure: failures.add });
      await failures.until(2);
      stop.abort();
      await done;
      expect(failures.list.every(({ poison, item }) => poison && item === undefined)).toBe(true);
      const poison = await queue.poison();
      expect(poison.map(({ bytes, item }) => [Buffer.from(bytes).toString(), item])).toEqual([
        ['no item at all', undefined],
        ['no JSON', undefined],
      ]);
      expect(await client.children(at)).toEqual(['foreign']);
      // Back where it was, byte for byte.
      await queue.retryPoison(poison[0]!.path);
      const [again] = (await client.children(at)).filter((name) => name.startsWith('queue-'));
      expect((await client.get(`${at}/${again}`)).data?.toString()).toBe('no item at all');
      expect(await queue.discardPoison(poison[1]!.path)).toBe(true);
      expect(await queue.discardPoison(poison[1]!.path)).toBe(false);
      await expect(queue.discardPoison(`${at}/foreign`)).rejects.toThrow(TypeError);
    });

    test('of items put together, those that are done do not come again', async () => {
      await using queue = new DistributedQueue<string>(client, path(), { codec: text, attemptsMax: 2 });
      await queue.putMulti(['a', 'bad', 'c']);
      const tries: string[] = [];
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(
        (item, { attempt }) => {
          tries.push(`${item}${attempt}`);
          if (item === 'bad') throw new Error('no');
          got.add(item);
        },
        { signal: stop.signal },
      );
      await got.until(2);
      stop.abort();
      await done;
      expect(tries).toEqual(['a1', 'bad1', 'bad2', 'c1']);
      expect((await queue.poison()).map(({ item }) => item)).toEqual(['bad']);
    });

    test('a full queue makes put wait, in order, until there is room', async () => {
      const at = path();
      await using queue = new DistributedQueue<string>(client, at, { codec: text, maxItems: 2 });
      await queue.put('0');
      await queue.put('1');
      await expect(queue.put('x', { timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      await expect(queue.put('x', { timeoutMs: 30 })).rejects.toThrow(/no room/);
      const giveUp = new AbortController();
      const given = expect(queue.put('x', { signal: giveUp.signal })).rejects.toThrow('enough');
      const waiting = ['2', '3', '4'].map((item) => queue.put(item));
      giveUp.abort(new Error('enough'));
      await given;
      await expect(queue.put('x', { timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      expect(await queue.size()).toBe(2);
      let most = 0;
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(
        async (item) => {
          most = Math.max(most, await queue.size());
          got.add(item);
        },
        { signal: stop.signal },
      );
      await Promise.all(waiting);
      expect(await got.until(5)).toEqual(['0', '1', '2', '3', '4']);
      stop.abort();
      await done;
      expect(most).toBe(2);
    });

    test('a consumer that is to end gives items in hand their time, then tells them', async () => {
      await using queue = new DistributedQueue<string>(client, path(), { codec: text });
      for (const item of ['patient', 'endless', 'never begun']) await queue.put(item);
      const begun = new Collector<string>();
      const gate = new Gate();
      const stop = new AbortController();
      const done = queue.consume(
        async (item, { signal }) => {
          begun.add(item);
          if (item === 'patient') return gate.opened;
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
        { concurrency: 2, signal: stop.signal, graceMs: 50 },
      );
      await begun.until(2);
      stop.abort(new Error('closing time'));
      gate.open();
      await done;
      // Told to end, it has not failed: it is as it was, in its place.
      const left = new DistributedQueue<string>(client, queue.path, { codec: text });
      const attempts: [string, number][] = [];
      const again = new AbortController();
      await left.consume(
        (item, { attempt }) => {
          attempts.push([item, attempt]);
          if (attempts.length === 2) again.abort();
        },
        { signal: again.signal },
      );
      expect(attempts).toEqual([
        ['endless', 1],
        ['never begun', 1],
      ]);
    });

    test('close does not wait longer than told for a handler that heeds nothing, whose item nobody else gets', async () => {
      const queue = new DistributedQueue<string>(client, path(), { codec: text });
      await queue.put('deaf');
      const begun = new Collector<string>();
      const gate = new Gate();
      const done = queue.consume(
        (item) => {
          begun.add(item);
          return gate.opened;
        },
        { graceMs: 0 },
      );
      await begun.until(1);
      await expect(queue.close({ timeoutMs: 10 })).rejects.toMatchObject({
        code: 'WaitTimeout',
        path: queue.path,
      });
      await expect(queue.close({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'WaitTimeout' });
      expect(await client.children(queue.lockPath!)).toEqual(['queue-0000000000']);
      gate.open();
      await queue.close({ timeoutMs: 60_000 });
      await done;
      expect(await queue.size()).toBe(0);
      await queue.close({ timeoutMs: 0 });
    });

    test('an item that is given back without a change of the queue is noticed by those who are idle', async () => {
      const at = path();
      await using queue = new DistributedQueue<string>(client, at, { codec: text });
      await queue.put('one');
      await using other = await connect(server.connectString);
      const begun = new Collector<string>();
      const theirs = new DistributedQueue<string>(other, at, { codec: text });
      theirs
        .consume(() => {
          begun.add('theirs');
          return new Promise(() => {});
        })
        .catch(() => {});
      await begun.until(1);
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(got.add, { signal: stop.signal });
      while (client.watchCounts().data.listeners === 0) await client.sync();
      expect(got.list).toEqual([]);
      // Its session takes the lock along; the item's node stays as it is.
      void other.close();
      expect(await got.until(1)).toEqual(['one']);
      stop.abort();
      await done;
    });

    test('without a lock path an item is deleted first, and set aside when it fails', async () => {
      const at = path();
      await using queue = new DistributedQueue<string>(client, at, { codec: text, lockPath: null });
      for (const item of ['a', 'bad', 'c']) await queue.put(item);
      await queue.putMulti(['bad', 'd']);
      const sizes: number[] = [];
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(
        async (item, { fencingToken }) => {
          expect(fencingToken).toBe(0);
          sizes.push(await queue.size());
          got.add(item);
          if (item === 'bad') throw new Error('no');
        },
        { signal: stop.signal },
      );
      await got.until(5);
      stop.abort();
      await done;
      expect(got.list).toEqual(['a', 'bad', 'c', 'bad', 'd']);
      expect(sizes).toEqual([3, 2, 1, 0, 0]);
      expect((await queue.poison()).map(({ item, attempts }) => [item, attempts])).toEqual([
        ['bad', 1],
        ['bad', 1],
      ]);
      expect(await client.exists(`${at}-locks`)).toBeNull();
    });

    test('the fencing token grows with each who has an item in hand', async () => {
      await using queue = new DistributedQueue<string>(client, path(), { codec: text });
      await queue.put('a');
      const tokens = new Collector<number>();
      const stop = new AbortController();
      const done = queue.consume(
        (_, { fencingToken }) => {
          tokens.add(fencingToken);
          if (tokens.list.length < 3) throw new Error('again');
        },
        { signal: stop.signal },
      );
      await tokens.until(3);
      stop.abort();
      await done;
      const [a, b, c] = tokens.list;
      expect(a! > 0 && b! > a! && c! > b!).toBe(true);
    });

    test('ids: removed by id unless in hand', async () => {
      const at = path();
      await using queue = new DistributedIdQueue<string>(client, at, { codec: text });
      expect(await queue.remove('none')).toBe(0);
      await queue.put('1', 'my/id');
      await queue.put('2', 'other');
      await queue.put('3', 'my|id');
      expect((await client.children(at)).sort()[0]).toBe('queue-|my_id|0000000000');
      expect([await queue.has('my/id'), await queue.has('id')]).toEqual([true, false]);
      await client.ensurePath(`${at}-locks`);
      await client.create(`${at}-locks/queue-|my_id|0000000002`, '', { mode: 'ephemeral' });
      expect(await queue.remove('my/id')).toBe(1);
      expect(await client.children(`${at}-locks`)).toEqual(['queue-|my_id|0000000002']);
      await client.delete(`${at}-locks/queue-|my_id|0000000002`);
      expect(await consume(queue as unknown as DistributedQueue<string>, 2)).toEqual(['2', '3']);
      await expect(queue.put('x', '')).rejects.toThrow(TypeError);
    });

    test('priorities: the lowest number first, and newcomers overtake', async () => {
      const at = path();
      await using queue = new DistributedPriorityQueue<string>(client, at, { codec: text });
      for (const [item, priority] of [
        ['last', 0x7fff_ffff],
        ['c', 5],
        ['d', 5],
        ['b', 0],
        ['a', -80],
        ['first', -0x8000_0000],
      ] as const)
        await queue.put(item, priority);
      expect((await client.children(at)).sort().slice(1, 3)).toEqual([
        'queue-0FFFFFFB00000000004',
        'queue-1000000000000000003',
      ]);
      const order: string[] = [];
      const stop = new AbortController();
      await queue.consume(
        async (item) => {
          order.push(item);
          if (item === 'a') await queue.put('urgent', -7);
          if (item === 'last') stop.abort();
        },
        { signal: stop.signal },
      );
      expect(order).toEqual(['first', 'a', 'urgent', 'b', 'c', 'd', 'last']);
      await expect(queue.put('x', 2 ** 31)).rejects.toThrow(RangeError);
    });

    test('an item that failed keeps its priority', async () => {
      await using queue = new DistributedPriorityQueue<string>(client, path(), { codec: text });
      await queue.put('a', 1);
      await queue.put('b', 2);
      const order: string[] = [];
      const stop = new AbortController();
      await queue.consume(
        (item, { attempt }) => {
          order.push(`${item}${attempt}`);
          if (item === 'a' && attempt < 3) throw new Error('again');
          if (item === 'b') stop.abort();
        },
        { signal: stop.signal },
      );
      expect(order).toEqual(['a1', 'a2', 'a3', 'b1']);
    });

    test('delays: not before the time, the earliest first, and newcomers overtake', async () => {
      const at = path();
      await using queue = new DistributedDelayQueue<string>(client, at, { codec: text });
      const now = client.ports.wallMs();
      await queue.put('later', now + 400);
      await queue.put('past', new Date(now - 5_000));
      await queue.put('far', now + 3_600_000);
      const got = new Collector<[string, number]>();
      const stop = new AbortController();
      const done = queue.consume((item) => got.add([item, client.ports.wallMs()]), { signal: stop.signal });
      await got.until(1);
      await queue.put('soon', now + 200);
      await got.until(3);
      stop.abort();
      await done;
      expect(got.list.map(([item]) => item)).toEqual(['past', 'soon', 'later']);
      expect(got.list[1]![1]).toBeGreaterThanOrEqual(now + 200);
      expect(got.list[2]![1]).toBeGreaterThanOrEqual(now + 400);
      expect(await client.children(at)).toEqual([
        `queue-|${(now + 3_600_000).toString(16).toUpperCase()}|0000000002`,
      ]);
      await expect(queue.put('x', Number.NaN)).rejects.toThrow(RangeError);
    });

    test('arguments that cannot be right throw at once', () => {
      expect(() => new DistributedQueue(client, 'relative')).toThrow(TypeError);
      expect(() => new DistributedQueue(client, '/')).toThrow(TypeError);
      expect(() => new DistributedQueue(client, '/q', { lockPath: 'x' })).toThrow(TypeError);
      expect(() => new DistributedQueue(client, '/q', { maxItems: 0 })).toThrow(RangeError);
      expect(() => new DistributedQueue(client, '/q', { attemptsMax: 0.5 })).toThrow(RangeError);
      expect(() => new DistributedPriorityQueue(client, '/q', { minItemsBeforeRefresh: -1 })).toThrow(
        RangeError,
      );
    });
  });
}
