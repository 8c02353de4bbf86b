import { describe, expect, test } from 'vitest';
import { counterOf } from '../../../wire/ids.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { quorumPacketName } from '../../../wire/quorum.ts';
import { createBody, createThrough, readThrough, untilEqual } from '../../kit/cluster-clients.ts';
import { FakeClient } from '../../kit/fake-client.ts';
import { Rng } from '../../kit/seed.ts';
import { type ClusterOptions, SimulatedCluster } from '../../sim/cluster.ts';
import type { SimulatedMember } from '../../sim/member.ts';
import type { TraceEvent } from '../../sim/trace.ts';

/** What passes between servers. */
class Packets {
  readonly events: TraceEvent[] = [];
  readonly trace = (event: TraceEvent): void => {
    this.events.push(event);
  };

  /** Names of the packets on a way, with the zxid of acknowledgements. */
  named(from: SimulatedMember, to: SimulatedMember): string[] {
    return this.events.flatMap((event) => {
      if (event.kind !== 'packet' || event.from !== from.id || event.to !== to.id) return [];
      const { type, zxid } = event.packet;
      const name = quorumPacketName(type);
      return name === 'ACK' ? `ACK ${counterOf(zxid)}` : name;
    });
  }

  forget(): void {
    this.events.length = 0;
  }
}

function serving(options: Partial<ClusterOptions> = {}): SimulatedCluster {
  const cluster = new SimulatedCluster({ voters: 2, observers: 1, ...options });
  cluster.until('all serving', () => cluster.areAllServing);
  return cluster;
}

const observersOf = (cluster: SimulatedCluster): SimulatedMember[] =>
  cluster.members.filter(({ isObserver }) => isObserver);
const followersOf = (cluster: SimulatedCluster): SimulatedMember[] =>
  cluster.members.filter((member) => !member.isObserver && member !== cluster.leader);

