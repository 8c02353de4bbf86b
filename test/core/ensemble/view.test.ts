import { expect, test } from 'vitest';
import { ServerStats } from '../../../core/admin/stats.ts';
import { viewedMember } from '../../../core/ensemble/view.ts';
import { RunningView } from '../../../core/server-view.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { createBody, createThrough, untilEqual } from '../../kit/cluster-clients.ts';
import { SIMULATED_CONFIG } from '../../kit/simulated-server.ts';
import { type ClusterOptions, SimulatedCluster } from '../../sim/cluster.ts';
import type { SimulatedMember } from '../../sim/member.ts';

function serving(options: Partial<ClusterOptions> = {}): SimulatedCluster {
  const cluster = new SimulatedCluster({ voters: 3, observers: 1, ...options });
  cluster.until('all serving', () => cluster.areAllServing);
  return cluster;
}

/** What operators see of a member. */
function viewOf({ member, store, cluster, machine }: SimulatedMember): RunningView {
  const viewed = viewedMember(member!, store, cluster.quorum, machine);
  return new RunningView(viewed, SIMULATED_CONFIG, new ServerStats(), machine);
}

const observerOf = (cluster: SimulatedCluster): SimulatedMember =>
  cluster.members.find(({ isObserver }) => isObserver)!;

test('every role shows itself, and who leads', () => {
  const cluster = serving();
  const leader = cluster.leader!;
  for (const simulated of cluster.members) {
    const { mode, ensemble } = viewOf(simulated);
    expect(mode).toBe(simulated.member?.mode);
    expect(ensemble).toMatchObject({ leaderId: leader.id, quorumSize: 3 });
    expect(ensemble?.leader !== null).toBe(simulated === leader);
  }
});

test('a leader counts those that are up to date, as they come and go', () => {
  const cluster = serving();
  const leader = cluster.leader!;
  const shown = () => viewOf(leader).ensemble?.leader;
  expect(shown()).toMatchObject({ learnerCount: 3, syncedFollowerCount: 2, syncedObserverCount: 1 });
  const follower = cluster.members.find((member) => member !== leader && !member.isObserver)!;
  follower.crash();
  observerOf(cluster).crash();
  cluster.until('they are gone', () => shown()?.learnerCount === 1);
  expect(shown()).toMatchObject({ syncedFollowerCount: 1, syncedObserverCount: 0 });
  follower.start();
  cluster.until('it is back', () => shown()?.syncedFollowerCount === 2);
  expect(shown()?.syncedNonVotingFollowerCount).toBe(0);
});

test('what learners have asked for is outstanding at the leader until it is committed', () => {
  const cluster = serving();
  const leader = cluster.leader!;
  const observer = observerOf(cluster);
  const client = cluster.client(observer);
  untilEqual(cluster);
  expect(viewOf(leader).outstandingRequests).toBe(0);
  for (const member of cluster.members) {
    if (member !== leader && member !== observer) cluster.blockWay(member.id, leader.id);
  }
  for (const path of ['/a', '/b', '/c']) client.send(OpCode.create, createBody(path));
  client.send(OpCode.sync, { path: '/' });
  cluster.until('the leader has them', () => viewOf(leader).ensemble?.leader?.pendingSyncCount === 1);
  expect(viewOf(leader).outstandingRequests).toBe(3);
  expect(viewOf(observer).outstandingRequests).toBe(4);
  cluster.heal();
  cluster.until('answered', () => client.awaited === 0);
  expect(viewOf(leader).outstandingRequests).toBe(0);
  expect(viewOf(leader).ensemble?.leader?.pendingSyncCount).toBe(0);
});

test('the leader’s own clients are counted once', () => {
  const cluster = serving();
  const leader = cluster.leader!;
  const client = cluster.client(leader);
  for (const member of cluster.members) if (member !== leader) cluster.blockWay(member.id, leader.id);
  client.send(OpCode.create, createBody('/a'));
  cluster.until('it is proposed', () => viewOf(leader).outstandingRequests > 0);
  expect(viewOf(leader).outstandingRequests).toBe(1);
});

test('uptime begins with the role', () => {
  const cluster = serving();
  const observer = observerOf(cluster);
  cluster.advance(10_000);
  expect(viewOf(observer).uptimeMs).toBeGreaterThanOrEqual(10_000);
  cluster.leader!.crash();
  cluster.until('it serves anew', () => cluster.leader !== undefined && observer.isServing);
  expect(viewOf(observer).uptimeMs).toBeLessThan(10_000);
  createThrough(cluster, cluster.client(observer), '/a');
});

test('there is nothing to show of a member that looks for a leader', () => {
  const cluster = new SimulatedCluster({ voters: 3, isDown: true });
  const member = cluster.member(1);
  member.start();
  cluster.advance(1000);
  expect(() => viewOf(member).mode).toThrow('looks for a leader');
  expect(() => viewOf(member).connectionCount).toThrow('serves nobody');
});
