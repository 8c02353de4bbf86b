import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../../core/io/memory-files.ts';
import { silentLogger } from '../../../core/ports.ts';
import { recover } from '../../../core/storage/recovery.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../../core/storage/snapshot-format.ts';
import { readSnapshot } from '../../../core/storage/snapshot-reader.ts';
import { NO_NODE } from '../../../core/tree/node-id.ts';
import { TreeRestorer } from '../../../core/tree/restore.ts';
import { TreeSnapshot } from '../../../core/tree/snapshot-view.ts';
import type { DataTree } from '../../../core/tree/tree.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import { OPEN_ACL } from '../../../wire/data.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { type LoggedTxn, readLoggedTxn } from '../../../wire/txn.ts';
import { SimulatedServer } from '../../kit/simulated-server.ts';
import { stateOf } from '../../kit/tree-state.ts';

const DIRECTORY = '/data/version-2';
const create = (path: string, flags = 0) => ({ path, data: Buffer.from(path), acl: [...OPEN_ACL], flags });
const restorerFor = (tree: DataTree) => new TreeRestorer(tree.options, silentLogger);

/** A snapshot of the tree as it is; `digestOff` is added to its digest, `meanwhile` happens while it is taken. */
function snapshotOf(tree: DataTree, digestOff = 0n, meanwhile: () => void = () => {}): Buffer {
  const source = new TreeSnapshot(tree);
  const writer = new ByteWriter();
  writeSnapshotHead(writer, source);
  while (source.writeNodes(writer, 1_000_000));
  meanwhile();
  const digest = source.digest();
  if (digest === null) throw new Error('digests are off');
  writeSnapshotEnd(writer, 1, { ...digest, digest: digest.digest + digestOff }, null);
  source.close();
  return writer.finish();
}

function load(bytes: Buffer, zxid: number, restorer: TreeRestorer): TreeRestorer {
  const files = new MemoryFiles();
  files.makeDirectory('/s');
  files.open('/s/x', 'create').writeNow(bytes, 0);
  readSnapshot(files.open('/s/x', 'read'), zxid, restorer);
  return restorer;
}

describe('a restored tree', () => {
  test('is the same from an older snapshot, wherever the newest one is damaged', () => {
    const server = new SimulatedServer({ config: { snapCount: 12 } });
    const client = server.client();
    for (let i = 0; i < 12; i++) {
      client.send(OpCode.create, create(`/n${i}`));
      client.send(OpCode.create, create(`/n${i}/child`, i % 3 === 0 ? 1 : 0));
      client.send(OpCode.setData, { path: `/n${i}`, data: Buffer.from('again'), version: -1 });
      server.settle();
    }
    const contents = new Map<string, Buffer>();
    for (const name of server.files.list(DIRECTORY)) {
      const file = server.files.open(`${DIRECTORY}/${name}`, 'read');
      const bytes = Buffer.alloc(file.size());
      file.read(bytes, 0);
      contents.set(name, bytes);
    }
    const snapshots = [...contents.keys()].filter((name) => name.startsWith('snapshot.'));
    const newest = snapshots.sort((a, b) => Number(`0x${a.slice(9)}`) - Number(`0x${b.slice(9)}`)).at(-1)!;
    expect(snapshots.length).toBeGreaterThan(2);
    const expected = stateOf(server.tree);
    const whole = contents.get(newest)!;
    for (let at = 0; at < whole.length; at += 5) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      const files = new MemoryFiles();
      files.makeDirectory(DIRECTORY);
      for (const [name, bytes] of contents)
        files.open(`${DIRECTORY}/${name}`, 'create').writeNow(name === newest ? damaged : bytes, 0);
      const restorer = restorerFor(server.tree);
      const options = { snapshotDirectory: DIRECTORY, logDirectory: DIRECTORY, snapshotTrustEmpty: false };
      const { snapshot } = recover(files, { ...options, logger: silentLogger }, restorer);
      expect(snapshot?.path, `byte ${at}`).not.toBe(`${DIRECTORY}/${newest}`);
      expect(restorer.mismatches).toBe(0);
      expect(stateOf(restorer.finish()), `byte ${at}`).toEqual(expected);
    }
  });

  test('has no ephemeral nodes whose session is unknown, as Apache ZooKeeper can leave them', () => {
    const server = new SimulatedServer();
    const [owner, other] = [server.client(), server.client()];
    owner.send(OpCode.create, create('/theirs', 1));
    other.send(OpCode.create, create('/ours', 1));
    server.settle();
    const { tree } = server;
    tree.sessions.delete(owner.sessionId);
    const restored = load(snapshotOf(tree), tree.lastProcessedZxid, restorerFor(tree)).finish();
    expect(restored.findPath('/theirs')).toBe(NO_NODE);
    expect(restored.findPath('/ours')).not.toBe(NO_NODE);
  });
});

