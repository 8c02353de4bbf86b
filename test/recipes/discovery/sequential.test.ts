import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { ServiceDiscovery } from '../../../recipes/discovery/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { untilChildren } from '../lock/helpers.ts';

/** More steps than a registration has; reaching it means that it did not end. */
const STEPS_MAX = 100;
const serviceType = 'DYNAMIC_SEQUENTIAL';

describe('an instance of the type DYNAMIC_SEQUENTIAL', () => {
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

  test('has the id and a number as its name, as Curator’s; each registration has its own', async () => {
    await using discovery = new ServiceDiscovery(other, '/services');
    const spec = { name: 'named', id: 'a0000000001', port: 1, serviceType } as const;
    const both = await Promise.all([discovery.register(spec), discovery.register(spec)]);
    expect((await other.children('/services/named')).sort()).toEqual([
      'a00000000010000000000',
      'a00000000010000000001',
    ]);
    expect(new Set(both.map(({ path }) => path)).size).toBe(2);
    await both[0].close();
    expect(await discovery.queryForInstances('named')).toEqual([both[1].instance]);
  });

  test('takes another number where the server’s is taken', async () => {
    await using discovery = new ServiceDiscovery(other, '/services');
    // As one that came back after its directory had been removed.
    await other.create('/services/again/a0000000001', 'of before', { parents: true });
    const { path } = await discovery.register({ name: 'again', id: 'a', serviceType });
    expect(path).toBe('/services/again/a0000000002');
  });

  for (const interruption of ['the connection breaks', 'the signal aborts'] as const) {
    test(`is there once if it is registered, and else not: ${interruption} at every step`, async () => {
      let last = 0;
      for (let at = 0; at === last && at < STEPS_MAX; at++) {
        const steps = new CountedSteps();
        const backoff = { baseMs: 1, maxMs: 2 };
        await using client = await connect(server.connectString, { ports: steps.ports, backoff });
        await using discovery = new ServiceDiscovery(client, '/services');
        const stop = new AbortController();
        const base = steps.steps;
        steps.onStep = (step) => {
          if (last > at || step - base < at) return;
          last = at + 1;
          if (interruption === 'the signal aborts') stop.abort(new Error('interrupted'));
          else steps.cut();
        };
        const name = `${interruption.length}-${at}`;
        const spec = { name, id: 'a', port: 1, serviceType } as const;
        const [first, second] = await Promise.allSettled([
          discovery.register(spec, { signal: stop.signal }),
          discovery.register(spec),
        ]);
        expect(second.status).toBe('fulfilled');
        if (first.status === 'rejected') expect(stop.signal.aborted).toBe(true);
        const names = await untilChildren(other, `/services/${name}`, first.status === 'fulfilled' ? 2 : 1);
        for (const each of names) expect(each).toMatch(/^a\d{10}$/);
        await discovery.close();
        await untilChildren(other, `/services/${name}`, 0);
      }
      expect(last).toBeGreaterThan(3);
      expect(last).toBeLessThan(STEPS_MAX);
    });
  }
});
