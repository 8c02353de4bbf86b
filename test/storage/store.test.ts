import { expect, test } from 'vitest';
import { ServerStats } from '../../core/admin/stats.ts';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { silentLogger } from '../../core/ports.ts';
import { openLog, restoreTree } from '../../core/restore.ts';
import { Store } from '../../core/store.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type LoggedTxn, writeLoggedTxn } from '../../wire/txn.ts';
import { writeFirstSnapshot } from '../kit/first-snapshot.ts';
import { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import { SIMULATED_CONFIG } from '../kit/simulated-server.ts';
import { VirtualTime } from '../kit/virtual-time.ts';

const directory = '/data/version-2';

function transaction(zxid: number): LoggedTxn {
  return {
    header: { clientId: 1n, cxid: zxid, zxid, time: 0, type: OpCode.error },
    txn: { type: OpCode.error, body: { err: 0 } },
    digest: null,
  };
}

test('a snapshot has no name before the log has on disk what it shows', () => {
  const files = new SimulatedFiles(new Rng(1));
  const clock = new VirtualTime();
  const parts = {
    config: { ...SIMULATED_CONFIG, snapCount: 4 },
    files,
    directories: { snapshotDirectory: directory, logDirectory: directory },
    treeOptions: { extendedTypes: true, digestEnabled: true, hashSeed: 7 },
    stats: new ServerStats(),
    logger: silentLogger,
    clock,
  };
  const { tree } = restoreTree(parts);
  /** Work of the snapshot and of the log, apart. */
  const background: (() => void)[] = [];
  const snapshots = new DiskSnapshots(files, {
    ...parts.directories,
    logger: silentLogger,
    yieldTurn: (next) => void background.push(next),
  });
  const firstSnapshots = new DiskSnapshots(files, {
    ...parts.directories,
    logger: silentLogger,
    yieldTurn: files.yieldTurn,
  });
  writeFirstSnapshot(files, firstSnapshots, tree);
  const store = new Store(
    tree,
    {
      ...parts,
      random: new Rng(1),
      scheduler: clock,
      snapshots,
      openLog: (events) => openLog(parts, events),
    },
    { durable() {}, failed() {} },
  );
  const append = (zxid: number): void => {
    const writer = new ByteWriter();
    writeLoggedTxn(writer, transaction(zxid));
    store.append(zxid, writer.finish());
    // A quorum of others has it: committed before the own disk is done.
    tree.apply(transaction(zxid));
  };
  const named = (): string[] => files.list(directory).filter((name) => /^snapshot\.[1-9a-f]/.test(name));
  for (let zxid = 1; zxid <= 5; zxid++) {
    append(zxid);
    clock.endTurn();
    files.run();
  }
  expect(snapshots.busy).toBe(true);
  // Applied before the snapshot looked at the tree, and still in memory.
  append(6);
  const run = (): void => {
    do files.run();
    while (background.splice(0).map((next) => next()).length > 0);
  };
  run();
  expect([snapshots.busy, named()]).toEqual([true, []]);
  clock.endTurn();
  run();
  expect([snapshots.busy, named().length]).toEqual([false, 1]);
});
