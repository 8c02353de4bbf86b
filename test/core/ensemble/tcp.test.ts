import { connect as connectSocket } from 'node:net';
import { expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { Perms } from '../../../wire/data.ts';
import { loopbackEnsemble } from '../../kit/election-member.ts';
import { LoopbackMembers } from '../../kit/loopback-members.ts';

const sessionTimeoutMs = 30_000;

/** Resolves when the client has its session at a server again. */
function reconnected(client: ZooKeeperClient): Promise<void> {
  return new Promise((resolve) => {
    client.on('state', (state) => {
      if (state === 'reconnected') resolve();
    });
  });
}

test('three servers on real sockets serve, and go on when one of them ends', async () => {
  await using members = await LoopbackMembers.start(await loopbackEnsemble(3));
  await members.serving();
  for (const id of members.ids) {
    await using client = await connect(members.hosts(id), { sessionTimeoutMs });
    await client.create(`/through-${id}`, 'kept');
  }
  const modes = await Promise.all(members.ids.map((id) => members.mode(id)));
  expect([...modes].sort()).toEqual(['follower', 'follower', 'leader']);
  await members.stopServer(await members.leader());
  await using client = await connect(members.hosts(...members.ids), { sessionTimeoutMs });
  await client.create('/after', '');
  expect((await client.children('/')).length).toBe(1 + 3 + 1);
}, 120_000);

test('an observer on real sockets serves writes and many reads, and follows the next leader', async () => {
  await using members = await LoopbackMembers.start(await loopbackEnsemble(3, 1));
  await members.serving();
  const old = await members.leader();
  expect(await members.mode(4)).toBe('observer');
  expect(await members.monitored(old, 'synced_observers')).toBe('1');
  await using client = await connect(members.hosts(4), { sessionTimeoutMs });
  await client.create('/a', 'x', { mode: 'ephemeral' });
  const read = await Promise.all(Array.from({ length: 2000 }, () => client.get('/a')));
  expect(read.every(({ stat }) => stat.ephemeralOwner === client.sessionId)).toBe(true);
  const { sessionId } = client;
  const lookings = Number(await members.monitored(4, 'looking_count'));
  await Promise.all([reconnected(client), members.stopServer(old)]);
  expect(Number(await members.monitored(4, 'looking_count'))).toBeGreaterThan(lookings);
  await client.set('/a', 'y');
  expect(client.sessionId).toBe(sessionId);
  expect(await members.monitored(4, 'observer_master_id')).toBe(String(await members.leader()));
  await using other = await connect(members.hosts(await members.leader()), { sessionTimeoutMs });
  expect((await other.get('/a')).stat.ephemeralOwner).toBe(sessionId);
}, 120_000);

test('two of five servers on real sockets are a quorum where groups say so', async () => {
  const groups = [
    { id: 1, servers: [1] },
    { id: 2, servers: [2] },
    { id: 3, servers: [3, 4, 5] },
  ];
  await using members = await LoopbackMembers.start({ ...(await loopbackEnsemble(5)), groups }, [1, 2]);
  await members.serving();
  expect([await members.mode(1), await members.mode(2)]).toEqual(['follower', 'leader']);
  await using client = await connect(members.hosts(1), { sessionTimeoutMs });
  await client.create('/a', 'kept');
  expect(await members.monitored(2, 'quorum_size')).toBe('5');
  // The session and the node.
  expect(await members.monitored(2, 'commit_count')).toBe('2');
  expect(await members.monitored(2, 'cnt_quorum_ack_latency')).toBe('2');
  expect((await members.ask(2, 'conf')).split('\n')).toContain('group.3=3:4:5');
  expect(String((await client.get('/zookeeper/config')).data)).toContain('\ngroup.3=3:4:5\nversion=0');
}, 120_000);

// The ACL of each node names the identity: the transaction is longer than the request by far, as Apache ZooKeeper allows.
test('learners take every transaction that a leader may propose', async () => {
  const config = { juteMaxBufferBytes: 3 * 1024 * 1024 };
  await using members = await LoopbackMembers.start(await loopbackEnsemble(3), undefined, config);
  await members.serving();
  const lookings = () => Promise.all(members.ids.map((id) => members.monitored(id, 'looking_count')));
  const before = await lookings();
  await using client = await connect(members.hosts(await members.leader()), { sessionTimeoutMs });
  await client.addAuth('digest', `${'u'.repeat(400)}:p`);
  const acl = [{ perms: Perms.all, id: { scheme: 'auth', id: '' } }];
  const transaction = client.transaction();
  for (let i = 0; i < 10_000; i++) transaction.create(`/n${i}`, '', { acl });
  await transaction.commit();
  for (const id of members.ids) {
    await using other = await connect(members.hosts(id), { sessionTimeoutMs });
    await other.sync('/');
    expect((await other.children('/')).length).toBe(1 + 10_000);
  }
  expect(await lookings()).toEqual(before);
}, 120_000);

test('whoever says nothing to a member without a leader does not keep it from stopping', async () => {
  const members = await LoopbackMembers.start(await loopbackEnsemble(3), [1]);
  const socket = connectSocket(members.port(1), '127.0.0.1');
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  // Its answer comes after the connection above was accepted.
  expect(await members.ask(1, 'ruok')).toBe('imok');
  expect(await members.ask(1, 'isro')).toBe('null');
  await members[Symbol.asyncDispose]();
  await ended;
}, 120_000);
