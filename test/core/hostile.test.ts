import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../wire/codec.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { WatcherEvent } from '../../wire/events.ts';
import { type MultiOp, MultiReply, MultiRequest } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { bodyOf, connectRequest, FakeClient } from '../kit/fake-client.ts';
import { framed } from '../kit/raw-client.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';

const acl = [...OPEN_ACL];
const create = (path: string, data: Buffer | null = null, flags = 0) => ({ path, data, acl, flags });
const digestAcl = (id: string) => [{ perms: 31, id: { scheme: 'digest', id } }];

/** Whatever one client does, another one is served. */
function expectServing(server: SimulatedServer): void {
  const other = server.client();
  const name = `/serving${other.sessionId}`;
  other.send(OpCode.create, create(name));
  other.send(OpCode.getData, { path: name, watch: false });
  server.settle();
  expect(other.takeReplies().map((reply) => reply.err)).toEqual([0, 0]);
  expect(server.failures).toEqual([]);
  expect(server.stats.digestMismatches).toBe(0);
}

describe('a client cannot harm others', () => {
  test.each([
    ['an empty frame', framed(Buffer.alloc(0))],
    ['a frame without a whole header', framed(Buffer.alloc(7))],
    ['an unreadable auth packet', framed(Buffer.from([255, 255, 255, 252, 0, 0, 0, 100, 1]))],
    ['a frame length that is negative', Buffer.from([255, 255, 255, 255])],
    ['a frame that is too long', Buffer.from([0, 0x10, 0, 0])],
  ])('%s behind the connect request, before the session stands', (_, bytes) => {
    const server = new SimulatedServer();
    const client = new FakeClient(server);
    client.sendRaw(Buffer.concat([framed(connectRequest({})), bytes]));
    server.settle();
    expect(client.isClosed).toBe(true);
    expectServing(server);
  });

  test.each([
    ['an empty frame', framed(Buffer.alloc(0))],
    ['a frame without a whole header', framed(Buffer.alloc(7))],
    ['an unreadable auth packet', framed(Buffer.from([255, 255, 255, 252, 0, 0, 0, 100, 1]))],
  ])('%s while a write is under way', (_, bytes) => {
    const server = new SimulatedServer();
    const client = server.client();
    client.send(OpCode.create, create('/a'));
    client.sendRaw(bytes);
    expect(client.isClosed).toBe(true);
    server.settle();
    expectServing(server);
  });

  test('frames in endless number before the session stands', () => {
    const server = new SimulatedServer();
    const client = new FakeClient(server).handshake();
    const big = framed(Buffer.alloc(1_000_000));
    let sent = 0;
    for (; sent < 1000 && !client.isClosed && !client.link.isPaused; sent++) client.sendRaw(big);
    expect(sent).toBeLessThan(10);
    server.settle();
    expectServing(server);
  });

  test('an ACL id that has no form on the wire', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const before = server.driver.service.path.broadcast.lastProposed;
    client.sendRaw(
      client.frame(
        OpCode.create,
        // A real UTF-8 character of four bytes, as a client may send and the server cannot send back.
        Buffer.concat([
          Buffer.from([0, 0, 0, 2]),
          Buffer.from('/a'),
          Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 6]),
          Buffer.from('digest'),
          Buffer.from([0, 0, 0, 6]),
          Buffer.from('😀:x'),
          Buffer.from([0, 0, 0, 0]),
        ]),
      ),
    );
    client.send(OpCode.create, create('/a'));
    client.send(OpCode.getData, { path: '/a', watch: false });
    server.settle();
    const replies = client.takeReplies();
    expect(replies[0]!.err).not.toBe(0);
    expect(replies.slice(1).map((reply) => reply.err)).toEqual([0, 0]);
    expect(server.driver.service.path.broadcast.lastProposed).toBeLessThanOrEqual(before + 2);
    expectServing(server);
  });

  test('an identity that has no form on the wire', () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.auth('digest', '😀:secret');
    client.send(OpCode.whoAmI, null);
    client.send(OpCode.create, {
      path: '/a',
      data: null,
      acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }],
      flags: 0,
    });
    client.send(OpCode.create, create('/b'));
    client.send(OpCode.ping, null);
    server.settle();
    const replies = client.takeReplies().filter((reply) => reply.xid > 0);
    expect(replies.map((reply) => reply.xid)).toEqual([1, 2, 3, 4]);
    expect(replies[1]!.err).not.toBe(0);
    expect(replies[2]!.err).toBe(0);
    expectServing(server);
  });

  test('paths that have no form on the wire', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const path = Buffer.concat([Buffer.from([0, 0, 0, 5]), Buffer.from('/😀')]);
    client.sendRaw(client.frame(OpCode.sync, path));
    client.sendRaw(client.frame(OpCode.exists, Buffer.concat([path, Buffer.from([1])])));
    const none = Buffer.from([0, 0, 0, 0]);
    const one = Buffer.from([0, 0, 0, 1]);
    client.sendRaw(
      client.frame(OpCode.setWatches, Buffer.concat([Buffer.alloc(8), one, path, none, one, path])),
    );
    client.sendRaw(client.frame(OpCode.addWatch, Buffer.concat([path, one])));
    client.send(OpCode.ping, null);
    server.settle();
    expect(client.takeReplies().map((reply) => reply.xid)).toEqual([1, 2, 3, 4, 5]);
    expectServing(server);
  });

  test('one request that asks for more than memory holds', () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.send(OpCode.create, create('/big', Buffer.alloc(1_000_000, 1)));
    server.settle();
    client.take();
    const op: MultiOp = { type: OpCode.getData, body: { path: '/big', watch: false } };
    client.sendRaw(client.frame(OpCode.multiRead, encode(MultiRequest, new Array(20_000).fill(op))));
    const [reply] = client.takeReplies();
    expect(reply!.err).toBe(ErrorCode.MarshallingError);
    client.sendRaw(client.frame(OpCode.multiRead, encode(MultiRequest, [op, op])));
    expect(decode(MultiReply, client.takeReplies()[0]!.body)).toHaveLength(2);
    expectServing(server);
  });

  test('many identities times many entries', () => {
    const server = new SimulatedServer();
    const client = server.client();
    for (let i = 0; i < 200; i++) client.auth('digest', `user${i}:secret`);
    const ops: MultiOp[] = [];
    for (let i = 0; i < 200; i++) {
      const entries = Array.from({ length: 31 }, (_, at) => ({
        perms: at + 1,
        id: { scheme: 'auth', id: '' },
      }));
      ops.push({ type: OpCode.create, body: { path: `/n${i}`, data: null, acl: entries, flags: 0 } });
    }
    client.sendMulti(ops);
    client.send(OpCode.create, create('/n0'));
    server.settle();
    const replies = client.takeReplies().filter((reply) => reply.xid > 0);
    expect(replies[0]!.err).toBe(ErrorCode.MarshallingError);
    expect(replies[1]!.err).toBe(0);
    expectServing(server);
  });

  test('identities without end', () => {
    const server = new SimulatedServer();
    const client = server.client();
    let taken = 0;
    for (; taken < 5000 && !client.isClosed; taken++) client.auth('digest', `user${taken}:secret`);
    expect(taken).toBe(1000);
    const replies = client.takeReplies();
    expect([replies[998]!.err, replies[999]!.err]).toEqual([0, ErrorCode.AuthFailed]);
    expectServing(server);
  });

  test('identities as long as frames', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const user = 'x'.repeat(30_000);
    for (const name of ['a', 'b', 'a', 'b', 'a']) client.auth('digest', `${name}${user}:secret`);
    expect(client.takeReplies().map(({ err }) => err)).toEqual([0, 0, 0, 0, 0]);
    expect(client.isClosed).toBe(false);
    client.auth('digest', `c${user}:secret`);
    expect(client.takeReplies().map(({ err }) => err)).toEqual([ErrorCode.AuthFailed]);
    expect(client.isClosed).toBe(true);
    expectServing(server);
  });

  test('a session id that nobody gave out, and one with the highest bit', () => {
    const server = new SimulatedServer({ config: { serverId: 254 } });
    for (const sessionId of [1n, -1n, -(2n ** 63n), 2n ** 63n - 1n]) {
      const client = new FakeClient(server).handshake({ sessionId });
      expect(client.response).toMatchObject({ sessionId: 0n, timeOut: 0 });
    }
    const client = server.client();
    expect(client.sessionId).toBeLessThan(0n);
    client.send(OpCode.create2, create('/e', null, 1));
    server.settle();
    const { stat } = bodyOf(OpCode.create2, client.takeReplies()[0]!);
    expect(stat.ephemeralOwner).toBe(client.sessionId);
    client.send(OpCode.closeSession, null);
    server.settle();
    expect(server.tree.findPath('/e')).toBe(0);
    expectServing(server);
  });
});

