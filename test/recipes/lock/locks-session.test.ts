import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  type InterProcessLock,
  InterProcessMultiLock,
  InterProcessReadWriteLock,
  InterProcessSemaphoreMutex,
  InterProcessSemaphoreV2,
  type Lease,
} from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { ended, expectNoWatches, untilChildren } from './helpers.ts';

/** Locks that admit one holder, by how they are made for a client at a path. */
const kinds: Record<string, (zk: ZooKeeperClient, path: string) => InterProcessLock> = {
  'a write lock': (zk, path) => new InterProcessReadWriteLock(zk, path).writeLock,
  'a semaphore mutex': (zk, path) => new InterProcessSemaphoreMutex(zk, path),
  'all permits of a semaphore': (zk, path) => {
    const semaphore = new InterProcessSemaphoreV2(zk, path, 3);
    return { path, acquire: (options) => semaphore.acquireMany(3, options) };
  },
  'a multi-lock': (zk, path) =>
    new InterProcessMultiLock([
      new InterProcessReadWriteLock(zk, `${path}/first`).readLock,
      new InterProcessSemaphoreMutex(zk, `${path}/second`),
    ]),
};

/** Where the nodes of those who hold or wait are, and how many each of them has. */
const lines: Record<string, { readonly below: string; readonly each: number }> = {
  'a write lock': { below: '', each: 1 },
  'a semaphore mutex': { below: '/leases', each: 1 },
  'all permits of a semaphore': { below: '/leases', each: 3 },
  'a multi-lock': { below: '/second/leases', each: 1 },
};

describe.each(Object.keys(kinds))('%s when connections and sessions are lost', (kind) => {
  let server: TestServer;
  let other: ZooKeeperClient;
  const make = kinds[kind]!;
  const { below, each } = lines[kind]!;
  beforeAll(async () => {
    server = await TestServer.start({ tickTimeMs: 100 });
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  test('the holder is in doubt at once, and gives back later', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports });
    const lease = await make(client, '/doubt').acquire();
    const { signal } = lease;
    cable.cut();
    expect([signal.aborted, lease.held, lease.safeForMs()]).toEqual([true, false, 0]);
    expect(signal.reason).toMatchObject({ reason: 'in-doubt' });
    const released = lease.release();
    cable.mend();
    await released;
    await (await make(other, '/doubt').acquire({ timeoutMs: 30_000 })).release();
    await client.sync();
    expectNoWatches(client);
  });

  test('an expired session ends the lease, and the next in line gets it', async () => {
    await using client = await connect(server.connectString, { sessionTimeoutMs: 1_000 });
    const lease = await make(client, '/expiry').acquire();
    const next = make(other, '/expiry').acquire();
    await untilChildren(other, `/expiry${below}`, 2 * each);
    expect(server.expireSession(client.sessionId)).toBe(true);
    expect(['in-doubt', 'deleted', 'session-lost']).toContain((await ended(lease)).reason);
    const granted = await next;
    expect(granted.fencingToken).toBeGreaterThan(lease.fencingToken);
    await lease.release();
    expect(granted.held).toBe(true);
    await granted.release();
  });

  test('who waits is told of the lost session, and can wait again in the next', async () => {
    await using client = await connect(server.connectString, { sessionTimeoutMs: 1_000 });
    const held = await make(other, '/waiter').acquire();
    const refused = expect(make(client, '/waiter').acquire()).rejects.toMatchObject({
      code: expect.stringMatching(/SessionExpired|LeaseEnded/),
    });
    await untilChildren(other, `/waiter${below}`, 2 * each);
    const lost = new Promise<void>((resolve) => {
      client.on('state', (state) => state === 'lost' && resolve());
    });
    server.expireSession(client.sessionId);
    await Promise.all([refused, lost]);
    await untilChildren(other, `/waiter${below}`, each);
    const again = make(client, '/waiter').acquire();
    await held.release();
    await (await again).release();
    expectNoWatches(client);
  });

  test('connections lost at any moment leave nothing behind and let one in at a time', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 5 },
    });
    let holders = 0;
    let entered = 0;
    const once = async (by: InterProcessLock): Promise<void> => {
      const lease: Lease = await by.acquire();
      try {
        // A lease in doubt says nothing about others; one that is not must be alone.
        if (!lease.signal.aborted) expect(++holders).toBe(1);
        else holders++;
        entered++;
        await other.sync();
      } finally {
        holders--;
        await lease.release();
      }
    };
    for (let round = 0; round < 16; round++) {
      const work = [once(make(client, '/storm')), once(make(other, '/storm')), once(make(client, '/storm'))];
      for (let turn = 0; turn < round % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
      cable.drop();
      for (const result of await Promise.allSettled(work)) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LeaseEnded' });
      }
    }
    expect(entered).toBeGreaterThan(16);
    await untilChildren(other, `/storm${below}`, 0);
    await client.sync();
    expectNoWatches(client);
    expectNoWatches(other);
  });
});

test('a downgraded lease ends with its session, and a writer that lost its session cannot downgrade', async () => {
  await using server = await TestServer.start({ tickTimeMs: 100 });
  await using client = await connect(server.connectString, { sessionTimeoutMs: 1_000 });
  await using other = await connect(server.connectString);
  const { readLock, writeLock } = new InterProcessReadWriteLock(client, '/down');
  const write = await writeLock.acquire();
  const read = await readLock.acquire({ lease: write });
  const next = new InterProcessReadWriteLock(other, '/down').writeLock.acquire();
  server.expireSession(client.sessionId);
  await ended(read);
  await expect(readLock.acquire({ lease: write })).rejects.toMatchObject({ code: 'LeaseEnded' });
  const granted = await next;
  await Promise.all([read.release(), write.release()]);
  expect(granted.held).toBe(true);
  await granted.release();
});
