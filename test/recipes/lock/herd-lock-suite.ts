import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { AcquireTimeoutError, HerdLock, type LeaseEndedError } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { Cuttable } from '../../kit/cuttable.ts';

let lockNumber = 0;

/** HerdLock against a server that works. */
export function describeHerdLock(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`HerdLock against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    const freshPath = () => `/herd/h${++lockNumber}`;
    const listeners = (zk: ZooKeeperClient) => zk.watchCounts().data.listeners;

    beforeAll(async () => {
      server = await start();
      [client, other] = await Promise.all([connect(server.connectString), connect(server.connectString)]);
    });
    afterAll(async () => {
      await Promise.all([client?.close(), other?.close()]);
      await server?.[Symbol.asyncDispose]();
    });

    test('one holder at a time, with growing fencing tokens', async () => {
      const path = freshPath();
      let holders = 0;
      const tokens: number[] = [];
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          await using lease = await new HerdLock(i % 2 === 0 ? client : other, path).acquire();
          expect(++holders).toBe(1);
          expect(lease.path).toBe(path);
          tokens.push(lease.fencingToken);
          await client.sync();
          expect(lease.held).toBe(true);
          holders--;
        }),
      );
      expect(new Set(tokens).size).toBe(20);
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
      expect(await client.exists(path)).toBeNull();
      await Promise.all([client.sync(), other.sync()]);
      expect([listeners(client), listeners(other)]).toEqual([0, 0]);
    });

    test('who gives up leaves no watch and disturbs nobody', async () => {
      const path = freshPath();
      const lock = new HerdLock(client, path);
      const held = await lock.acquire();
      await expect(lock.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      await expect(lock.acquire({ timeoutMs: 30 })).rejects.toThrow(AcquireTimeoutError);
      const stop = new AbortController();
      const waiting = new HerdLock(other, path).acquire({ signal: stop.signal });
      while (listeners(other) === 0) await other.sync();
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      await Promise.all([client.sync(), other.sync()]);
      // That of the holder on its own node.
      expect([listeners(client), listeners(other)]).toEqual([1, 0]);
      expect(held.held).toBe(true);
      await held.release();
      await (await lock.acquire({ timeoutMs: 0 })).release();
    });

    test('the holder hears that its node was deleted, and does not delete that of its successor', async () => {
      const path = freshPath();
      const lease = await new HerdLock(client, path).acquire();
      const aborted = new Promise<LeaseEndedError>((resolve) =>
        lease.signal.addEventListener('abort', () => resolve(lease.signal.reason)),
      );
      const waiting = new HerdLock(other, path).acquire();
      while (listeners(other) === 0) await other.sync();
      await client.delete(path);
      const next = await waiting;
      expect(await aborted).toMatchObject({ reason: 'deleted' });
      await lease.release();
      await client.sync();
      expect((await client.get(path)).stat.czxid).toBe(next.fencingToken);
      expect(next.held).toBe(true);
      await next.release();
      expect(await client.exists(path)).toBeNull();
    });

    test('connections lost at any moment leave no node behind and let one in at a time', async () => {
      const path = freshPath();
      const cable = new Cuttable();
      await using frail = await connect(server.connectString, {
        ports: cable.ports,
        backoff: { baseMs: 1, maxMs: 5 },
      });
      let holders = 0;
      let entered = 0;
      const once = async (zk: ZooKeeperClient) => {
        const lease = await new HerdLock(zk, path).acquire();
        holders++;
        // A lease in doubt says nothing about others; one that is not must be alone.
        if (!lease.signal.aborted) expect(holders).toBe(1);
        entered++;
        await other.sync();
        holders--;
        await lease.release();
      };
      for (let round = 0; round < 24; round++) {
        const work = [once(frail), once(other), once(frail)];
        for (let turn = 0; turn < round % 8; turn++) await new Promise((resolve) => setImmediate(resolve));
        cable.drop();
        for (const result of await Promise.allSettled(work)) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LeaseEnded' });
        }
      }
      expect(entered).toBeGreaterThan(30);
      while ((await other.exists(path)) !== null) await other.sync();
      await Promise.all([frail.sync(), other.sync()]);
      expect([listeners(frail), listeners(other)]).toEqual([0, 0]);
    });

    test('takes a path that can be a node', () => {
      expect(() => new HerdLock(client, 'herd')).toThrow(TypeError);
      expect(() => new HerdLock(client, '/')).toThrow(TypeError);
    });
  });
}
