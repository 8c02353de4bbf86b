import { expect, test } from 'vitest';
import { OPEN_ACL } from '../../../wire/data.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { bodyOf, FakeClient } from '../../kit/fake-client.ts';
import { Rng } from '../../kit/seed.ts';
import { SIMULATED_CONFIG } from '../../kit/simulated-server.ts';
import { SimulatedCluster } from '../../sim/cluster.ts';

const create = (path: string, flags = 0) => ({ path, data: Buffer.from(path), acl: [...OPEN_ACL], flags });

function serving(size = 3, seed = 1, committedCount = 500): SimulatedCluster {
  const cluster = new SimulatedCluster({ voters: size, rng: new Rng(seed), committedCount });
  cluster.until('all serving', () => cluster.areAllServing);
  return cluster;
}

const followerOf = (cluster: SimulatedCluster) =>
  cluster.members.find((member) => member !== cluster.leader)!;

test('three servers elect a leader and serve', () => {
  const cluster = serving();
  expect(cluster.members.map(({ member }) => member?.mode).sort()).toEqual([
    'follower',
    'follower',
    'leader',
  ]);
});

test('what is written through a follower is read through every server', () => {
  const cluster = serving();
  const clients = cluster.members.map((member) => cluster.client(member));
  const writer = clients[cluster.members.indexOf(followerOf(cluster))]!;
  writer.send(OpCode.create, create('/a'));
  cluster.until('created', () => writer.awaited === 0);
  expect(writer.takeReplies().map(({ err }) => err)).toEqual([0]);
  for (const client of clients) {
    client.send(OpCode.sync, { path: '/' });
    client.send(OpCode.getData, { path: '/a', watch: false });
    cluster.until('read', () => client.awaited === 0);
    const [, read] = client.takeReplies();
    expect(bodyOf(OpCode.getData, read!).data?.toString()).toBe('/a');
  }
});

test('when the leader dies, the others go on, and it comes back with what it missed', () => {
  const cluster = serving();
  const old = cluster.leader!;
  const writer = cluster.client(followerOf(cluster));
  writer.send(OpCode.create, create('/before'));
  cluster.until('created', () => writer.awaited === 0);
  old.crash();
  cluster.until('another leads', () => cluster.leader !== undefined && cluster.leader !== old);
  const next = cluster.client(cluster.leader!);
  next.send(OpCode.create, create('/after'));
  cluster.until('created', () => next.awaited === 0);
  expect(next.takeReplies().map(({ err }) => err)).toEqual([0]);
  old.start();
  cluster.until('all serving', () => cluster.areAllServing);
  cluster.until('equal', () =>
    cluster.members.every(({ tree }) => tree.findPath('/after') !== 0 && tree.findPath('/before') !== 0),
  );
});

test.each([
  ['memory', 500, 0.33, false],
  ['the log files', 3, 0, false],
  ['the tree', 3, 0.33, true],
])(
  'a server that missed much gets what it lacks from %s',
  (_from, committedCount, snapshotSizeFactor, isTree) => {
    let snapshots = 0;
    const ensemble = { ...SIMULATED_CONFIG.ensemble, snapshotSizeFactor };
    const cluster = new SimulatedCluster({
      voters: 3,
      rng: new Rng(5),
      committedCount,
      config: { ensemble },
      trace: ({ kind }) => {
        if (kind === 'snapshot') snapshots++;
      },
    });
    cluster.until('all serving', () => cluster.areAllServing);
    const client = cluster.client(cluster.leader!);
    client.send(OpCode.create, create('/before'));
    cluster.until('equal', () => cluster.members.every(({ tree }) => tree.findPath('/before') !== 0));
    const away = followerOf(cluster);
    away.crash();
    snapshots = 0;
    for (let i = 0; i < 50; i++) client.send(OpCode.create, create(`/n${i}`));
    cluster.until('created', () => client.awaited === 0);
    away.start();
    cluster.until('all serving', () => cluster.areAllServing);
    cluster.until('equal', () =>
      cluster.members.every(({ tree }) => tree.digest.equals(cluster.leader!.tree.digest)),
    );
    expect(snapshots > 0).toBe(isTree);
  },
);

