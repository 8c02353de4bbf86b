import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import { ConfigStore, LayeredConfig } from '../../../recipes/config/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { untilState } from '../leader/waiting.ts';
import { next } from './config-suite.ts';

const schema = z.object({ n: z.number() });

/** More steps than any scenario has; reaching it means that the scenario did not end. */
const STEPS_MAX = 200;

function listeners(client: ZooKeeperClient): number {
  return Object.values(client.watchCounts()).reduce((sum, counts) => sum + counts.listeners, 0);
}

describe('a subscription', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start({ tickTimeMs: 100 });
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  test('that was disconnected goes on with the newest value', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports });
    const writer = new ConfigStore(other, '/disconnected', { schema });
    await writer.publish({ n: 0 });
    const stream = new ConfigStore(client, '/disconnected', { schema }).subscribe();
    expect(await next(stream)).toMatchObject({ version: 0 });
    const waiting = next(stream);
    cable.cut();
    for (let n = 1; n <= 3; n++) await writer.publish({ n });
    cable.mend();
    expect(await waiting).toMatchObject({ version: 3, value: { n: 3 } });
    await stream.return();
    expect(listeners(client)).toBe(0);
  });

  test('goes on in the next session, also while nobody reads', async () => {
    await using client = await connect(server.connectString, { sessionTimeoutMs: 1_000 });
    const writer = new ConfigStore(other, '/expired', { schema });
    await writer.publish({ n: 0 });
    const stream = new ConfigStore(client, '/expired', { schema }).subscribe();
    expect(await next(stream)).toMatchObject({ version: 0 });
    for (let n = 1; n <= 3; n++) {
      const waiting = n === 2 ? null : next(stream);
      const lost = untilState(client, 'lost');
      expect(server.expireSession(client.sessionId)).toBe(true);
      await lost;
      await writer.publish({ n });
      expect(await (waiting ?? next(stream))).toMatchObject({ version: n });
    }
    await stream.return();
    await client.sync();
    expect(listeners(client)).toBe(0);
  });

  test('survives a server that goes away and comes back', async () => {
    await using own = await TestServer.start();
    await using client = await connect(own.connectString, { backoff: { baseMs: 1, maxMs: 20 } });
    const config = new ConfigStore(client, '/restarted', { schema });
    const layered = new LayeredConfig(client, ['/restarted', '/more'], { schema });
    await config.publish({ n: 0 });
    const streams = [config.subscribe(), layered.subscribe()];
    for (const stream of streams)
      expect(await next<object>(stream as never)).toMatchObject({ value: { n: 0 } });
    const waiting = streams.map((stream) => next<object>(stream as never));
    await own.restart();
    await config.publish({ n: 1 });
    for (const each of waiting) expect(await each).toMatchObject({ value: { n: 1 } });
    for (const stream of streams) await stream.return();
    expect(listeners(client)).toBe(0);
  });

  test('ends with its client, waiting or not', async () => {
    const client = await connect(server.connectString);
    const config = new ConfigStore(client, '/closing', { schema });
    const ends: unknown[] = [];
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    config.onValue(() => {}, {
      onEnd: (error) => {
        ends.push(error);
        ended();
      },
    });
    const stream = config.subscribe();
    const waiting = stream.next();
    await client.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await end;
    expect(ends).toEqual([null]);
    for await (const _ of config.subscribe()) throw new Error('the client is closed');
    expect(listeners(client)).toBe(0);
  });

  test('that is not permitted says so', async () => {
    await other.create('/secret', '{"n":1}', { acl: [{ perms: 2, id: { scheme: 'world', id: 'anyone' } }] });
    const config = new ConfigStore(other, '/secret', { schema });
    await expect(config.subscribe().next()).rejects.toMatchObject({ code: 'NoAuth' });
    const error = await new Promise((resolve) => config.onValue(() => {}, { onEnd: resolve }));
    expect(error).toMatchObject({ code: 'NoAuth' });
    await other.sync();
    expect(listeners(other)).toBe(0);
  });
});

interface Scene {
  readonly server: TestServer;
  readonly client: ZooKeeperClient;
  readonly stop: AbortController;
  readonly steps: CountedSteps;
}

/** What may happen at a step, and whether the publication has to succeed nevertheless. */
const interruptions: Record<string, { readonly settles: boolean; run(scene: Scene): void }> = {
  'the connection breaks': { settles: true, run: ({ steps }) => steps.cut() },
  'the session expires': {
    settles: true,
    run: ({ server, client }) => void server.expireSession(client.sessionId),
  },
  'the signal aborts': { settles: false, run: ({ stop }) => stop.abort(new Error('interrupted')) },
  'the client is closed': { settles: false, run: ({ client }) => void client.close() },
};

describe('a publication interrupted at every step', () => {
  for (const [name, { settles, run }] of Object.entries(interruptions)) {
    test(`${name}: applied once or not at all`, async () => {
      await using server = await TestServer.start({ tickTimeMs: 100 });
      await using other = await connect(server.connectString);
      let last = 0;
      for (let at = 0; at === last && at < STEPS_MAX; at++) {
        const path = `/config/${at}`;
        const steps = new CountedSteps();
        const client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const judge = new ConfigStore(other, path, { schema });
        await judge.publish({ n: 0 }, { by: 'judge' });
        const stop = new AbortController();
        const base = steps.steps;
        let interrupted = false;
        steps.onStep = (step) => {
          if (interrupted || step - base < at) return;
          interrupted = true;
          run({ server, client, stop, steps });
        };
        const config = new ConfigStore(client, path, { schema });
        const [result] = await Promise.allSettled([
          config.publish({ n: 1 }, { by: 'us', ifVersion: 0, signal: stop.signal }),
        ]);
        const { signal } = stop;
        if (result!.status === 'rejected') {
          expect([settles, result.reason.code ?? result.reason.message]).toEqual([
            false,
            signal.aborted ? 'interrupted' : 'Closed',
          ]);
        } else expect(result!.value).toBe(1);
        await client.close();
        await other.sync();
        const published = await judge.get();
        const history = await judge.history();
        expect(history.map(({ version, by, value }) => [version, by, value])).toEqual(
          published.version === 1
            ? [
                [1, 'us', { n: 1 }],
                [0, 'judge', { n: 0 }],
              ]
            : [[0, 'judge', { n: 0 }]],
        );
        if (result!.status === 'fulfilled') expect(published.version).toBe(1);
        if (interrupted) last = at + 1;
      }
      expect(last).toBeGreaterThan(3);
      expect(last).toBeLessThan(STEPS_MAX);
    });
  }
});

