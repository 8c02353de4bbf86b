import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Stat, ThrottledOpError, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import {
  ClusterMembership,
  GroupMember,
  type Part,
  PersistentNode,
  PersistentTtlNode,
  SetPartitioner,
} from '../../../recipes/node/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { Collector } from '../queue/collector.ts';
import { whenever } from './membership-suite.ts';
import { Floor, items } from './partitioner-suite.ts';
import { untilState } from './persistent-node-suite.ts';

describe('kept nodes when connections and sessions are lost', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });
  const backoff = { baseMs: 1, maxMs: 10 };

  test('PersistentNode: comes back with a new session, and belongs to that one', async () => {
    await using client = await connect(server.connectString, { backoff });
    const node = await PersistentNode.start(client, '/session/node', 'x');
    for (let i = 0; i < 3; i++) {
      const before = client.sessionId;
      const absent = untilState(node, 'absent');
      expect(server.expireSession(before)).toBe(true);
      await absent;
      await untilState(node, 'present');
      const stat = await other.exists('/session/node');
      expect(stat?.ephemeralOwner).toBe(client.sessionId);
      expect(client.sessionId).not.toBe(before);
    }
    await node.close();
    expect(await other.exists('/session/node')).toBeNull();
    expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
  });

  test('PersistentNode: what is left of its own older session is cleared away at once', async () => {
    const cable = new Cuttable();
    let aheadMs = 0;
    const ports = { ...cable.ports, monotonicMs: () => cable.ports.monotonicMs() + aheadMs };
    await using client = await connect(server.connectString, { ports, backoff, sessionTimeoutMs: 30_000 });
    const node = await PersistentNode.start(client, '/session/left', 'x');
    const old = client.sessionId;
    const absent = untilState(node, 'absent');
    cable.cut();
    // The client gives the session up by its own clock, while the server goes on with it.
    aheadMs = 60_000;
    await absent;
    expect((await other.exists('/session/left'))?.ephemeralOwner).toBe(old);
    cable.mend();
    await untilState(node, 'present');
    expect((await other.exists('/session/left'))?.ephemeralOwner).toBe(client.sessionId);
    expect(client.sessionId).not.toBe(old);
    await node.close();
  });

  test('PersistentNode: a node deleted and data set while there is no connection', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    const node = await PersistentNode.start(client, '/session/away', 'x');
    cable.cut();
    const set = node.set('y');
    await other.delete('/session/away');
    cable.mend();
    await set;
    await untilState(node, 'present');
    expect((await other.get('/session/away')).data?.toString()).toBe('y');
    cable.cut();
    const closed = node.close();
    cable.mend();
    await closed;
    expect(await other.exists('/session/away')).toBeNull();
  });

  test('PersistentNode: a client that is closed ends it, and start does not hang', async () => {
    const client = await connect(server.connectString);
    const node = await PersistentNode.start(client, '/session/closed', 'x');
    await other.create('/session/taken', '', { mode: 'ephemeral' });
    const waiting = expect(PersistentNode.start(client, '/session/taken', 'x')).rejects.toMatchObject({
      code: 'Closed',
    });
    await client.close();
    await waiting;
    await untilState(node, 'closed');
    await expect(node.set('y')).rejects.toMatchObject({ code: 'Closed' });
    await node.close();
    expect(await other.exists('/session/closed')).toBeNull();
  });

  test('GroupMember: who was killed and comes back waits for its old session, or replaces it if told to', async () => {
    for (const existing of ['wait', 'replace'] as const) {
      const cable = new Cuttable();
      await using killed = await connect(server.connectString, {
        ports: cable.ports,
        sessionTimeoutMs: 30_000,
      });
      const group = `/session/group-${existing}`;
      const old = await GroupMember.start(killed, group, 'a', 'old');
      await using onlooker = await ClusterMembership.start(other, group);
      const events: string[] = [];
      onlooker.onChange(({ type, member }) => events.push(`${type} ${member.value}`));
      // As kill -9: the server hears no more, and keeps the session.
      cable.cut();
      await using client = await connect(server.connectString);
      const starting = GroupMember.start(client, group, 'a', 'new', { existing });
      if (existing === 'wait') {
        await client.sync();
        expect(events).toEqual([]);
        server.expireSession(killed.sessionId);
      }
      await using member = await starting;
      await onlooker.sync();
      expect(events).toEqual(['left old', 'joined new']);
      expect(onlooker.get('a')?.sessionId).toBe(client.sessionId);
      // Nor does the old one's end touch the new one.
      if (existing === 'replace') server.expireSession(killed.sessionId);
      await onlooker.sync();
      expect([member.members().get('a')?.toString(), events.length]).toEqual(['new', 2]);
      cable.mend();
      // It is not dead after all, and finds its place taken.
      await killed.sync().catch(() => {});
      await old.close();
      expect((await other.get(`${group}/a`)).data?.toString()).toBe('new');
    }
  });

  test('PersistentNode: a server that refuses for the moment is asked again', async () => {
    const ports = {
      ...nodePorts,
      after: (ms: number, run: () => void) => nodePorts.after(ms === 1_000 ? 0 : ms, run),
    };
    await using client = await connect(server.connectString, { ports });
    let refusals = 0;
    for (const name of ['exists', 'create', 'set', 'delete'] as const) {
      const ask = client[name] as (...args: unknown[]) => Promise<never>;
      let left = 2;
      Object.assign(client, {
        [name]: (...args: unknown[]) => {
          if (left-- <= 0) return ask.apply(client, args);
          refusals++;
          return Promise.reject(new ThrottledOpError('ThrottledOp', '', { operation: name, path: null }));
        },
      });
    }
    const node = await PersistentNode.start(client, '/session/throttled', 'x');
    await node.set('y');
    expect((await other.get('/session/throttled')).data?.toString()).toBe('y');
    await node.close();
    expect([await other.exists('/session/throttled'), refusals]).toEqual([null, 8]);
  });

  test('PersistentNode: two that replace each other do so at a leisurely pace', async () => {
    const paused = new Collector<() => void>();
    const after: typeof nodePorts.after = (ms, run) => {
      if (ms !== 1_000) return nodePorts.after(ms, run);
      paused.add(run);
      return () => {};
    };
    await using one = await connect(server.connectString, { ports: { ...nodePorts, after } });
    await using two = await connect(server.connectString, { ports: { ...nodePorts, after } });
    const keep = (client: ZooKeeperClient, data: string) =>
      PersistentNode.start(client, '/session/both', data, { existing: 'replace' });
    const first = await keep(one, 'a');
    const second = keep(two, 'b');
    // Whoever has replaced the other waits before doing it again.
    for (const count of [1, 2, 3]) (await paused.until(count))[count - 1]!();
    await paused.until(4);
    await first.close();
    for (const run of paused.list.slice(3)) run();
    expect((await second).state).toBe('present');
    expect((await other.get('/session/both')).data?.toString()).toBe('b');
    await (await second).close();
  });

  test('PersistentNode: data that were refused are not tried again, and it comes back with those before', async () => {
    const ports = {
      ...nodePorts,
      after: (ms: number, run: () => void) => nodePorts.after(ms === 1_000 ? 0 : ms, run),
    };
    await using client = await connect(server.connectString, { ports, backoff });
    const node = await PersistentNode.start(client, '/session/good', 'x');
    await node.set('good');
    const errors: string[] = [];
    node.onError((error) => errors.push(error.name));
    const large = Buffer.alloc(8 << 20);
    const refused = await Promise.allSettled([node.set(large), node.set(large)]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(node.data).toBe('good');
    const absent = untilState(node, 'absent');
    server.expireSession(client.sessionId);
    await absent;
    await untilState(node, 'present');
    expect([(await other.get('/session/good')).data?.toString(), errors.length]).toEqual(['good', 1]);
    await node.set('next');
    expect((await other.get('/session/good')).data?.toString()).toBe('next');
    await node.close();
  });

  test('PersistentNode: closed by who hears that it cannot be written, it waits for nothing', async () => {
    // The next try never comes.
    const after: typeof nodePorts.after = (ms, run) => (ms === 1_000 ? () => {} : nodePorts.after(ms, run));
    await using client = await connect(server.connectString, { ports: { ...nodePorts, after } });
    const node = await PersistentNode.start(client, '/session/refused', 'x');
    const closed = new Promise<void>((resolve) => {
      node.onError(() => resolve(node.close()));
    });
    await expect(node.set(Buffer.alloc(8 << 20))).rejects.toThrow();
    await closed;
    expect(await other.exists('/session/refused')).toBeNull();
  });

  test('ClusterMembership: who is killed leaves when its session expires, and comes back with a new one', async () => {
    await using client = await connect(server.connectString, { backoff });
    await using onlooker = await ClusterMembership.start(other, '/session/members');
    const events: string[] = [];
    onlooker.onChange(({ type, member }) => events.push(`${type} ${member.id}`));
    await using _member = await ClusterMembership.start(client, '/session/members', { id: 'a' });
    server.expireSession(client.sessionId);
    await whenever(
      (look) => onlooker.onChange(look),
      () => events.length === 3,
    );
    expect(events).toEqual(['joined a', 'left a', 'joined a']);
  });

  test('PersistentTtlNode: goes when nobody keeps it any more', async () => {
    await using fast = await TestServer.start({ config: { containerCheckIntervalMs: 20 } });
    await using client = await connect(fast.connectString);
    await using watcher = await connect(fast.connectString);
    // Long enough for the slowest machine to touch it in time.
    const kept = await PersistentTtlNode.start(client, '/ttl', 20_000, 'x', { touchesPerTtl: 200 });
    const node = await PersistentTtlNode.start(client, '/left', 400, 'x');
    const first = (await client.exists('/ttl'))!.czxid;
    const until = async (path: string, condition: (stat: Stat | null) => boolean): Promise<void> => {
      for (;;) {
        let fired: () => void = () => {};
        const change = new Promise<void>((resolve) => {
          fired = resolve;
        });
        if (condition(await watcher.exists(path, { watch: () => fired() }))) return;
        await change;
      }
    };
    await until('/ttl/touch', (stat) => (stat?.version ?? 0) >= 3);
    expect((await client.exists('/ttl'))?.czxid).toBe(first);
    await kept.close();
    await node.close();
    await until('/left', (stat) => stat === null);
  });

  test('SetPartitioner: parts are in doubt at once without a connection, and are had again after it', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    await using member = await SetPartitioner.start(client, '/session/cut', items, { id: 'a', settleMs: 1 });
    await member.acquired();
    const parts = [...member.parts];
    expect(parts.length).toBe(items.length);
    cable.cut();
    expect([member.state, member.parts.length]).toEqual(['release', 0]);
    expect(parts.map(({ signal }) => signal.reason.reason)).toEqual(items.map(() => 'in-doubt'));
    for (const part of parts) part.release().catch(() => {});
    expect(member.state).toBe('release');
    cable.mend();
    await member.acquired();
    expect(member.parts.map(({ item }) => item).sort()).toEqual([...items].sort());
    const tokens = new Map(parts.map(({ item, fencingToken }) => [item, fencingToken]));
    expect(member.parts.every((part) => part.fencingToken > tokens.get(part.item)!)).toBe(true);
  });

  test('SetPartitioner: whose session is lost stops, and the others take over; it comes back', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, { ports: cable.ports, backoff });
    const floor = new Floor();
    const member = (zk: ZooKeeperClient, id: string) =>
      SetPartitioner.start(zk, '/session/lost', items, { id, settleMs: 10, work: floor.work(id) });
    await using _a = await member(other, 'a');
    await using b = await member(client, 'b');
    await floor.until({ a: 3, b: 3 });
    const before = new Set(b.parts);
    const { sessionId } = client;
    // As when the session runs out: its client is in doubt before.
    cable.cut();
    await floor.until({ a: 3 });
    const back = new Promise<Part>((resolve) => {
      b.onChange(({ type, part }) => {
        if (type === 'acquired' && !before.has(part)) resolve(part);
      });
    });
    server.expireSession(sessionId);
    cable.mend();
    await back;
    await floor.until({ a: 3, b: 3 });
    expect(floor.faults).toEqual([]);
    expect([...before].every((part) => part.signal.aborted)).toBe(true);
  });

  test('SetPartitioner: a killed member is replaced when its session has expired', async () => {
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff,
      sessionTimeoutMs: 400,
    });
    const floor = new Floor();
    await using killed = await SetPartitioner.start(client, '/session/killed', items, {
      id: 'k',
      settleMs: 10,
    });
    await killed.acquired();
    cable.cut();
    await using next = await SetPartitioner.start(other, '/session/killed', items, {
      id: 'n',
      settleMs: 10,
      work: floor.work('n'),
    });
    await next.acquired();
    await floor.until({ n: items.length });
    await next.close();
    cable.mend();
  });

  test('SetPartitioner: ends with its client', async () => {
    const client = await connect(server.connectString);
    const member = await SetPartitioner.start(client, '/session/ends', items, { settleMs: 1 });
    await member.acquired();
    const parts = [...member.parts];
    await client.close();
    await Promise.all(parts.map((part) => part.release()));
    expect(member.state).toBe('failed');
    await expect(member.acquired()).rejects.toMatchObject({ code: 'Closed' });
    await member.close();
    expect(member.state).toBe('closed');
  });
});
