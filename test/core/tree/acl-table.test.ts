import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../core/ports.ts';
import { AclTable, OPEN_ACL_ID } from '../../../core/tree/acl-table.ts';
import { TreeRestorer } from '../../../core/tree/restore.ts';
import { type Acl, OPEN_ACL } from '../../../wire/data.ts';
import { OpCode } from '../../../wire/opcodes.ts';

const readable: Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const owned = (user: string): Acl[] => [{ perms: 31, id: { scheme: 'digest', id: `${user}:hash` } }];

describe('AclTable', () => {
  test('a list has one number as long as a node uses it, and a new one afterwards', () => {
    const table = new AclTable();
    const id = table.use(owned('a'));
    expect(table.use(owned('a'))).toBe(id);
    expect(table.use(owned('b'))).not.toBe(id);
    table.release(id);
    expect(table.get(id)).toEqual(owned('a'));
    table.release(id);
    expect([...table.entries()].map(([, acl]) => acl)).toEqual([owned('b')]);
    expect(table.use(owned('a'))).toBeGreaterThan(id);
  });

  test('no list at all is open and has no entry', () => {
    const table = new AclTable();
    expect(table.use(null)).toBe(OPEN_ACL_ID);
    expect(table.get(OPEN_ACL_ID)).toEqual(OPEN_ACL);
    table.release(OPEN_ACL_ID);
    expect([...table.entries()]).toEqual([]);
  });

  test('a number that the map lacks is locked, and given to no other list', () => {
    const table = new AclTable();
    table.load(3, owned('a'));
    table.useId(3);
    table.useId(7);
    expect(table.worldPerms(7)).toBe(0);
    expect(table.use(owned('b'))).toBeGreaterThan(7);
    table.release(7);
    expect(table.get(3)).toEqual(owned('a'));
  });

  test('lists that differ only in where an entry ends are two', () => {
    const table = new AclTable();
    const one = [{ perms: 1, id: { scheme: 'digest', id: 'u:\n1\nworld\nanyone' } }];
    const two = [{ perms: 1, id: { scheme: 'digest', id: 'u:' } }, ...readable];
    expect(table.use(one)).not.toBe(table.use(two));
    const none = [{ perms: 1, id: { scheme: 'x', id: null } }];
    const text = [{ perms: 1, id: { scheme: 'x', id: 'null' } }];
    expect(table.use(none)).not.toBe(table.use(text));
  });
});

test('a snapshot may give the first number to any list', () => {
  const restorer = new TreeRestorer({ extendedTypes: true, digestEnabled: true, hashSeed: 1 }, silentLogger);
  restorer.acl(1, owned('a'));
  const stat = Buffer.alloc(60);
  for (const [path, aclId] of [
    ['', -1],
    ['/zookeeper', -1],
    ['/zookeeper/quota', -1],
    ['/mine', 1],
  ] as const)
    restorer.node(Buffer.from(path), null, aclId, stat);
  restorer.snapshotLoaded(5, null);
  const create = { path: '/shown', data: null, acl: readable, ephemeral: false, parentCVersion: 1 };
  const header = { clientId: 1n, cxid: 1, zxid: 6, time: 0, type: OpCode.create };
  restorer.txn({ header, txn: { type: OpCode.create, body: create }, digest: null });
  const tree = restorer.finish();
  const aclOf = (path: string) => tree.acls.get(tree.store.aclId(tree.findPath(path)));
  expect(aclOf('/shown')).toEqual(readable);
  expect(aclOf('/zookeeper/config')).toEqual(readable);
  expect(aclOf('/mine')).toEqual(owned('a'));
});
