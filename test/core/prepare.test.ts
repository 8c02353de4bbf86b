import { describe, expect, test } from 'vitest';
import type { ServerConfig } from '../../core/config.ts';
import { NO_NODE } from '../../core/tree/node-id.ts';
import { LongField } from '../../core/tree/node-store.ts';
import { type Acl, OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode, type ErrorName } from '../../wire/errors.ts';
import type { MultiOp } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { bodyOf, type FakeClient, multiResults } from '../kit/fake-client.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';

const acl = [...OPEN_ACL];
const readOnly: Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const create = (path: string, flags = 0, list: Acl[] | null = acl, data: Buffer | null = null) => ({
  path,
  data,
  acl: list,
  flags,
});

function serverWith(config: Partial<ServerConfig> = {}): { server: SimulatedServer; client: FakeClient } {
  const server = new SimulatedServer({ config });
  const client = server.client();
  client.send(OpCode.create, create('/a'));
  client.send(OpCode.create, create('/a/child'));
  client.send(OpCode.create, create('/eph', 1));
  client.send(OpCode.create, create('/shut', 0, readOnly));
  client.send(OpCode.create, create('/shut/inner', 0, acl));
  server.settle();
  const errors = client.takeReplies().map((reply) => reply.err);
  expect(errors).toEqual([0, 0, 0, 0, ErrorCode.NoAuth]);
  return { server, client };
}

type Write = Parameters<FakeClient['frameOf']>;
const request = <T extends Write[0]>(
  type: T,
  body: Parameters<typeof FakeClient.prototype.send<T>>[1],
): Write => [type, body] as never;
const {
  create: C,
  create2,
  createContainer,
  createTTL,
  delete: D,
  setData: S,
  setACL: A,
  check,
  reconfig,
} = OpCode;
const ttl = (path: string, flags: number, ms: number) => ({ ...create(path, flags), ttl: ms });

