import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, json, text, type ZooKeeperClient } from '../../../client/index.ts';
import {
  DistributedQueue,
  type Handling,
  ItemInDoubtError,
  SimpleDistributedQueue,
} from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { buildPackage } from '../../kit/built.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { Collector, Gate } from './collector.ts';

const STEPS_MAX = 300;

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason));
  });
}

describe('queues when connections and sessions are lost', () => {
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
  const queueOf = (client: ZooKeeperClient, path: string) =>
    new DistributedQueue<string>(client, path, { codec: text });

  /** Handles all that there is until so many have come. */
  const drain = async (path: string, count: number): Promise<string[]> => {
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queueOf(other, path).consume(got.add, { signal: stop.signal });
    await got.until(count);
    stop.abort();
    await done;
    return got.list;
  };

  test('an item in the hand of a session that expired comes again; its late handler changes nothing', async () => {
    await using client = await connect(server.connectString);
    const queue = queueOf(client, '/expired');
    await queue.put('one');
    const begun = new Collector<Handling>();
    const gates = [new Gate(), new Gate()];
    const stop = new AbortController();
    const handler = async (_: string, handling: Handling) => {
      begun.add(handling);
      await gates[begun.list.length - 1]!.opened;
    };
    const consuming = [queue.consume(handler, { signal: stop.signal })];
    const [first] = await begun.until(1);
    server.expireSession(client.sessionId);
    expect(await aborted(first!.signal)).toBeInstanceOf(ItemInDoubtError);
    consuming.push(queueOf(other, '/expired').consume(handler, { signal: stop.signal }));
    const [, second] = await begun.until(2);
    expect(second!.fencingToken).toBeGreaterThan(first!.fencingToken);
    gates[0]!.open();
    stop.abort();
    await consuming[0];
    expect(await queue.size()).toBe(1);
    expect((await other.children('/expired-locks')).length).toBe(1);
    expect(second!.signal.aborted).toBe(false);
    gates[1]!.open();
    await consuming[1];
    expect(await queue.size()).toBe(0);
  });

  test('a connection that breaks and comes back puts the item in doubt, and what was handled is handled once', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      sessionTimeoutMs: 30_000,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const queue = queueOf(client, '/cut');
    await queue.put('one');
    const begun = new Collector<Handling>();
    const gate = new Gate();
    const stop = new AbortController();
    const done = queue.consume(
      async (_, handling) => {
        begun.add(handling);
        await gate.opened;
      },
      { signal: stop.signal },
    );
    const [{ signal }] = (await begun.until(1)) as [Handling];
    cable.cut();
    expect(signal.reason).toBeInstanceOf(ItemInDoubtError);
    gate.open();
    stop.abort();
    cable.mend();
    await done;
    expect(await other.children('/cut')).toEqual([]);
    expect(begun.list.length).toBe(1);
  });

  test('a handler that gives up because its item is in doubt has not failed', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      sessionTimeoutMs: 30_000,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const queue = new DistributedQueue<string>(client, '/doubt', { codec: text, attemptsMax: 1 });
    await queue.put('one');
    const attempts = new Collector<number>();
    const stop = new AbortController();
    const done = queue.consume(
      async (_, { signal, attempt }) => {
        attempts.add(attempt);
        if (attempts.list.length === 1) throw await aborted(signal);
      },
      { signal: stop.signal },
    );
    await attempts.until(1);
    cable.drop();
    await attempts.until(2);
    stop.abort();
    await done;
    expect(attempts.list).toEqual([1, 1]);
    expect([await queue.size(), await queue.poison()]).toEqual([0, []]);
  });

  test('of items put together, those that are done when the consumer has to end do not come again', async () => {
    const queue = queueOf(other, '/together');
    await queue.putMulti(['a', 'b', 'c']);
    const got = new Collector<string>();
    const gate = new Gate();
    const stop = new AbortController();
    const done = queue.consume(
      async (item, { signal }) => {
        got.add(item);
        await gate.opened;
        stop.abort();
        await aborted(signal);
      },
      { signal: stop.signal, graceMs: 0 },
    );
    await got.until(1);
    gate.open();
    await done;
    expect(got.list).toEqual(['a']);
    expect(await drain('/together', 2)).toEqual(['b', 'c']);
    expect(await other.children('/together')).toEqual([]);
  });

  test('without a lock path, what fails as the session ends is set aside all the same', async () => {
    await using client = await connect(server.connectString);
    const options = { codec: text, lockPath: null };
    const queue = new DistributedQueue<string>(client, '/once', options);
    await queue.putMulti(['a', 'b', 'c']);
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(
      (item) => {
        if (item === 'a') server.expireSession(client.sessionId);
        got.add(item);
        if (item !== 'c') throw new Error(`not ${item}`);
      },
      { signal: stop.signal },
    );
    await got.until(3);
    stop.abort();
    await done;
    expect((await queue.poison()).map(({ item }) => item)).toEqual(['a', 'b']);
    expect(await queue.size()).toBe(0);
  });

  test('consume ends with the client', async () => {
    const client = await connect(server.connectString);
    const queue = queueOf(client, '/closed');
    await queue.put('one');
    const begun = new Collector<Handling>();
    const refused = expect(
      queue.consume(async (_, handling) => {
        begun.add(handling);
        await aborted(handling.signal);
      }),
    ).rejects.toMatchObject({ code: 'Closed' });
    await begun.until(1);
    await client.close();
    await refused;
    await expect(queue.consume(() => {})).rejects.toMatchObject({ code: 'Closed' });
    expect(await drain('/closed', 1)).toEqual(['one']);
  });

  test('a consumer goes on when directories are deleted under it', async () => {
    await using client = await connect(server.connectString);
    const queue = queueOf(client, '/deleted');
    await queue.put('one');
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(got.add, { signal: stop.signal });
    await got.until(1);
    for (const path of ['/deleted', '/deleted-locks', '/deleted-receipts', '/deleted-poison']) {
      await other.deleteRecursive(path).catch(() => {});
    }
    await queue.put('two');
    await got.until(2);
    stop.abort();
    await done;
  });

  for (const [name, interrupt] of [
    ['the connection breaks', ({ steps }: { steps: CountedSteps }) => steps.cut()],
    [
      'the session expires',
      ({ client }: { client: ZooKeeperClient }) => void server.expireSession(client.sessionId),
    ],
  ] as const) {
    test(`${name} at every step of a put and an offer: there once, or it rejects`, async () => {
      for (let at = 0, last = 0; at === last; at++) {
        expect(at).toBeLessThan(STEPS_MAX);
        const steps = new CountedSteps();
        const client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const path = `/put-${name.replaceAll(' ', '-')}-${at}`;
        const queue = queueOf(client, path);
        const simple = new SimpleDistributedQueue<string>(client, `${path}-simple`, { codec: text });
        const base = steps.steps;
        let done = false;
        steps.onStep = (step) => {
          if (done || step - base < at) return;
          done = true;
          interrupt({ steps, client });
        };
        const puts = [queue.put('a'), queue.put('b'), simple.offer('c')];
        const results = await Promise.allSettled(puts);
        // The second time receipts are used again.
        const [more] = await Promise.allSettled([queue.put('d')]);
        const applied = [...results, more!].filter(({ status }) => status === 'fulfilled').length;
        const uncertain = [...results, more!].filter(
          (result) => result.status === 'rejected' && result.reason.outcome === 'unknown',
        ).length;
        for (const result of [...results, more!]) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'SessionExpired' });
        }
        const there =
          ((await other.exists(path)) ? await other.children(path) : []).length +
          ((await other.exists(`${path}-simple`)) ? await other.children(`${path}-simple`) : []).length;
        if (name === 'the connection breaks') expect([applied, there]).toEqual([4, 4]);
        expect(there).toBeGreaterThanOrEqual(applied);
        expect(there).toBeLessThanOrEqual(applied + uncertain);
        await Promise.all([queue.close(), simple.close()]);
        await client.close();
        if (done) last = at + 1;
        else expect(at).toBeGreaterThan(5);
      }
    });

    test(`${name} at every step of a consumer: nothing is lost or left behind`, async () => {
      for (let at = 0, last = 0; at === last; at++) {
        expect(at).toBeLessThan(STEPS_MAX);
        const path = `/consume-${name.replaceAll(' ', '-')}-${at}`;
        const items = ['a', 'b', 'c'];
        for (const item of items) await queueOf(other, path).put(item);
        const steps = new CountedSteps();
        const client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const base = steps.steps;
        let done = false;
        steps.onStep = (step) => {
          if (done || step - base < at) return;
          done = true;
          interrupt({ steps, client });
        };
        const handled = new Set<string>();
        let all: () => void = () => {};
        const complete = new Promise<void>((resolve) => {
          all = resolve;
        });
        const stop = new AbortController();
        let bad = 0;
        const consuming = queueOf(client, path).consume(
          (item) => {
            if (item === 'b' && bad++ === 0) throw new Error('once');
            handled.add(item);
            if (handled.size === 3) all();
          },
          { concurrency: 2, signal: stop.signal },
        );
        await complete;
        stop.abort();
        await consuming;
        // What was handled just when the session ended may be there again.
        const left = await other.children(path);
        if (name === 'the connection breaks') expect(left).toEqual([]);
        else await drain(path, left.length);
        while ((await other.children(`${path}-locks`)).length > 0) await other.sync();
        await client.sync().catch(() => {});
        expect(client.watchCounts()).toMatchObject({
          data: { listeners: 0 },
          exist: { listeners: 0 },
          child: { listeners: 0 },
        });
        expect(await other.exists(`${path}-poison`).then((stat) => stat?.numChildren ?? 0)).toBe(0);
        await client.close();
        if (done) last = at + 1;
        else expect(at).toBeGreaterThan(5);
      }
    });
  }

  test('a take that is given up at any step has either removed and returned an item, or not', async () => {
    const results = new Set<string>();
    for (let at = 0, last = 0; at === last; at++) {
      expect(at).toBeLessThan(STEPS_MAX);
      const steps = new CountedSteps();
      const client = await connect(server.connectString, { ports: steps.ports });
      const path = `/given-up-${at}`;
      await new SimpleDistributedQueue<string>(other, path, { codec: text }).offer('one');
      const queue = new SimpleDistributedQueue<string>(client, path, { codec: text });
      const stop = new AbortController();
      const base = steps.steps;
      steps.onStep = (step) => {
        if (step - base === at) stop.abort(new Error('no more'));
      };
      const result = await queue.take({ signal: stop.signal }).catch((error: Error) => error.message);
      results.add(result);
      expect([result, (await other.children(path)).length]).toEqual([result, result === 'one' ? 0 : 1]);
      if (stop.signal.aborted) last = at + 1;
      await client.close();
    }
    expect([...results].sort()).toEqual(['no more', 'one']);
  });

  test('an item that cannot be read is not lost by who tries to take it', async () => {
    const path = '/unread';
    await new SimpleDistributedQueue(other, path).offer(Buffer.from('{'));
    const queue = new SimpleDistributedQueue<unknown>(other, path, { codec: json() });
    await expect(queue.take()).rejects.toMatchObject({ code: 'InvalidValue' });
    expect((await new SimpleDistributedQueue(other, path).take()).toString()).toBe('{');
  });

  test('a process that is killed with items in hand loses none', async () => {
    using built = buildPackage();
    const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
    const queue = queueOf(other, '/killed');
    for (const item of ['a', 'b', 'c']) await queue.put(item);
    const script = `
      const { connect, DistributedQueue, text } = await import(${JSON.stringify(url)});
      const client = await connect(${JSON.stringify(server.connectString)}, { sessionTimeoutMs: 1000 });
      const queue = new DistributedQueue(client, '/killed', { codec: text });
      await queue.consume((item) => { console.log(item); return new Promise(() => {}); }, { concurrency: 2 });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const theirs = new Collector<string>();
      createInterface({ input: child.stdout }).on('line', theirs.add);
      await theirs.until(2);
      const ours = drain('/killed', 3);
      child.kill('SIGKILL');
      expect([...(await ours)].sort()).toEqual(['a', 'b', 'c']);
      expect([...theirs.list].sort()).toEqual(['a', 'b']);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

test('under restarts, cuts and expired sessions every item is handled, and put once', async () => {
  await withSeed('test/recipes/queue/queue-session.test.ts', async (rng: Rng) => {
    await using server = await TestServer.start();
    const cables = Array.from({ length: 4 }, () => new Cuttable());
    const clients = await Promise.all(
      cables.map(({ ports }) =>
        connect(server.connectString, { ports, backoff: { baseMs: 1, maxMs: 10 }, sessionTimeoutMs: 20_000 }),
      ),
    );
    const queues = clients.map((client) => new DistributedQueue<string>(client, '/n', { codec: text }));
    const handled = new Collector<string>();
    const stop = new AbortController();
    const consuming = queues.slice(2).map((queue) =>
      queue.consume(
        async (item, { attempt }) => {
          if (rng.chance(10) && attempt < 4) throw new Error('by chance');
          handled.add(item);
        },
        { concurrency: 3, signal: stop.signal },
      ),
    );
    const put = new Set<string>();
    const uncertain = new Set<string>();
    let producing = true;
    const producers = queues.slice(0, 2).map(async (queue, producer) => {
      for (let n = 0; n < 60; n++) {
        const item = `${producer}-${n}`;
        await queue.put(item).then(
          () => put.add(item),
          () => uncertain.add(item),
        );
      }
    });
    const nemesis = (async () => {
      for (let round = 0; producing && round < 25; round++) {
        const kind = rng.weighted({ cut: 5, expire: 3, restart: 1 });
        const victim = rng.below(4);
        if (kind === 'cut') cables[victim]!.drop();
        else if (kind === 'expire') server.expireSession(clients[victim]!.sessionId);
        else await server.restart();
        const seen = handled.list.length;
        // Until something more has been done, or the producers have ended.
        await Promise.race([handled.until(seen + rng.between(1, 4)), Promise.allSettled(producers)]);
      }
    })();
    await Promise.all(producers);
    producing = false;
    await nemesis;
    const missing = () => [...put].filter((item) => !handled.list.includes(item));
    while (missing().length > 0) await handled.until(handled.list.length + 1);
    // What is uncertain may still be there.
    while ((await clients[0]!.children('/n')).length > 0) await clients[0]!.sync();
    stop.abort();
    await Promise.all(consuming);
    expect(missing()).toEqual([]);
    expect(put.size + uncertain.size).toBe(120);
    expect(await clients[0]!.children('/n-locks')).toEqual([]);
    expect(await queues[0]!.poison()).toEqual([]);
    await Promise.all(clients.map((client) => client.close()));
  });
});
