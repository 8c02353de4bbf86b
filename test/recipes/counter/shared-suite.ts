import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, InvalidValueError, json, type ZooKeeperClient } from '../../../client/index.ts';
import { SharedCount, SharedValue } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

/** Resolves when a shared value is as wanted. */
async function untilValue<T>(shared: SharedValue<T> | SharedCount, wanted: T): Promise<void> {
  for await (const { value } of shared.changes()) if (value === wanted) return;
  throw new Error('it ended');
}

let number = 0;
const fresh = (): string => `/shared/v${number++}`;

/** SharedValue and SharedCount against a server that works. */
export function describeShared(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`SharedValue and SharedCount against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      [client, other] = [await connect(server.connectString), await connect(server.connectString)];
    });
    afterAll(async () => {
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('the first one makes the node with four bytes, the others read it', async () => {
      const path = fresh();
      await using ours = await SharedCount.start(client, path, 7);
      await using theirs = await SharedCount.start(other, path, 99);
      expect([ours.value, theirs.value]).toEqual([7, 7]);
      const { data, stat } = await client.get(path);
      expect([...data!]).toEqual([0, 0, 0, 7]);
      expect(stat.ephemeralOwner).toBe(0n);
      await theirs.set(-2);
      expect(theirs.value).toBe(-2);
      await untilValue(ours, -2);
      expect([...(await client.get(path)).data!]).toEqual([255, 255, 255, 254]);
    });

    test('trySet lets one of several in, and the others see who it was', async () => {
      const path = fresh();
      const counts = await Promise.all(
        Array.from({ length: 5 }, (_, i) => SharedCount.start(i % 2 === 0 ? client : other, path, 0)),
      );
      const won = await Promise.all(counts.map((count, i) => count.trySet(i + 1)));
      expect(won.filter(Boolean).length).toBe(1);
      for (const count of counts) await untilValue(count, won.indexOf(true) + 1);
      const { versioned } = counts[0]!;
      expect(await counts[1]!.trySet(50)).toBe(true);
      expect(await counts[0]!.trySet(51, { previous: versioned })).toBe(false);
      await Promise.all(counts.map((count) => count.close()));
    });

    test('every change is told in order to listeners and streams, once each, also own ones', async () => {
      await using count = await SharedCount.start(client, fresh(), 0);
      const heard: number[] = [];
      const forget = count.onChange((value) => heard.push(value));
      const stop = new AbortController();
      const streamed: number[] = [];
      const streaming = (async () => {
        for await (const { value } of count.changes({ signal: stop.signal })) streamed.push(value);
      })();
      for (let i = 1; i <= 20; i++) await count.set(i);
      await untilValue(count, 20);
      await client.sync();
      expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      forget();
      await count.set(21);
      expect(heard.length).toBe(20);
      stop.abort();
      await streaming;
      expect(streamed).toEqual([...streamed].sort((a, b) => a - b));
    });

    test('a node that is deleted keeps its last value here, and comes back with the next set', async () => {
      const path = fresh();
      await using count = await SharedCount.start(client, path, 3);
      await using theirs = await SharedCount.start(other, path, 0);
      await client.delete(path);
      expect(await count.trySet(4)).toBe(false);
      expect(count.value).toBe(3);
      await count.set(5);
      expect(count.value).toBe(5);
      await untilValue(theirs, 5);
    });

    test('a node that was made again is another one, although its versions begin anew', async () => {
      const path = fresh();
      await using count = await SharedCount.start(client, path, 3);
      const { versioned } = count;
      await other.delete(path);
      const { stat } = await other.create(path, Buffer.from([0, 0, 0, 4]));
      expect(stat.version).toBe(versioned.stat.version);
      await untilValue(count, 4);
      expect(await count.trySet(5, { previous: versioned })).toBe(false);
      expect(await count.trySet(5)).toBe(true);
    });

    test('what is no value is told, and the last good one stays', async () => {
      const path = fresh();
      await using count = await SharedCount.start(client, path, 3);
      const failure = new Promise((resolve) => count.onError(resolve));
      await other.set(path, 'not four');
      expect(await failure).toBeInstanceOf(InvalidValueError);
      expect(count.value).toBe(3);
      await expect(SharedCount.start(other, path, 1)).rejects.toThrow(InvalidValueError);
      await other.set(path, Buffer.from([0, 0, 1, 0]));
      await untilValue(count, 256);
      await expect(count.set(2 ** 31)).rejects.toThrow(RangeError);
      await expect(SharedCount.start(client, 'relative', 1)).rejects.toThrow(TypeError);
    });

    test('values of any kind, by a codec', async () => {
      const path = fresh();
      await using ours = await SharedValue.start(client, path, { a: 1 }, { codec: json<{ a: number }>() });
      await using theirs = await SharedValue.start(other, path, { a: 0 }, { codec: json<{ a: number }>() });
      await ours.set({ a: 2 });
      for await (const { value } of theirs.changes()) if (value.a === 2) break;
      await using raw = await SharedValue.start(client, path, Buffer.alloc(0));
      expect(Buffer.from(raw.value).toString()).toBe('{"a":2}');
    });

    test('closing leaves no watch behind and ends the streams', async () => {
      const path = fresh();
      const count = await SharedCount.start(client, path, 1);
      const streaming = (async () => {
        const all: number[] = [];
        for await (const { value } of count.changes()) all.push(value);
        return all;
      })();
      expect(await client.checkWatches(path, 'data')).toBe(true);
      await count.close();
      await count.close();
      expect(await streaming).toEqual([1]);
      await client.sync();
      expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
      expect(await client.checkWatches(path, 'data')).toBe(false);
    });
  });
}