test('a publication that somebody else comes before, at whichever step, does not overwrite what it has not seen', async () => {
  await using server = await TestServer.start();
  await using other = await connect(server.connectString);
  const outcomes = new Set<string>();
  let last = 0;
  for (let at = 0; at === last && at < STEPS_MAX; at++) {
    const path = `/config/${at}`;
    const steps = new CountedSteps();
    await using client = await connect(server.connectString, { ports: steps.ports });
    await new ConfigStore(other, path, { schema }).publish({ n: 0 });
    const base = steps.steps;
    let set: Promise<{ readonly version: number }> | null = null;
    steps.onStep = (step) => {
      if (set === null && step - base >= at) set = other.set(path, '{"n":7}');
    };
    const config = new ConfigStore(client, path, { schema });
    const [result] = await Promise.allSettled([config.publish({ n: 1 }, { ifVersion: 0 })]);
    if (set === null) break;
    last = at + 1;
    const { version } = await (set as Promise<{ readonly version: number }>);
    // Whoever came first has version 1; the publication is refused if it was not it.
    if (result!.status === 'fulfilled') expect([result!.value, version]).toEqual([1, 2]);
    else expect([result!.reason.code, version]).toEqual(['BadVersion', 1]);
    outcomes.add(result!.status);
    expect((await new ConfigStore(other, path, { schema }).get()).value).toEqual({ n: 7 });
  }
  expect([...outcomes].sort()).toEqual(['fulfilled', 'rejected']);
  expect(last).toBeLessThan(STEPS_MAX);
});

test.each([1, 3])(
  'a lost publication is not repeated over others, whose entries have pushed out its own (of %i)',
  async (historyMax) => {
    await using server = await TestServer.start();
    await using other = await connect(server.connectString);
    const outcomes = new Set<string>();
    let last = 0;
    for (let at = 0; at === last && at < STEPS_MAX; at++) {
      const path = `/config/${at}`;
      const steps = new CountedSteps();
      await using client = await connect(server.connectString, {
        ports: steps.ports,
        backoff: { baseMs: 1, maxMs: 2 },
      });
      const theirs = new ConfigStore(other, path, { schema, historyMax });
      await theirs.publish({ n: 0 });
      const base = steps.steps;
      let published = 1;
      // Before it asks what became of its own, so many others have published that nothing tells.
      const sync = client.sync.bind(client);
      client.sync = async (...args) => {
        for (let n = 0; n < historyMax; n++) await theirs.publish({ n: 100 + ++published });
        return sync(...args);
      };
      steps.onStep = (step) => {
        if (last > at || step - base < at) return;
        last = at + 1;
        steps.cut();
      };
      const ours = new ConfigStore(client, path, { schema, historyMax });
      const [result] = await Promise.allSettled([ours.publish({ n: 1 }, { by: 'us' })]);
      const { version, value } = await theirs.get();
      if (result!.status === 'fulfilled') {
        // Once, and it says when.
        expect(version).toBe(published);
        if (result!.value === version) expect(value).toEqual({ n: 1 });
      } else {
        expect(result!.reason).toMatchObject({ code: 'ConnectionLoss', outcome: 'unknown' });
        expect(value).toEqual({ n: 100 + published });
        expect(version).toBeLessThanOrEqual(published);
      }
      outcomes.add(result!.status);
    }
    expect([...outcomes].sort()).toEqual(['fulfilled', 'rejected']);
    expect(last).toBeLessThan(STEPS_MAX);
  },
);

test('a version that the server does not know of yet is the one to be replaced, or to go back to', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const config = new ConfigStore(client, '/late', { schema });
  await config.publish({ n: 0 });
  /** The client sees everything as it was now until it has asked its server to catch up. */
  const { get, sync } = client;
  const lag = async () => {
    const old = await client.get('/late');
    client.get = ((path) => {
      if (path === '/late') return Promise.resolve(old);
      const context = { operation: 'get', path };
      return Promise.reject(new NoNodeError('NoNode', 'not here yet', context));
    }) as typeof get;
    client.sync = (...args) => {
      client.get = get;
      return sync.apply(client, args);
    };
  };
  await using other = await connect(server.connectString);
  const theirs = new ConfigStore(other, '/late', { schema });
  await lag();
  await theirs.publish({ n: 1 });
  expect(await config.publish({ n: 2 }, { ifVersion: 1 })).toBe(2);
  await lag();
  await theirs.publish({ n: 3 });
  expect(await config.rollback(3, { ifVersion: 3 })).toBe(4);
  await lag();
  await expect(config.publish({ n: 5 }, { ifVersion: 9 })).rejects.toMatchObject({ code: 'BadVersion' });
  expect((await theirs.get()).value).toEqual({ n: 3 });
});