describe('what is refused, and as what', () => {
  test.each<[string, Write, ErrorName]>([
    ['a mode that is none, before anything else', request(C, create('no slash', 9)), 'BadArguments'],
    ['a TTL mode without a TTL', request(C, create('/t', 5)), 'BadArguments'],
    ['a TTL of nothing', request(createTTL, ttl('/t', 5, 0)), 'BadArguments'],
    ['a TTL that is too long', request(createTTL, ttl('/t', 5, 2 ** 40)), 'BadArguments'],
    ['a TTL for another mode', request(createTTL, ttl('/t', 0, 5)), 'BadArguments'],
    ['createTTL for another mode', request(createTTL, ttl('/t', 0, -1)), 'BadArguments'],
    ['a path without a parent, before its ACL', request(C, create('x', 0, null)), 'BadArguments'],
    ['an empty ACL, before the parent', request(C, create('/none/x', 0, [])), 'InvalidACL'],
    ['no ACL', request(create2, create('/x', 0, null)), 'InvalidACL'],
    ['no parent, before the path', request(C, create('/none/./x')), 'NoNode'],
    ['no permission, before the path', request(C, create('/shut/.')), 'NoAuth'],
    ['a relative path', request(C, create('/a/..')), 'BadArguments'],
    ['a path with an empty name', request(C, create('/a//x')), 'NoNode'],
    ['a forbidden character', request(C, create('/a/\u0001')), 'BadArguments'],
    ['what is there', request(C, create('/a')), 'NodeExists'],
    ['the root', request(C, create('/')), 'NodeExists'],
    ['a child of an ephemeral node', request(C, create('/eph/x')), 'NoChildrenForEphemerals'],
    [
      'a container below an ephemeral node',
      request(createContainer, create('/eph/x', 4)),
      'NoChildrenForEphemerals',
    ],
    ['to delete what is not there', request(D, { path: '/none', version: -1 }), 'NoNode'],
    ['to delete below what is not there', request(D, { path: '/none/x', version: -1 }), 'NoNode'],
    ['to delete the root', request(D, { path: '/', version: -1 }), 'BadArguments'],
    [
      'to delete what every server has',
      request(D, { path: '/zookeeper/config', version: 9 }),
      'BadArguments',
    ],
    ['another version, before children', request(D, { path: '/a', version: 3 }), 'BadVersion'],
    ['to delete a parent', request(D, { path: '/a', version: 0 }), 'NotEmpty'],
    ['to delete without permission on the parent', request(D, { path: '/shut/none', version: -1 }), 'NoAuth'],
    ['to write what is not there', request(S, { path: '/none', data: null, version: -1 }), 'NoNode'],
    ['to write a bad path', request(S, { path: '/a/', data: null, version: -1 }), 'BadArguments'],
    [
      'to write without permission, before the version',
      request(S, { path: '/shut', data: null, version: 7 }),
      'NoAuth',
    ],
    ['to write another version', request(S, { path: '/a', data: null, version: 1 }), 'BadVersion'],
    ['a bad ACL, before the node', request(A, { path: '/none', acl: [], version: -1 }), 'InvalidACL'],
    ['an ACL of what is not there', request(A, { path: '/none', acl, version: -1 }), 'NoNode'],
    ['an ACL without permission', request(A, { path: '/shut', acl, version: 9 }), 'NoAuth'],
    ['an ACL of another version', request(A, { path: '/a', acl, version: 1 }), 'BadVersion'],
    ['a check outside a multi', request(check, { path: '/a', version: 0 }), 'Unimplemented'],
    [
      'a new configuration',
      request(reconfig, { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1 }),
      'ReconfigDisabled',
    ],
  ])('%s', (_, [type, body], name) => {
    const { server, client } = serverWith();
    const before = server.tree.digest.toBigInt();
    client.send(type, body);
    client.send(OpCode.create, create('/after'));
    server.settle();
    const [refused, next] = client.takeReplies();
    expect(refused!.err).toBe(ErrorCode[name]);
    expect(refused!.body).toHaveLength(0);
    // It took a place in the order all the same, and changed nothing.
    expect(next!.zxid).toBe(refused!.zxid + 1);
    expect(server.stats.digestMismatches).toBe(0);
    client.send(OpCode.delete, { path: '/after', version: -1 });
    server.settle();
    expect(server.tree.digest.toBigInt()).not.toBe(before);
    expect(server.tree.store.count).toBe(4 + 4);
  });

  test('TTL nodes where the server does not know them', () => {
    const { server, client } = serverWith({ extendedTypesEnabled: false });
    client.send(createTTL, ttl('/t', 5, 1000));
    client.send(createTTL, ttl('/t', 0, -1));
    server.settle();
    expect(client.takeReplies().map((reply) => reply.err)).toEqual([
      ErrorCode.Unimplemented,
      ErrorCode.BadArguments,
    ]);
  });

  test('what a hard quota forbids, only where quotas are enforced', () => {
    for (const enforceQuota of [true, false]) {
      const { server, client } = serverWith({ enforceQuota });
      const limits = 'count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=4';
      client.send(C, create('/zookeeper/quota/a'));
      client.send(C, create('/zookeeper/quota/a/zookeeper_limits', 0, acl, Buffer.from(limits)));
      client.send(C, create('/zookeeper/quota/a/zookeeper_stats', 0, acl, Buffer.from('count=0,bytes=0')));
      server.settle();
      client.take();
      client.send(C, create('/a/1', 0, acl, Buffer.alloc(15)));
      server.settle();
      client.send(S, { path: '/a/1', data: Buffer.alloc(21), version: -1 });
      client.send(S, { path: '/a/1', data: Buffer.alloc(5), version: -1 });
      server.settle();
      client.send(C, create('/a/2'));
      server.settle();
      client.send(C, create('/a/3'));
      client.send(C, create('/free'));
      server.settle();
      const over = enforceQuota ? ErrorCode.QuotaExceeded : 0;
      expect(client.takeReplies().map((reply) => reply.err)).toEqual([0, over, 0, 0, over, 0]);
      expect(server.stats.digestMismatches).toBe(0);
    }
  });
});

