import { describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { bodyOf, FakeClient } from '../kit/fake-client.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';

const acl = [...OPEN_ACL];
const create = (path: string, flags = 0) => ({ path, data: Buffer.from(path), acl, flags });

// `FakeClient` itself throws when a reply comes out of the order of the requests.
describe('replies keep the order of the requests', () => {
  test('a sync between two pipelined writes is answered between them', () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.sendRaw(
      Buffer.concat([
        client.frameOf(OpCode.create, create('/a')),
        client.frameOf(OpCode.sync, { path: '/' }),
        client.frameOf(OpCode.create, create('/b')),
        client.frameOf(OpCode.sync, { path: '/' }),
        client.frameOf(OpCode.getData, { path: '/b', watch: false }),
      ]),
    );
    server.settle();
    const replies = client.takeReplies();
    expect(replies.map((reply) => [reply.xid, reply.err])).toEqual([1, 2, 3, 4, 5].map((xid) => [xid, 0]));
    // The sync does not wait for the write behind it, only for what was proposed before it.
    expect(replies[1]!.zxid).toBe(replies[0]!.zxid);
  });

  test('syncs wait for the writes of others, not for later ones', () => {
    const server = new SimulatedServer();
    const [reader, writer] = [server.client(), server.client()];
    writer.send(OpCode.create, create('/a'));
    reader.send(OpCode.sync, { path: '/' });
    reader.send(OpCode.ping, null);
    expect(reader.takeReplies()).toEqual([]);
    server.time.endTurn();
    // The log is being synced: this write belongs to the next batch.
    writer.send(OpCode.create, create('/b'));
    expect(reader.takeReplies()).toEqual([]);
    server.files.step();
    expect(writer.takeReplies()).toHaveLength(1);
    expect(reader.takeReplies().map((reply) => reply.xid)).toEqual([1, 2]);
    server.settle();
    expect(writer.takeReplies()).toHaveLength(1);
  });

  test('unreadable requests are answered in their places', () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.sendRaw(
      Buffer.concat([
        client.frame(OpCode.create, Buffer.from([1])),
        client.frameOf(OpCode.create, create('/a')),
        client.frame(OpCode.setData, Buffer.from([0, 0])),
        client.frame(OpCode.getData, Buffer.from([0, 0])),
        client.frame(OpCode.sync, Buffer.from([0])),
        client.frameOf(OpCode.delete, { path: '/a', version: -1 }),
        client.frame(OpCode.multi, Buffer.from([9])),
        client.frame(OpCode.sync, Buffer.from([0, 0, 0, 9])),
        client.frame(OpCode.multiRead, Buffer.from([9])),
        client.frameOf(OpCode.exists, { path: '/a', watch: false }),
      ]),
    );
    server.settle();
    const unreadable = ErrorCode.MarshallingError;
    expect(client.takeReplies().map((reply) => reply.err)).toEqual([
      unreadable,
      0,
      unreadable,
      unreadable,
      unreadable,
      0,
      unreadable,
      unreadable,
      unreadable,
      ErrorCode.NoNode,
    ]);
    expect(client.isClosed).toBe(false);
  });

  test('what is asked behind closeSession gets no data, and the connection ends', () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.sendRaw(
      Buffer.concat([
        client.frameOf(OpCode.create, create('/e', 1)),
        client.frameOf(OpCode.closeSession, null),
        client.frameOf(OpCode.getData, { path: '/e', watch: true }),
        client.frameOf(OpCode.create, create('/late')),
        client.frameOf(OpCode.closeSession, null),
        client.frameOf(OpCode.sync, { path: '/' }),
      ]),
    );
    server.settle();
    const replies = client.takeReplies();
    expect(replies.slice(0, 2).map((reply) => reply.err)).toEqual([0, 0]);
    for (const { err } of replies.slice(2)) expect(err).toBe(ErrorCode.SessionExpired);
    expect(client.isClosed).toBe(true);
    expect(server.tree.findPath('/e')).toBe(0);
    expect(server.tree.findPath('/late')).toBe(0);
    expect(server.tree.sessions.size).toBe(0);
    expect(server.driver.service.tracker.count).toBe(0);
    expect(server.tree.watches.data.watches).toBe(0);
    expect(server.stats.digestMismatches).toBe(0);
  });

  test('frames that come before the session stands are done in their order once it does', () => {
    const server = new SimulatedServer();
    const client = new FakeClient(server).handshake();
    client.send(OpCode.create, create('/a'));
    client.send(OpCode.getData, { path: '/a', watch: false });
    client.send(OpCode.create, create('/a'));
    expect(client.response).toBeNull();
    server.settle();
    expect(client.takeReplies().map((reply) => reply.err)).toEqual([0, 0, ErrorCode.NodeExists]);
  });

  test('reads of one client do not wait for the writes of another', () => {
    const server = new SimulatedServer();
    const [reader, writer] = [server.client(), server.client()];
    writer.send(OpCode.create, create('/a'));
    reader.send(OpCode.exists, { path: '/a', watch: true });
    expect(reader.takeReplies().map((reply) => reply.err)).toEqual([ErrorCode.NoNode]);
    server.settle();
    expect(reader.take()).toMatchObject([{ kind: 'event', type: 1, path: '/a' }]);
  });

  test('an event comes before the reply that shows the change, also in one batch', () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.send(OpCode.exists, { path: '/a', watch: true });
    client.takeReplies();
    client.sendRaw(
      Buffer.concat([
        client.frameOf(OpCode.create, create('/a')),
        client.frameOf(OpCode.getData, { path: '/a', watch: true }),
        client.frameOf(OpCode.setData, { path: '/a', data: null, version: -1 }),
        client.frameOf(OpCode.getData, { path: '/a', watch: false }),
      ]),
    );
    server.settle();
    expect(client.take().map((item) => (item.kind === 'event' ? `event ${item.type}` : item.xid))).toEqual([
      'event 1',
      2,
      3,
      'event 3',
      4,
      5,
    ]);
  });
});

