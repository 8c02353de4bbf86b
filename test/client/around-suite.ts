import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  BadArgumentsError,
  BadVersionError,
  type ConnectOptions,
  compressed,
  connect,
  InterProcessMutex,
  InvalidValueError,
  json,
  NodeExistsError,
  NoNodeError,
  type OperationMessage,
  type Span,
  type TypedChange,
  text,
  type WatchEvent,
  type ZooKeeperClient,
} from '../../index.ts';
import type { ServerUnderTest } from './operations.ts';

let rootNumber = 0;

const Service = z.object({ host: z.string(), port: z.number().int() });

/** What surrounds the operations of a client: namespaces, typed nodes, defaults by path, compression, tracing. */
export function describeAround(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`around the operations: ${name}`, () => {
    let server: ServerUnderTest;
    let root: string;
    beforeAll(async () => {
      server = await start();
      root = `${server.connectString}/around-${process.pid}-${rootNumber++}`;
      await using _ = await connect(root, { ensureChroot: true });
    });
    afterAll(() => server?.[Symbol.asyncDispose]());
    const open = (options?: ConnectOptions): Promise<ZooKeeperClient> => connect(root, options);

    describe('a namespace', () => {
      test('puts its path before every other, in the same session', async () => {
        await using client = await open();
        const app = client.namespace('ns');
        expect(app.sessionId).toBe(client.sessionId);
        expect(app.chroot).toBe(`${client.chroot}/ns`);
        expect((await app.create('/a', 'x', { parents: true })).path).toBe('/a');
        expect((await client.get('/ns/a')).data?.toString()).toBe('x');
        expect(await app.children('/')).toEqual(['a']);
        await app.transaction().create('/b', 'y').check('/a', 0).commit();
        expect(await app.namespace('/b').exists('/')).toMatchObject({ dataLength: 1 });
        expect(await client.namespace('/ns').namespace('b').exists('/c')).toBeNull();
        await expect(app.get('/c')).rejects.toThrow(
          `get /c: no such node (below the chroot ${client.chroot}/ns)`,
        );
        await app.deleteRecursive('/');
        expect(await client.exists('/ns')).toBeNull();
      });

      test('has events with its own paths, of every kind of watch', async () => {
        await using client = await open();
        await client.create('/watched/a', '', { parents: true });
        const app = client.namespace('/watched');
        const heard: string[] = [];
        const listener = (from: string) => (event: WatchEvent) =>
          heard.push(`${from} ${event.type} ${event.path}`);
        await app.get('/a', { watch: listener('get') });
        await app.exists('/b', { watch: listener('exists') });
        await app.children('/', { watch: listener('children') });
        await using recursive = await app.addWatch('/', listener('recursive'), { recursive: true });
        expect(recursive.path).toBe('/');
        await client.get('/watched/a', { watch: listener('outside') });
        await app.set('/a', 'x');
        await app.create('/b');
        await app.sync();
        expect(heard.sort()).toEqual([
          'children childrenChanged /',
          'exists created /b',
          'get dataChanged /a',
          'outside dataChanged /watched/a',
          'recursive created /b',
          'recursive dataChanged /a',
        ]);
        // The same function, listening twice in one namespace, is called once, as it is outside.
        let calls = 0;
        const once = () => void calls++;
        await Promise.all([app.get('/a', { watch: once }), app.get('/a', { watch: once })]);
        await app.set('/a', 'y');
        await app.sync();
        expect(calls).toBe(1);
        await recursive.remove();
        const none = { paths: 0, listeners: 0 };
        expect(app.watchCounts()).toMatchObject({ data: none, exist: none, child: none, recursive: none });
      });

      test('serves recipes, and its close leaves the session alone', async () => {
        await using client = await open();
        await using app = client.namespace('recipes');
        await using lease = await new InterProcessMutex(app, '/lock').acquire();
        expect(lease.path).toMatch(/^\/lock\/_c_/);
        expect(await client.children('/recipes/lock')).toHaveLength(1);
        await app.close();
        expect(client.connected && lease.held).toBe(true);
      });

      test('refuses what is no path', async () => {
        await using client = await open();
        expect(() => client.namespace('a//b')).toThrow(BadArgumentsError);
        expect(client.namespace('/').chroot).toBe(client.chroot);
        const same = client.namespace('').namespace('/x').namespace('/');
        expect(same.chroot).toBe(`${client.chroot}/x`);
      });
    });

    describe('a one-shot watch on the path of a persistent one', () => {
      for (const recursive of [true, false]) {
        test(`fires, and takes nothing from the ${recursive ? 'recursive' : 'plain'} one`, async () => {
          await using client = await open();
          const path = `/both-${recursive}`;
          await client.create(path, '');
          const heard: string[] = [];
          const listener = (from: string) => (event: WatchEvent) =>
            heard.push(`${from} ${event.type} ${event.path.slice(path.length)}`);
          const watch = await client.addWatch(path, listener('all'), { recursive });
          await client.get(path, { watch: listener('data') });
          await client.children(path, { watch: listener('children') });
          await client.set(path, 'x');
          await client.create(`${path}/a`);
          await client.set(path, 'y');
          await client.create(`${path}/b`);
          await client.sync();
          const children = recursive
            ? ['all created /a', 'all created /b']
            : Array(2).fill('all childrenChanged ');
          const data = ['all dataChanged ', 'all dataChanged '];
          const once = ['children childrenChanged ', 'data dataChanged '];
          expect(heard.sort()).toEqual([...children, ...data, ...once].sort());
          // When the persistent one goes, what is left is told to the server.
          heard.length = 0;
          await client.get(path, { watch: listener('data') });
          await client.children(path, { watch: listener('children') });
          await watch.remove();
          await client.set(path, 'z');
          await client.create(`${path}/c`);
          await client.sync();
          expect(heard.sort()).toEqual(once);
        });
      }
    });

    test.each([true, false])(
      'a plain and a recursive watch on one path, recursive first: %s',
      async (recursiveFirst) => {
        await using client = await open();
        const path = `/kinds-${recursiveFirst}`;
        await client.create(path, '');
        const heard = new Set<string>();
        const add = (recursive: boolean) =>
          client.addWatch(
            path,
            ({ type, path: at }) =>
              heard.add(`${recursive ? 'recursive' : 'plain'} ${type} ${at.slice(path.length)}`),
            { recursive },
          );
        const first = await add(recursiveFirst);
        const second = await add(!recursiveFirst);
        const [plain, recursive] = recursiveFirst ? [second, first] : [first, second];
        await client.create(`${path}/a`);
        await client.create(`${path}/a/b`);
        await client.set(path, 'x');
        await client.sync();
        const ofPlain = ['plain childrenChanged ', 'plain dataChanged '];
        const ofRecursive = ['recursive created /a', 'recursive created /a/b', 'recursive dataChanged '];
        expect([...heard].sort()).toEqual([...ofPlain, ...ofRecursive]);
        // Each goes on without the other; the one that stays may be told that it missed something.
        const [gone, stays, expected] = recursiveFirst
          ? [recursive, plain, ofPlain]
          : [plain, recursive, ofRecursive];
        await gone.remove();
        heard.clear();
        await client.deleteRecursive(`${path}/a`);
        heard.clear();
        await client.create(`${path}/a`);
        await client.create(`${path}/a/b`);
        await client.set(path, 'y');
        await client.sync();
        expect([...heard].sort()).toEqual(expected);
        await stays.remove();
      },
    );

    describe('typed nodes', () => {
      test('are read and written with their parameters, with versions', async () => {
        await using client = await open();
        const services = client.typed('/svc/{name}/{id}', Service);
        const params = { name: 'cart', id: '7' };
        expect(services.path(params)).toBe('/svc/cart/7');
        await services.create(params, { host: 'a', port: 1 }, { parents: true });
        const { value, stat } = await services.get(params);
        expect([value, stat.version]).toEqual([{ host: 'a', port: 1 }, 0]);
        await services.set(params, { host: 'b', port: 2 }, { version: 0 });
        await expect(services.set(params, value, { version: 0 })).rejects.toThrow(BadVersionError);
        expect(await client.typed('/svc/{name}', text).children({ name: 'cart' })).toEqual(['7']);
        await services.delete(params, { version: 1 });
        await expect(services.get(params)).rejects.toThrow(NoNodeError);
      });

      test('refuse values and data that the schema does not allow, and parameters that are no names', async () => {
        await using client = await open();
        const services = client.typed('/bad/{id}', Service);
        const wrong = { host: 'a', port: 'x' } as unknown as z.infer<typeof Service>;
        await expect(services.create({ id: '1' }, wrong, { parents: true })).rejects.toThrow(
          InvalidValueError,
        );
        expect(await client.exists('/bad')).toBeNull();
        await client.create('/bad/1', '{"host":1}', { parents: true });
        await expect(services.get({ id: '1' })).rejects.toMatchObject({
          faults: [{ at: 'host' }, { at: 'port' }],
        });
        for (const id of ['', 'a/b', '..', '.'])
          await expect(services.get({ id })).rejects.toThrow(TypeError);
        // @ts-expect-error: the template has no such name
        await expect(services.get({ other: 'x' })).rejects.toThrow('id must be a name');
        expect(() => client.typed('no/slash', text)).toThrow(TypeError);
        expect(() => client.typed('/open/{id', text)).toThrow(/braces/);
      });

      test('are watched: what they hold now, and after each change, until the signal', async () => {
        await using client = await open();
        const nodes = client.typed('/typed-watch', json(Service));
        const stop = new AbortController();
        const seen: unknown[] = [];
        const next = async (changes: AsyncGenerator<TypedChange<z.infer<typeof Service>>>) => {
          const { value } = await changes.next();
          seen.push(value?.type === 'value' ? value.value : value?.type);
        };
        const changes = nodes.watch({}, { signal: stop.signal });
        await next(changes);
        await nodes.create({}, { host: 'a', port: 1 });
        await next(changes);
        await client.set('/typed-watch', 'junk');
        await next(changes);
        await nodes.set({}, { host: 'b', port: 2 });
        await next(changes);
        await client.delete('/typed-watch');
        await next(changes);
        expect(seen).toEqual(['absent', { host: 'a', port: 1 }, 'invalid', { host: 'b', port: 2 }, 'absent']);
        const last = changes.next();
        stop.abort();
        expect(await last).toEqual({ done: true, value: undefined });
        await client.sync();
        expect(Object.values(client.watchCounts()).every(({ paths }) => paths === 0)).toBe(true);
      });
    });

    describe('create with orSet', () => {
      test('sets what is there, also when it comes and goes meanwhile', async () => {
        await using client = await open();
        expect((await client.create('/or-set', 'a', { orSet: true })).stat.version).toBe(0);
        expect((await client.create('/or-set', 'b', { orSet: true })).stat.version).toBe(1);
        expect((await client.get('/or-set')).data?.toString()).toBe('b');
        const rounds = Array.from({ length: 30 }, () => [
          client.create('/or-set', 'c', { orSet: true }),
          client.delete('/or-set').catch((error: unknown) => {
            if (!(error instanceof NoNodeError)) throw error;
          }),
        ]);
        await Promise.all(rounds.flat());
        const options = { orSet: true, mode: 'persistent-sequential' } as const;
        await expect(client.create('/or-set-', '', options)).rejects.toThrow(BadArgumentsError);
      });
    });

    describe('by path', () => {
      test('ACL and data of new nodes; what an operation says itself comes first', async () => {
        const readOnly = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
        const deletable = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
        const asked: string[] = [];
        await using client = await open({
          defaultData: 'default',
          acl: (path) => {
            asked.push(path);
            return path.endsWith('/locked') ? readOnly : deletable;
          },
        });
        await client.namespace('by-path').create('/locked', undefined, { parents: true });
        expect((await client.get('/by-path/locked')).data?.toString()).toBe('default');
        expect((await client.getAcl('/by-path/locked')).acl).toEqual(readOnly);
        expect(asked).toContain('/by-path/locked');
        await client.create('/by-path/open', '', { acl: deletable });
        expect((await client.get('/by-path/open')).data).toEqual(Buffer.alloc(0));
        await client.transaction().create('/by-path/t').commit();
        expect((await client.get('/by-path/t')).data?.toString()).toBe('default');
        await client.create('/by-path/null', null);
        expect((await client.get('/by-path/null')).data ?? null).toBeNull();
      });

      test('compression, and what was written without it', async () => {
        const long = 'zookit '.repeat(1_000);
        await using client = await open({ compress: (path) => path.startsWith('/zip/') });
        await using plain = await open();
        await client.create('/zip/a', long, { parents: true });
        const stored = await plain.get('/zip/a');
        expect(stored.data!.length).toBeLessThan(500);
        expect(gunzipSync(stored.data!).toString()).toBe(long);
        expect((await plain.get('/zip')).data).toEqual(Buffer.alloc(0));
        expect((await client.get('/zip/a')).data!.toString()).toBe(long);
        await client.set('/zip/a', 'x', { compressed: false });
        expect((await plain.get('/zip/a')).data?.toString()).toBe('x');
        expect((await client.get('/zip/a')).data?.toString()).toBe('x');
        await client.transaction().set('/zip/a', long).commit();
        expect((await plain.get('/zip/a', { decompressed: true })).data!.toString()).toBe(long);
        expect((await client.get('/zip/a', { decompressed: false })).data!.length).toBeLessThan(500);
        await client.set('/zip/a', long, { idempotent: true });
        expect((await client.get('/zip/a')).data!.toString()).toBe(long);
      });

      test('compressed data that is damaged, or a bomb, is refused', async () => {
        await using client = await open({ decompressedBytesMax: 10_000 });
        const options = { decompressed: true };
        await client.create('/bomb', gzipSync(Buffer.alloc(10_001)));
        await expect(client.get('/bomb', options)).rejects.toThrow(InvalidValueError);
        await client.set('/bomb', gzipSync(Buffer.alloc(10_000)));
        expect((await client.get('/bomb', options)).data).toEqual(Buffer.alloc(10_000));
        await client.set('/bomb', Buffer.from([0x1f, 0x8b, 0]));
        await expect(client.get('/bomb', options)).rejects.toThrow(/gzip/);
        expect(client.connected).toBe(true);
      });

      test('a codec that compresses', async () => {
        await using client = await open();
        const nodes = client.typed('/zipped/{id}', compressed(json(Service)));
        await nodes.create({ id: 'a' }, { host: 'a', port: 1 }, { parents: true });
        expect((await client.get('/zipped/a')).data!.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
        expect((await nodes.get({ id: 'a' })).value).toEqual({ host: 'a', port: 1 });
      });
    });

    describe('observed', () => {
      test('by a tracer: a span an operation, with its failure', async () => {
        const ended: { name: string; attributes: Record<string, unknown>; failed: boolean }[] = [];
        const tracer = {
          startSpan: (name: string, options?: { attributes?: Record<string, unknown> }): Span => {
            const span = { name, attributes: { ...options?.attributes }, failed: false };
            return {
              setAttribute: (key, value) => {
                span.attributes[key] = value;
              },
              recordException: () => {},
              setStatus: ({ code }) => {
                span.failed = code === 2;
              },
              end: () => void ended.push(span),
            };
          },
        };
        await using client = await open({ tracer });
        await client.create('/traced');
        await expect(client.create('/traced')).rejects.toThrow(NodeExistsError);
        expect(ended).toEqual(
          [false, true].map((failed) => ({
            name: 'zookeeper create',
            attributes: {
              'db.system.name': 'zookeeper',
              'db.operation.name': 'create',
              'zookeeper.path': '/traced',
              'server.address': server.connectString,
            },
            failed,
          })),
        );
      });

      test('by a subscriber of the operation channel, for as long as it is one', async () => {
        await using client = await open();
        const messages: OperationMessage[] = [];
        const listener = (message: unknown): void => void messages.push(message as OperationMessage);
        subscribe('zookit:client:operation', listener);
        try {
          await expect(client.get('/observed')).rejects.toThrow(NoNodeError);
        } finally {
          unsubscribe('zookit:client:operation', listener);
        }
        await client.exists('/observed');
        const [message, ...more] = messages.filter(({ path }) => path === '/observed');
        expect(more).toEqual([]);
        expect(message).toEqual({
          operation: 'get',
          path: '/observed',
          server: server.connectString,
          sessionId: client.sessionId,
          durationMs: expect.any(Number),
          error: expect.any(NoNodeError),
        });
      });
    });
  });
}
