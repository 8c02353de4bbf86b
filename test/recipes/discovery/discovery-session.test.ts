import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  type ServiceChange,
  ServiceDiscovery,
  type ServiceRegistration,
} from '../../../recipes/discovery/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { untilInstances, watchesOf } from './discovery-suite.ts';

/** More steps than any scenario has; reaching it means that the scenario did not end. */
const STEPS_MAX = 200;

/** Resolves when a registration is in a state. */
function untilRegistered(registration: ServiceRegistration<unknown>, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (registration.state !== wanted) return;
      stop();
      resolve();
    };
    const stop = registration.onState(look);
    look();
  });
}

/** Collects changes of a service until one makes a condition true. */
async function collect(
  discovery: ServiceDiscovery,
  name: string,
  begin: () => Promise<unknown> | unknown,
  last: (change: ServiceChange<unknown>) => boolean,
): Promise<string[]> {
  await using cache = await discovery.cache(name);
  const seen: string[] = [];
  for await (const change of cache.changes()) {
    if (change.type === 'resync') {
      await begin();
      continue;
    }
    seen.push(`${change.type} ${change.instance.id}`);
    if (last(change)) break;
  }
  return seen;
}

describe('registrations when connections and sessions are lost', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  let watching: ServiceDiscovery;
  beforeAll(async () => {
    server = await TestServer.start({ tickTimeMs: 100 });
    other = await connect(server.connectString);
    watching = new ServiceDiscovery(other, '/services');
  });
  afterAll(async () => {
    await watching.close();
    await other.close();
    await server.close();
  });
  const short = { sessionTimeoutMs: 1_000 };

  test('after an expired session the instance is there again, and those who watch have seen it go and come', async () => {
    await using client = await connect(server.connectString, short);
    await using discovery = new ServiceDiscovery(client, '/services');
    const registration = await discovery.register({ name: 'expired', id: 'a', port: 1 });
    const { instance } = await registration.update({ port: 2 }).then(() => registration);
    const first = client.sessionId;
    const seen = await collect(
      watching,
      'expired',
      () => server.expireSession(first),
      ({ type }) => type === 'added',
    );
    expect(seen).toEqual(['removed a', 'added a']);
    expect(await watching.queryForInstances('expired')).toEqual([instance]);
    await untilRegistered(registration, 'present');
    expect((await other.get(registration.path)).stat.ephemeralOwner).toBe(client.sessionId);
    expect(client.sessionId).not.toBe(first);
    await registration.close();
    expect(await watching.queryForInstances('expired')).toEqual([]);
    expect(watchesOf(client)).toBe(0);
  });

  test('a sequential one comes back under its name', async () => {
    await using client = await connect(server.connectString, short);
    await using discovery = new ServiceDiscovery(client, '/services');
    const registration = await discovery.register({
      name: 'sequential',
      id: 's',
      serviceType: 'DYNAMIC_SEQUENTIAL',
    });
    const { path } = registration;
    const seen = await collect(
      watching,
      'sequential',
      () => server.expireSession(client.sessionId),
      ({ type }) => type === 'added',
    );
    expect(seen).toEqual(['removed s', 'added s']);
    expect(registration.path).toBe(path);
    expect((await other.children('/services/sequential')).length).toBe(1);
  });

  test('a lost connection changes nothing, and what was updated meanwhile is there afterwards', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports });
    await using discovery = new ServiceDiscovery(client, '/services');
    const registration = await discovery.register({ name: 'cut', id: 'a', port: 1 });
    const seen = await collect(
      watching,
      'cut',
      async () => {
        cable.cut();
        const updated = registration.update({ port: 2 });
        cable.mend();
        await updated;
      },
      ({ instance }) => instance.port === 2,
    );
    expect(seen).toEqual(['changed a']);
    cable.cut();
    const closed = registration.close();
    cable.mend();
    await closed;
    expect(await watching.queryForInstances('cut')).toEqual([]);
  });

  test('an instance that an earlier run left behind is replaced at once, in one step', async () => {
    const left = await connect(server.connectString, { sessionTimeoutMs: 30_000 });
    await new ServiceDiscovery(left, '/services').register({ name: 'left', id: 'a', port: 1 });
    await using client = await connect(server.connectString);
    await using discovery = new ServiceDiscovery(client, '/services');
    let registration: ServiceRegistration<unknown> | null = null;
    const seen = await collect(
      watching,
      'left',
      async () => {
        registration = await discovery.register({ name: 'left', id: 'a', port: 2 });
      },
      ({ instance }) => instance.port === 2,
    );
    // Whoever watches may hear of the two as one.
    expect([['removed a', 'added a'], ['changed a']]).toContainEqual(seen);
    const { stat } = await other.get('/services/left/a');
    expect(stat.ephemeralOwner).toBe(client.sessionId);
    expect(registration!.state).toBe('present');
    await left.close();
    expect(await other.exists('/services/left/a')).not.toBeNull();
  });

  test('of two with one id the later one has it, and the earlier one waits for its end', async () => {
    await using first = await connect(server.connectString);
    await using second = await connect(server.connectString);
    const [one, two] = [first, second].map((client) => new ServiceDiscovery(client, '/services'));
    const earlier = await one!.register({ name: 'twice', id: 'a', port: 1 });
    const later = await two!.register({ name: 'twice', id: 'a', port: 2 });
    await untilRegistered(earlier, 'taken');
    expect(await watching.queryForInstance('twice', 'a')).toEqual(later.instance);
    await later.close();
    await untilRegistered(earlier, 'present');
    expect(await watching.queryForInstance('twice', 'a')).toEqual(earlier.instance);
    await one!.close();
    expect(await watching.queryForInstance('twice', 'a')).toBeNull();
  });

  test('what is not ephemeral outlives its session, and gives way to what is', async () => {
    const client = await connect(server.connectString);
    const discovery = new ServiceDiscovery(client, '/services');
    await discovery.register({ name: 'static', id: 'a', port: 1, serviceType: 'STATIC' });
    await client.close();
    expect(await watching.queryForInstance('static', 'a')).toMatchObject({ port: 1 });
    await using next = await connect(server.connectString);
    const dynamic = await new ServiceDiscovery(next, '/services').register({
      name: 'static',
      id: 'a',
      port: 2,
    });
    expect(await watching.queryForInstance('static', 'a')).toMatchObject({ port: 2, serviceType: 'DYNAMIC' });
    const permanent = await watching.register({ name: 'static', id: 'a', port: 3, serviceType: 'PERMANENT' });
    await untilRegistered(dynamic, 'taken');
    expect((await other.get(permanent.path)).stat.ephemeralOwner).toBe(0n);
    await permanent.unregister();
    await untilRegistered(dynamic, 'present');
  });

  test('a cache is right again after its server was away, and a provider calls on', async () => {
    await using own = await TestServer.start();
    await using client = await connect(own.connectString, { backoff: { baseMs: 1, maxMs: 20 } });
    await using discovery = new ServiceDiscovery(client, '/services');
    await discovery.register({ name: 'away', id: 'a', serviceType: 'PERMANENT' });
    const provider = discovery.provider('away');
    expect(await provider.call(({ id }) => id)).toBe('a');
    await using cache = await discovery.cache('away');
    await own.restart();
    // Still known while nobody can be asked.
    expect(await provider.call(({ id }) => id)).toBe('a');
    await using helper = await connect(own.connectString);
    await new ServiceDiscovery(helper, '/services').register({ name: 'away', id: 'b' });
    await untilInstances(cache, (ids) => ids.join() === 'a,b');
    expect(await discovery.unregister('away', 'a')).toBe(true);
    await untilInstances(cache, (ids) => ids.join() === 'b');
    await cache.sync();
    while ((await provider.getAllInstances()).length > 1) await client.sync();
    expect(await provider.call(({ id }) => id)).toBe('b');
  });
});

