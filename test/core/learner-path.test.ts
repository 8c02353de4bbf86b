import { expect, test } from 'vitest';
import { ByteWriter } from '../../wire/bytes.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { QuorumPacketType, writeForwardedRequest } from '../../wire/quorum.ts';
import { bodyOf, FakeClient } from '../kit/fake-client.ts';
import { type LearnerSide, LearnerWorld } from './learner-world.ts';

const create = (path: string, flags = 0) => ({ path, data: Buffer.from(path), acl: [...OPEN_ACL], flags });

function alone(): { world: LearnerWorld; learner: LearnerSide } {
  const world = new LearnerWorld();
  return { world, learner: world.learners[0]! };
}

test('a session stands when the leader has committed it', () => {
  const { world, learner } = alone();
  const client = world.client(learner);
  expect(client.sessionId).not.toBe(0n);
  expect(world.tree.sessions.has(client.sessionId)).toBe(true);
});

test('writes are answered when they come back, reads behind them wait', () => {
  const { world, learner } = alone();
  const client = world.client(learner);
  client.send(OpCode.create, create('/a'));
  client.send(OpCode.getData, { path: '/a', watch: false });
  expect(client.takeReplies()).toEqual([]);
  world.settle();
  const [created, read] = client.takeReplies();
  expect([created?.err, read?.err]).toEqual([0, 0]);
  expect(bodyOf(OpCode.getData, read!).data?.toString()).toBe('/a');
});

test('a read that waits for nothing is answered at once, from what this server has', () => {
  const world = new LearnerWorld(2);
  const [here, there] = world.learners as [LearnerSide, LearnerSide];
  const reader = world.client(here);
  const writer = world.client(there);
  writer.send(OpCode.create, create('/a'));
  world.lead(there);
  while (there.fromLeader.length > 0) there.hear();
  reader.send(OpCode.exists, { path: '/a', watch: false });
  expect(writer.takeReplies().map(({ err }) => err)).toEqual([0]);
  expect(reader.takeReplies().map(({ err }) => err)).toEqual([ErrorCode.NoNode]);
  world.settle();
  reader.send(OpCode.exists, { path: '/a', watch: false });
  expect(reader.takeReplies().map(({ err }) => err)).toEqual([0]);
});

test('a sync goes to the leader and shows what was committed before it', () => {
  const world = new LearnerWorld(2);
  const [here, there] = world.learners as [LearnerSide, LearnerSide];
  const reader = world.client(here);
  const writer = world.client(there);
  writer.send(OpCode.create, create('/a'));
  world.lead(there);
  reader.send(OpCode.sync, { path: '/a' });
  reader.send(OpCode.exists, { path: '/a', watch: false });
  expect(reader.takeReplies()).toEqual([]);
  world.settle();
  expect(reader.takeReplies().map(({ err }) => err)).toEqual([0, 0]);
});

test('syncs of several clients, between writes, each in its place', () => {
  const { world, learner } = alone();
  const clients = [world.client(learner), world.client(learner)] as const;
  for (const [i, client] of clients.entries()) {
    client.send(OpCode.sync, { path: '/' });
    client.send(OpCode.create, create(`/${i}`));
    client.send(OpCode.sync, { path: '/' });
    client.send(OpCode.getData, { path: `/${i}`, watch: false });
  }
  world.settle();
  for (const client of clients) expect(client.takeReplies().map(({ err }) => err)).toEqual([0, 0, 0, 0]);
});

test('a client that is gone leaves its sync to be answered to nobody', () => {
  const { world, learner } = alone();
  const [gone, other] = [world.client(learner), world.client(learner)];
  gone.send(OpCode.sync, { path: '/' });
  other.send(OpCode.sync, { path: '/' });
  gone.drop();
  world.settle();
  expect(other.takeReplies()).toHaveLength(1);
});

test('refusals come back as transactions: what the leader judges, what it cannot read', () => {
  const { world, learner } = alone();
  const client = world.client(learner);
  client.send(OpCode.delete, { path: '/none', version: -1 });
  client.sendRaw(client.frame(OpCode.create, Buffer.from([1])));
  client.send(OpCode.create, create('/a'));
  world.settle();
  expect(client.takeReplies().map(({ err }) => err)).toEqual([
    ErrorCode.NoNode,
    ErrorCode.MarshallingError,
    0,
  ]);
});

