import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { AcquireTimeoutError, InterProcessMutex, type Lease, revoke } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

/** Longer than any test: who waits it out does not end. */
const FOR_EVER_MS = 86_400_000;

let lockNumber = 0;

/** Resolves when somebody stands behind the first of so many in line. */
async function untilInLine(mutex: InterProcessMutex, client: ZooKeeperClient, count: number): Promise<void> {
  while ((await mutex.participants()).length !== count) await client.sync();
}

/** `inspect`, revocation, lock delay and leases that expire, against a server that works. */
export function describeMutexOptions(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`options of InterProcessMutex against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    const freshPath = () => `/options/m${++lockNumber}`;
    const dataOf = async (path: string) => String((await client.get(path)).data ?? '');
    const expectNoWatches = async (...clients: ZooKeeperClient[]) => {
      for (const each of clients) {
        // What is removed in the background has been sent before this.
        await each.sync();
        const { data, exist, child } = each.watchCounts();
        expect([data.listeners, exist.listeners, child.listeners]).toEqual([0, 0, 0]);
      }
    };

    beforeAll(async () => {
      server = await start();
      [client, other] = await Promise.all([connect(server.connectString), connect(server.connectString)]);
    });
    afterAll(async () => {
      await Promise.all([client?.close(), other?.close()]);
      await server?.[Symbol.asyncDispose]();
    });

    test('inspect tells who holds the lock and who waits, since when, from which session', async () => {
      const path = freshPath();
      const mutex = new InterProcessMutex(client, path, { data: 'first' });
      expect(await mutex.inspect()).toEqual({ holder: null, waiters: [] });
      expect(await mutex.participants()).toEqual([]);
      const held = await mutex.acquire();
      const theirs = new InterProcessMutex(other, path, { data: 'second' });
      const second = theirs.acquire();
      await untilInLine(mutex, client, 2);
      const third = mutex.acquire();
      await untilInLine(mutex, client, 3);
      const { holder, waiters } = await theirs.inspect();
      const { stat } = await client.get(held.path);
      expect(holder).toEqual({
        path: held.path,
        fencingToken: held.fencingToken,
        sessionId: client.sessionId,
        sinceMs: stat.ctime,
        changedMs: stat.mtime,
        data: Buffer.from('first'),
        revoked: false,
      });
      expect(waiters.map(({ sessionId, data }) => [sessionId, String(data)])).toEqual([
        [other.sessionId, 'second'],
        [client.sessionId, 'first'],
      ]);
      expect([holder, ...waiters].map((each) => each!.path)).toEqual(await mutex.participants());
      expect(await revoke(other, waiters[0]!.path)).toBe(true);
      expect((await mutex.inspect()).waiters.map(({ revoked }) => revoked)).toEqual([true, false]);
      await held.release();
      await (await second).release();
      await (await third).release();
      await expectNoWatches(client, other);
    });

    test('a holder who listens hears once that the lock is wanted back, and decides itself', async () => {
      const mutex = new InterProcessMutex(client, freshPath());
      const heard: Lease[] = [];
      let hear: () => void = () => {};
      const asked = new Promise<void>((resolve) => {
        hear = resolve;
      });
      const onRevoke = (lease: Lease) => {
        heard.push(lease);
        hear();
      };
      const lease = await mutex.acquire({ onRevoke });
      await other.set(lease.path, 'something else');
      expect(await revoke(other, lease.path)).toBe(true);
      await asked;
      expect(await revoke(other, lease.path)).toBe(true);
      await client.sync();
      await client.get(lease.path);
      expect(heard).toEqual([lease]);
      expect([lease.held, lease.signal.aborted]).toEqual([true, false]);
      await lease.release();
      expect(await revoke(other, lease.path)).toBe(false);
      await expectNoWatches(client);
    });

    test('who is asked while waiting hears of it when the lock is had', async () => {
      const mutex = new InterProcessMutex(client, freshPath());
      const held = await mutex.acquire();
      const heard = new Promise<Lease>((resolve) => {
        void mutex.acquire({ onRevoke: resolve });
      });
      await untilInLine(mutex, client, 2);
      const [, waiter] = await mutex.participants();
      await revoke(other, waiter!);
      await held.release();
      const lease = await heard;
      expect(lease.path).toBe(waiter);
      // So does a lease that is handed on from it, by its own listener.
      await new Promise<void>((resolve) => {
        void mutex.acquire({ lease, onRevoke: (inner) => void inner.release().then(resolve) });
      });
      await lease.release();
    });

    test('data that was there from the beginning asks for nothing', async () => {
      const mutex = new InterProcessMutex(client, freshPath(), { data: '__REVOKE__' });
      let heard = 0;
      const lease = await mutex.acquire({ onRevoke: () => heard++ });
      await client.sync();
      expect(heard).toBe(0);
      expect((await mutex.inspect()).holder!.revoked).toBe(false);
      await other.set(lease.path, '__REVOKE__');
      while (heard === 0) await client.sync();
      await lease.release();
    });

    test('a lease that expires passes the lock on', async () => {
      const mutex = new InterProcessMutex(client, freshPath());
      const lease = await mutex.acquire({ leaseMs: 50 });
      const next = await new InterProcessMutex(other, mutex.path).acquire();
      expect(lease.signal.reason).toMatchObject({ reason: 'expired' });
      expect(await client.exists(lease.path)).toBeNull();
      await lease.release();
      await next.release();
      await expectNoWatches(client, other);
    });

    describe('lockDelayMs', () => {
      const pair = (lockDelayMs: number, theirDelayMs = lockDelayMs) => {
        const path = freshPath();
        return [
          new InterProcessMutex(client, path, { lockDelayMs }),
          new InterProcessMutex(other, path, { lockDelayMs: theirDelayMs }),
        ] as const;
      };

      test('costs nobody anything while holders release', async () => {
        const [ours, theirs] = pair(FOR_EVER_MS);
        for (let i = 0; i < 5; i++) {
          const lease = await ours.acquire();
          expect(await dataOf(ours.path)).toBe(`holder:${lease.path.slice(ours.path.length + 1)}`);
          const waiting = theirs.acquire();
          await untilInLine(ours, client, 2);
          await lease.release();
          await (await waiting).release();
          expect(await dataOf(ours.path)).toBe('');
        }
        await (await theirs.acquire({ timeoutMs: 0 })).release();
        // The directory outlives those in it: it has to tell of a holder that died alone.
        expect((await client.exists(ours.path))!.ephemeralOwner).toBe(0n);
        await expectNoWatches(client, other);
      });

      test('keeps who is next from a lock whose holder lost its node, for so long', async () => {
        const [ours, theirs] = pair(300);
        const lease = await ours.acquire();
        const waiting = theirs.acquire();
        await untilInLine(ours, client, 2);
        const goneMs = performance.now();
        await other.delete(lease.path);
        const next = await waiting;
        expect(performance.now() - goneMs).toBeGreaterThanOrEqual(300);
        await next.release();
        await (await ours.acquire({ timeoutMs: 0 })).release();
        await lease.release();
        await expectNoWatches(client, other);
      });

      test('also keeps those who come later, and who is told not to wait does not', async () => {
        const [ours, theirs] = pair(FOR_EVER_MS);
        const lease = await ours.acquire();
        await other.delete(lease.path);
        await expect(theirs.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
        await expect(theirs.acquire({ timeoutMs: 20 })).rejects.toThrow(AcquireTimeoutError);
        const stop = new AbortController();
        const waiting = theirs.acquire({ signal: stop.signal });
        await untilInLine(ours, client, 1);
        stop.abort(new Error('no more'));
        await expect(waiting).rejects.toThrow('no more');
        await untilInLine(ours, client, 0);
        expect(await dataOf(ours.path)).toMatch(/^holder:/);
        await expectNoWatches(client, other);
        await lease.release();
      });

      test('ends when the one who was lost says that it is done', async () => {
        const [ours, theirs] = pair(FOR_EVER_MS);
        const lease = await ours.acquire();
        await other.delete(lease.path);
        const waiting = theirs.acquire();
        await untilInLine(ours, client, 1);
        await lease.release();
        await (await waiting).release();
      });

      test('begins anew for the next when who waited it out has given up or lost its node', async () => {
        const [ours, theirs] = pair(300, FOR_EVER_MS);
        const lease = await ours.acquire();
        const stop = new AbortController();
        const first = theirs.acquire({ signal: stop.signal });
        await untilInLine(ours, client, 2);
        const second = ours.acquire();
        await untilInLine(ours, client, 3);
        await other.delete(lease.path);
        const [deleted] = await ours.participants();
        await client.delete(deleted!);
        // Whose node was deleted stands at the end again.
        const granted = await second;
        await untilInLine(ours, client, 2);
        stop.abort(new Error('no more'));
        await expect(first).rejects.toThrow('no more');
        await granted.release();
        await untilInLine(ours, client, 0);
      });

      test('is nothing to those who do not have it', async () => {
        const [ours] = pair(FOR_EVER_MS);
        const lease = await ours.acquire();
        await other.delete(lease.path);
        const plain = new InterProcessMutex(other, ours.path);
        await (await plain.acquire({ timeoutMs: 5_000 })).release();
        await lease.release();
        await (await ours.acquire({ timeoutMs: 0 })).release();
      });

      test('takes over a directory that has other data', async () => {
        const [ours] = pair(FOR_EVER_MS);
        await client.create(ours.path, '10.0.0.1', { parents: true });
        await (await ours.acquire({ timeoutMs: 0 })).release();
      });
    });
  });
}