describe('strings in odd forms', () => {
  test('a path longer than any before is found at its first look-up', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const long = `/${'x'.repeat(5000)}`;
    client.send(OpCode.create, create(long));
    server.settle();
    const { files } = server;
    files.kill();
    const again = new SimulatedServer({ files });
    const second = again.client();
    second.send(OpCode.create, create(long));
    second.send(OpCode.setData, { path: long, data: null, version: 0 });
    second.send(OpCode.getACL, { path: long });
    again.settle();
    expect(second.takeReplies().map((reply) => reply.err)).toEqual([ErrorCode.NodeExists, 0, 0]);
    expect(again.stats.digestMismatches).toBe(0);
  });

  test('two ACLs that read alike are two', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const open = [...digestAcl('u:'), { perms: 1, id: { scheme: 'world', id: 'anyone' } }];
    client.send(OpCode.create, { path: '/open', data: null, acl: open, flags: 0 });
    client.send(OpCode.create, {
      path: '/shut',
      data: null,
      acl: digestAcl('u:\n1\nworld\nanyone'),
      flags: 0,
    });
    server.settle();
    client.take();
    client.send(OpCode.getData, { path: '/open', watch: false });
    client.send(OpCode.getData, { path: '/shut', watch: false });
    expect(client.takeReplies().map((reply) => reply.err)).toEqual([0, ErrorCode.NoAuth]);
  });

  test('an event for a path beyond ASCII', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const path = '/grün/漢字';
    client.send(OpCode.create, create('/grün'));
    client.send(OpCode.exists, { path, watch: true });
    client.send(OpCode.create, create(path));
    server.settle();
    expect(client.take().find((item) => item.kind === 'event')).toMatchObject({ type: 1, path });
    expect(encode(WatcherEvent, { type: 1, state: 3, path }).length).toBeGreaterThan(path.length + 8);
  });
});