test('a session moves from one server to another with its ephemeral nodes', () => {
  const cluster = serving();
  const [from, to] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
  const client = cluster.client(from);
  client.send(OpCode.create, create('/e', 1));
  cluster.until('created', () => client.awaited === 0);
  cluster.until('there too', () => to.tree.findPath('/e') !== 0);
  client.drop();
  const moved = cluster.resume(client, to);
  expect(moved.sessionId).toBe(client.sessionId);
  moved.send(OpCode.create, create('/late'));
  cluster.until('created', () => moved.awaited === 0);
  expect(moved.takeReplies().map(({ err }) => err)).toEqual([0]);
});

test('what a session asked of a server is refused when it has been to the leader since', () => {
  const cluster = serving();
  const leader = cluster.leader!;
  const follower = followerOf(cluster);
  const client = cluster.client(follower);
  cluster.blockWay(follower.id, leader.id);
  client.send(OpCode.create, create('/earlier'));
  cluster.advance(100);
  client.drop();
  const moved = cluster.resume(client, leader);
  moved.send(OpCode.create, create('/later'));
  cluster.until('created', () => moved.awaited === 0);
  moved.drop();
  cluster.advance(100);
  cluster.heal();
  cluster.advance(1_000);
  expect([leader.tree.findPath('/later') !== 0, leader.tree.findPath('/earlier') !== 0]).toEqual([
    true,
    false,
  ]);
});

test('the leader keeps no connection of a session that has gone to another server', () => {
  const cluster = serving();
  const { leader } = cluster;
  const client = cluster.client(leader!);
  // Its machine has lost the address, say: the end of the connection cannot be seen.
  const moved = cluster.resume(client, followerOf(cluster));
  cluster.advance(1_000);
  expect([client.isClosed, moved.isClosed]).toEqual([true, false]);
  expect(leader!.member?.service?.clients.connections.size).toBe(0);
  moved.send(OpCode.create, create('/a'));
  cluster.until('created', () => moved.awaited === 0);
  expect(moved.takeReplies().map(({ err }) => err)).toEqual([0]);
});

test('a client that comes twice while the leader is asked about its session leaves no connection behind', () => {
  const cluster = serving();
  const follower = followerOf(cluster);
  const client = cluster.client(follower);
  client.drop();
  cluster.blockWay(follower.id, cluster.leader!.id);
  const first = new FakeClient(follower).resume(client);
  cluster.advance(100);
  const second = new FakeClient(follower).resume(client);
  cluster.advance(100);
  cluster.heal();
  cluster.until('moved', () => second.sessionId !== 0n);
  cluster.advance(1_000);
  expect([first.isClosed, second.isClosed, second.sessionId]).toEqual([true, false, client.sessionId]);
  expect(follower.member?.service?.clients.connections.size).toBe(1);
});

test('the leader ends a session that is silent, heard through whichever server', () => {
  const cluster = serving();
  const [a, b] = [cluster.client(followerOf(cluster)), cluster.client(followerOf(cluster))];
  a.send(OpCode.create, create('/a', 1));
  b.send(OpCode.create, create('/b', 1));
  cluster.until('created', () => a.awaited + b.awaited === 0);
  const untilMs = cluster.time.monotonicMs() + 30_000;
  cluster.until('silent for long', () => {
    if (b.awaited === 0) b.send(OpCode.ping, null);
    return cluster.time.monotonicMs() > untilMs;
  });
  for (const { tree } of cluster.members) {
    expect([tree.findPath('/a') !== 0, tree.findPath('/b') !== 0]).toEqual([false, true]);
  }
});

test('a client of the leader is answered as soon as a follower has acknowledged', () => {
  const cluster = serving();
  const client = cluster.client(cluster.leader!);
  for (let i = 0; i < 20; i++) {
    const sentMs = cluster.time.monotonicMs();
    client.send(OpCode.create, create(`/n${i}`));
    cluster.until('created', () => client.awaited === 0);
    // Less than until anything else gives the leader a reason to send.
    expect(cluster.time.monotonicMs() - sentMs).toBeLessThan(100);
  }
});
