import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  CountDownLatch,
  DistributedBarrier,
  DistributedDoubleBarrier,
  WaitTimeoutError,
} from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;
const fresh = (): string => `/barriers/b${number++}`;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Resolves when a directory has so many children. */
async function untilChildren(client: ZooKeeperClient, path: string, count: number): Promise<string[]> {
  for (;;) {
    const names = await client.children(path).catch(() => []);
    if (names.length === count) return names;
    await client.sync();
  }
}

/** Whether work has settled once everything that is under way has been answered. */
async function settled(work: Promise<unknown>, ...clients: ZooKeeperClient[]): Promise<boolean> {
  let done = false;
  const mark = () => {
    done = true;
  };
  void work.then(mark, mark);
  for (let i = 0; i < 3; i++) for (const client of clients) await client.sync();
  return done;
}

/** The barriers and the latch against a server that works. */
export function describeBarriers(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`barriers against ${name}`, () => {
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
    const nothingLeft = async () => {
      for (const zk of [client, other]) {
        await zk.sync();
        expect(zk.watchCounts()).toMatchObject({
          data: { listeners: 0 },
          exist: { listeners: 0 },
          child: { listeners: 0 },
        });
      }
    };

    test('a barrier holds everybody until it is removed', async () => {
      const path = fresh();
      const barrier = new DistributedBarrier(client, path);
      await barrier.wait({ timeoutMs: 0 });
      await barrier.set();
      await barrier.set();
      expect((await client.exists(path))!.ephemeralOwner).toBe(0n);
      await expect(barrier.wait({ timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      await expect(barrier.wait({ timeoutMs: 20 })).rejects.toMatchObject({ path, timeoutMs: 20 });
      const waiting = upTo(10).map((i) => new DistributedBarrier(i % 2 === 0 ? client : other, path).wait());
      expect(await settled(Promise.race(waiting), client, other)).toBe(false);
      await client.set(path, 'touched');
      expect(await settled(Promise.race(waiting), client, other)).toBe(false);
      await new DistributedBarrier(other, path).remove();
      await Promise.all(waiting);
      await barrier.remove();
      await nothingLeft();
    });

    test('a barrier is not waited for any longer than the signal says', async () => {
      const barrier = new DistributedBarrier(client, fresh());
      await barrier.set();
      const stop = new AbortController();
      const waiting = barrier.wait({ signal: stop.signal });
      expect(await settled(waiting, client)).toBe(false);
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      await nothingLeft();
      expect(() => new DistributedBarrier(client, 'x')).toThrow(TypeError);
    });

    test('members begin together and end together, round after round', async () => {
      const path = fresh();
      const members = upTo(7).map((i) => new DistributedDoubleBarrier(i % 2 === 0 ? client : other, path, 7));
      let inside = 0;
      for (let round = 0; round < 3; round++) {
        const before = members.slice(1).map((member) => member.enter().then(() => void inside++));
        await untilChildren(client, path, 6);
        expect(await settled(Promise.race(before), client, other)).toBe(false);
        expect(inside).toBe(0);
        await Promise.all([...before, members[0]!.enter().then(() => void inside++)]);
        expect(inside).toBe(7);
        const names = await client.children(path);
        expect(names).toContain('ready');
        expect(names.filter((each) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(each)).length).toBe(
          7,
        );
        const after = members.slice(1).map((member) => member.leave());
        expect(await settled(Promise.race(after), client, other)).toBe(false);
        await Promise.all([...after, members[0]!.leave()]);
        inside = 0;
        expect(await client.children(path).catch(() => [])).toEqual([]);
      }
      await nothingLeft();
    });

    test('a member that gives up is outside, and its node gone', async () => {
      const path = fresh();
      const member = new DistributedDoubleBarrier(client, path, 2);
      await expect(member.enter({ timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      await expect(member.enter({ timeoutMs: 20 })).rejects.toThrow('not all members have entered');
      const stop = new AbortController();
      const entering = member.enter({ signal: stop.signal });
      await expect(member.enter()).rejects.toThrow('entering');
      await expect(member.leave()).rejects.toThrow('entering');
      stop.abort(new Error('no more'));
      await expect(entering).rejects.toThrow('no more');
      await untilChildren(client, path, 0);
      const second = new DistributedDoubleBarrier(other, path, 2);
      await Promise.all([member.enter(), second.enter()]);
      await expect(member.enter()).rejects.toThrow('inside');
      await expect(member.leave({ timeoutMs: 20 })).rejects.toThrow('not all members have left');
      // It has left all the same: the other one waits for nobody.
      await second.leave();
      await untilChildren(client, path, 0);
      await nothingLeft();
    });

    test('a member that dies has left, and a node that is deleted is put back', async () => {
      const path = fresh();
      const first = new DistributedDoubleBarrier(client, path, 2);
      const entering = first.enter();
      const [node] = await untilChildren(client, path, 1);
      await other.delete(`${path}/${node}`);
      const [again] = await untilChildren(client, path, 1);
      expect(again).not.toBe(node);
      const dying = await connect(server.connectString);
      await Promise.all([entering, new DistributedDoubleBarrier(dying, path, 2).enter()]);
      const leaving = first.leave();
      expect(await settled(leaving, client, dying)).toBe(false);
      await dying.close();
      await leaving;
      expect(await client.children(path).catch(() => [])).toEqual([]);
      await nothingLeft();
    });

    test('members who all died inside do not let the next ones in', async () => {
      const path = fresh();
      const dying = await connect(server.connectString);
      await Promise.all(upTo(2).map(() => new DistributedDoubleBarrier(dying, path, 2).enter()));
      await dying.close();
      expect(await client.children(path)).toEqual(['ready']);
      const first = new DistributedDoubleBarrier(client, path, 2);
      const second = new DistributedDoubleBarrier(other, path, 2);
      const entering = first.enter();
      expect(await settled(entering, client, other)).toBe(false);
      await Promise.all([entering, second.enter()]);
      // Who comes later, while they are inside, goes in at once.
      const third = new DistributedDoubleBarrier(client, path, 2);
      await third.enter({ timeoutMs: 0 });
      await Promise.all([first, second, third].map((member) => member.leave()));
      await nothingLeft();
    });

    test('a latch opens when it has been counted down, once an id', async () => {
      const path = fresh();
      const latch = new CountDownLatch(client, path, 3);
      // The first to use it makes it, with its number.
      expect(await latch.remaining()).toBe(3);
      const waiting = [latch.wait(), new CountDownLatch(other, path, 99).wait()];
      await expect(latch.wait({ timeoutMs: 20 })).rejects.toThrow('latch not open');
      expect(await latch.countDown({ id: 'a' })).toBe(2);
      expect(await latch.countDown({ id: 'a' })).toBe(2);
      expect(await new CountDownLatch(other, path, 3).countDown()).toBe(1);
      expect(await settled(Promise.race(waiting), client, other)).toBe(false);
      expect(await latch.remaining()).toBe(1);
      expect(await latch.countDown()).toBe(0);
      await Promise.all(waiting);
      expect(await latch.countDown()).toBe(0);
      await latch.wait({ timeoutMs: 0 });
      expect([...(await client.get(path)).data!]).toEqual([0, 0, 0, 3]);
      await latch.reset();
      await latch.reset();
      expect(await latch.remaining()).toBe(3);
      await nothingLeft();
    });

    test('arguments that cannot be right', async () => {
      expect(() => new DistributedDoubleBarrier(client, '/x', 0)).toThrow(RangeError);
      expect(() => new CountDownLatch(client, '/x', -1)).toThrow(RangeError);
      await expect(new CountDownLatch(client, '/x', 1).countDown({ id: 'a/b' })).rejects.toThrow(TypeError);
      await expect(new DistributedDoubleBarrier(client, '/x', 1).leave()).rejects.toThrow('outside');
    });
  });
}
