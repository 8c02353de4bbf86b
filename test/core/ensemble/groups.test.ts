import { describe, expect, test } from 'vitest';
import type { ServerId } from '../../../core/zab/quorum.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { createBody, createThrough, untilEqual } from '../../kit/cluster-clients.ts';
import { Rng } from '../../kit/seed.ts';
import { type ClusterOptions, SimulatedCluster } from '../../sim/cluster.ts';
import type { TraceEvent } from '../../sim/trace.ts';

const groups = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

/** Nine servers in three groups; those that are named are up and serve. */
function up(ids: readonly ServerId[], options: Partial<ClusterOptions> = {}): SimulatedCluster {
  const cluster = new SimulatedCluster({ voters: 9, groups, isDown: true, ...options });
  for (const id of ids) cluster.member(id).start();
  cluster.until('all of them serve', () => ids.every((id) => cluster.member(id).isServing));
  return cluster;
}

const servingOf = (cluster: SimulatedCluster): ServerId[] =>
  cluster.members.filter(({ isServing }) => isServing).map(({ id }) => id);

describe.each([
  ['nothing is left to chance', undefined],
  ['all is left to chance', 5],
])('nine servers in three groups, where %s', (_, seed) => {
  const options = (): Partial<ClusterOptions> => (seed === undefined ? {} : { rng: new Rng(seed) });

  test('four are enough: most of two groups', () => {
    const cluster = up([2, 3, 7, 9], options());
    expect(cluster.leader!.id).toBe(9);
    createThrough(cluster, cluster.client(cluster.member(2)), '/a');
    cluster.until('everywhere', () =>
      [2, 3, 7, 9].every((id) => cluster.member(id).tree.findPath('/a') !== 0),
    );
  });

  test.each([
    ['all of one group and one of each other', [1, 2, 3, 4, 7]],
    ['one of each', [1, 4, 7]],
  ])('%s are not', (_name, ids) => {
    const cluster = new SimulatedCluster({ voters: 9, groups, isDown: true, ...options() });
    for (const id of ids) cluster.member(id).start();
    cluster.advance(120_000);
    expect(servingOf(cluster)).toEqual([]);
    expect(ids.map((id) => cluster.member(id).member?.mode)).toEqual(ids.map(() => 'looking'));
    for (const id of [5, 8]) cluster.member(id).start();
    cluster.until('they serve', () => [...ids, 5, 8].every((id) => cluster.member(id).isServing));
  });

  test('the leader steps down when it is left with a majority that is no quorum', () => {
    const cluster = up([1, 2, 3, 4, 5, 7], options());
    createThrough(cluster, cluster.client(cluster.leader!), '/before');
    // Five of the nine remain, and only one group has most of its servers.
    cluster.member(5).crash();
    cluster.until('nobody serves', () => servingOf(cluster).length === 0);
    cluster.advance(60_000);
    expect(servingOf(cluster)).toEqual([]);
    cluster.member(5).start();
    cluster.until('they serve', () => cluster.leader !== undefined);
    expect(cluster.leader!.tree.findPath('/before')).not.toBe(0);
  });

  test('a write is committed when most of two groups have it on disk, and not before', () => {
    const durable = new Map<ServerId, number>();
    const trace = (event: TraceEvent): void => {
      if (event.kind === 'durable') durable.set(event.server, event.zxid);
    };
    const cluster = up([1, 2, 3, 4, 5, 9], { ...options(), trace });
    const leader = cluster.leader!;
    expect(leader.id).toBe(9);
    const client = cluster.client(leader);
    // The leader hears from the first group only: with itself these are four of the six that are up.
    for (const id of [4, 5]) cluster.blockWay(id, leader.id);
    const before = durable.get(leader.id)!;
    client.send(OpCode.create, createBody('/a'));
    cluster.until('they have it on disk', () => [1, 2, 3, 9].every((id) => durable.get(id)! > before));
    cluster.advance(500);
    expect(client.awaited).toBe(1);
    expect(leader.tree.findPath('/a')).toBe(0);
    cluster.heal();
    cluster.until('it is committed', () => client.awaited === 0);
    expect(client.takeReplies().map(({ err }) => err)).toEqual([0]);
  });

  test('goes on with the other groups when one is lost, and catches it up', () => {
    const ids = groups.flat();
    const cluster = up(ids, options());
    const client = cluster.client(cluster.member(1));
    for (const id of groups[2]!) cluster.member(id).crash();
    cluster.until('another leads', () => cluster.leader?.id === 6);
    cluster.until('the others serve', () => [1, 2, 3, 4, 5].every((id) => cluster.member(id).isServing));
    const again = cluster.resume(client, cluster.member(1));
    createThrough(cluster, again, '/without');
    for (const id of groups[2]!) cluster.member(id).start();
    untilEqual(cluster);
    expect(cluster.member(9).tree.findPath('/without')).not.toBe(0);
  });
});

describe('a server of weight 0', () => {
  const weighted = { voters: 3, groups: [[1, 2, 3]], weights: { 3: 0 } };

  test('follows, is never elected, and counts for nothing', () => {
    const cluster = new SimulatedCluster(weighted);
    cluster.until('all serving', () => cluster.areAllServing);
    expect(cluster.members.map(({ member }) => member?.mode)).toEqual(['follower', 'leader', 'follower']);
    createThrough(cluster, cluster.client(cluster.member(3)), '/a');
    cluster.member(1).crash();
    cluster.until('the leader steps down', () => cluster.member(2).member?.mode === 'looking');
    cluster.advance(60_000);
    expect(servingOf(cluster)).toEqual([]);
    cluster.member(1).start();
    untilEqual(cluster);
    expect(cluster.leader!.id).not.toBe(3);
  });

  test('does not commit what only it and the leader have', () => {
    const cluster = new SimulatedCluster(weighted);
    cluster.until('all serving', () => cluster.areAllServing);
    const client = cluster.client(cluster.leader!);
    cluster.blockWay(1, 2);
    client.send(OpCode.create, createBody('/a'));
    cluster.advance(1000);
    expect(client.awaited).toBe(1);
    cluster.heal();
    cluster.until('committed', () => client.awaited === 0);
  });
});

test('weights count within a group: one of weight 3 is more than two of weight 1', () => {
  const cluster = new SimulatedCluster({ voters: 3, groups: [[1, 2, 3]], weights: { 1: 3 }, isDown: true });
  cluster.member(1).start();
  cluster.until('it serves alone', () => cluster.member(1).isServing);
  createThrough(cluster, cluster.client(cluster.member(1)), '/alone');
  cluster.member(1).crash();
  for (const id of [2, 3]) cluster.member(id).start();
  cluster.advance(60_000);
  expect(servingOf(cluster)).toEqual([]);
  cluster.member(1).start();
  untilEqual(cluster);
  expect(cluster.member(3).tree.findPath('/alone')).not.toBe(0);
});
