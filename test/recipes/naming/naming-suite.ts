import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, text, type ZooKeeperClient } from '../../../client/index.ts';
import {
  NameLostError,
  NameRegistry,
  NameTakenError,
  parseSnowflake,
  Snowflake,
  UniqueIds,
  WaitTimeoutError,
  WorkerId,
} from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;

/** Ids, worker numbers and names against a server that works. */
export function describeNaming(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`naming against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    const path = () => `/naming/n${++number}`;

    beforeAll(async () => {
      server = await start();
      [client, other] = await Promise.all([connect(server.connectString), connect(server.connectString)]);
    });
    afterAll(async () => {
      const counts = client?.watchCounts();
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
      expect(counts).toMatchObject({
        child: { listeners: 0 },
        data: { listeners: 0 },
        exist: { listeners: 0 },
      });
    });

    for (const block of [1, 7]) {
      test(`ids in blocks of ${block} are unique over clients and grow in each`, async () => {
        const at = path();
        // Asked for all at once they come in order only where the directory is there.
        await new UniqueIds(client, at, { block }).next();
        const generators = [client, other].map((zk) => new UniqueIds(zk, at, { block }));
        const got = await Promise.all(
          generators.map((ids) => Promise.all(Array.from({ length: 40 }, () => ids.next()))),
        );
        expect(new Set(got.flat()).size).toBe(80);
        for (const ids of got) expect(ids).toEqual([...ids].sort((a, b) => a - b));
        expect(Math.max(...got.flat())).toBeLessThan(block === 1 ? 81 : 41 * 7);
        // The numbers are all that is left.
        while ((await client.children(at)).length > 0) await client.sync();
        const next = await new UniqueIds(client, at, { block }).next();
        expect(got.flat()).not.toContain(next);
      });
    }

    test('ids: arguments and signals', async () => {
      expect(() => new UniqueIds(client, '/x', { block: 0 })).toThrow(RangeError);
      expect(() => new UniqueIds(client, 'x')).toThrow(TypeError);
      await expect(
        new UniqueIds(client, path()).next({ signal: AbortSignal.abort(new Error('no')) }),
      ).rejects.toThrow('no');
    });

    test('worker numbers: each for one, and free again after release', async () => {
      const at = path();
      const leases = await Promise.all(
        Array.from({ length: 8 }, (_, i) => WorkerId.lease(i % 2 === 0 ? client : other, at, { max: 8 })),
      );
      expect(leases.map((lease) => lease.number).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(leases.every((lease) => lease.held && lease.safeForMs() > 0 && lease.fencingToken > 0)).toBe(
        true,
      );
      await expect(WorkerId.lease(client, at, { max: 8, timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      await expect(WorkerId.lease(client, at, { max: 8, timeoutMs: 20 })).rejects.toThrow(
        /no free worker number/,
      );
      const waiting = WorkerId.lease(client, at, { max: 8 });
      await leases[3]!.release();
      await using again = await waiting;
      expect(again.number).toBe(leases[3]!.number);
      expect(again.fencingToken).toBeGreaterThan(leases[3]!.fencingToken);
      expect(leases[3]!.signal.aborted).toBe(true);
      expect((await client.children(at)).length).toBe(8);
      await Promise.all(leases.map((lease) => lease.release()));
    });

    test('snowflakes: unique over generators, growing in each, made of what they say', async () => {
      const at = path();
      const before = Date.now();
      await using one = await Snowflake.start(client, at, { max: 2 });
      await using two = await Snowflake.start(other, at, { max: 2 });
      expect([one.worker, two.worker].sort()).toEqual([0, 1]);
      const ids = Array.from({ length: 5000 }, () => [one.next(), two.next()]).flat();
      expect(new Set(ids).size).toBe(10_000);
      const ours = ids.filter((_, i) => i % 2 === 0);
      expect(ours.every((id, i) => i === 0 || id > ours[i - 1]!)).toBe(true);
      const { timeMs, worker } = parseSnowflake(ours[0]!);
      expect(worker).toBe(one.worker);
      expect(Math.abs(timeMs + Date.UTC(2020, 0, 1) - before)).toBeLessThan(60_000);
      await one.close();
      expect(() => one.next()).toThrow(/closed/);
      await two.close();
      // What was reserved and not used is given back.
      await using next = await Snowflake.start(client, at, { max: 2 });
      expect(parseSnowflake(next.next()).timeMs).toBeLessThan(timeMs + 60_000);
    });

    test('a new holder of a number begins after all that was reserved before, whatever its clock says', async () => {
      const at = path();
      const farMs = Date.now() - Date.UTC(2020, 0, 1) + 3_600_000;
      await client.ensurePath(at);
      await client.create(`${at}/mark-0`, String(farMs));
      await using ids = await Snowflake.start(client, at, { max: 1 });
      expect(parseSnowflake(ids.next())).toMatchObject({ timeMs: farMs, count: 0 });
      expect(parseSnowflake(ids.next())).toMatchObject({ timeMs: farMs, count: 1 });
      expect(Number((await client.get(`${at}/mark-0`)).data?.toString())).toBeGreaterThan(farMs);
    });

    test('names: the first has it, others look it up and watch it', async () => {
      const registry = new NameRegistry<{ port: number }>(client, path());
      await using theirs = new NameRegistry<{ port: number }>(other, registry.path);
      expect([await registry.lookup('a'), await registry.names()]).toEqual([null, []]);
      const changes = theirs.watch('a');
      expect((await changes.next()).value).toBeNull();
      const a = await registry.register('a', { port: 1 });
      expect((await changes.next()).value).toEqual({ port: 1 });
      await expect(theirs.register('a', { port: 2 })).rejects.toThrow(NameTakenError);
      await expect(registry.register('a', { port: 2 })).rejects.toThrow(NameTakenError);
      await Promise.all([a.update({ port: 3 }), a.update({ port: 4 })]);
      while ((await theirs.lookup('a'))?.port !== 4) await other.sync();
      let seen = (await changes.next()).value;
      while (seen?.port !== 4) seen = (await changes.next()).value;
      await using _b = await theirs.register('b', { port: 9 });
      expect(await registry.names()).toEqual(['a', 'b']);
      await a.release();
      await a.release();
      expect(a.signal.aborted).toBe(true);
      expect((await changes.next()).value).toBeNull();
      await changes.return(undefined as never);
      await expect(a.update({ port: 5 })).rejects.toThrow(NameLostError);
      await using again = await theirs.register('a', { port: 6 });
      await a.release();
      expect(await registry.lookup('a')).toEqual({ port: 6 });
      expect(again.signal.aborted).toBe(false);
      await registry.close();
      await expect(registry.lookup('a/b')).rejects.toThrow(TypeError);
    });

    test('names: one whose node was deleted is lost, and the name of another is left alone', async () => {
      const registry = new NameRegistry<string>(client, path(), { codec: text });
      await using theirs = new NameRegistry<string>(other, registry.path, { codec: text });
      const a = await registry.register('a', 'ours');
      const lost = new Promise((resolve) =>
        a.signal.addEventListener('abort', () => resolve(a.signal.reason)),
      );
      await other.delete(a.path);
      expect(await lost).toBeInstanceOf(NameLostError);
      await using _again = await theirs.register('a', 'theirs');
      await expect(a.update('ours again')).rejects.toThrow(NameLostError);
      await a.release();
      expect(await registry.lookup('a')).toBe('theirs');
      await registry.close();
    });

    test('names: a persistent one outlives its client, and is changed only by who knows its version', async () => {
      const at = path();
      const zk = await connect(server.connectString);
      const registry = new NameRegistry<string>(zk, at, { codec: text });
      const kept = await registry.register('kept', 'v0', { mode: 'persistent' });
      await registry.register('gone', 'v0');
      await kept.update('v1');
      await registry.close();
      expect(await zk.children(at)).toEqual(['kept']);
      await other.set(`${at}/kept`, 'foreign');
      await expect(kept.update('v2')).rejects.toThrow(NameLostError);
      await zk.close();
      const ours = new NameRegistry<string>(client, at, { codec: text });
      expect(await ours.lookup('kept')).toBe('foreign');
      await ours.close();
    });
  });
}
