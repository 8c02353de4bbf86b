import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { jsonPayload, ServiceDiscovery } from '../../recipes/discovery/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { Child, which } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';
import { untilInstances } from '../recipes/discovery/discovery-suite.ts';

const jars = [
  'curator-x-discovery',
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'zookeeper',
  'jackson-core',
  'jackson-databind',
  'jackson-annotations',
  'guava',
  'slf4j-nop',
].map((name) => `/usr/share/java/${name}.jar`);
const missing = [...jars.filter((jar) => !existsSync(jar)), ...(which('javac') === null ? ['javac'] : [])];
const source = resolve(import.meta.dirname, 'java/CuratorDiscovery.java');

let classes: TempDirectory | null = null;

/** A Java process with Curator's service discovery of one service, obeying one command at a time. */
class CuratorProgram implements AsyncDisposable {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(connectString: string, path: string): Promise<CuratorProgram> {
    const classPath = [classes!.path, ...jars].join(delimiter);
    const child = new Child('java', ['-Xmx256m', '-cp', classPath, 'CuratorDiscovery', connectString, path]);
    await child.waitFor(/ready/);
    return new CuratorProgram(child);
  }

  /** Gives a command and returns the rest of the line that answers it. */
  async ask(command: string, answer: string): Promise<string> {
    // Each answer is awaited with all before it, as the output is kept.
    const marker = `${answer} `;
    const before = this.child.output.split(marker).length - 1;
    this.child.process.stdin!.write(`${command}\n`);
    const found = await this.child.waitFor(new RegExp(`(?:${marker}[^]*?){${before}}${marker}([^\\n]*)\\n`));
    return found[1]!;
  }

  /** Resolves when its cache has held exactly these, `id:port`. */
  async untilCached(ids: string): Promise<void> {
    await this.child.waitFor(new RegExp(`cache ${ids};`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}

function describeCurator(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`service discovery and Java Curator on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('Java finds what TypeScript registers', async () => {
      await using java = await CuratorProgram.start(server.connectString, '/ours');
      const plain = new ServiceDiscovery<unknown>(client, '/ours');
      const typed = new ServiceDiscovery<unknown>(client, '/ours', {
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
      const found = JSON.parse(await java.ask('query', 'found'));
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
      expect(await java.ask('uri typed', 'uri')).toBe('https://host.example.org:443/cart');
      // What is not enabled is no more chosen by Java than by us.
      const picked = (await java.ask('pick 12', 'picked')).split(' ');
      expect([...new Set(picked)].sort()).toEqual(['count', 'flag', 'list', 'map', 'text', 'typed']);
      await Promise.all([plain.close(), typed.close()]);
      await java.untilCached('');
    });

    test('TypeScript finds what Java registers', async () => {
      await using java = await CuratorProgram.start(server.connectString, '/theirs');
      await using discovery = new ServiceDiscovery<unknown>(client, '/theirs');
      await using cache = await discovery.cache('cart');
      await java.ask('register DYNAMIC text 80 "hello"', 'registered');
      await java.ask('register DYNAMIC_SEQUENTIAL map 81 {"zone":"a"}', 'registered');
      await java.ask('register PERMANENT list 82 [1,2]', 'registered');
      await java.ask('register STATIC number 83 5', 'registered');
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
      expect(await java.ask('uri text', 'uri')).toBe(text!.url());
      await java.ask('update text 90 "changed"', 'updated');
      while (cache.instances.find(({ id }) => id === 'text')!.port !== 90) await cache.sync();
      await java.ask('unregister text', 'unregistered');
      await untilInstances(cache, (ids) => !ids.includes('text'));
      // Written again by us, byte for byte as Java wrote it.
      const before = await client.get('/theirs/cart/number');
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
      const written = String((await client.get('/theirs/cart/number')).data);
      const times = [instance!.registrationTimeUTC, again.instance.registrationTimeUTC].map(String);
      expect(written.replace(times[1]!, times[0]!)).toBe(String(before.data));
    });

    test('each sees the other come, change and be killed', async () => {
      await using java = await CuratorProgram.start(server.connectString, '/both');
      await using discovery = new ServiceDiscovery(client, '/both');
      await using cache = await discovery.cache('cart');
      await java.ask('register DYNAMIC java 1 null', 'registered');
      const ours = await discovery.register({ name: 'cart', id: 'ts', port: 1 });
      await java.untilCached('java:1,ts:1');
      await untilInstances(cache, (ids) => ids.join() === 'java,ts');
      await ours.update({ port: 2 });
      await java.untilCached('java:1,ts:2');
      const provider = discovery.provider('cart');
      const called = [await provider.call(({ id }) => id), await provider.call(({ id }) => id)];
      expect(called.sort()).toEqual(['java', 'ts']);
      expect((await java.ask('pick 2', 'picked')).split(' ').sort()).toEqual(['java', 'ts']);
      await java.child.stop('SIGKILL');
      await untilInstances(cache, (ids) => ids.join() === 'ts');
    });
  });
}

if (missing.length > 0) {
  test.skip(`Java Curator: missing ${missing.join(', ')}; apt-get install libcurator-discovery-java default-jdk-headless`, () => {});
} else {
  beforeAll(async () => {
    classes = await tempDirectory('zookit-discovery-');
    const javac = new Child('javac', ['-d', classes.path, '-cp', jars.join(delimiter), source]);
    await javac.success();
  });
  afterAll(async () => {
    await classes?.[Symbol.asyncDispose]();
  });
  describeCurator('zookit', () => TestServer.start());
  if (javaZooKeeper() !== null) {
    describeCurator('Apache ZooKeeper', async () => {
      const server = await JavaServer.start();
      return {
        connectString: `127.0.0.1:${server.port}`,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    });
  }
}
