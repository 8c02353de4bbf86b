import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  AcquireTimeoutError,
  InterProcessReadWriteLock,
  type Lease,
  LeaseEndedError,
  LockUpgradeError,
  revoke,
} from '../../../recipes/index.ts';
import { childPath, nameOf } from '../../../wire/path.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { NotificationCounter } from '../../kit/notifications.ts';
import { ended, expectNoWatches, settledOf, untilChildren } from './helpers.ts';

let lockNumber = 0;

/** InterProcessReadWriteLock against a server that works. */
export function describeReadWriteLock(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`InterProcessReadWriteLock against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    const lockOf = (zk: ZooKeeperClient) => new InterProcessReadWriteLock(zk, `/rw/l${lockNumber}`);
    const fresh = () => {
      lockNumber++;
      return lockOf(client);
    };

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test("its nodes have Curator's names, and their release removes them", async () => {
      const { path, readLock, writeLock } = fresh();
      const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
      const read = await readLock.acquire();
      expect(nameOf(read.path)).toMatch(new RegExp(`^_c_${uuid}-__READ__0000000000$`));
      await read.release();
      const write = await writeLock.acquire();
      expect(nameOf(write.path)).toMatch(new RegExp(`^_c_${uuid}-__WRIT__\\d{10}$`));
      const { stat } = await client.get(write.path);
      expect([stat.ephemeralOwner, stat.czxid]).toEqual([client.sessionId, write.fencingToken]);
      await write.release();
      expect(await client.children(path)).toEqual([]);
      expect(write.signal.reason).toMatchObject({ reason: 'released' });
    });

    test('readers share it, a writer waits for them, and who comes later waits for the writer', async () => {
      const { path, readLock, writeLock } = fresh();
      const readers = [await readLock.acquire(), await lockOf(other).readLock.acquire()];
      const writer = writeLock.acquire();
      await untilChildren(client, path, 3);
      const later = lockOf(other).readLock.acquire();
      await untilChildren(client, path, 4);
      expect(await settledOf(client, [writer, later])).toBe(0);
      expect((await readLock.participants()).length).toBe(3);
      expect((await writeLock.participants()).length).toBe(1);
      const { holders, waiters } = await lockOf(other).inspect();
      expect(holders.map(({ side, path: node }) => [side, node])).toEqual(
        readers.map((lease) => ['read', lease.path]),
      );
      expect(waiters.map(({ side, sessionId }) => [side, sessionId])).toEqual([
        ['write', client.sessionId],
        ['read', other.sessionId],
      ]);
      await readers[0]!.release();
      expect(await settledOf(client, [writer, later])).toBe(0);
      await readers[1]!.release();
      const written = await writer;
      expect(await settledOf(client, [later])).toBe(0);
      await written.release();
      const last = await later;
      expect(last.fencingToken).toBeGreaterThan(written.fencingToken);
      expect(written.fencingToken).toBeGreaterThan(readers[1]!.fencingToken);
      await last.release();
      expectNoWatches(client);
      expectNoWatches(other);
    });

    test('a writer downgrades, and the next writer waits for the reader it has become', async () => {
      const { path, readLock, writeLock } = fresh();
      const write = await writeLock.acquire();
      const next = lockOf(other).writeLock.acquire();
      await untilChildren(client, path, 2);
      const reader = lockOf(other).readLock.acquire();
      await untilChildren(client, path, 3);
      const read = await readLock.acquire({ lease: write });
      expect(nameOf(read.path).split('__READ__')[1]).toBe(nameOf(write.path).split('__WRIT__')[1]);
      expect(read.fencingToken).toBe(write.fencingToken);
      const again = await readLock.acquire({ lease: read });
      await write.release();
      expect([read.signal.aborted, again.signal.aborted]).toEqual([false, false]);
      expect(await settledOf(client, [next, reader])).toBe(0);
      await read.release();
      expect(await settledOf(client, [next, reader])).toBe(0);
      await again.release();
      const granted = await next;
      expect(granted.fencingToken).toBeGreaterThan(read.fencingToken);
      expect(await settledOf(client, [reader])).toBe(0);
      await granted.release();
      await (await reader).release();
      expect(await client.children(path)).toEqual([]);
    });

    test('a downgrade needs a write lease that is still held', async () => {
      const { path, readLock, writeLock } = fresh();
      const released = await writeLock.acquire();
      const releasing = released.release();
      await expect(readLock.acquire({ lease: released })).rejects.toThrow(LeaseEndedError);
      await releasing;
      // The release overtakes: its delete is sent between the making of the reader's node and the look at the line.
      const write = await writeLock.acquire();
      const downgrading = readLock.acquire({ lease: write });
      const refused = expect(downgrading).rejects.toMatchObject({ code: 'LeaseEnded', reason: 'released' });
      await write.release();
      await refused;
      await untilChildren(client, path, 0);
      const gone = await writeLock.acquire();
      await other.delete(gone.path);
      await ended(gone);
      await expect(readLock.acquire({ lease: gone })).rejects.toMatchObject({ reason: 'deleted' });
      await gone.release();
      expect(await client.children(path)).toEqual([]);
      expectNoWatches(client);
    });

    test('an upgrade is refused at once, also with a write lock that was downgraded', async () => {
      const { path, readLock, writeLock } = fresh();
      const read = await readLock.acquire();
      await expect(writeLock.acquire({ lease: read })).rejects.toThrow(LockUpgradeError);
      await expect(writeLock.acquire({ lease: read, timeoutMs: 0 })).rejects.toThrow(LockUpgradeError);
      await read.release();
      const write = await writeLock.acquire();
      const downgraded = await readLock.acquire({ lease: write });
      await expect(writeLock.acquire({ lease: downgraded })).rejects.toThrow(LockUpgradeError);
      await downgraded.release();
      await write.release();
      expect(await client.children(path)).toEqual([]);
    });

    test('re-entrant by handing the lease on, within the same lock', async () => {
      const { path, readLock, writeLock } = fresh();
      const outer = await writeLock.acquire({ leaseMs: 3_600_000 });
      const inner = await writeLock.acquire({ lease: outer });
      await outer.release();
      expect([inner.signal.aborted, inner.path]).toEqual([false, outer.path]);
      expect(inner.safeForMs()).toBeGreaterThan(0);
      await inner.release();
      expect(await client.children(path)).toEqual([]);
      const read = await readLock.acquire();
      const elsewhere = fresh();
      await expect(elsewhere.readLock.acquire({ lease: read })).rejects.toThrow(TypeError);
      await expect(lockOf(other).readLock.acquire({ lease: read })).rejects.toThrow(TypeError);
      await expect(elsewhere.readLock.acquire({ lease: {} as Lease })).rejects.toThrow(TypeError);
      await read.release();
    });

    test('a timeout or a signal ends the waiting and leaves no node', async () => {
      const { path, readLock, writeLock } = fresh();
      const held = await readLock.acquire();
      await expect(writeLock.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
      await expect(writeLock.acquire({ timeoutMs: 30 })).rejects.toThrow(AcquireTimeoutError);
      const stop = new AbortController();
      const waiting = writeLock.acquire({ signal: stop.signal });
      await untilChildren(client, path, 2);
      const reader = lockOf(other).readLock.acquire();
      await untilChildren(client, path, 3);
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      // The reader waited for the writer alone.
      await (await reader).release();
      await held.release();
      await untilChildren(client, path, 0);
      await (await writeLock.acquire({ timeoutMs: 0 })).release();
      await expect(writeLock.acquire({ leaseMs: 0 })).rejects.toThrow(RangeError);
      expectNoWatches(client);
    });

    test('deleted nodes: the holder is told, the waiter goes to the end of the line', async () => {
      const { path, readLock, writeLock } = fresh();
      const held = await readLock.acquire();
      const waiting = writeLock.acquire();
      await untilChildren(client, path, 2);
      const [asked] = await writeLock.participants();
      await other.delete(asked!);
      while ((await writeLock.participants())[0] === asked) await client.sync();
      await other.delete(held.path);
      expect(await ended(held)).toMatchObject({ reason: 'deleted', path: held.path });
      const write = await waiting;
      expect(write.path).not.toBe(asked);
      await held.release();
      await write.release();
    });

    test('a line that is removed with its directory forms anew', async () => {
      const { path, readLock, writeLock } = fresh();
      const held = await readLock.acquire();
      const waiting = writeLock.acquire();
      await untilChildren(client, path, 2);
      const removal = other.transaction();
      for (const node of await other.children(path)) removal.delete(childPath(path, node));
      await removal.delete(path).commit();
      expect(await ended(held)).toMatchObject({ reason: 'deleted' });
      await (await waiting).release();
      await held.release();
    });

    test('a lease whose time is over makes way, and one that is revoked hears of it', async () => {
      const { writeLock, readLock } = fresh();
      const short = await writeLock.acquire({ leaseMs: 20 });
      const next = await readLock.acquire();
      expect(short.signal.reason).toMatchObject({ reason: 'expired' });
      await next.release();
      let asked: (lease: Lease) => void = () => {};
      const revoked = new Promise<Lease>((resolve) => {
        asked = resolve;
      });
      const write = await writeLock.acquire({ onRevoke: (lease) => asked(lease) });
      await revoke(other, write.path);
      expect(await revoked).toBe(write);
      await write.release();
    });

    test('a release wakes those only who can go on', async () => {
      const { path, writeLock } = fresh();
      const counter = new NotificationCounter();
      await using zk = await connect(server.connectString, { ports: counter.ports });
      const { readLock: reads, writeLock: writes } = lockOf(zk);
      const first = await writeLock.acquire();
      const line: Promise<Lease>[] = [];
      const join = async (count: number, lock: typeof reads): Promise<void> => {
        for (let i = 0; i < count; i++) line.push(lock.acquire());
        await untilChildren(client, path, 1 + line.length);
      };
      await join(20, reads);
      await join(1, writes);
      await join(20, reads);
      // Everybody watches one node besides the own.
      while (zk.watchCounts().data.listeners < 82) await zk.sync();
      expect(counter.count).toBe(0);
      await first.release();
      const readers = await Promise.all(line.slice(0, 20));
      // All of them watch the writer, which is one event for their connection.
      expect(counter.count).toBe(1);
      for (const lease of readers) await lease.release();
      const writer = await line[20]!;
      expect(counter.count).toBe(2);
      await writer.release();
      for (const lease of await Promise.all(line.slice(21))) await lease.release();
      expect(counter.count).toBe(3);
      expectNoWatches(zk);
    });

    test('writers are alone, readers are with readers, over many turns', async () => {
      fresh();
      const inside = { read: 0, write: 0 };
      let together = 0;
      const turns = async (zk: ZooKeeperClient, sides: readonly ('read' | 'write' | 'downgrade')[]) => {
        const lock = lockOf(zk);
        for (const side of sides) {
          if (side === 'read') {
            await using _lease = await lock.readLock.acquire();
            await visit('read', zk);
          } else {
            await using lease = await lock.writeLock.acquire();
            await visit('write', zk);
            if (side === 'write') continue;
            await using _read = await lock.readLock.acquire({ lease });
            inside.read++;
            await lease.release();
            expect(inside.write).toBe(0);
            await zk.sync();
            inside.read--;
          }
        }
      };
      const visit = async (side: 'read' | 'write', zk: ZooKeeperClient) => {
        inside[side]++;
        expect(inside.write === 0 || (inside.write === 1 && inside.read === 0)).toBe(true);
        together = Math.max(together, inside.read);
        await zk.sync();
        inside[side]--;
      };
      const story = (offset: number) =>
        Array.from(
          { length: 12 },
          (_, i) => (['read', 'read', 'write', 'read', 'downgrade'] as const)[(i * 3 + offset) % 5]!,
        );
      await Promise.all([0, 1, 2, 3, 4, 5].map((i) => turns(i % 2 === 0 ? client : other, story(i))));
      expect(together).toBeGreaterThan(1);
    });
  });
}
