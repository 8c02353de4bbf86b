import { describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { quorumPacketName } from '../../wire/quorum.ts';
import type { FakeClient } from '../kit/fake-client.ts';
import { Rng } from '../kit/seed.ts';
import { type ClusterOptions, SimulatedCluster } from './cluster.ts';
import type { TraceEvent } from './trace.ts';

const create = (path: string, flags = 0) => ({ path, data: Buffer.from(path), acl: [...OPEN_ACL], flags });

function serving(options: Partial<ClusterOptions> = {}): SimulatedCluster {
  const cluster = new SimulatedCluster({ voters: 3, ...options });
  cluster.until('all serving', () => cluster.areAllServing);
  return cluster;
}

function createThrough(cluster: SimulatedCluster, client: FakeClient, path: string): void {
  client.send(OpCode.create, create(path));
  cluster.until(`${path} is created`, () => client.awaited === 0);
  expect(client.takeReplies().map(({ err }) => err)).toEqual([0]);
}

const untilEqual = (cluster: SimulatedCluster): void => {
  cluster.until('all serving', () => cluster.areAllServing);
  cluster.until('equal', () =>
    cluster.members.every(({ tree }) => tree.digest.equals(cluster.leader!.tree.digest)),
  );
};

const others = (cluster: SimulatedCluster, ...without: (number | undefined)[]): number[] =>
  cluster.members.map(({ id }) => id).filter((id) => !without.includes(id));

describe.each([
  ['nothing is left to chance', undefined],
  ['all is left to chance', 11],
])('where %s', (_, seed) => {
  const options = (): Partial<ClusterOptions> => (seed === undefined ? {} : { rng: new Rng(seed) });

  test.each(['keep', 'lose'] as const)(
    'a leader that is cut off steps down, the others go on, and it comes back (%s)',
    (mode) => {
      const cluster = serving(options());
      const old = cluster.leader!;
      const rest = others(cluster, old.id);
      cluster.partition([[old.id], rest], mode);
      cluster.until('it steps down', () => old.member?.mode === 'looking');
      cluster.until('another leads', () => cluster.leader !== undefined);
      expect(rest).toContain(cluster.leader!.id);
      createThrough(cluster, cluster.client(cluster.leader!), '/a');
      expect(old.tree.findPath('/a')).toBe(0);
      cluster.heal();
      untilEqual(cluster);
      expect(old.tree.findPath('/a')).not.toBe(0);
    },
  );

  test('a way that is blocked in one direction only delivers in the other', () => {
    const packets: string[] = [];
    const trace = (event: TraceEvent): void => {
      if (event.kind === 'packet')
        packets.push(`${event.from}>${event.to} ${quorumPacketName(event.packet.type)}`);
    };
    const cluster = serving({ ...options(), trace });
    const leader = cluster.leader!;
    const [deaf, well] = others(cluster, leader.id) as [number, number];
    const client = cluster.client(cluster.leader!);
    cluster.blockWay(leader.id, deaf);
    packets.length = 0;
    createThrough(cluster, client, '/a');
    expect(packets).toContain(`${leader.id}>${well} PROPOSAL`);
    expect(packets).not.toContain(`${leader.id}>${deaf} PROPOSAL`);
    cluster.heal();
    untilEqual(cluster);
  });

  test('a server that is stalled misses its leader, and finds it again', () => {
    const cluster = serving(options());
    const [follower] = others(cluster, cluster.leader!.id);
    const stalled = cluster.member(follower!);
    stalled.machine.stall();
    createThrough(cluster, cluster.client(cluster.leader!), '/a');
    cluster.advance(30_000);
    expect(stalled.tree.findPath('/a')).toBe(0);
    stalled.machine.resume();
    untilEqual(cluster);
  });

  test('nothing is acknowledged while the disks of a quorum make no step', () => {
    const cluster = serving(options());
    const client = cluster.client(cluster.leader!);
    for (const id of others(cluster, 1)) cluster.member(id).disk.setSlow(true);
    client.send(OpCode.create, create('/a'));
    cluster.advance(1_000);
    expect(client.awaited).toBe(1);
    for (const { disk } of cluster.members) disk.setSlow(false);
    cluster.until('answered', () => client.awaited === 0);
  });

  test('power that goes in the middle of a write ends the server there and then', () => {
    const cluster = serving(options());
    const client = cluster.client(cluster.leader!);
    const [id] = others(cluster, cluster.leader!.id);
    const victim = cluster.member(id!);
    victim.crashAtChange(1);
    for (let i = 0; i < 5; i++) createThrough(cluster, client, `/n${i}`);
    cluster.until('dead', () => !victim.isUp);
    victim.start();
    untilEqual(cluster);
  });

  test('a machine that is gone without a word is missed by its silence', () => {
    const cluster = serving(options());
    const old = cluster.leader!;
    old.crash({ isSilent: true });
    const goneMs = cluster.time.nowMs;
    cluster.until('another leads', () => cluster.leader !== undefined);
    expect(cluster.time.nowMs - goneMs).toBeGreaterThan(2_000);
    old.start();
    untilEqual(cluster);
  });

  test('observers serve and have no vote', () => {
    const cluster = serving({ ...options(), observers: 2 });
    expect(cluster.members.map(({ member }) => member!.mode).slice(3)).toEqual(['observer', 'observer']);
    createThrough(cluster, cluster.client(cluster.member(4)), '/a');
    untilEqual(cluster);
    cluster.member(1).crash();
    cluster.member(2).crash();
    cluster.until('no leader is left', () => cluster.members.every(({ isServing }) => !isServing));
    cluster.advance(60_000);
    expect(cluster.leader).toBeUndefined();
  });

  test('groups: a majority of servers that is no majority of groups elects nobody', () => {
    const groups = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    const cluster = serving({ ...options(), voters: 9, groups });
    for (const id of [5, 6, 8, 9]) cluster.member(id).crash();
    cluster.until('no leader is left', () => cluster.members.every(({ isServing }) => !isServing));
    cluster.advance(60_000);
    expect(cluster.leader).toBeUndefined();
    cluster.member(5).start();
    cluster.until('two groups are enough', () => cluster.leader !== undefined);
  });

  test('clocks that run apart and jump keep the ensemble together', () => {
    const cluster = serving(options());
    const leader = cluster.leader!;
    cluster.member(1).machine.drift(1.02);
    cluster.member(2).machine.wallSkewMs = -3_600_000;
    cluster.member(3).machine.drift(0.98);
    cluster.advance(60_000);
    expect(cluster.leader).toBe(leader);
    expect(cluster.areAllServing).toBe(true);
  });
});

test('one seed gives one run, down to every packet', () => {
  const run = (): string => {
    const lines: string[] = [];
    const trace = (event: TraceEvent): void => void lines.push(JSON.stringify(event));
    const cluster = serving({ rng: new Rng(5), trace });
    createThrough(cluster, cluster.client(cluster.leader!), '/a');
    cluster.leader!.crash();
    cluster.until('another leads', () => cluster.leader !== undefined);
    return lines.join('\n');
  };
  expect(run()).toBe(run());
});