describe('sessions and their connections', () => {
  test('writes under way of a session that moved are done, and answered to nobody', () => {
    const server = new SimulatedServer();
    const first = server.client();
    first.send(OpCode.create, create('/a', 1));
    first.send(OpCode.getData, { path: '/a', watch: true });
    const second = new FakeClient(server).resume(first);
    expect(first.isClosed).toBe(true);
    expect(second.sessionId).toBe(first.sessionId);
    second.send(OpCode.getData, { path: '/a', watch: false });
    server.settle();
    expect(first.takeReplies()).toEqual([]);
    expect(second.takeReplies().map((reply) => reply.err)).toEqual([ErrorCode.NoNode]);
    second.send(OpCode.exists, { path: '/a', watch: false });
    const [reply] = second.takeReplies();
    expect(bodyOf(OpCode.exists, reply!).stat.ephemeralOwner).toBe(first.sessionId);
    expect(server.tree.watches.data.watches).toBe(0);
    first.drop();
    second.send(OpCode.create, create('/b', 1));
    server.settle();
    expect(second.takeReplies()).toHaveLength(1);
  });

  test('a wrong password neither gets the session nor disturbs its owner', () => {
    const server = new SimulatedServer();
    const owner = server.client();
    const thief = new FakeClient(server).handshake({
      sessionId: owner.sessionId,
      password: Buffer.alloc(16, 7),
    });
    expect(thief.response).toMatchObject({ sessionId: 0n, timeOut: 0 });
    expect(thief.isClosed).toBe(true);
    owner.send(OpCode.ping, null);
    expect(owner.takeReplies()).toHaveLength(1);
  });

  test('a client that has seen later transactions is turned away without an answer', () => {
    const server = new SimulatedServer();
    const client = new FakeClient(server).handshake({ lastZxidSeen: 5 });
    expect([client.response, client.isClosed]).toEqual([null, true]);
  });

  test('a session whose client went away before it stood is there until it expires', () => {
    const server = new SimulatedServer();
    const client = new FakeClient(server).handshake({ timeoutMs: 3000 });
    client.send(OpCode.create, create('/e', 1));
    client.drop();
    server.settle();
    expect(server.driver.service.tracker.count).toBe(1);
    server.advance(5000);
    expect(server.driver.service.tracker.count).toBe(0);
    expect(server.tree.findPath('/e')).toBe(0);
  });

  test('ids of new sessions avoid those that are in use, even if the clock of an earlier life was ahead', () => {
    const first = new SimulatedServer();
    const ids = [first.client(), first.client(), first.client()].map((client) => client.sessionId);
    const { files } = first;
    files.kill();
    const second = new SimulatedServer({ files });
    expect([...second.tree.sessions.keys()].sort()).toEqual([...ids].sort());
    const fresh = [second.client(), second.client()].map((client) => client.sessionId);
    expect(new Set([...ids, ...fresh]).size).toBe(5);
  });
});
