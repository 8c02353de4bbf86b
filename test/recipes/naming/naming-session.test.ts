import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, text, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import {
  NameLostError,
  NameRegistry,
  parseSnowflake,
  Snowflake,
  UniqueIds,
  WorkerId,
} from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { CountedSteps } from '../../kit/effects.ts';

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason));
  });
}

/** Asks for an id until there is one. */
async function nextOf(ids: Snowflake, client: ZooKeeperClient): Promise<bigint> {
  for (;;) {
    try {
      return ids.next();
    } catch (error) {
      expect(error).toMatchObject({ code: 'IdsUnavailable' });
      await client.sync().catch(() => {});
    }
  }
}

describe('naming when connections and sessions are lost', () => {
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

  test('a worker number of a session that expired is given to the next, after its holder was told', async () => {
    await using client = await connect(server.connectString);
    const first = await WorkerId.lease(client, '/workers', { max: 1 });
    const waiting = WorkerId.lease(other, '/workers', { max: 1 });
    while ((await other.exists('/workers')) === null) await other.sync();
    server.expireSession(client.sessionId);
    await aborted(first.signal);
    expect([first.held, first.safeForMs()]).toEqual([false, 0]);
    await using second = await waiting;
    expect([second.number, second.held]).toEqual([0, true]);
    await first.release();
    expect(second.held).toBe(true);
  });

  test('worker numbers interrupted at every step: none is taken for good', async () => {
    for (const kind of ['abort', 'cut', 'expire'] as const) {
      for (let at = 0, last = 0; at === last; at++) {
        expect(at).toBeLessThan(200);
        const steps = new CountedSteps();
        const client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const stop = new AbortController();
        const base = steps.steps;
        let done = false;
        steps.onStep = (step) => {
          if (done || step - base < at) return;
          done = true;
          if (kind === 'abort') stop.abort(new Error('interrupted'));
          else if (kind === 'cut') steps.cut();
          else server.expireSession(client.sessionId);
        };
        const path = `/steps-${kind}-${at}`;
        await WorkerId.lease(client, path, { max: 1, signal: stop.signal }).then(
          (lease) => lease.release(),
          () => {},
        );
        await using lease = await WorkerId.lease(other, path, { max: 1, timeoutMs: 30_000 });
        expect(lease.number).toBe(0);
        await client.sync().catch(() => {});
        expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, child: { listeners: 0 } });
        await client.close();
        if (done) last = at + 1;
        else expect(at).toBeGreaterThan(4);
      }
    }
  });

  test('no id is made while the connection is lost, and none twice afterwards', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 2 },
      sessionTimeoutMs: 30_000,
    });
    await using ids = await Snowflake.start(client, '/flakes', { max: 4 });
    const made = new Set<bigint>();
    for (let i = 0; i < 100; i++) made.add(ids.next());
    cable.cut();
    expect(() => ids.next()).toThrow(
      expect.objectContaining({ code: 'IdsUnavailable', reason: 'no-worker' }),
    );
    expect(ids.worker).toBeNull();
    cable.mend();
    made.add(await nextOf(ids, other));
    server.expireSession(client.sessionId);
    while (ids.worker !== null) await other.sync();
    made.add(await nextOf(ids, other));
    for (let i = 0; i < 100; i++) made.add(ids.next());
    expect(made.size).toBe(202);
    await ids.close();
    expect((await other.children('/flakes')).filter((name) => name.includes('worker'))).toEqual([]);
  });

  test('a process that was stopped makes no id when it wakes up', async () => {
    let stoppedMs = 0;
    const ports = { ...nodePorts, monotonicMs: () => nodePorts.monotonicMs() + stoppedMs };
    await using client = await connect(server.connectString, { ports, sessionTimeoutMs: 10_000 });
    await using ids = await Snowflake.start(client, '/stopped', { max: 4 });
    ids.next();
    stoppedMs = 11_000;
    // Neither a timer nor a message has been able to tell it.
    expect(() => ids.next()).toThrow(expect.objectContaining({ reason: 'no-worker' }));
  });

  test('a clock that goes back changes nothing, also for the next holder of the number', async () => {
    let aheadMs = 5_000;
    const ports = { ...nodePorts, wallMs: () => nodePorts.wallMs() + aheadMs };
    const client = await connect(server.connectString, { ports });
    const ids = await Snowflake.start(client, '/clock', { max: 1 });
    const made = [ids.next(), ids.next()];
    aheadMs = -60_000;
    made.push(ids.next(), ids.next());
    // Killed rather than closed: nothing is given back.
    server.expireSession(client.sessionId);
    void client.close();
    await using next = await Snowflake.start(other, '/clock', { max: 1 });
    made.push(next.next());
    expect(made).toEqual([...new Set(made)].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(made.map((id) => parseSnowflake(id).worker)).size).toBe(1);
    await ids.close();
  });

  test('the time for ids is extended while they are needed', async () => {
    await using client = await connect(server.connectString);
    await using ids = await Snowflake.start(client, '/extended', { max: 1, reserveMs: 100 });
    // So little is reserved that it may be used up before the first is asked for.
    const first = parseSnowflake(await nextOf(ids, client));
    for (;;) {
      const { timeMs } = parseSnowflake(await nextOf(ids, client));
      if (timeMs > first.timeMs + 250) break;
      await client.sync();
    }
  });

  test('unique ids survive a lost answer with a gap', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const ids = new UniqueIds(client, '/gaps');
    const got: number[] = [];
    for (let i = 0; i < 10; i++) {
      const next = ids.next();
      if (i % 2 === 1) queueMicrotask(() => cable.drop());
      got.push(await next);
    }
    expect(new Set(got).size).toBe(10);
    while ((await other.children('/gaps')).length > 0) await other.sync();
  });

  test('a name ends with its session, and a late release does not take it from the next', async () => {
    await using client = await connect(server.connectString);
    const registry = new NameRegistry<string>(client, '/names', { codec: text });
    await using theirs = new NameRegistry<string>(other, '/names', { codec: text });
    const a = await registry.register('a', 'ours');
    const changes = theirs.watch('a');
    expect((await changes.next()).value).toBe('ours');
    server.expireSession(client.sessionId);
    expect(await aborted(a.signal)).toBeInstanceOf(NameLostError);
    expect((await changes.next()).value).toBeNull();
    await using again = await theirs.register('a', 'theirs');
    await a.release();
    expect(await theirs.lookup('a')).toBe('theirs');
    expect(again.signal.aborted).toBe(false);
    await changes.return(undefined as never);
    await registry.close();
  });

  test('a release over connections that break again and again resolves when the name is free', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const registry = new NameRegistry<string>(client, '/broken', { codec: text });
    const a = await registry.register('a', 'ours');
    let breaks = 0;
    // As soon as everything that waits has been sent once more.
    client.on('state', (state) => {
      if (state === 'reconnected' && ++breaks < 12) queueMicrotask(() => cable.drop());
    });
    cable.drop();
    await a.release();
    expect(breaks).toBeGreaterThan(8);
    expect(await other.exists('/broken/a')).toBeNull();
    await registry.close();
  });

  for (const mode of ['ephemeral', 'persistent'] as const) {
    test(`a registration, ${mode}, interrupted at every step: had, or free`, async () => {
      for (const kind of ['abort', 'cut'] as const) {
        for (let at = 0, last = 0; at === last; at++) {
          expect(at).toBeLessThan(200);
          const steps = new CountedSteps();
          const client = await connect(server.connectString, {
            ports: steps.ports,
            backoff: { baseMs: 1, maxMs: 2 },
          });
          const stop = new AbortController();
          const base = steps.steps;
          let done = false;
          steps.onStep = (step) => {
            if (done || step - base < at) return;
            done = true;
            if (kind === 'abort') stop.abort(new Error('interrupted'));
            else steps.cut();
          };
          const path = `/register-${mode}-${kind}-${at}`;
          const registry = new NameRegistry<string>(client, path, { codec: text });
          const registered = await registry
            .register('a', 'ours', { mode, signal: stop.signal })
            .catch((error) => {
              expect([kind, error.message]).toEqual(['abort', 'interrupted']);
              return null;
            });
          if (registered !== null) {
            expect((await other.get(`${path}/a`)).data?.toString()).toBe('ours');
            await registered.release();
          }
          await using theirs = new NameRegistry<string>(other, path, { codec: text });
          await registry.close();
          await (await theirs.register('a', 'theirs')).release();
          await client.close();
          if (done) last = at + 1;
          else expect(at).toBeGreaterThan(4);
        }
      }
    });
  }

  test('a watch on a name goes on over lost connections and sessions', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const registry = new NameRegistry<string>(client, '/watched', { codec: text });
    await using theirs = new NameRegistry<string>(other, '/watched', { codec: text });
    const stop = new AbortController();
    const changes = registry.watch('a', { signal: stop.signal });
    expect((await changes.next()).value).toBeNull();
    const next = changes.next();
    cable.drop();
    await using a = await theirs.register('a', '1');
    expect((await next).value).toBe('1');
    const after = changes.next();
    server.expireSession(client.sessionId);
    await a.update('2');
    expect((await after).value).toBe('2');
    const last = changes.next();
    stop.abort(new Error('enough'));
    await expect(last).rejects.toThrow('enough');
    await client.sync().catch(() => {});
    expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
  });
});