describe('numbers', () => {
  test('sequence numbers count creations, plain ones too, also those that are under way', () => {
    const { server, client } = serverWith();
    const names = ['/a/s-', '/a/', '/a/s-'];
    client.send(C, create('/a/plain'));
    for (const name of names) client.send(C, create(name, 2));
    client.send(D, { path: '/a/plain', version: -1 });
    client.sendMulti([
      { type: C, body: create('/a/m-', 2) },
      { type: check, body: { path: '/none', version: 0 } },
    ]);
    client.send(C, create('/a/e-', 3));
    server.settle();
    const replies = client.takeReplies();
    const paths = [1, 2, 3, 6].map((at) => bodyOf(C, replies[at]!).path);
    expect(paths).toEqual(['/a/s-0000000002', '/a/0000000003', '/a/s-0000000004', '/a/e-0000000005']);
  });

  describe('a directory whose count has come to its end keeps it, as in Apache ZooKeeper', () => {
    const LAST = 2 ** 31 - 1;

    function exhausted(): { server: SimulatedServer; client: FakeClient; state: () => unknown[] } {
      const { server, client } = serverWith({ extendedTypesEnabled: true });
      const { store } = server.tree;
      const id = server.tree.findPath('/a');
      store.setStoredCversion(id, LAST);
      // The tree's digest has the count from here on.
      client.send(A, { path: '/a', acl, version: -1 });
      server.settle();
      client.takeReplies();
      return {
        server,
        client,
        state: () => {
          expect(store.digest(id)).toBe(store.computeDigest(id));
          expect(server.stats.digestMismatches).toBe(0);
          return [store.storedCversion(id), store.long(id, LongField.pzxid)];
        },
      };
    }

    test('one request at a time gets the last number again, and the count and pzxid stay', () => {
      const { server, client, state } = exhausted();
      const before = state();
      expect(before[0]).toBe(LAST);
      for (const name of ['s-', 'other-', 's-']) {
        client.send(C, create(`/a/${name}`, 2));
        server.settle();
      }
      const [first, second, third] = client.takeReplies();
      expect(bodyOf(C, first!).path).toBe('/a/s-2147483647');
      expect(bodyOf(C, second!).path).toBe('/a/other-2147483647');
      expect(third!.err).toBe(ErrorCode.NodeExists);
      expect(state()).toEqual(before);
    });

    test.each<[string, Write]>([
      ['a plain node', request(create2, create('/a/x'))],
      ['an ephemeral one', request(create2, create('/a/x', 1))],
      ['a container', request(createContainer, create('/a/x', 4))],
      ['one with a TTL', request(createTTL, ttl('/a/x', 5, 1000))],
    ])('creating %s lifts nothing, deleting it the pzxid', (_name, write) => {
      const { server, client, state } = exhausted();
      const before = state();
      client.send(...write);
      server.settle();
      expect(state()).toEqual(before);
      client.send(D, { path: '/a/x', version: -1 });
      server.settle();
      expect(client.takeReplies().map(({ err }) => err)).toEqual([0, 0]);
      expect(state()).toEqual([LAST, server.tree.lastProcessedZxid]);
    });

    test('a session that ends lifts the pzxid', () => {
      const { server, client, state } = exhausted();
      client.send(C, create('/a/x', 1));
      client.send(OpCode.closeSession, null);
      server.settle();
      expect(server.tree.findPath('/a/x')).toBe(NO_NODE);
      expect(state()).toEqual([LAST, server.tree.lastProcessedZxid]);
    });

    test('requests that are under way at once, and parts of a multi, get numbers below zero', () => {
      const { server, client, state } = exhausted();
      const before = state();
      for (let i = 0; i < 3; i++) client.send(C, create('/a/s-', 2));
      server.settle();
      const names = client.takeReplies().map((reply) => bodyOf(C, reply).path);
      expect(names).toEqual(['/a/s-2147483647', '/a/s--2147483648', '/a/s--2147483647']);
      client.sendMulti([
        { type: C, body: create('/a/m-', 2) },
        { type: C, body: create('/a/m-', 2) },
      ]);
      server.settle();
      const parts = multiResults(client.takeReplies()[0]!).map((part) => part.type === C && part.body.path);
      expect(parts).toEqual(['/a/m-2147483647', '/a/m--2147483648']);
      expect(state()).toEqual(before);
    });
  });

  test('versions wrap around', () => {
    const { server, client } = serverWith();
    server.tree.store.setVersion(server.tree.findPath('/a'), 2 ** 31 - 1);
    client.send(S, { path: '/a', data: null, version: 2 ** 31 - 1 });
    client.send(S, { path: '/a', data: null, version: -(2 ** 31) });
    server.settle();
    const [first, second] = client.takeReplies();
    expect(bodyOf(S, first!).stat.version).toBe(-(2 ** 31));
    expect(bodyOf(S, second!).stat.version).toBe(-(2 ** 31) + 1);
  });

  test('the longest TTL there is', () => {
    const { server, client } = serverWith();
    client.send(createTTL, ttl('/t', 5, 0xff_ffff_ffff));
    client.send(createTTL, ttl('/u', 6, 1));
    server.settle();
    const stats = client.takeReplies().map((reply) => bodyOf(createTTL, reply).stat);
    expect(stats.map((stat) => stat.ephemeralOwner)).toEqual([0n, 0n]);
    expect(server.tree.store.rawOwner(server.tree.findPath('/t'))).toBe(-0x00ff_ff00_0000_0001n);
  });
});

