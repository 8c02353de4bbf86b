import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import { LeaderLatch } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { ended, noWatches, untilChildren, untilState } from './waiting.ts';

describe('LeaderLatch when connections and sessions are lost', () => {
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
  const backoff = { baseMs: 1, maxMs: 20 };

  test('standard: suspended ends the term at once; the same candidate leads on when the session has survived', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    await using latch = await LeaderLatch.start(client, '/standard');
    await using behind = await LeaderLatch.start(other, '/standard');
    const term = await latch.leadership();
    cable.cut();
    // Before anything else could run.
    expect(term.signal.reason).toMatchObject({ reason: 'in-doubt' });
    expect([latch.hasLeadership, latch.term]).toEqual([false, null]);
    const next = latch.leadership();
    cable.mend();
    const again = await next;
    expect(again).not.toBe(term);
    expect([again.path, again.fencingToken]).toEqual([term.path, term.fencingToken]);
    expect([again.held, behind.hasLeadership]).toEqual([true, false]);
  });

  test('releasing a term that ended in doubt gives up the place, and so ends the term that has followed on it', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    await using latch = await LeaderLatch.start(client, '/released-late');
    await using behind = await LeaderLatch.start(other, '/released-late');
    const term = await latch.leadership();
    cable.cut();
    const next = latch.leadership();
    cable.mend();
    const again = await next;
    const released = term.release();
    // Before the servers can have heard of it.
    expect([again.held, again.safeForMs(), latch.term]).toEqual([false, 0, null]);
    expect(again.signal.reason).toMatchObject({ reason: 'released' });
    await released;
    const heir = await behind.leadership();
    expect(heir.fencingToken).toBeGreaterThan(again.fencingToken);
    await behind.close();
    expect((await latch.leadership()).fencingToken).toBeGreaterThan(heir.fencingToken);
  });

  test('session: a connection lost for a while does not end the term', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    await using latch = await LeaderLatch.start(client, '/session', { errorPolicy: 'session' });
    const term = await latch.leadership();
    const suspended = untilState(client, 'suspended');
    cable.cut();
    await suspended;
    expect([term.held, term.signal.aborted, latch.hasLeadership]).toEqual([true, false, true]);
    const back = untilState(client, 'reconnected');
    cable.mend();
    await back;
    await client.sync();
    expect([term.held, latch.term]).toEqual([true, term]);
  });

  test('session: the term ends before any server can have let the session expire', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      sessionTimeoutMs: 600,
      backoff,
    });
    await using latch = await LeaderLatch.start(client, '/session-end', { errorPolicy: 'session' });
    await using behind = await LeaderLatch.start(other, '/session-end');
    const term = await latch.leadership();
    let aborted = false;
    const abortedFirst = ended(term).then((reason) => {
      aborted = true;
      return reason;
    });
    cable.cut();
    const next = await behind.leadership();
    expect(aborted).toBe(true);
    expect(await abortedFirst).toMatchObject({ reason: 'in-doubt' });
    expect(next.fencingToken).toBeGreaterThan(term.fencingToken);
    cable.mend();
    // Back with a new session and a new node, behind the leader.
    while ((await behind.participants()).length < 2) await other.sync();
    expect([latch.hasLeadership, behind.hasLeadership]).toEqual([false, true]);
  });

  test('an expired session: another leads, and the latch stands again in its new session', async () => {
    await using client = await connect(server.connectString, { backoff });
    await using latch = await LeaderLatch.start(client, '/expired', { id: 'old' });
    await using behind = await LeaderLatch.start(other, '/expired', { id: 'new' });
    const term = await latch.leadership();
    const { sessionId } = client;
    expect(server.expireSession(sessionId)).toBe(true);
    await behind.leadership();
    await ended(term);
    while ((await behind.participants()).map(({ id }) => id).join() !== 'new,old') await other.sync();
    expect(client.sessionId).not.toBe(sessionId);
    await behind.close();
    const again = await latch.leadership();
    expect(again.fencingToken).toBeGreaterThan(term.fencingToken);
    expect((await client.get(again.path)).stat.ephemeralOwner).toBe(client.sessionId);
  });

  test('a waiting latch whose session expires stands again', async () => {
    await using client = await connect(server.connectString, { backoff });
    await using leading = await LeaderLatch.start(other, '/waiting', { id: 'leading' });
    await leading.leadership();
    await using latch = await LeaderLatch.start(client, '/waiting', { id: 'waiting' });
    const before = latch.ourPath;
    server.expireSession(client.sessionId);
    while (latch.ourPath === before || (await leading.participants()).length < 2) await other.sync();
    await leading.close();
    await latch.leadership();
  });

  test('a client that renews no session ends the latch with its session', async () => {
    const zk = await connect(server.connectString, { renewSession: false, backoff });
    const latch = await LeaderLatch.start(zk, '/no-renewal');
    await latch.leadership();
    const end = new Promise((resolve) => latch.onEnd(resolve));
    server.expireSession(zk.sessionId);
    expect(await end).toMatchObject({ code: 'SessionExpired' });
    await expect(latch.leadership()).rejects.toMatchObject({ code: 'ElectionClosed' });
    await latch.close();
    await zk.close();
  });

  test('an error that will not pass ends the latch: no right to stand again', async () => {
    const acl = [{ perms: 31, id: { scheme: 'digest', id: 'operator:x' } }];
    await other.ensurePath('/forbidden');
    const latch = await LeaderLatch.start(other, '/forbidden');
    const term = await latch.leadership();
    const end = new Promise((resolve) => latch.onEnd(resolve));
    await other.setAcl('/forbidden', [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }, ...acl]);
    await term.release().catch(() => {});
    expect(await end).toMatchObject({ code: 'NoAuth' });
    await expect(LeaderLatch.start(other, '/forbidden')).rejects.toMatchObject({ code: 'NoAuth' });
  });

  test('a server that is stopped and started again keeps the leader', async () => {
    await using own = await TestServer.start({ tickTimeMs: 200 });
    await using client = await connect(own.connectString, { backoff, sessionTimeoutMs: 20_000 });
    await using second = await connect(own.connectString, { backoff, sessionTimeoutMs: 20_000 });
    await using latch = await LeaderLatch.start(client, '/restart');
    await using behind = await LeaderLatch.start(second, '/restart');
    const term = await latch.leadership();
    await own.restart();
    await ended(term);
    const again = await latch.leadership();
    expect([again.fencingToken, behind.hasLeadership]).toEqual([term.fencingToken, false]);
  });

  test('a process that was stopped knows by the clock that it does not lead any more', async () => {
    let stoppedMs = 0;
    const ports = { ...nodePorts, monotonicMs: () => nodePorts.monotonicMs() + stoppedMs };
    for (const errorPolicy of ['standard', 'session'] as const) {
      await using client = await connect(server.connectString, { ports, sessionTimeoutMs: 30_000 });
      await using latch = await LeaderLatch.start(client, `/stopped-${errorPolicy}`, { errorPolicy });
      const term = await latch.leadership();
      const { signal } = term;
      stoppedMs += 21_000;
      expect([term.held, signal.aborted]).toEqual([errorPolicy === 'session', false]);
      stoppedMs += 10_000;
      // No timer has run: the signal that was kept looks at the clock.
      expect([signal.aborted, term.held, latch.hasLeadership]).toEqual([true, false, false]);
      expect(signal.reason).toMatchObject({ reason: 'in-doubt' });
    }
  });

  test('the node of a session that is over here but not yet on the server does not count, and goes', async () => {
    let aheadMs = 0;
    const cable = new Cuttable();
    const ports = { ...cable.ports, monotonicMs: () => nodePorts.monotonicMs() + aheadMs };
    await using client = await connect(server.connectString, { ports, sessionTimeoutMs: 30_000, backoff });
    await using latch = await LeaderLatch.start(client, '/lingering');
    const term = await latch.leadership();
    const { sessionId } = client;
    const renewed = untilState(client, 'reconnected');
    cable.cut();
    aheadMs = 120_000;
    cable.mend();
    await renewed;
    expect(client.sessionId).not.toBe(sessionId);
    // The new one would wait behind the old node for as long as the servers keep that session; but it is ours to delete.
    const next = await latch.leadership();
    expect(next.fencingToken).toBeGreaterThan(term.fencingToken);
    expect([term.signal.aborted, next.path === term.path, next.path === latch.ourPath]).toEqual([
      true,
      false,
      true,
    ]);
    expect(await untilChildren(other, '/lingering', 1)).not.toContain(term.path.slice('/lingering/'.length));
    // So far its session was there.
    expect(server.expireSession(sessionId)).toBe(true);
  });

  test('connections lost at any moment: at most one leader, and no node, watch or timer left behind', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    let terms = 0;
    for (let round = 0; round < 25; round++) {
      const starting = LeaderLatch.start(client, '/storm');
      for (let turn = 0; turn < round % 8; turn++) await new Promise((resolve) => setImmediate(resolve));
      cable.drop();
      const latch = await starting;
      await using behind = await LeaderLatch.start(other, '/storm');
      const term = await latch.leadership();
      if (term.held) expect(behind.hasLeadership).toBe(false);
      terms++;
      const closing = latch.close();
      if (round % 2 === 0) cable.drop();
      await closing;
      await behind.leadership();
    }
    expect(terms).toBe(25);
    await untilChildren(other, '/storm', 0);
    await client.sync();
    expect(client.watchCounts()).toMatchObject(noWatches);
  });
});
