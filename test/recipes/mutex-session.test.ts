import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientState, connect, type ZooKeeperClient } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { InterProcessMutex, type Lease, type LeaseEndedError } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { Cuttable } from '../kit/cuttable.ts';

function until(client: ZooKeeperClient, wanted: ClientState): Promise<void> {
  return new Promise((resolve) => {
    const listener = (state: ClientState) => {
      if (state !== wanted) return;
      client.off('state', listener);
      resolve();
    };
    client.on('state', listener);
  });
}

function ended(lease: Lease): Promise<LeaseEndedError> {
  return new Promise((resolve) => {
    lease.signal.addEventListener('abort', () => resolve(lease.signal.reason));
    if (lease.signal.aborted) resolve(lease.signal.reason);
  });
}

describe('InterProcessMutex when connections and sessions are lost', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start({ tickTimeMs: 100 });
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  test('the holder is in doubt at once when the connection is lost, and gives the lock back later', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports });
    const lease = await new InterProcessMutex(client, '/doubt').acquire();
    cable.cut();
    // The signal has aborted before anything else can run.
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt', path: lease.path });
    const released = lease.release();
    cable.mend();
    await released;
    expect(await other.exists(lease.path)).toBeNull();
    await (await new InterProcessMutex(client, '/doubt').acquire({ timeoutMs: 5_000 })).release();
  });

  test('a process that was stopped does not take its lease for held when it wakes up', async () => {
    let stoppedMs = 0;
    const ports = { ...nodePorts, monotonicMs: () => nodePorts.monotonicMs() + stoppedMs };
    await using client = await connect(server.connectString, { ports, sessionTimeoutMs: 30_000 });
    const mutex = new InterProcessMutex(client, '/stopped');
    const lease = await mutex.acquire();
    expect(lease.held).toBe(true);
    stoppedMs = 21_000;
    // No timer has run and no signal has aborted yet: the clock alone tells.
    expect([lease.held, lease.signal.aborted]).toEqual([false, false]);
    const ended = new Promise((resolve) =>
      lease.signal.addEventListener('abort', () => resolve(lease.signal.reason)),
    );
    await client.sync();
    // An answer that late restores no trust, and the lease ends.
    expect(lease.held).toBe(false);
    expect(await ended).toMatchObject({ reason: 'in-doubt' });
    await lease.release();
    await using next = await mutex.acquire();
    expect(next.held).toBe(true);
  });

  test('an expired session ends the lease, and the next in line gets the lock', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, sessionTimeoutMs: 1_000 });
    const lease = await new InterProcessMutex(client, '/expiry').acquire();
    const next = new InterProcessMutex(other, '/expiry').acquire();
    const lost = until(client, 'lost');
    expect(server.expireSession(client.sessionId)).toBe(true);
    const reason = await ended(lease);
    expect(['in-doubt', 'deleted']).toContain(reason.reason);
    await lost;
    const granted = await next;
    expect(granted.fencingToken).toBeGreaterThan(lease.fencingToken);
    await lease.release();
    await granted.release();
  });

  test('a waiter whose session is lost is told so, and its node goes', async () => {
    await using client = await connect(server.connectString, { sessionTimeoutMs: 1_000 });
    const held = await new InterProcessMutex(other, '/waiter').acquire();
    const waiting = new InterProcessMutex(client, '/waiter').acquire();
    const refused = expect(waiting).rejects.toMatchObject({ code: 'SessionExpired' });
    while ((await other.children('/waiter')).length < 2) await other.sync();
    const lost = until(client, 'lost');
    server.expireSession(client.sessionId);
    await Promise.all([refused, lost]);
    while ((await other.children('/waiter')).length > 1) await other.sync();
    // The client goes on with a new session, and so can its user.
    const again = new InterProcessMutex(client, '/waiter').acquire();
    await held.release();
    await (await again).release();
  });

  test('a waiter survives lost connections and keeps its place', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports });
    const held = await new InterProcessMutex(other, '/place').acquire();
    const waiting = new InterProcessMutex(client, '/place').acquire();
    while ((await other.children('/place')).length < 2) await other.sync();
    const behind = new InterProcessMutex(other, '/place').acquire();
    while ((await other.children('/place')).length < 3) await other.sync();
    const order: string[] = [];
    const first = waiting.then((lease) => {
      order.push('waiting');
      return lease.release();
    });
    const second = behind.then((lease) => {
      order.push('behind');
      return lease.release();
    });
    cable.cut();
    // The lock is freed while the waiter cannot hear of it.
    await held.release();
    cable.mend();
    await Promise.all([first, second]);
    expect(order).toEqual(['waiting', 'behind']);
    expect(await other.children('/place')).toEqual([]);
  });

  test('connections lost at any moment leave no node behind and let one in at a time', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 5 },
    });
    const mutex = new InterProcessMutex(client, '/storm');
    const theirs = new InterProcessMutex(other, '/storm');
    let holders = 0;
    let entered = 0;
    const once = async (by: InterProcessMutex) => {
      const lease = await by.acquire();
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
    for (let round = 0; round < 40; round++) {
      const work = [once(mutex), once(theirs), once(mutex)];
      // Requests of the first turn are on their way; later rounds drop one turn later, then two...
      for (let turn = 0; turn < round % 8; turn++) await new Promise((resolve) => setImmediate(resolve));
      cable.drop();
      const results = await Promise.allSettled(work);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LeaseEnded' });
      }
    }
    expect(entered).toBeGreaterThan(60);
    while ((await other.children('/storm')).length > 0) await other.sync();
    await client.sync();
    expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 } });
  });
});