test('closing a session ends it everywhere, with its ephemeral nodes', () => {
  const world = new LearnerWorld(2);
  const [here, there] = world.learners as [LearnerSide, LearnerSide];
  const client = world.client(here);
  client.send(OpCode.create, create('/e', 1));
  client.send(OpCode.closeSession, null);
  client.send(OpCode.getData, { path: '/e', watch: false });
  world.settle();
  // The read came behind the end.
  expect(client.takeReplies().map(({ err }) => err)).toEqual([0, 0, ErrorCode.SessionExpired]);
  expect(client.isClosed).toBe(true);
  for (const { tree } of [world, here, there]) {
    expect([tree.findPath('/e'), tree.sessions.size]).toEqual([0, 0]);
  }
});

test('a request through a server that the session has left is refused, and its connection ends', () => {
  const world = new LearnerWorld(2);
  const [old, now] = world.learners as [LearnerSide, LearnerSide];
  const client = world.client(old);
  expect(world.revalidate(now, client.sessionId)).toBe(true);
  client.send(OpCode.create, create('/late'));
  world.settle();
  expect([client.takeReplies(), client.isClosed]).toEqual([[], true]);
  expect(world.tree.findPath('/late')).toBe(0);
});

test('a session that its client closes through a server that it has left is closed all the same', () => {
  const world = new LearnerWorld(2);
  const [old, now] = world.learners as [LearnerSide, LearnerSide];
  const client = world.client(old);
  client.send(OpCode.create, create('/e', 1));
  world.settle();
  // The client was on its way to this server and came back; what was asked about it arrived late.
  expect(world.revalidate(now, client.sessionId)).toBe(true);
  client.send(OpCode.closeSession, null);
  world.settle();
  expect(client.takeReplies().map(({ err }) => err)).toEqual([0, 0]);
  for (const { tree } of [world, old, now]) {
    expect([tree.findPath('/e'), tree.sessions.size]).toEqual([0, 0]);
  }
});

// As some clients do: kazoo's count from the start again with each connection.
test('what was asked over an earlier connection answers nothing of this one, though it has the same xid', () => {
  const { world, learner } = alone();
  const before = world.client(learner);
  const { nextXid } = before;
  before.send(OpCode.create, create('/a'));
  world.propose(learner);
  learner.hear();
  before.drop();
  const now = new FakeClient(learner).resume(before);
  now.nextXid = nextXid;
  now.send(OpCode.create, create('/b'));
  world.commit();
  while (learner.fromLeader.length > 0) learner.hear();
  expect([world.tree.findPath('/a') !== 0, now.takeReplies()]).toEqual([true, []]);
  world.settle();
  const [created] = now.takeReplies();
  expect(bodyOf(OpCode.create, created!).path).toBe('/b');
});

// A server of Apache ZooKeeper forwards it as its client has sent it.
test('a session that is asked for in no readable way costs the learner nothing', () => {
  const { world, learner } = alone();
  const client = world.client(learner);
  const writer = new ByteWriter();
  const body = Buffer.from([1]);
  writeForwardedRequest(writer, { sessionId: client.sessionId, cxid: 9, type: OpCode.createSession, body });
  learner.toLeader.push({ type: QuorumPacketType.REQUEST, zxid: -1, data: writer.finish(), authinfo: [] });
  client.send(OpCode.create, create('/a'));
  world.settle();
  expect(client.takeReplies().map(({ err }) => err)).toEqual([0]);
});

test('the session of an unknown client is refused as expired', () => {
  const { world, learner } = alone();
  const client = world.client(learner);
  expect(world.revalidate(learner, 77n)).toBe(false);
  client.send(OpCode.closeSession, null);
  world.settle();
  expect(world.revalidate(learner, client.sessionId)).toBe(false);
});

test('all servers have the same digest', () => {
  const world = new LearnerWorld(3);
  for (const [i, learner] of world.learners.entries()) {
    const client = world.client(learner);
    for (let n = 0; n < 5; n++) client.send(OpCode.create, create(`/n${i}-`, 2 + (n % 2)));
  }
  world.settle();
  for (const { tree, stats } of world.learners) {
    expect(tree.digest.equals(world.tree.digest)).toBe(true);
    expect(stats.digestMismatches).toBe(0);
  }
});
