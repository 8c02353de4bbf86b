import { describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../../wire/data.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { FakeClient } from '../../kit/fake-client.ts';
import { SIMULATED_CONFIG } from '../../kit/simulated-server.ts';
import { SimulatedCluster } from '../../sim/cluster.ts';
import type { SimulatedMember } from '../../sim/member.ts';

// Connections stay open here and nothing comes through them: heartbeats are the only sign of life. No chance, and each step
// of network, disk and clients takes a millisecond.

const TICK_MS = 100;
/** Packets under way, and the turn that reads them. */
const SLACK_MS = 10;

function serving(syncLimitTicks: number): SimulatedCluster {
  const ensemble = { ...SIMULATED_CONFIG.ensemble, syncLimitTicks };
  const config = { tickTimeMs: TICK_MS, ensemble };
  const cluster = new SimulatedCluster({ voters: 3, config });
  cluster.until('all serving', () => cluster.areAllServing);
  // Past the pings of the start.
  cluster.advance(5 * TICK_MS);
  return cluster;
}

const idsOf = (members: readonly SimulatedMember[]): number[] => members.map(({ id }) => id);
const followersOf = (cluster: SimulatedCluster): SimulatedMember[] =>
  cluster.members.filter(({ member }) => member?.mode === 'follower');

describe.each([2, 5, 20])('with syncLimit=%i', (syncLimit) => {
  const limitMs = syncLimit * TICK_MS;

  test('followers look for another leader when it was silent for syncLimit ticks, not before', () => {
    const cluster = serving(syncLimit);
    const leader = cluster.leader!;
    const followers = followersOf(cluster);
    cluster.partition([[leader.id], idsOf(followers)]);
    // The last ping may have left half a tick before.
    cluster.advance(limitMs - TICK_MS / 2 - SLACK_MS);
    expect(followers.map(({ member }) => member?.election.state)).toEqual(['following', 'following']);
    expect(leader.member?.mode).toBe('leader');
    // Both look at their clocks every half tick.
    cluster.advance(TICK_MS + 2 * SLACK_MS);
    expect(followers.map(({ member }) => member?.election.vote.leader)).not.toContain(leader.id);
    expect(leader.member?.mode).toBe('looking');
    cluster.until('another leads', () => cluster.leader !== undefined);
    expect(idsOf(followers)).toContain(cluster.leader?.id);
    cluster.heal();
    cluster.until('all serving', () => cluster.areAllServing);
    expect(leader.member?.mode).toBe('follower');
  });

  test('a leader that was stalled steps down when it goes on, and acknowledges nothing', () => {
    const cluster = serving(syncLimit);
    const leader = cluster.leader!;
    const client = cluster.client(leader);
    leader.machine.stall();
    client.send(OpCode.create, { path: '/late', data: null, acl: [...OPEN_ACL], flags: 0 });
    cluster.until('another leads', () =>
      cluster.members.some((m) => m !== leader && m.member?.mode === 'leader' && m.isServing),
    );
    leader.machine.resume();
    cluster.until('all serving', () => cluster.areAllServing);
    expect(leader.member?.mode).toBe('follower');
    expect(client.takeReplies()).toEqual([]);
    expect(client.isClosed).toBe(true);
    for (const { tree } of cluster.members) expect(tree.findPath('/late')).toBe(0);
  });
});

test('a follower that is silent costs the leader neither its quorum nor an answer to its clients', () => {
  const cluster = serving(5);
  const leader = cluster.leader!;
  const [silent, other] = followersOf(cluster);
  const client = cluster.client(leader);
  cluster.partition([[silent!.id], [leader.id, other!.id]]);
  const untilMs = cluster.time.nowMs + 3000;
  let slowestMs = 0;
  for (let i = 0; cluster.time.nowMs < untilMs; i++) {
    const sentMs = cluster.time.nowMs;
    client.send(OpCode.create, { path: `/n${i}`, data: null, acl: [...OPEN_ACL], flags: 0 });
    cluster.until('answered', () => client.awaited === 0);
    slowestMs = Math.max(slowestMs, cluster.time.nowMs - sentMs);
    cluster.advance(7);
  }
  expect(new Set(client.takeReplies().map(({ err }) => err))).toEqual(new Set([0]));
  // To the server, to the other follower, its disk, back, and to the client: as long as ever.
  expect(slowestMs).toBeLessThan(SLACK_MS);
  expect(cluster.leader).toBe(leader);
  expect(silent!.member?.mode).not.toBe('leader');
});

test('a tree that is on its way for longer than initLimit is a sign of life all the while', () => {
  const ensemble = { ...SIMULATED_CONFIG.ensemble, snapshotSizeFactor: -1, initLimitTicks: 2 };
  let networkMs = 1;
  const cluster = new SimulatedCluster({
    voters: 3,
    committedCount: 1,
    config: { tickTimeMs: TICK_MS, ensemble },
    networkMs: () => networkMs,
  });
  cluster.until('all serving', () => cluster.areAllServing);
  const leader = cluster.leader!;
  const [away] = followersOf(cluster) as [SimulatedMember];
  away.crash();
  // Each is a chunk of its own.
  const client = cluster.client(leader);
  const chunkCount = 60;
  for (let i = 0; i < chunkCount; i++) {
    client.send(OpCode.create, {
      path: `/n${i}`,
      data: Buffer.alloc(300_000),
      acl: [...OPEN_ACL],
      flags: 0,
    });
  }
  cluster.until('created', () => client.awaited === 0);
  networkMs = 40;
  away.start();
  expect(chunkCount * networkMs).toBeGreaterThan(2 * away.initLimitMs);
  cluster.until('all serving', () => cluster.areAllServing, 5_000);
  expect(away.tree.digest.equals(leader.tree.digest)).toBe(true);
});

test('sessions that followers heard from outlive a leader that was stalled for longer than their timeout', () => {
  const cluster = serving(50);
  const leader = cluster.leader!;
  const [follower] = followersOf(cluster) as [SimulatedMember];
  const timeoutMs = SIMULATED_CONFIG.minSessionTimeoutMs;
  const [alive, silent] = [1, 2].map(() => new FakeClient(follower).handshake({ timeoutMs })) as [
    FakeClient,
    FakeClient,
  ];
  const pingFor = (forMs: number): void => {
    for (const untilMs = cluster.time.nowMs + forMs; cluster.time.nowMs < untilMs; ) {
      if (!alive.isClosed) alive.send(OpCode.ping, null);
      cluster.advance(TICK_MS);
    }
  };
  pingFor(10 * TICK_MS);
  leader.machine.stall();
  pingFor(timeoutMs + 5 * TICK_MS);
  leader.machine.resume();
  pingFor(5 * TICK_MS);
  expect(leader.member?.mode).toBe('leader');
  expect([...leader.tree.sessions.keys()]).toEqual([alive.sessionId]);
  expect([alive.isClosed, silent.isClosed]).toEqual([false, true]);
});

test('a leader whose disk stands still makes way, and follows when it goes on', () => {
  const cluster = serving(5);
  const leader = cluster.leader!;
  const [follower] = followersOf(cluster);
  const client = cluster.client(follower!);
  leader.disk.setSlow(true);
  client.send(OpCode.create, { path: '/with-it', data: null, acl: [...OPEN_ACL], flags: 0 });
  cluster.until('answered', () => client.awaited === 0);
  cluster.advance(5 * TICK_MS - SLACK_MS);
  expect(cluster.leader).toBe(leader);
  cluster.until('another leads', () => cluster.leader !== undefined && cluster.leader !== leader);
  const next = cluster.client(cluster.leader!);
  next.send(OpCode.create, { path: '/without-it', data: null, acl: [...OPEN_ACL], flags: 0 });
  cluster.until('answered', () => next.awaited === 0);
  expect(leader.member?.mode).toBe('looking');
  leader.disk.setSlow(false);
  cluster.until('all serving', () => cluster.areAllServing);
  cluster.until('equal', () => cluster.members.every(({ tree }) => tree.findPath('/without-it') !== 0));
  expect(leader.tree.findPath('/with-it')).not.toBe(0);
});
