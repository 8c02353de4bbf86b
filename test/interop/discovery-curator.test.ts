import { expect, test } from 'vitest';
import { jsonPayload, ServiceDiscovery } from '../../recipes/discovery/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import type { PeerProgram } from '../kit/peer-program.ts';
import { untilInstances } from '../recipes/discovery/discovery-suite.ts';

/** Resolves when Java's cache has held exactly these, `id:port`. */
async function untilCached(java: PeerProgram, ids: string): Promise<void> {
  await java.hear(new RegExp(`^cache ${ids};`, 'm'));
}

describeOnBoth('service discovery and Java Curator', javaProgramsMissing(), (on) => {
  const start = (path: string, sessionTimeoutMs = 30_000) =>
    startCurator('CuratorDiscovery', on.connectString, { sessionTimeoutMs, args: [path] });

  test('Java finds what TypeScript registers', async () => {
    await using java = await start('/ours');
    const plain = new ServiceDiscovery<unknown>(on.client, '/ours');
    const typed = new ServiceDiscovery<unknown>(on.client, '/ours', {
      payload: jsonPayload({ javaClass: 'java.util.TreeMap' }),
    });
    const payloads = { text: 'hello', count: 5, flag: true, list: [1, 'two'], map: { zone: 'a', n: [1] } };
    for (const [id, payload] of Object.entries(payloads)) {
      await plain.register({ name: 'cart', id, address: '10.0.0.1', port: 80, payload });
    }
    const bare = await plain.register({ name: 'cart', id: 'bare', address: '10.0.0.1', enabled: false });
    await typed.register({
      name: 'cart',
      id: 'typed',
      address: 'host.example.org',
      port: 80,
      sslPort: 443,
      payload: { zone: 'b' },
      serviceType: 'STATIC',
      uriSpec: '{scheme}://{address}:{ssl-port}/{name}',
    });
    const found = JSON.parse(await java.ask('query'));
    expect(Object.keys(found)).toEqual(['bare', 'count', 'flag', 'list', 'map', 'text', 'typed']);
    for (const [id, payload] of Object.entries(payloads)) {
      expect(found[id]).toMatchObject({
        payload,
        port: 80,
        address: '10.0.0.1',
        type: 'DYNAMIC',
        enabled: true,
      });
    }
    expect(found.map.class).toBe('java.util.LinkedHashMap');
    expect(found.list.class).toBe('java.util.ArrayList');
    expect(found.typed).toMatchObject({
      class: 'java.util.TreeMap',
      payload: { zone: 'b' },
      sslPort: 443,
      type: 'STATIC',
    });
    expect(found.bare).toMatchObject({ port: null, payload: null, enabled: false });
    expect(found.bare.time).toBe(bare.instance.registrationTimeUTC);
    expect(await java.ask('uri typed')).toBe('https://host.example.org:443/cart');
    // What is not enabled is no more chosen by Java than by us.
    const picked = (await java.ask('pick 12')).split(' ');
    expect([...new Set(picked)].sort()).toEqual(['count', 'flag', 'list', 'map', 'text', 'typed']);
    await Promise.all([plain.close(), typed.close()]);
    await untilCached(java, '');
  });

  test('TypeScript finds what Java registers', async () => {
    await using java = await start('/theirs');
    await using discovery = new ServiceDiscovery<unknown>(on.client, '/theirs');
    await using cache = await discovery.cache('cart');
    await java.ask('register DYNAMIC text 80 "hello"');
    await java.ask('register DYNAMIC_SEQUENTIAL map 81 {"zone":"a"}');
    await java.ask('register PERMANENT list 82 [1,2]');
    await java.ask('register STATIC number 83 5');
    await untilInstances(cache, (ids) => ids.length === 4);
    expect(
      cache.instances.map(({ id, port, payload, serviceType }) => [id, port, payload, serviceType]),
    ).toEqual([
      ['list', 82, [1, 2], 'PERMANENT'],
      ['map', 81, { zone: 'a' }, 'DYNAMIC_SEQUENTIAL'],
      ['number', 83, 5, 'STATIC'],
      ['text', 80, 'hello', 'DYNAMIC'],
    ]);
    expect(await discovery.queryForInstances('cart')).toHaveLength(4);
    const text = await discovery.queryForInstance('cart', 'text');
    expect(text!.url('/items')).toBe('http://10.1.1.1:80/text/items');
    expect(await java.ask('uri text')).toBe(text!.url());
    await java.ask('update text 90 "changed"');
    while (cache.instances.find(({ id }) => id === 'text')!.port !== 90) await cache.sync();
    await java.ask('unregister text');
    await untilInstances(cache, (ids) => !ids.includes('text'));
    // Written again by us, byte for byte as Java wrote it.
    const before = await on.client.get('/theirs/cart/number');
    const [instance] = (await discovery.queryForInstances('cart')).filter(({ id }) => id === 'number');
    const again = await discovery.register({
      ...instance!,
      name: 'cart',
      address: instance!.address!,
      port: instance!.port!,
      sslPort: undefined,
      payload: instance!.payload,
      uriSpec: instance!.uriSpec!,
    });
    const written = String((await on.client.get('/theirs/cart/number')).data);
    const times = [instance!.registrationTimeUTC, again.instance.registrationTimeUTC].map(String);
    expect(written.replace(times[1]!, times[0]!)).toBe(String(before.data));
  });

  test('each sees the other come, change and be killed', async () => {
    await using java = await start('/both', 2_000);
    await using discovery = new ServiceDiscovery(on.client, '/both');
    await using cache = await discovery.cache('cart');
    await java.ask('register DYNAMIC java 1 null');
    const ours = await discovery.register({ name: 'cart', id: 'ts', port: 1 });
    await untilCached(java, 'java:1,ts:1');
    await untilInstances(cache, (ids) => ids.join() === 'java,ts');
    await ours.update({ port: 2 });
    await untilCached(java, 'java:1,ts:2');
    const provider = discovery.provider('cart');
    const called = [await provider.call(({ id }) => id), await provider.call(({ id }) => id)];
    expect(called.sort()).toEqual(['java', 'ts']);
    expect((await java.ask('pick 2')).split(' ').sort()).toEqual(['java', 'ts']);
    await java.kill();
    await untilInstances(cache, (ids) => ids.join() === 'ts');
  });
});