test('a provider whose client has ended says so, and does not choose from what was', async () => {
  await using server = await TestServer.start();
  const client = await connect(server.connectString);
  const discovery = new ServiceDiscovery(client, '/services');
  await discovery.register({ name: 'cart', id: 'a' });
  const provider = discovery.provider('cart');
  expect((await provider.getInstance()).id).toBe('a');
  await client.close();
  await expect(provider.getInstance()).rejects.toMatchObject({ code: 'Closed' });
  await expect(provider.call(() => 1)).rejects.toMatchObject({ code: 'Closed' });
  await discovery.close();
});

test('a discovery that is closed while it registers and looks leaves nothing behind', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  await client.create('/services/cart/a', 'in the way', { parents: true });
  for (const turns of [0, 1, 2, 5, 10, 20, 50]) {
    const discovery = new ServiceDiscovery(client, '/services');
    const begun = Promise.allSettled([
      discovery.register({ name: 'cart', id: `d${turns}` }),
      discovery.register({ name: 'cart', id: `s${turns}`, serviceType: 'STATIC' }),
      discovery.register({ name: 'cart', id: `q${turns}`, serviceType: 'DYNAMIC_SEQUENTIAL' }),
      discovery.cache('cart'),
      discovery.provider('cart').getInstance(),
    ]);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    if (turns > 10) await client.sync();
    await discovery.close();
    await begun;
    await client.sync();
    expect(watchesOf(client)).toBe(0);
    // What was made when nobody waited for it any more is deleted in the background.
    while ((await client.children('/services/cart')).length > 1) await client.sync();
  }
});

