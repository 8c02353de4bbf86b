import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import {
  jsonPayload,
  NoInstanceError,
  roundRobin,
  type ServiceCache,
  ServiceCallError,
  type ServiceChange,
  ServiceDiscovery,
  sticky,
} from '../../../recipes/discovery/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

interface Meta {
  readonly zone: string;
}

let number = 0;

/** Resolves when a cache is as it should be. */
export async function untilInstances<T>(
  cache: ServiceCache<T>,
  condition: (ids: readonly string[]) => boolean,
): Promise<readonly string[]> {
  const ids = () => cache.instances.map(({ id }) => id);
  for await (const _ of cache.changes()) if (condition(ids())) return ids();
  throw new Error('the cache has ended');
}

export function watchesOf(client: ZooKeeperClient): number {
  return Object.values(client.watchCounts()).reduce((sum, { listeners }) => sum + listeners, 0);
}

/** Service discovery against a server that works. */
export function describeDiscovery(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`ServiceDiscovery against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    const fresh = () => new ServiceDiscovery<Meta>(client, `/discovery/d${++number}`);

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test("a registration is an ephemeral node with Curator's record, until it is closed", async () => {
      await using discovery = fresh();
      const spec = { name: 'cart', id: 'i-1', address: '10.0.0.1', port: 8080, payload: { zone: 'b' } };
      const registration = await discovery.register(spec);
      expect(registration.path).toBe(`${discovery.path}/cart/i-1`);
      const { data, stat } = await client.get(registration.path);
      expect(stat.ephemeralOwner).toBe(client.sessionId);
      const { registrationTimeUTC } = registration.instance;
      expect(String(data)).toBe(
        `{"name":"cart","id":"i-1","address":"10.0.0.1","port":8080,"sslPort":null,"payload":{"zone":"b"},"registrationTimeUTC":${registrationTimeUTC},"serviceType":"DYNAMIC","uriSpec":null}`,
      );
      expect(await discovery.queryForNames()).toEqual(['cart']);
      expect(await discovery.queryForInstances('cart')).toEqual([registration.instance]);
      expect(await discovery.queryForInstance('cart', 'i-1')).toEqual(registration.instance);
      expect(registration.instance.url('/items')).toBe('http://10.0.0.1:8080/items');
      await Promise.all([registration.close(), registration.close()]);
      expect(registration.state).toBe('closed');
      expect(await client.exists(registration.path)).toBeNull();
      expect(await discovery.queryForInstances('cart')).toEqual([]);
      expect(await discovery.queryForInstances('nothing')).toEqual([]);
      expect(await discovery.queryForInstance('cart', 'i-1')).toBeNull();
      expect(watchesOf(client)).toBe(0);
    });

    test('without more than a name an instance has an id, an address and a time', async () => {
      await using discovery = fresh();
      const { instance } = await discovery.register({ name: 'cart' });
      expect(instance.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(instance.address).toMatch(/[.:]/);
      expect(instance.registrationTimeUTC).toBeGreaterThan(1e12);
      expect(instance).toMatchObject({ port: null, payload: null, enabled: true, serviceType: 'DYNAMIC' });
    });

    test('the four types are four kinds of nodes', async () => {
      const discovery = fresh();
      const registrations = await Promise.all(
        (['DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'] as const).map((serviceType) =>
          discovery.register({ name: 'types', id: serviceType, serviceType }),
        ),
      );
      const owners = await Promise.all(
        registrations.map(
          async ({ path }) => (await client.get(path)).stat.ephemeralOwner === client.sessionId,
        ),
      );
      expect(owners).toEqual([true, false, false, true]);
      expect(registrations[3]!.path).toMatch(/DYNAMIC_SEQUENTIAL\d{10}$/);
      expect((await discovery.queryForInstances('types')).map(({ id }) => id).sort()).toEqual([
        'DYNAMIC',
        'DYNAMIC_SEQUENTIAL',
        'PERMANENT',
        'STATIC',
      ]);
      await discovery.close();
      const permanent = registrations[2]!;
      expect(await client.children(`${discovery.path}/types`)).toEqual(['PERMANENT']);
      await permanent.unregister();
      await permanent.unregister();
      expect(await client.exists(permanent.path)).toBeNull();
      expect(watchesOf(client)).toBe(0);
    });

    test('anybody can unregister an instance; one that is kept comes back', async () => {
      await using discovery = fresh();
      await using cache = await discovery.cache('cart');
      await discovery.register({ name: 'cart', id: 'p', serviceType: 'PERMANENT' });
      await untilInstances(cache, (ids) => ids.length === 1);
      expect(await discovery.unregister('cart', 'p')).toBe(true);
      expect(await discovery.unregister('cart', 'p')).toBe(false);
      await untilInstances(cache, (ids) => ids.length === 0);
      const kept = await discovery.register({ name: 'cart', id: 'd' });
      const { czxid } = (await client.get(kept.path)).stat;
      await discovery.unregister('cart', 'd');
      for (;;) {
        const stat = await client.exists(kept.path);
        if (stat !== null && stat.czxid > czxid) break;
      }
    });

    test('an update is seen, also a second one at once, and none after the end', async () => {
      await using discovery = fresh();
      await using cache = await discovery.cache('cart');
      const changes: ServiceChange<Meta>[] = [];
      const stop = cache.onChange((change) => changes.push(change));
      const registration = await discovery.register({ name: 'cart', id: 'a', port: 1 });
      const [one, two] = await Promise.all([
        registration.update({ port: 2, payload: { zone: 'x' } }),
        registration.update({ enabled: false }),
      ]);
      const nothing = { port: undefined, enabled: undefined } as never;
      expect(await registration.update(nothing)).toMatchObject({ port: 2, enabled: false });
      expect([one.port, two.port, two.enabled]).toEqual([2, 2, false]);
      expect(registration.instance).toEqual(two);
      await cache.sync();
      expect(cache.instances).toEqual([two]);
      expect(two.registrationTimeUTC).toBe(registration.instance.registrationTimeUTC);
      await registration.close();
      await untilInstances(cache, (ids) => ids.length === 0);
      expect(changes[0]).toMatchObject({ type: 'added', instance: { port: 1 } });
      expect(changes.at(-1)).toMatchObject({ type: 'removed', instance: { port: 2, enabled: false } });
      await expect(registration.update({ port: 3 })).rejects.toMatchObject({ code: 'Closed' });
      stop();
      await expect(registration.update({ port: -1 })).rejects.toThrow(RangeError);
    });

    test('what is no record is passed over and told of', async () => {
      const invalid: string[] = [];
      const discovery = new ServiceDiscovery(client, `/discovery/d${++number}`, {
        payload: jsonPayload({ schema: z.object({ zone: z.string() }) }),
        onInvalid: (path, error) => invalid.push(`${path}: ${error.message}`),
      });
      await using _ = discovery;
      await discovery.register({ name: 'cart', id: 'good', payload: { zone: 'a' } });
      await expect(discovery.register({ name: 'cart', payload: { zone: 1 } as never })).rejects.toThrow(
        'zone',
      );
      const bad = `${discovery.path}/cart/bad`;
      await client.create(bad, 'no record');
      expect((await discovery.queryForInstances('cart')).map(({ id }) => id)).toEqual(['good']);
      expect(invalid).toEqual([expect.stringContaining(`${bad}: not valid: not JSON`)]);
      await using cache = await discovery.cache('cart');
      expect(cache.instances.map(({ id }) => id)).toEqual(['good']);
      expect(invalid.length).toBe(2);
      const record = String((await client.get(`${discovery.path}/cart/good`)).data);
      await client.set(bad, record.replace('"good"', '"mended"'));
      expect(await untilInstances(cache, (ids) => ids.length === 2)).toEqual(['good', 'mended']);
      await client.set(bad, record.replace('"a"', '5'));
      expect(await untilInstances(cache, (ids) => ids.length === 1)).toEqual(['good']);
      expect(invalid[2]).toContain('payload.zone');
    });

    test('a provider goes round, skips what is disabled or filtered, and says if nobody is left', async () => {
      await using discovery = fresh();
      const provider = discovery.provider('cart', { filter: ({ id }) => id !== 'never' });
      await expect(provider.getInstance()).rejects.toThrow(NoInstanceError);
      const registrations = await Promise.all(
        ['a', 'b', 'off', 'never'].map((id) =>
          discovery.register({ name: 'cart', id, enabled: id !== 'off' }),
        ),
      );
      while ((await provider.getAllInstances()).length < 2) await client.sync();
      const ids = [];
      for (let i = 0; i < 4; i++) ids.push((await provider.getInstance()).id);
      expect(ids).toEqual(['a', 'b', 'a', 'b']);
      await registrations[2]!.update({ enabled: true });
      while ((await provider.getAllInstances()).length < 3) await client.sync();
      await provider.close();
      await expect(provider.getInstance()).rejects.toThrow('closed');
    });

    test('a call is tried elsewhere, and who failed too often is left alone', async () => {
      await using discovery = fresh();
      for (const id of ['bad', 'good']) await discovery.register({ name: 'cart', id });
      const provider = discovery.provider('cart', { strategy: roundRobin(), downAfterErrors: 2 });
      const called: string[] = [];
      const work = async ({ id }: { id: string }): Promise<string> => {
        called.push(id);
        if (id === 'bad') throw new Error('out of order');
        return id;
      };
      for (let i = 0; i < 4; i++) expect(await provider.call(work)).toBe('good');
      expect(called).toEqual(['bad', 'good', 'bad', 'good', 'good', 'good']);
      expect((await provider.getAllInstances()).map(({ id }) => id)).toEqual(['good']);
      const broken = discovery.provider('cart');
      const failure = broken.call(({ id }) => Promise.reject(new Error(`not ${id}`)));
      await expect(failure).rejects.toThrow(ServiceCallError);
      await expect(failure).rejects.toThrow('service cart: failed with bad: not bad; good: not good');
      await expect(broken.call(() => Promise.reject(new Error('again')))).rejects.toThrow(ServiceCallError);
      await expect(broken.getInstance()).rejects.toThrow('2 known, 2 marked down');
      await expect(broken.call(work)).rejects.toThrow(NoInstanceError);
    });

    test('a call that was given up, or whose error is not for others, blames nobody', async () => {
      await using discovery = fresh();
      for (const id of ['a', 'b']) await discovery.register({ name: 'cart', id });
      const provider = discovery.provider('cart', { strategy: sticky(), downAfterErrors: 1 });
      const stop = new AbortController();
      const given = provider.call(
        (_, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('interrupted')));
            stop.abort(new Error('no more'));
          }),
        { signal: stop.signal },
      );
      await expect(given).rejects.toThrow('no more');
      await expect(provider.call(() => 1, { signal: stop.signal })).rejects.toThrow('no more');
      const bug = provider.call(() => Promise.reject(new TypeError('mine')), {
        retryIf: (error) => !(error instanceof TypeError),
      });
      await expect(bug).rejects.toThrow(TypeError);
      expect((await provider.getAllInstances()).length).toBe(2);
      // An attempt that takes too long is one that failed, whether or not the work minds its signal.
      const slow = provider.call(() => new Promise(() => {}), { attemptTimeoutMs: 10, attemptsMax: 1 });
      await expect(slow).rejects.toMatchObject({ failures: [{ error: { name: 'TimeoutError' } }] });
      expect((await provider.getAllInstances()).length).toBe(1);
    });

    test('closing the discovery ends all that came from it', async () => {
      const discovery = fresh();
      await discovery.register({ name: 'cart', id: 'a' });
      const cache = await discovery.cache('cart');
      const provider = discovery.provider('cart');
      await provider.getInstance();
      const late = discovery.provider('cart').getInstance();
      late.catch(() => {});
      await Promise.all([discovery.close(), discovery.close()]);
      await expect(late).rejects.toThrow();
      await expect(client.get(`${discovery.path}/cart/a`)).rejects.toThrow(NoNodeError);
      await expect(discovery.register({ name: 'cart' })).rejects.toThrow('closed');
      await expect(discovery.cache('cart')).rejects.toThrow('closed');
      expect(() => discovery.provider('cart')).toThrow('closed');
      for await (const { type } of cache.changes()) expect(type).toBe('resync');
      expect(watchesOf(client)).toBe(0);
    });

    test('arguments are checked at once', async () => {
      expect(() => new ServiceDiscovery(client, 'services')).toThrow(TypeError);
      const discovery = fresh();
      for (const bad of ['', 'a/b', '.', '..', 5 as never]) {
        expect(() => discovery.provider(bad)).toThrow(TypeError);
        await expect(discovery.register({ name: bad })).rejects.toThrow(TypeError);
        await expect(discovery.register({ name: 'a', id: bad })).rejects.toThrow(TypeError);
        await expect(discovery.queryForInstances(bad)).rejects.toThrow(TypeError);
      }
      await expect(discovery.register({ name: 'a', port: 70_000 })).rejects.toThrow(RangeError);
      await expect(discovery.register({ name: 'a', port: 0 })).rejects.toThrow(
        'the one that the system gave',
      );
      await expect(discovery.register({ name: 'a', uriSpec: '{' })).rejects.toThrow(TypeError);
      await expect(discovery.register({ name: 'a', serviceType: 'ANY' as never })).rejects.toThrow(TypeError);
      expect(() => discovery.provider('a', { downAfterErrors: 0 })).toThrow(RangeError);
      expect(() => discovery.provider('a', { downForMs: -1 })).toThrow(RangeError);
      await expect(discovery.provider('a').call(() => 1, { attemptsMax: 0 })).rejects.toThrow(RangeError);
      expect(await client.exists(discovery.path)).toBeNull();
    });
  });
}