describe.each([
  ['nothing is left to chance', undefined],
  ['all is left to chance', 7],
])('where %s, an observer', (_, seed) => {
  const options = (): Partial<ClusterOptions> => (seed === undefined ? {} : { rng: new Rng(seed) });

  test('hears of transactions when they are committed, and acknowledges none', () => {
    const packets = new Packets();
    const cluster = serving({ ...options(), trace: packets.trace });
    const [observer] = observersOf(cluster);
    expect(observer!.member?.mode).toBe('observer');
    const leader = cluster.leader!;
    const client = cluster.client(leader);
    untilEqual(cluster);
    cluster.advance(1000);
    packets.forget();
    createThrough(cluster, client, '/a', '/b', '/c');
    cluster.until('the observer has them', () => observer!.tree.findPath('/c') !== 0);
    expect(packets.named(leader, observer!).filter((name) => name !== 'PING')).toEqual([
      'INFORM',
      'INFORM',
      'INFORM',
    ]);
    cluster.advance(5000);
    expect(packets.named(observer!, leader).filter((name) => name !== 'PING')).toEqual([]);
    expect(packets.named(leader, followersOf(cluster)[0]!)).toContain('PROPOSAL');
  });

  test('is voted for by nobody, whatever its id and its history', () => {
    const packets = new Packets();
    const cluster = serving({ ...options(), trace: packets.trace });
    const [observer] = observersOf(cluster);
    const client = cluster.client(cluster.leader!);
    createThrough(cluster, client, '/a');
    cluster.until('the observer has it', () => observer!.tree.findPath('/a') !== 0);
    for (const member of cluster.members) if (!member.isObserver) member.crash();
    cluster.until('it looks', () => observer!.member?.mode === 'looking');
    for (const member of cluster.members) if (!member.isObserver) member.start();
    untilEqual(cluster);
    expect(cluster.leader!.isObserver).toBe(false);
    const votesFor = packets.events.flatMap((event) =>
      event.kind === 'vote' && event.from !== observer!.id ? event.notification.leader : [],
    );
    expect(votesFor.length).toBeGreaterThan(0);
    expect(votesFor).not.toContain(observer!.id);
  });

  test('serves writes, reads after them, syncs, ephemerals and watches', () => {
    const cluster = serving(options());
    const [observer] = observersOf(cluster);
    const [here, there] = [cluster.client(observer!), cluster.client(cluster.leader!)];
    here.send(OpCode.create, createBody('/a'));
    here.send(OpCode.getData, { path: '/a', watch: true });
    here.send(OpCode.create, createBody('/e', 1));
    cluster.until('done', () => here.awaited === 0);
    expect(here.takeReplies().map(({ err }) => err)).toEqual([0, 0, 0]);
    createThrough(cluster, there, '/b');
    here.send(OpCode.sync, { path: '/' });
    expect(readThrough(cluster, here, '/b')).toBe('/b');
    there.send(OpCode.setData, { path: '/a', data: Buffer.from('new'), version: -1 });
    const seen: string[] = [];
    cluster.until('the watch fires', () => {
      for (const item of here.take()) if (item.kind === 'event') seen.push(item.path);
      return seen.length > 0;
    });
    expect(seen).toEqual(['/a']);
    here.send(OpCode.closeSession, null);
    cluster.until('the session is over everywhere', () =>
      cluster.members.every(({ tree }) => tree.findPath('/e') === 0),
    );
  });

  test('asks nobody for what clients read', () => {
    const packets = new Packets();
    const cluster = serving({ ...options(), trace: packets.trace });
    const [observer] = observersOf(cluster);
    const client = cluster.client(observer!);
    createThrough(cluster, client, '/a');
    packets.forget();
    for (let i = 0; i < 500; i++) client.send(OpCode.getData, { path: '/a', watch: false });
    cluster.until('read', () => client.awaited === 0);
    expect(client.takeReplies().filter(({ err }) => err === 0).length).toBe(500);
    expect(packets.named(observer!, cluster.leader!).filter((name) => name !== 'PING')).toEqual([]);
  });

  test('keeps the sessions of its clients alive, and lets those end that are silent', () => {
    const cluster = serving(options());
    const [observer] = observersOf(cluster);
    const [silent, alive] = [cluster.client(observer!), cluster.client(observer!)];
    silent.send(OpCode.create, createBody('/silent', 1));
    alive.send(OpCode.create, createBody('/alive', 1));
    cluster.until('created', () => silent.awaited + alive.awaited === 0);
    const untilMs = cluster.time.nowMs + 30_000;
    cluster.until('silent for long', () => {
      if (alive.awaited === 0) alive.send(OpCode.ping, null);
      return cluster.time.nowMs > untilMs;
    });
    for (const { tree } of cluster.members) {
      expect([tree.findPath('/silent') !== 0, tree.findPath('/alive') !== 0]).toEqual([false, true]);
    }
  });

  test('hands a session over to a follower, and takes it back', () => {
    const cluster = serving(options());
    const [observer] = observersOf(cluster);
    const [follower] = followersOf(cluster);
    const first = cluster.client(observer!);
    first.send(OpCode.create, createBody('/e', 1));
    cluster.until('created', () => first.awaited === 0);
    cluster.until('everywhere', () => follower!.tree.findPath('/e') !== 0);
    first.drop();
    const second = cluster.resume(first, follower!);
    expect(second.sessionId).toBe(first.sessionId);
    createThrough(cluster, second, '/second');
    cluster.until('at the observer', () => observer!.tree.findPath('/second') !== 0);
    second.drop();
    const third = cluster.resume(second, observer!);
    expect(third.sessionId).toBe(first.sessionId);
    createThrough(cluster, third, '/third');
    expect(observer!.tree.findPath('/e')).not.toBe(0);
  });

  test('follows the next leader when the one it had dies, with its clients’ sessions', () => {
    const cluster = serving({ ...options(), voters: 3, observers: 2 });
    const observers = observersOf(cluster);
    const clients = observers.map((observer) => cluster.client(observer));
    for (const [i, client] of clients.entries()) createThrough(cluster, client, `/before-${i}`);
    const old = cluster.leader!;
    old.crash();
    cluster.until(
      'others lead and observe',
      () => cluster.leader !== undefined && observers.every(({ isServing }) => isServing),
    );
    expect(cluster.leader).not.toBe(old);
    for (const [i, client] of clients.entries()) {
      const again = cluster.resume(client, observers[i]!);
      expect(again.sessionId).toBe(client.sessionId);
      createThrough(cluster, again, `/after-${i}`);
    }
    old.start();
    untilEqual(cluster);
    expect(old.tree.findPath('/after-1')).not.toBe(0);
  });

  test.each([
    ['SNAP', 2],
    ['DIFF', 500],
  ])('that was away gets what it lacks by %s, with %d transactions at hand', (kind, committedCount) => {
    const packets = new Packets();
    const cluster = serving({ ...options(), committedCount, trace: packets.trace });
    const [observer] = observersOf(cluster);
    const client = cluster.client(cluster.leader!);
    createThrough(cluster, client, '/early');
    observer!.crash();
    for (let i = 0; i < 40; i++) createThrough(cluster, client, `/n${i}`);
    packets.forget();
    observer!.start();
    untilEqual(cluster);
    expect(observer!.tree.findPath('/n39')).not.toBe(0);
    expect(packets.named(cluster.leader!, observer!)).toContain(kind);
    // What it got during synchronization it acknowledges as little as what came later.
    const acknowledged = packets.named(observer!, cluster.leader!).filter((name) => /^ACK [^0]/.test(name));
    expect(acknowledged).toEqual([]);
  });
});

