import { expect, test } from 'vitest';
import { ServerStats } from '../../../core/admin/stats.ts';
import { applyUncommitted } from '../../../core/ensemble/role.ts';
import { DiskSnapshots } from '../../../core/io/disk-snapshot.ts';
import { silentLogger } from '../../../core/ports.ts';
import { openLog, restoreTree } from '../../../core/restore.ts';
import { Store } from '../../../core/store.ts';
import { TreeSnapshot } from '../../../core/tree/snapshot-view.ts';
import { CommittedLog } from '../../../core/zab/commit-log.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { type LoggedTxn, writeLoggedTxn } from '../../../wire/txn.ts';
import { Rng } from '../../kit/seed.ts';
import { SimulatedFiles } from '../../kit/simulated-files.ts';
import { SIMULATED_CONFIG } from '../../kit/simulated-server.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

const directory = '/data/version-2';

function setData(zxid: number, data: string): { zxid: number; logged: LoggedTxn; bytes: Buffer } {
  const body = { path: '/zookeeper', data: Buffer.from(data), version: 1 };
  const logged: LoggedTxn = {
    header: { clientId: 1n, cxid: zxid, zxid, time: 0, type: OpCode.setData },
    txn: { type: OpCode.setData, body },
    digest: null,
  };
  const writer = new ByteWriter();
  writeLoggedTxn(writer, logged);
  return { zxid, logged, bytes: writer.finish() };
}

// Without digests nothing in a snapshot tells how far the tree had come when it was complete.
test('a snapshot under way does not come to show what was never committed', () => {
  const files = new SimulatedFiles(new Rng(1));
  const clock = new VirtualTime();
  const parts = {
    config: SIMULATED_CONFIG,
    files,
    directories: { snapshotDirectory: directory, logDirectory: directory },
    treeOptions: { extendedTypes: true, digestEnabled: false, hashSeed: 7 },
    stats: new ServerStats(),
    logger: silentLogger,
    clock,
    scheduler: clock,
    random: new Rng(1),
  };
  const { tree } = restoreTree(parts);
  const turns: (() => void)[] = [];
  const snapshots = new DiskSnapshots(files, {
    ...parts.directories,
    logger: silentLogger,
    yieldTurn: (next) => void turns.push(next),
  });
  const store = new Store(
    tree,
    { ...parts, snapshots, openLog: (events) => openLog(parts, events) },
    { durable() {}, failed() {} },
  );
  const committed = setData(1, 'committed');
  const committedLog = new CommittedLog(0);
  committedLog.add(1, committed.bytes);
  tree.apply(committed.logged);
  snapshots.write(new TreeSnapshot(tree), () => {});
  applyUncommitted({ store, committedLog, snapshots }, [setData(2, 'not committed')]);
  while (turns.length > 0 || files.step()) turns.shift()?.();
  const restored = restoreTree(parts).tree;
  expect(restored.store.data(restored.findPath('/zookeeper'))?.toString()).not.toBe('not committed');
});