describe('multi', () => {
  const ops = (...list: MultiOp[]): MultiOp[] => list;

  test('each operation sees the ones before it', () => {
    const { server, client } = serverWith();
    client.sendMulti(
      ops(
        { type: C, body: create('/m') },
        { type: create2, body: create('/m/x', 1) },
        { type: S, body: { path: '/m/x', data: Buffer.from('1'), version: 0 } },
        { type: check, body: { path: '/m/x', version: 1 } },
        { type: D, body: { path: '/m/x', version: 1 } },
        { type: D, body: { path: '/m', version: -1 } },
      ),
    );
    client.sendMulti([]);
    server.settle();
    const [first, second] = client.takeReplies();
    expect(multiResults(first!).map((result) => result.type)).toEqual([C, C, S, check, D, D]);
    expect(multiResults(second!)).toEqual([]);
    expect(server.stats.digestMismatches).toBe(0);
  });

  test('one that fails leaves what is under way on the same paths as it was', () => {
    const { server, client } = serverWith();
    client.send(C, create('/m'));
    client.send(S, { path: '/m', data: Buffer.from('one'), version: 0 });
    client.sendMulti(
      ops(
        { type: S, body: { path: '/m', data: Buffer.from('two'), version: 1 } },
        { type: C, body: create('/m/x') },
        { type: D, body: { path: '/a/child', version: -1 } },
        { type: check, body: { path: '/m', version: 77 } },
        { type: C, body: create('/m/y') },
      ),
    );
    client.send(S, { path: '/m', data: Buffer.from('three'), version: 1 });
    client.send(C, create('/m/s', 2));
    client.send(OpCode.getChildren, { path: '/a', watch: false });
    server.settle();
    const replies = client.takeReplies();
    expect(multiResults(replies[2]!)).toEqual(
      [0, 0, 0, ErrorCode.BadVersion, ErrorCode.RuntimeInconsistency].map((err) => ({
        type: OpCode.error,
        body: { err },
      })),
    );
    expect([replies[2]!.err, replies[3]!.err]).toEqual([0, 0]);
    expect(bodyOf(C, replies[4]!).path).toBe('/m/s0000000000');
    expect(bodyOf(OpCode.getChildren, replies[5]!).children).toEqual(['child']);
    expect(server.stats.digestMismatches).toBe(0);
  });

  test('permissions hold in it', () => {
    const { server, client } = serverWith();
    client.sendMulti(ops({ type: C, body: create('/m') }, { type: C, body: create('/shut/x') }));
    server.settle();
    expect(multiResults(client.takeReplies()[0]!).map((result) => result.body)).toEqual([
      { err: 0 },
      { err: ErrorCode.NoAuth },
    ]);
    expect(server.tree.findPath('/m')).toBe(0);
  });
});

test('the end of a session takes the ephemeral nodes that are there when it comes, under way or not', () => {
  const { server, client } = serverWith();
  const other = server.client();
  client.send(C, create('/e1', 1));
  client.send(C, create('/e2', 1));
  client.send(D, { path: '/e1', version: -1 });
  client.sendMulti([
    { type: C, body: create('/e3', 1) },
    { type: check, body: { path: '/none', version: 0 } },
  ]);
  other.send(D, { path: '/eph', version: -1 });
  other.send(C, create('/eph', 1));
  client.send(OpCode.closeSession, null);
  other.send(C, create('/e2'));
  server.settle();
  expect(other.takeReplies().map((reply) => reply.err)).toEqual([0, 0, 0]);
  expect([...server.tree.owners.ephemerals]).toEqual([[other.sessionId, new Set(['/eph'])]]);
  expect(server.stats.digestMismatches).toBe(0);
});

test('a session with more ephemeral nodes than a transaction lists ends like any other', () => {
  const { server, client } = serverWith();
  const prefix = `/${'long-name-'.repeat(40)}`;
  for (let i = 0; i < 900; i++) client.send(C, create(`${prefix}${i}`, 1));
  client.send(C, create('/stays'));
  client.send(OpCode.closeSession, null);
  server.settle();
  expect(client.takeReplies()).toHaveLength(902);
  expect([server.tree.owners.ephemerals.size, server.tree.findPath('/stays') !== 0]).toEqual([0, true]);
  expect(server.stats.digestMismatches).toBe(0);
  server.files.crash();
  const again = new SimulatedServer({ files: server.files });
  expect(again.restoredMismatches).toBe(0);
  expect(again.tree.owners.ephemerals.size).toBe(0);
});

test('a node that differs from what was prepared is found, though digests are taken over from the preparation', () => {
  const { server, client } = serverWith();
  for (let i = 0; i < 64; i++)
    client.send(OpCode.setData, { path: '/a', data: Buffer.from([i]), version: -1 });
  // Between the preparation and the commit: as if another transaction had been applied than was prepared.
  server.tree.store.setAversion(server.tree.findPath('/a'), 7);
  server.settle();
  expect(server.stats.digestMismatches).toBeGreaterThan(0);
});