describe('a digest that does not match is counted', () => {
  test('at the end of a snapshot of a tree that stood still', () => {
    const server = new SimulatedServer();
    server.client();
    const { tree } = server;
    expect(load(snapshotOf(tree), tree.lastProcessedZxid, restorerFor(tree)).mismatches).toBe(0);
    expect(load(snapshotOf(tree, 1n), tree.lastProcessedZxid, restorerFor(tree)).mismatches).toBe(1);
  });

  test.each([0n, 1n])(
    'of one that changed meanwhile, at the transaction that it ends with: off by %s',
    (off) => {
      // Of a server with a snapCount of its own, what it logs is kept.
      const server = new SimulatedServer({ config: { snapCount: 1e9 } });
      const client = server.client();
      const { tree } = server;
      const startZxid = tree.lastProcessedZxid;
      const bytes = snapshotOf(tree, off, () => {
        for (const path of ['/a', '/b']) client.send(OpCode.create, create(path));
        server.settle();
      });
      const endZxid = tree.lastProcessedZxid;
      client.send(OpCode.create, create('/c'));
      server.settle();
      const restorer = load(bytes, startZxid, restorerFor(tree));
      const counts: number[] = [];
      for (const logged of server.logged.map((entry) => readLoggedTxn(entry))) {
        if (logged.header.zxid <= startZxid) continue;
        // Those within the snapshot's own time may be in it in part: their digests are not compared.
        const isWithin = logged.header.zxid < endZxid;
        restorer.txn(isWithin ? { ...logged, digest: { version: 2, treeDigest: 4711n } } : logged);
        counts.push(restorer.mismatches);
      }
      expect(counts).toEqual(off === 0n ? [0, 0, 0] : [0, 1, 1]);
      expect(stateOf(restorer.finish())).toEqual(stateOf(tree));
    },
  );

  /** A tree that changed while it was sent, as the learner saves it: it says that it ends where it began. */
  function sentWhileChanging(): { tree: DataTree; snapshot: Buffer; zxid: number; after: LoggedTxn[] } {
    const server = new SimulatedServer({ config: { snapCount: 1e9 } });
    const client = server.client();
    const { tree } = server;
    client.send(OpCode.create, create('/a'));
    server.settle();
    const zxid = tree.lastProcessedZxid;
    const source = new TreeSnapshot(tree);
    client.send(OpCode.setData, { path: '/a', data: Buffer.from('changed'), version: -1 });
    client.send(OpCode.create, create('/b'));
    server.settle();
    const writer = new ByteWriter();
    writeSnapshotHead(writer, source);
    while (source.writeNodes(writer, 1_000_000));
    writeSnapshotEnd(writer, 1, null, null);
    source.close();
    const sent = writer.finish();
    const learner = load(sent, zxid, restorerFor(tree)).finish();
    for (const path of ['/c', '/d']) client.send(OpCode.create, create(path));
    server.settle();
    const logged = server.logged.map((entry) => readLoggedTxn(entry));
    const after = logged.filter(({ header }) => header.zxid > zxid);
    return { tree, snapshot: snapshotOf(learner), zxid, after };
  }

  test('but not where the log makes whole what a leader sent while it changed', () => {
    const { tree, snapshot, zxid, after } = sentWhileChanging();
    const restorer = load(snapshot, zxid, restorerFor(tree));
    const counts = after.map((logged) => {
      restorer.txn(logged);
      return restorer.mismatches;
    });
    expect([counts[0], counts.at(-1)]).toEqual([1, 0]);
    expect(stateOf(restorer.finish())).toEqual(stateOf(tree));
    expect(restorer.mismatches).toBe(0);
  });

  test('where the log ends without having made it whole, and whenever it differs again', () => {
    const { tree, snapshot, zxid, after } = sentWhileChanging();
    const wrong = after.map((logged) => ({ ...logged, digest: { version: 2, treeDigest: 4711n } }));
    const never = load(snapshot, zxid, restorerFor(tree));
    for (const logged of wrong) never.txn(logged);
    never.finish();
    expect(never.mismatches).toBe(wrong.length);
    const again = load(snapshot, zxid, restorerFor(tree));
    for (const logged of [...after.slice(0, -1), wrong.at(-1)!]) again.txn(logged);
    expect(again.mismatches).toBe(1);
  });
});