interface Scene {
  readonly server: TestServer;
  readonly client: ZooKeeperClient;
  readonly stop: AbortController;
  readonly steps: CountedSteps;
}

const interruptions: Record<string, (scene: Scene) => void> = {
  'the signal aborts': ({ stop }) => stop.abort(new Error('interrupted')),
  'the client is closed': ({ client }) => void client.close(),
  'the connection breaks': ({ steps }) => steps.cut(),
  'the session expires': ({ server, client }) => void server.expireSession(client.sessionId),
};

describe('a registration interrupted at every step', () => {
  for (const [name, interrupt] of Object.entries(interruptions)) {
    for (const replaces of [false, true]) {
      test(`${name}${replaces ? ', replacing another' : ''}: registered once, or nothing stays`, async () => {
        await using server = await TestServer.start({ tickTimeMs: 100 });
        await using other = await connect(server.connectString);
        let last = 0;
        for (let at = 0; at === last && at < STEPS_MAX; at++) {
          const path = `/services/s${at}/a`;
          if (replaces) await other.create(path, 'left behind', { parents: true });
          const steps = new CountedSteps();
          const client = await connect(server.connectString, {
            ports: steps.ports,
            backoff: { baseMs: 1, maxMs: 2 },
          });
          const stop = new AbortController();
          const base = steps.steps;
          let interrupted = false;
          steps.onStep = (step) => {
            if (interrupted || step - base < at) return;
            interrupted = true;
            interrupt({ server, client, stop, steps });
          };
          const discovery = new ServiceDiscovery(client, '/services');
          const [result] = await Promise.allSettled([
            discovery.register({ name: `s${at}`, id: 'a', port: 1 }, { signal: stop.signal }),
          ]);
          if (result!.status === 'fulfilled') {
            const registration = result!.value;
            if (!['the client is closed'].includes(name)) {
              await untilRegistered(registration, 'present');
              expect(String((await other.get(path)).data)).toContain('"port":1');
            }
            await discovery.close();
          } else {
            const { reason } = result as PromiseRejectedResult;
            expect(stop.signal.aborted || reason.code === 'Closed', String(reason)).toBe(true);
          }
          await client.sync().catch(() => {});
          if (name === 'the signal aborts') expect(watchesOf(client)).toBe(0);
          // What is deleted in the background is gone before the session is.
          const { sessionId } = client;
          if (name === 'the signal aborts') {
            for (;;) {
              const stat = await other.exists(path);
              if (stat?.ephemeralOwner !== sessionId) break;
            }
          }
          await client.close();
          await other.sync();
          const stat = await other.exists(path);
          // Only what was there before may still be there.
          expect(stat === null || (replaces && stat.ephemeralOwner === 0n)).toBe(true);
          if (interrupted) last = at + 1;
        }
        expect(last).toBeGreaterThan(3);
        expect(last).toBeLessThan(STEPS_MAX);
      });
    }
  }
});