test('observers are no quorum: without one of two voters nobody serves, and it comes back', () => {
  const cluster = serving({ voters: 2, observers: 3 });
  const [follower] = followersOf(cluster);
  const client = cluster.client(cluster.leader!);
  const leader = cluster.leader!;
  follower!.crash();
  client.send(OpCode.create, createBody('/lost'));
  cluster.until('the leader steps down', () => leader.member?.mode === 'looking');
  cluster.until('nobody serves', () => cluster.members.every(({ isServing }) => !isServing));
  expect(client.takeReplies()).toEqual([]);
  cluster.advance(60_000);
  expect(cluster.members.filter(({ isServing }) => isServing)).toEqual([]);
  follower!.start();
  untilEqual(cluster);
});

test('what an observer has forwarded is committed without it', () => {
  const cluster = serving({ voters: 3, observers: 1 });
  const [observer] = observersOf(cluster);
  const client = cluster.client(observer!);
  const leader = cluster.leader!;
  cluster.blockWay(leader.id, observer!.id);
  client.send(OpCode.create, createBody('/a'));
  cluster.until('the voters have it', () =>
    cluster.members.every(({ isObserver, tree }) => isObserver || tree.findPath('/a') !== 0),
  );
  expect(observer!.tree.findPath('/a')).toBe(0);
  expect(client.awaited).toBe(1);
  cluster.heal();
  untilEqual(cluster);
  expect(observer!.tree.findPath('/a')).not.toBe(0);
});

test.each(['leader', 'follower', 'observer'] as const)(
  'a connection to the %s that asks for no session ends after ten seconds',
  (mode) => {
    const cluster = serving();
    const member = cluster.members.find((other) => other.member?.mode === mode)!;
    const client = cluster.client(member);
    const quiet = new FakeClient(member);
    const startMs = cluster.time.nowMs;
    cluster.until('it ends', () => {
      if (client.awaited === 0) client.send(OpCode.ping, null);
      return quiet.isClosed;
    });
    expect(cluster.time.nowMs - startMs).toBeGreaterThanOrEqual(10_000);
    expect(cluster.time.nowMs - startMs).toBeLessThan(12_000);
    expect(client.isClosed).toBe(false);
  },
);
