import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, NoAuthError, Perms, type ZooKeeperClient } from '../../../client/index.ts';
import { CachedAtomicLong, DistributedAtomicLong, SharedCount } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { CountedSteps } from '../../kit/effects.ts';

/** More steps than any scenario has. */
const STEPS_MAX = 100;
const backoff = { baseMs: 1, maxMs: 2 };

async function untilValue(count: SharedCount, wanted: number): Promise<void> {
  for await (const { value } of count.changes()) if (value === wanted) return;
  throw new Error('it ended');
}

describe('counters when connections and sessions are lost', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  for (const [name, lose] of Object.entries({
    'the connection is cut': ({ steps }: { steps: CountedSteps }) => steps.cut(),
    'the session expires': ({ client }: { client: ZooKeeperClient }) =>
      void server.expireSession(client.sessionId),
  })) {
    for (const exists of [false, true]) {
      test(`${name} at every step of an increment (node ${exists ? 'there' : 'missing'}): counted once, or said to be unknown`, async () => {
        const outcomes = new Set<string>();
        let last = 0;
        for (let at = 0; at === last && at < STEPS_MAX; at++) {
          const path = `/${name.replaceAll(' ', '-')}-${exists}-${at}`;
          if (exists) await new DistributedAtomicLong(other, path).forceSet(0);
          const steps = new CountedSteps();
          await using client = await connect(server.connectString, { ports: steps.ports, backoff });
          const base = steps.steps;
          steps.onStep = (step) => {
            if (last > at || step - base < at) return;
            last = at + 1;
            lose({ steps, client });
          };
          const counter = new DistributedAtomicLong(client, path);
          const [result] = await Promise.allSettled([counter.increment()]);
          steps.onStep = () => {};
          await other.sync();
          const value = await new DistributedAtomicLong(other, path).get();
          if (result!.status === 'fulfilled') {
            outcomes.add('counted');
            expect(result!.value).toMatchObject({ succeeded: true, pre: 0, post: 1 });
            expect(value).toBe(1);
          } else {
            outcomes.add('unknown');
            expect(result!.reason).toMatchObject({ outcome: 'unknown' });
            expect([0, 1]).toContain(value);
          }
          // And it goes on from there.
          expect(await counter.increment()).toMatchObject({ succeeded: true, pre: value, post: value + 1 });
        }
        expect(last).toBeGreaterThan(2);
        expect(last).toBeLessThan(STEPS_MAX);
        expect(outcomes).toContain('counted');
        // An expired session is noticed before anything is sent, or after it was answered.
        if (name === 'the connection is cut') expect(outcomes).toContain('unknown');
      });
    }
  }

  for (const exists of [false, true]) {
    test(`with a receipt a cut at any step is settled (node ${exists ? 'there' : 'missing'})`, async () => {
      let last = 0;
      for (let at = 0; at === last && at < STEPS_MAX; at++) {
        const path = `/receipt-${exists}-${at}/counter`;
        if (exists) await new DistributedAtomicLong(other, path).forceSet(0);
        const steps = new CountedSteps();
        await using client = await connect(server.connectString, { ports: steps.ports, backoff });
        const base = steps.steps;
        steps.onStep = (step) => {
          if (last > at || step - base < at) return;
          last = at + 1;
          steps.cut();
        };
        const counter = new DistributedAtomicLong(client, path, { receiptsPath: `/receipts-${at}` });
        expect(await counter.increment()).toMatchObject({ succeeded: true, pre: 0, post: 1 });
        steps.onStep = () => {};
        expect(await counter.increment()).toMatchObject({ succeeded: true, pre: 1, post: 2 });
        expect((await other.children(`/receipts-${at}`)).length).toBe(1);
        await counter.close();
        await other.sync();
        expect(await other.children(`/receipts-${at}`)).toEqual([]);
      }
      expect(last).toBeGreaterThan(4);
      expect(last).toBeLessThan(STEPS_MAX);
    });
  }

  test('with receipts a storm of lost connections leaves nothing unknown', async () => {
    const path = '/receipt-storm';
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    const options = { triesMax: 100, receiptsPath: '/receipts-storm' };
    const counters = [client, client, other].map((zk) => new DistributedAtomicLong(zk, path, options));
    const pres: number[] = [];
    for (let round = 0; round < 60; round++) {
      const work = counters.map((counter) => counter.increment());
      for (let turn = 0; turn < round % 8; turn++) await new Promise((resolve) => setImmediate(resolve));
      cable.drop();
      for (const result of await Promise.all(work)) {
        expect(result.succeeded).toBe(true);
        pres.push(result.pre);
      }
    }
    expect(pres.sort((a, b) => a - b)).toEqual(Array.from({ length: 180 }, (_, i) => i));
    expect(await counters[0]!.get()).toBe(180);
  });

  test('a receipt that went with its session is made anew, and one that was deleted too', async () => {
    await using client = await connect(server.connectString, { backoff });
    const counter = new DistributedAtomicLong(client, '/renewed', { receiptsPath: '/receipts-renewed' });
    await counter.increment();
    const { sessionId } = client;
    const renewed = new Promise<void>((resolve) => {
      client.on('state', (_, info) => info.newSession && info.sessionId !== sessionId && resolve());
    });
    server.expireSession(sessionId);
    await renewed;
    expect(await counter.increment()).toMatchObject({ succeeded: true, post: 2 });
    const [name] = await other.children('/receipts-renewed');
    await other.delete(`/receipts-renewed/${name}`);
    expect(await counter.increment()).toMatchObject({ succeeded: true, post: 3 });
    const [again] = await other.children('/receipts-renewed');
    await other.set(`/receipts-renewed/${again}`, 'touched');
    expect(await counter.increment()).toMatchObject({ succeeded: true, post: 4 });
    await counter.close();
    await counter.close();
  });

  test('a storm of lost connections: never counted twice, never lost', async () => {
    const path = '/storm';
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    const ours = new DistributedAtomicLong(client, path, { triesMax: 100 });
    const theirs = new DistributedAtomicLong(other, path, { triesMax: 100 });
    let counted = 0;
    let unknown = 0;
    for (let round = 0; round < 60; round++) {
      const work = [ours.increment(), theirs.increment(), ours.increment()];
      for (let turn = 0; turn < round % 8; turn++) await new Promise((resolve) => setImmediate(resolve));
      cable.drop();
      for (const result of await Promise.allSettled(work)) {
        if (result.status === 'fulfilled') counted += result.value.succeeded ? 1 : 0;
        else unknown++;
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ outcome: 'unknown' });
      }
    }
    const value = await theirs.get();
    expect(value).toBeGreaterThanOrEqual(counted);
    expect(value).toBeLessThanOrEqual(counted + unknown);
    expect(counted).toBeGreaterThan(60);
  });

  test('numbers in blocks stay unique through lost connections', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    const caches = [client, other].map(
      (zk) => new CachedAtomicLong(zk, new DistributedAtomicLong(zk, '/blocks', { triesMax: 50 }), 3),
    );
    const numbers: number[] = [];
    for (let round = 0; round < 40; round++) {
      const work = caches.flatMap((cache) => [cache.next(), cache.next()]);
      for (let turn = 0; turn < round % 8; turn++) await new Promise((resolve) => setImmediate(resolve));
      cable.drop();
      numbers.push(...(await Promise.all(work)));
    }
    expect(new Set(numbers).size).toBe(160);
  });

  test('a shared count follows through lost connections, a new session and another server process', async () => {
    await using own = await TestServer.start();
    const cable = new Cuttable();
    await using client = await connect(own.connectString, { ports: cable.ports, backoff });
    await using writer = await connect(own.connectString, { backoff });
    await using count = await SharedCount.start(client, '/followed', 0);
    await using theirs = await SharedCount.start(writer, '/followed', 0);
    cable.cut();
    await theirs.set(1);
    expect(count.value).toBe(0);
    cable.mend();
    await untilValue(count, 1);
    const { sessionId } = client;
    const renewed = new Promise<void>((resolve) => {
      client.on('state', (_, info) => info.newSession && info.sessionId !== sessionId && resolve());
    });
    own.expireSession(sessionId);
    await theirs.set(2);
    await renewed;
    await untilValue(count, 2);
    await theirs.set(3);
    await untilValue(count, 3);
    await own.restart();
    await theirs.set(4).catch(() => theirs.set(4));
    await untilValue(count, 4);
    await count.close();
    await client.sync();
    expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
  });

  test('a shared count whose client is closed, or that may not be read, says so', async () => {
    const client = await connect(server.connectString);
    const count = await SharedCount.start(client, '/closed', 5);
    const streaming = (async () => {
      for await (const _ of count.changes());
    })();
    await client.close();
    await streaming;
    expect(count.value).toBe(5);
    await expect(count.set(6)).rejects.toMatchObject({ code: 'Closed' });
    await count.close();
    await other.create('/secret', Buffer.alloc(4), {
      acl: [{ perms: Perms.create, id: { scheme: 'world', id: 'anyone' } }],
    });
    await expect(SharedCount.start(other, '/secret', 0)).rejects.toThrow(NoAuthError);
    await expect(SharedCount.start(client, '/closed', 0)).rejects.toMatchObject({ code: 'Closed' });
    expect(other.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
  });
});
