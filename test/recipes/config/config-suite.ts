import { type } from 'arktype';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  BadVersionError,
  connect,
  InvalidValueError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../../client/index.ts';
import {
  ConfigStore,
  type ConfigValue,
  type InvalidConfig,
  LayeredConfig,
  UnknownVersionError,
} from '../../../recipes/config/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

const Checkout = z.object({ maxItems: z.number().int().positive(), tax: z.number().default(0.19) });

let number = 0;

/** The next item of a stream that must have one. */
export async function next<T>(stream: AsyncIterator<T, undefined>): Promise<T> {
  const result = await stream.next();
  if (result.done === true) throw new Error('the stream has ended');
  return result.value;
}

/** ConfigStore and LayeredConfig against a server that works. */
export function describeConfig(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`ConfigStore against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    const fresh = (options: { historyMax?: number } = {}) =>
      new ConfigStore(client, `/config/c${++number}`, { schema: Checkout, ...options });

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });
    const watches = () => {
      const { data, exist, child, persistent, recursive } = client.watchCounts();
      return [data, exist, child, persistent, recursive].reduce((sum, { listeners }) => sum + listeners, 0);
    };

    test('the node holds the plain value, and the history who set which', async () => {
      const config = fresh();
      await expect(config.get()).rejects.toThrow(NoNodeError);
      expect(await config.history()).toEqual([]);
      expect(await config.publish({ maxItems: 50 }, { by: 'alice' })).toBe(0);
      expect(await config.publish({ maxItems: 60, tax: 0.2 }, { by: 'bob', ifVersion: 0 })).toBe(1);
      const { data, stat } = await client.get(config.path);
      expect(String(data)).toBe('{"maxItems":60,"tax":0.2}');
      expect(await config.get()).toEqual({ value: { maxItems: 60, tax: 0.2 }, version: 1, atMs: stat.mtime });
      const history = await config.history();
      expect(history).toMatchObject([
        { version: 1, by: 'bob', value: { maxItems: 60, tax: 0.2 }, rollbackTo: null },
        { version: 0, by: 'alice', value: { maxItems: 50 }, rollbackTo: null },
      ]);
      expect(history[0]!.atMs).toBe(stat.mtime);
    });

    test('compare-and-set: of two that saw the same version, one wins', async () => {
      const config = fresh();
      await config.publish({ maxItems: 1 }, { ifVersion: null });
      await expect(config.publish({ maxItems: 2 }, { ifVersion: null })).rejects.toThrow(NodeExistsError);
      const both = await Promise.allSettled([
        config.publish({ maxItems: 2 }, { ifVersion: 0 }),
        config.publish({ maxItems: 3 }, { ifVersion: 0 }),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const { reason } = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(BadVersionError);
      expect(reason).toMatchObject({ expected: 0, path: config.path });
      await expect(config.publish({ maxItems: 4 }, { ifVersion: 9 })).rejects.toThrow(BadVersionError);
      expect((await config.get()).version).toBe(1);
    });

    test('many that publish at once all succeed, each version once', async () => {
      const config = fresh({ historyMax: 30 });
      const versions = await Promise.all(
        Array.from({ length: 20 }, (_, i) => config.publish({ maxItems: i + 1 }, { by: `p${i}` })),
      );
      expect([...versions].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      const history = await config.history();
      expect(history.map(({ version }) => version)).toEqual(versions.map((_, i) => 19 - i));
      for (const { version, by } of history) expect(versions[Number(by!.slice(1))]).toBe(version);
    });

    test('what is not valid is refused, and nothing is written', async () => {
      const config = fresh();
      await expect(config.publish({ maxItems: -1 })).rejects.toThrow(InvalidValueError);
      expect(await client.exists(config.path)).toBeNull();
      await config.publish({ maxItems: 1 });
      await expect(config.publish({ maxItems: 'many' } as never)).rejects.toThrow(InvalidValueError);
      await expect(config.publish(undefined as never)).rejects.toThrow(InvalidValueError);
      // Valid as it is, but not what a reader would get.
      const dates = new ConfigStore(client, config.path, { schema: z.object({ at: z.date() }) });
      await expect(dates.publish({ at: new Date(0) })).rejects.toThrow(InvalidValueError);
      expect((await client.get(config.path)).stat.version).toBe(0);
    });

    test('zod, valibot and arktype say what is allowed, and what the value is', async () => {
      const path = `/config/c${++number}`;
      const stores = {
        zod: new ConfigStore(client, path, {
          schema: z.object({ n: z.number(), s: z.string().default('x') }),
        }),
        valibot: new ConfigStore(client, path, {
          schema: v.object({ n: v.number(), s: v.optional(v.string(), 'x') }),
        }),
        arktype: new ConfigStore(client, path, { schema: type({ n: 'number', s: "string = 'x'" }) }),
      };
      expectTypeOf<Awaited<ReturnType<typeof stores.zod.get>>['value']>().toEqualTypeOf<{
        n: number;
        s: string;
      }>();
      expectTypeOf<Awaited<ReturnType<typeof stores.valibot.get>>['value']['n']>().toEqualTypeOf<number>();
      expectTypeOf<Awaited<ReturnType<typeof stores.arktype.get>>['value']['s']>().toEqualTypeOf<string>();
      for (const store of Object.values(stores)) {
        await store.publish({ n: 1 });
        expect((await store.get()).value).toEqual({ n: 1, s: 'x' });
        await expect(store.publish({ n: 'one' } as never)).rejects.toMatchObject({ faults: [{ at: 'n' }] });
      }
      expect(String((await client.get(path)).data)).toBe('{"n":1}');
    });

    test('the history keeps so many versions, also of what was set by other means', async () => {
      const config = fresh({ historyMax: 3 });
      for (let i = 1; i <= 4; i++) await config.publish({ maxItems: i });
      expect((await config.history()).map(({ version }) => version)).toEqual([3, 2, 1]);
      const set = await client.set(config.path, '{"maxItems":77}');
      await config.publish({ maxItems: 5 }, { by: 'carol' });
      expect(await config.history()).toMatchObject([
        { version: 5, by: 'carol', value: { maxItems: 5 } },
        { version: 4, by: null, value: { maxItems: 77 }, atMs: set.mtime },
        { version: 3, by: null, value: { maxItems: 4 } },
      ]);
      await client.set(config.path, 'not JSON');
      await config.publish({ maxItems: 6 });
      expect((await config.history()).map(({ version }) => version)).toEqual([7, 5, 4]);
    });

    test('rollback publishes the old value as a new version', async () => {
      const config = fresh({ historyMax: 3 });
      for (let i = 1; i <= 4; i++) await config.publish({ maxItems: i });
      expect(await config.rollback(1, { by: 'dave', ifVersion: 3 })).toBe(4);
      expect((await config.get()).value.maxItems).toBe(2);
      expect((await config.history())[0]).toMatchObject({ version: 4, by: 'dave', rollbackTo: 1 });
      await expect(config.rollback(0)).rejects.toThrow(UnknownVersionError);
      await expect(config.rollback(0)).rejects.toMatchObject({ version: 0, kept: [4, 3, 2] });
      await expect(config.rollback(3, { ifVersion: 3 })).rejects.toThrow(BadVersionError);
      const strict = new ConfigStore(client, config.path, {
        schema: z.object({ maxItems: z.number().min(4) }),
      });
      await expect(strict.rollback(2)).rejects.toThrow(InvalidValueError);
      expect((await config.get()).version).toBe(4);
    });

    test('several are published together or not at all', async () => {
      const [a, b] = [fresh(), fresh()];
      expect(await ConfigStore.publishAll([a.change({ maxItems: 1 }), b.change({ maxItems: 2 })])).toEqual([
        0, 0,
      ]);
      const stale = [a.change({ maxItems: 3 }), b.change({ maxItems: 4 }, { ifVersion: 5 })];
      await expect(ConfigStore.publishAll(stale)).rejects.toMatchObject({ code: 'BadVersion', path: b.path });
      const invalid = [a.change({ maxItems: 3 }), b.change({ maxItems: 0 })];
      await expect(ConfigStore.publishAll(invalid)).rejects.toThrow(InvalidValueError);
      expect([(await a.get()).version, (await b.get()).version]).toEqual([0, 0]);
      await ConfigStore.publishAll([a.change({ maxItems: 3 }), b.change({ maxItems: 4 })], { by: 'eve' });
      const [inA, inB] = [await client.get(a.path), await client.get(b.path)];
      expect(inA.stat.mzxid).toBe(inB.stat.mzxid);
      expect((await b.history())[0]).toMatchObject({ by: 'eve', version: 1 });
      expect(await ConfigStore.publishAll([])).toEqual([]);
      await expect(
        ConfigStore.publishAll([a.change({ maxItems: 1 }), a.change({ maxItems: 2 })]),
      ).rejects.toThrow(TypeError);
    });

    test('a subscriber gets the value, the newest of several new ones, and no invalid one', async () => {
      const config = fresh();
      const invalid: InvalidConfig[] = [];
      const stream = config.subscribe({ onInvalid: (each) => invalid.push(each) });
      const first = next(stream);
      await config.publish({ maxItems: 1 });
      expect(await first).toMatchObject({ value: { maxItems: 1, tax: 0.19 }, version: 0 });
      // Nobody reads meanwhile.
      for (let i = 2; i <= 5; i++) await config.publish({ maxItems: i });
      expect(await next(stream)).toMatchObject({ value: { maxItems: 5 }, version: 4 });
      const after = next(stream);
      await client.set(config.path, '{"maxItems":0}');
      while (invalid.length === 0) await client.sync();
      expect(invalid).toMatchObject([
        { paths: [config.path], versions: [5], error: { code: 'InvalidValue' } },
      ]);
      await client.set(config.path, '{');
      while (invalid.length === 1) await client.sync();
      // Deleted and made again: no value is not handed out either, and versions begin anew.
      await client.deleteRecursive(config.path);
      await config.publish({ maxItems: 9 });
      expect(await after).toMatchObject({ value: { maxItems: 9 }, version: 0 });
      const waiting = stream.next();
      await stream.return();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(watches()).toBe(0);
    });

    test('a signal ends a subscription and leaves no watch, whenever it comes', async () => {
      const config = fresh();
      await config.publish({ maxItems: 1 });
      const stop = new AbortController();
      const got: number[] = [];
      for await (const { version } of config.subscribe({ signal: stop.signal })) {
        got.push(version);
        if (version === 0) await config.publish({ maxItems: 2 });
        else stop.abort();
      }
      expect(got).toEqual([0, 1]);
      for await (const _ of config.subscribe({ signal: stop.signal })) throw new Error('has ended');
      for await (const _ of config.subscribe()) break;
      const unread = config.subscribe();
      await unread.return();
      expect(await unread.next()).toEqual({ done: true, value: undefined });
      expect(watches()).toBe(0);
    });

    test('a listener hears the same, and nothing after it was taken back', async () => {
      const config = fresh();
      const heard: ConfigValue<{ maxItems: number }>[] = [];
      let wake: () => void = () => {};
      const until = async (count: number) => {
        while (heard.length < count) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      };
      const stop = config.onValue((published) => {
        heard.push(published);
        wake();
      });
      await config.publish({ maxItems: 1 });
      await until(1);
      await config.publish({ maxItems: 2 });
      await until(2);
      stop();
      await config.publish({ maxItems: 3 });
      await client.sync();
      expect(heard.map(({ version }) => version)).toEqual([0, 1]);
      expect(watches()).toBe(0);
    });

    test('layers are merged, and a change of any is published again', async () => {
      const base = `/config/c${++number}`;
      const paths = [base, `${base}/production`, `${base}/production/host-7`];
      const any = { schema: z.record(z.string(), z.unknown()) };
      const [defaults, production, host] = paths.map((path) => new ConfigStore(client, path, any));
      const Whole = z.object({ db: z.object({ host: z.string(), port: z.number() }), debug: z.boolean() });
      const layered = new LayeredConfig(client, paths, { schema: Whole });
      await expect(layered.get()).rejects.toThrow(NoNodeError);
      const invalid: InvalidConfig[] = [];
      const stream = layered.subscribe({ onInvalid: (each) => invalid.push(each) });
      const first = next(stream);
      await defaults!.publish({ db: { host: 'localhost', port: 5432 } });
      while (invalid.length === 0) await client.sync();
      expect(invalid[0]).toMatchObject({
        paths,
        versions: [0, null, null],
        error: { faults: [{ at: 'debug' }] },
      });
      await production!.publish({ db: { host: 'db.internal' }, debug: false });
      expect(await first).toMatchObject({
        value: { db: { host: 'db.internal', port: 5432 }, debug: false },
        versions: [0, 0, null],
      });
      const second = next(stream);
      await host!.publish({ debug: true });
      expect((await second).value).toEqual({ db: { host: 'db.internal', port: 5432 }, debug: true });
      expect(await layered.get()).toMatchObject({ versions: [0, 0, 0], value: { debug: true } });
      // What is published together is never seen in part.
      const third = next(stream);
      await ConfigStore.publishAll([
        defaults!.change({ db: { host: 'a', port: 1 }, debug: true }),
        host!.change({ db: { host: 'b' } }),
      ]);
      expect(await third).toMatchObject({ value: { db: { host: 'b', port: 1 } }, versions: [1, 0, 1] });
      const fourth = next(stream);
      await client.deleteRecursive(paths[2]!);
      expect(await fourth).toMatchObject({ value: { db: { host: 'db.internal' } }, versions: [1, 0, null] });
      await client.set(paths[1]!, 'oops');
      await expect(layered.get()).rejects.toMatchObject({ faults: [{ at: paths[1] }] });
      await stream.return();
      expect(watches()).toBe(0);
    });

    test('what a schema or a merge stumbles over reaches no subscriber, and does not end it', async () => {
      const paths = [`/config/c${++number}`, `/config/c${++number}`];
      const lists = z.object({ names: z.array(z.string()).refine((names) => names[0]!.length > 0) });
      const merge = (layers: readonly unknown[]) => ({
        names: (layers as { names: string[] }[]).flatMap(({ names }) => [...names]),
      });
      await client.create(paths[0]!, '{"names":["a"]}', { parents: true });
      const invalid: InvalidConfig[] = [];
      const onInvalid = (each: InvalidConfig) => invalid.push(each);
      const streams = [
        new ConfigStore(client, paths[0]!, { schema: lists }).subscribe({ onInvalid }),
        new LayeredConfig(client, paths, { schema: lists, merge }).subscribe({ onInvalid }),
      ] as AsyncIterableIterator<{ value: unknown }, undefined>[];
      for (const stream of streams) expect((await next(stream)).value).toEqual({ names: ['a'] });
      const waiting = streams.map((stream) => next(stream));
      // The store's schema throws at an empty list, and the merging at one that is none.
      await client.set(paths[0]!, '{"names":[]}');
      await client.create(paths[1]!, '{"names":5}');
      while (invalid.length < 2) await client.sync();
      await client.set(paths[1]!, '{"names":["b"]}');
      expect((await waiting[1]!).value).toEqual({ names: ['b'] });
      await client.set(paths[0]!, '{"names":["c"]}');
      expect((await waiting[0]!).value).toEqual({ names: ['c'] });
      for (const { error } of invalid) expect(error).toBeInstanceOf(InvalidValueError);
      for (const stream of streams) await stream.return?.();
    });

    test('arguments are checked at once', () => {
      const schema = Checkout;
      expect(() => new ConfigStore(client, 'config', { schema })).toThrow(TypeError);
      expect(() => new ConfigStore(client, '/config', {} as never)).toThrow(TypeError);
      expect(() => new ConfigStore(client, '/config', { schema, historyMax: 0 })).toThrow(RangeError);
      expect(() => new LayeredConfig(client, [], { schema })).toThrow(RangeError);
      expect(() => new LayeredConfig(client, ['/a', '/a'], { schema })).toThrow(TypeError);
      expect(() => new LayeredConfig(client, ['/a', 'b'], { schema })).toThrow(TypeError);
    });
  });
}
