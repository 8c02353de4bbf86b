import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../core/ports.ts';
import { ENTRY_OVERHEAD_BYTES, writeEntry, writeLogHeader } from '../../core/storage/log-format.ts';
import { type Recovered, recover } from '../../core/storage/recovery.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../core/storage/snapshot-format.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { FixedSource, RecordedState } from '../kit/recorded-state.ts';
import { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import { makeTxn } from './crash-trial.ts';

// What a start has shown to clients survives the power failure after it, though the server that wrote it (Apache ZooKeeper, or
// one of ours that was killed) left it in the system's cache.

const SNAPSHOTS = '/data/version-2';
const LOGS = '/log/version-2';

function logBytes(...zxids: number[]): Buffer {
  const bytes = Buffer.alloc(8192);
  writeLogHeader(bytes, 0);
  let at = 16;
  for (const zxid of zxids) {
    const txn = makeTxn(zxid, Buffer.alloc(900, 0x61));
    writeEntry(bytes, at, txn);
    at += txn.length + ENTRY_OVERHEAD_BYTES;
  }
  return bytes.subarray(0, at);
}

function snapshotBytes(zxid: number): Buffer {
  const nodes = [{ path: '', data: Buffer.alloc(3000, 0x62), aclId: -1, stat: Buffer.alloc(60) }];
  const source = new FixedSource(zxid, { sessions: [], acls: [], nodes }, null);
  const writer = new ByteWriter();
  writeSnapshotHead(writer, source);
  source.writeNodes(writer, 1_000_000);
  writeSnapshotEnd(writer, 1, null, null);
  return writer.finish();
}

interface Written {
  /** Whether its contents are synced, and its name. */
  readonly synced: boolean;
  readonly named: boolean;
}
const durably: Written = { synced: true, named: true };

function put(files: SimulatedFiles, directory: string, name: string, bytes: Buffer, how: Written): void {
  const file = files.open(`${directory}/${name}`, 'create');
  file.writeNow(bytes, 0);
  if (how.synced) file.datasyncNow();
  if (how.named) files.syncDirectory(directory);
}

function start(files: SimulatedFiles): Recovered {
  const options = { snapshotDirectory: SNAPSHOTS, logDirectory: LOGS, snapshotTrustEmpty: false };
  return recover(files, { ...options, logger: silentLogger }, new RecordedState());
}

/** Lets `write` fill the disk, starts, and then has the power fail, in many ways; what is there afterwards is for `check`. */
function forManyFailures(
  write: (files: SimulatedFiles) => void,
  check: (files: SimulatedFiles, shown: Recovered) => void,
): void {
  for (let seed = 0; seed < 200; seed++) {
    const files = new SimulatedFiles(new Rng(seed));
    for (const directory of ['/data', SNAPSHOTS, '/log', LOGS]) {
      files.makeDirectory(directory);
      files.syncDirectory(directory.slice(0, directory.lastIndexOf('/')) || '/');
    }
    write(files);
    files.kill();
    const shown = start(files);
    files.crash();
    check(files, shown);
  }
}

describe('what a start has shown survives a power failure', () => {
  test('a log whose name no one synced: Apache ZooKeeper never does', () => {
    forManyFailures(
      (files) => {
        put(files, SNAPSHOTS, 'snapshot.0', snapshotBytes(0), durably);
        put(files, LOGS, 'log.1', logBytes(1, 2), { synced: true, named: false });
      },
      (files, shown) => {
        expect(shown.zxid).toBe(2);
        expect(start(files).zxid).toBe(2);
      },
    );
  });

  test('a snapshot whose name or contents no one synced', () => {
    for (const how of [
      { synced: true, named: false },
      { synced: false, named: true },
      { synced: false, named: false },
    ]) {
      forManyFailures(
        (files) => put(files, SNAPSHOTS, 'snapshot.7', snapshotBytes(7), how),
        (files, shown) => {
          expect(shown.zxid).toBe(7);
          expect(start(files)).toMatchObject({ zxid: 7, snapshot: { zxid: 7 } });
        },
      );
    }
  });

  test('the last batch of a log that no one synced', () => {
    forManyFailures(
      (files) => {
        put(files, SNAPSHOTS, 'snapshot.0', snapshotBytes(0), durably);
        put(files, LOGS, 'log.1', logBytes(1, 2, 3, 4), { synced: false, named: true });
      },
      (files, shown) => {
        expect(shown.zxid).toBe(4);
        expect(start(files).zxid).toBe(4);
      },
    );
  });

  test('the last batch of a log whose sync failed: the system takes it for written, though it is not', () => {
    forManyFailures(
      (files) => {
        put(files, SNAPSHOTS, 'snapshot.0', snapshotBytes(0), durably);
        const file = files.open(`${LOGS}/log.1`, 'create');
        files.syncDirectory(LOGS);
        file.writeNow(logBytes(1, 2, 3, 4), 0);
        files.planFault({ action: 'datasync', code: 'EIO' });
        let failure: Error | null = null;
        file.datasync((error) => {
          failure = error;
        });
        files.run();
        expect(failure).not.toBeNull();
      },
      (files, shown) => {
        expect(shown.zxid).toBe(4);
        expect(start(files).zxid).toBe(4);
      },
    );
  });

  test('the cut of a torn tail: no other ZooKeeper comes upon the remains', () => {
    // With an intact entry before it, and with none.
    for (const zxids of [[1, 2], [1]]) {
      const whole = logBytes(...zxids);
      forManyFailures(
        (files) => {
          put(files, SNAPSHOTS, 'snapshot.0', snapshotBytes(0), durably);
          put(files, LOGS, 'log.1', whole.subarray(0, whole.length - 300), durably);
        },
        (files, shown) => {
          const keepBytes = logBytes(...zxids.slice(1)).length;
          expect(shown.torn).toMatchObject([{ keepBytes }]);
          expect(files.open(`${LOGS}/log.1`, 'read').size()).toBe(keepBytes);
        },
      );
    }
  });

  test('the removal of a log that holds nothing', () => {
    forManyFailures(
      (files) => {
        put(files, SNAPSHOTS, 'snapshot.0', snapshotBytes(0), durably);
        put(files, LOGS, 'log.1', Buffer.alloc(0), durably);
      },
      (files, shown) => {
        expect(shown.torn).toMatchObject([{ keepBytes: 0 }]);
        expect(files.list(LOGS)).toEqual([]);
      },
    );
  });
});
