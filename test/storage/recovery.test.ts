import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import { silentLogger } from '../../core/ports.ts';
import type { StorageErrorCode } from '../../core/storage/errors.ts';
import { ENTRY_OVERHEAD_BYTES, writeEntry, writeLogHeader } from '../../core/storage/log-format.ts';
import { type Recovered, recover } from '../../core/storage/recovery.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../core/storage/snapshot-format.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { makeZxid } from '../../wire/ids.ts';
import { FixedSource, RecordedState } from '../kit/recorded-state.ts';
import { makeTxn } from './crash-trial.ts';

const golden = (name: string): Buffer => readFileSync(new URL(`../golden/storage/${name}`, import.meta.url));
const stat = Buffer.alloc(60);

let files: MemoryFiles;
let warnings: string[];
beforeEach(() => {
  files = new MemoryFiles();
  warnings = [];
});

function put(path: string, bytes: Buffer): void {
  files.makeDirectory(path.slice(0, path.lastIndexOf('/')));
  files.open(path, 'create').writeNow(bytes, 0);
}

function log(...zxids: number[]): Buffer {
  const bytes = Buffer.alloc(100_000);
  writeLogHeader(bytes, 0);
  let at = 16;
  for (const zxid of zxids) {
    const txn = makeTxn(zxid, Buffer.from(`data ${zxid}`));
    writeEntry(bytes, at, txn);
    at += txn.length + ENTRY_OVERHEAD_BYTES;
  }
  return bytes;
}

/** Sessions, ACLs and one node that says which snapshot it is. */
function snapshot(zxid: number, endZxid = zxid): Buffer {
  const nodes = [
    { path: '', data: null, aclId: -1, stat },
    { path: `/at-${zxid}`, data: Buffer.from('x'), aclId: 1, stat },
  ];
  const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
  const source = new FixedSource(zxid, { sessions: [[7n, 4000]], acls: [[1, acl]], nodes }, null);
  const writer = new ByteWriter();
  writeSnapshotHead(writer, source);
  source.writeNodes(writer, 1_000_000);
  writeSnapshotEnd(writer, 1, { zxid: endZxid, version: 2, digest: 5n }, endZxid);
  return writer.finish();
}

/** A snapshot whose end says what it is told to. */
function endingWith(zxid: number, digestZxid: number | null, lastZxid: number | null): Buffer {
  const nodes = [{ path: '', data: null, aclId: -1, stat }];
  const writer = new ByteWriter();
  const source = new FixedSource(zxid, { sessions: [], acls: [], nodes }, null);
  writeSnapshotHead(writer, source);
  source.writeNodes(writer, 1_000_000);
  const digest = digestZxid === null ? null : { zxid: digestZxid, version: 2, digest: 5n };
  writeSnapshotEnd(writer, 1, digest, lastZxid);
  return writer.finish();
}

function run(options: { logDirectory?: string; snapshotTrustEmpty?: boolean } = {}): {
  recovered: Recovered;
  state: RecordedState;
} {
  const state = new RecordedState();
  const logger = {
    ...silentLogger,
    warn: (message: string) => warnings.push(message),
    error: (message: string) => warnings.push(message),
  };
  const recovered = recover(
    files,
    { snapshotDirectory: '/d', logDirectory: '/d', snapshotTrustEmpty: false, logger, ...options },
    state,
  );
  return { recovered, state };
}

function refusal(options: Parameters<typeof run>[0] = {}): {
  code: StorageErrorCode;
  path: string;
  message: string;
} {
  try {
    run(options);
  } catch (error) {
    return error as { code: StorageErrorCode; path: string; message: string };
  }
  throw new Error('recovery did not refuse');
}

describe('what was there comes back', () => {
  test('nothing, where nothing was', () => {
    expect(run().recovered).toEqual({ zxid: 0, snapshot: null, transactions: 0, torn: [], fresh: true });
    expect(files.exists('/d')).toBe(true);
  });

  test("Apache ZooKeeper's snapshot and log", () => {
    put('/d/snapshot.0', golden('snapshot.0'));
    put('/d/log.1', golden('log.1'));
    const { recovered, state } = run();
    expect(recovered).toMatchObject({ zxid: 8, transactions: 8, fresh: false });
    expect(state.nodes.length).toBe(4);
    expect(state.zxids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('the newest snapshot, and of the logs only what came after it', () => {
    put('/d/snapshot.8', golden('snapshot.8'));
    put('/d/snapshot.0', golden('snapshot.0'));
    put('/d/log.1', golden('log.1'));
    put('/d/log.9', log(9, 10));
    const { recovered, state } = run();
    expect(recovered).toMatchObject({ zxid: 10, transactions: 2, snapshot: { path: '/d/snapshot.8' } });
    expect(state.zxids).toEqual([9, 10]);
    expect(state.snapshot).toEqual({ zxid: 8, digest: { zxid: 8, version: 2, digest: 0x29cbce830n } });
  });

  test('a snapshot alone, with a warning that logs may be missing', () => {
    put('/d/snapshot.8', golden('snapshot.8'));
    expect(run().recovered).toMatchObject({ zxid: 8, transactions: 0, fresh: false });
    expect(warnings.join()).toMatch(/there is a snapshot, but no transaction log/);
  });

  test('a server that was stopped before anything was written, with nothing to say', () => {
    put('/d/snapshot.0', snapshot(0));
    expect(run().recovered).toMatchObject({ zxid: 0, transactions: 0, fresh: false });
    expect(warnings).toEqual([]);
  });

  test('a fuzzy snapshot whose log ends too early, with a warning', () => {
    put('/d/snapshot.3', snapshot(3, 6));
    put('/d/log.4', log(4, 5));
    expect(run().recovered.zxid).toBe(5);
    expect(warnings.join()).toMatch(
      /the logs end before the transactions that the snapshot may already show/,
    );
    warnings = [];
    put('/d/log.4', log(4, 5, 6));
    expect(run().recovered.zxid).toBe(6);
    expect(warnings).toEqual([]);
  });

  test('logs in a directory of their own', () => {
    put('/d/snapshot.3', snapshot(3));
    put('/l/log.4', log(4, 5));
    expect(run({ logDirectory: '/l' }).recovered.zxid).toBe(5);
  });
});

test('of many preallocated logs, only the last is read to its end', () => {
  const MIB = 1 << 20;
  put('/d/snapshot.0', snapshot(0));
  for (let zxid = 1; zxid <= 30; zxid++) {
    put(`/d/log.${zxid.toString(16)}`, log(zxid));
    files.open(`/d/log.${zxid.toString(16)}`, 'edit').writeNow(Buffer.alloc(1), 64 * MIB - 1);
  }
  let bytesRead = 0;
  const open = files.open.bind(files);
  files.open = (path, mode) => {
    const file = open(path, mode);
    const read = file.read.bind(file);
    file.read = (into, at) => {
      const count = read(into, at);
      bytesRead += count;
      return count;
    };
    return file;
  };
  expect(run().recovered.zxid).toBe(30);
  expect(bytesRead).toBeGreaterThan(64 * MIB);
  expect(bytesRead).toBeLessThan((64 + 3 * 30) * MIB);
});

test('snapshots of every version: with and without digest and last zxid', () => {
  for (const [digestZxid, lastZxid] of [
    [null, null],
    [null, 6],
    [6, null],
    [6, 6],
  ] as const) {
    put('/d/snapshot.6', endingWith(6, digestZxid, lastZxid));
    const { recovered, state } = run();
    expect(recovered.snapshot?.zxid).toBe(6);
    expect(state.snapshot?.digest ?? null).toEqual(
      digestZxid === null ? null : { zxid: 6, version: 2, digest: 5n },
    );
  }
  // Apache ZooKeeper writes a digest of zxid 0 where it has none yet.
  put('/d/snapshot.6', endingWith(6, 0, 6));
  expect(run().state.snapshot).toEqual({ zxid: 6, digest: null });
});

describe('a broken newest snapshot', () => {
  beforeEach(() => {
    put('/d/snapshot.3', snapshot(3));
    put('/d/log.1', log(1, 2, 3, 4, 5, 6, 7));
  });

  test('cut or damaged anywhere, gives way to the older one', () => {
    const newest = snapshot(6);
    // Cut behind a seal, it is what an older ZooKeeper writes: complete, without last zxid (21 bytes) or digest (33).
    const complete = [newest.length - 21, newest.length - 54];
    for (let at = 0; at < newest.length; at++) {
      const damaged = Buffer.from(newest);
      damaged[at] = (damaged[at] as number) ^ 0x40;
      for (const bytes of [newest.subarray(0, at), damaged]) {
        put('/d/snapshot.6', bytes);
        const { recovered, state } = run();
        const what = bytes === damaged ? `byte ${at} flipped` : `cut at byte ${at}`;
        if (bytes !== damaged && complete.includes(at)) {
          expect(recovered.snapshot?.zxid, what).toBe(6);
          continue;
        }
        expect(recovered, what).toMatchObject({ zxid: 7, transactions: 4, snapshot: { zxid: 3 } });
        expect(
          state.nodes.map((node) => node.path),
          what,
        ).toEqual(['', '/at-3']);
        expect(state.sessions, what).toEqual([[7n, 4000]]);
      }
    }
    put('/d/snapshot.6', newest);
    expect(run().recovered.snapshot?.path).toBe('/d/snapshot.6');
  });

  test('gives way when its records make no sense to the tree, long before the checksum is reached', () => {
    put('/d/snapshot.6', snapshot(6));
    const state = new RecordedState();
    const { node } = state;
    let refusal: Error = new Error('no parent');
    state.node = (path, ...rest) => {
      if (path.toString() === '/at-6') throw refusal;
      node.call(state, path, ...rest);
    };
    const options = { snapshotDirectory: '/d', logDirectory: '/d', snapshotTrustEmpty: false };
    const again = () => recover(files, { ...options, logger: silentLogger }, state);
    expect(again()).toMatchObject({ zxid: 7, snapshot: { zxid: 3 } });
    // What is no fault of the file is not taken for one.
    refusal = Object.assign(new Error('the disk failed'), { code: 'EIO' });
    expect(again).toThrow('the disk failed');
  });

  test('gives way when something follows that no ZooKeeper writes, or when it is of another version', () => {
    const whole = snapshot(6);
    const longer = Buffer.concat([whole, Buffer.alloc(3), Buffer.from([0, 0, 0, 1, 0x2f])]);
    const newer = Buffer.from(whole);
    newer.writeInt32BE(3, 4);
    for (const bytes of [longer, newer]) {
      put('/d/snapshot.6', bytes);
      expect(run().recovered).toMatchObject({ zxid: 7, snapshot: { zxid: 3 } });
    }
    expect(warnings.join()).toContain('8 bytes follow the last seal');
    expect(warnings.join()).toContain('does not begin with the header of a snapshot');
  });

  test('is told to the operator', () => {
    put('/d/snapshot.6', snapshot(6).fill(1, 60, 61));
    run();
    expect(warnings.join()).toMatch(
      /\/d\/snapshot\.6: the snapshot cannot be read at byte .*trying an older one/,
    );
  });

  test('refuses when the logs do not reach it from the older one', () => {
    put('/d/snapshot.9', snapshot(9).subarray(0, -1));
    expect(refusal()).toMatchObject({ code: 'corrupt-snapshot', path: '/d/snapshot.9' });
    expect(refusal().message).toMatch(/only reach 0x7/);
  });

  test('does not refuse for a snapshot at the start of an epoch, which is no transaction', () => {
    put('/d/snapshot.100000000', Buffer.alloc(0));
    expect(run().recovered.zxid).toBe(7);
  });
});

describe('what a crash leaves is cleared away', () => {
  test('a torn tail is cut off, so that every other ZooKeeper can read the log', () => {
    put('/d/snapshot.0', golden('snapshot.0'));
    put('/d/log.1', Buffer.concat([golden('log.1').subarray(0, 0x300), Buffer.alloc(500)]));
    expect(run().recovered).toMatchObject({
      zxid: 7,
      torn: [{ path: '/d/log.1', keepBytes: 0x2c4, bytes: 0x3c }],
    });
    expect(files.open('/d/log.1', 'read').size()).toBe(0x2c4);
    expect(run().recovered).toMatchObject({ zxid: 7, torn: [] });
  });

  test('an empty newest log is removed (ZOOKEEPER-2332)', () => {
    put('/d/snapshot.3', snapshot(3));
    put('/d/log.4', log(4));
    put('/d/log.5', Buffer.alloc(0));
    expect(run().recovered.zxid).toBe(4);
    expect(files.list('/d').sort()).toEqual(['log.4', 'snapshot.3']);
  });

  test('an unfinished snapshot is removed', () => {
    put('/d/snapshot.3', snapshot(3));
    put('/d/tmp-snapshot.5', snapshot(5));
    expect(run().recovered.zxid).toBe(3);
    expect(files.list('/d')).toEqual(['snapshot.3']);
  });

  test("Apache ZooKeeper's very first snapshot, unfinished, means that there is no history", () => {
    put('/d/snapshot.0', golden('snapshot.0').subarray(0, 100));
    expect(run().recovered).toMatchObject({ zxid: 0, fresh: true });
  });
});

describe('what a crash cannot have left is refused', () => {
  test('logs without a snapshot, unless told to trust them', () => {
    put('/d/log.1', log(1, 2));
    expect(refusal()).toMatchObject({ code: 'no-valid-snapshot', path: '/d/log.1' });
    expect(refusal().message).toContain('snapshot.trust.empty=true');
    expect(run({ snapshotTrustEmpty: true }).recovered).toMatchObject({
      zxid: 2,
      transactions: 2,
      fresh: false,
    });
  });

  test('history whose snapshots are all unreadable, even when told to trust an empty one', () => {
    put('/d/snapshot.3', snapshot(3).subarray(0, 50));
    put('/d/log.4', log(4));
    expect(refusal({ snapshotTrustEmpty: true })).toMatchObject({
      code: 'no-valid-snapshot',
      path: '/d/snapshot.3',
    });
  });

  test('a gap between snapshot and log', () => {
    put('/d/snapshot.3', snapshot(3));
    put('/d/log.5', log(5, 6));
    expect(refusal()).toMatchObject({ code: 'log-gap', path: '/d/log.5' });
    expect(refusal().message).toMatch(/transaction 0x5, but the snapshot ends at 0x3/);
  });

  test('a torn tail or an empty log, where the snapshot shows that what is missing was safe once', () => {
    // Six bytes of the entry after `zxid`, as if the process had died while it wrote.
    const tornAfter = (zxid: number) => {
      const whole = log(4, 5, 6, 7);
      const end = 16 + (zxid - 3) * (makeTxn(4, Buffer.from('data 4')).length + ENTRY_OVERHEAD_BYTES);
      return Buffer.concat([whole.subarray(0, end + 20), Buffer.alloc(2000)]);
    };
    put('/d/snapshot.3', snapshot(3, 6));
    put('/d/log.4', tornAfter(5));
    expect(refusal()).toMatchObject({ code: 'corrupt-log', path: '/d/log.4' });
    expect(refusal().message).toMatch(/the snapshot shows transactions up to 0x6/);
    put('/d/log.4', tornAfter(6));
    expect(run().recovered).toMatchObject({ zxid: 6, torn: [{ path: '/d/log.4' }] });
    put('/d/log.4', Buffer.alloc(0));
    expect(refusal()).toMatchObject({ code: 'corrupt-log', path: '/d/log.4' });
    put('/d/log.4', log(4, 5, 6));
    put('/d/log.7', Buffer.alloc(0));
    expect(run().recovered).toMatchObject({ zxid: 6, torn: [{ path: '/d/log.7' }] });
    put('/d/snapshot.3', snapshot(3, 7));
    put('/d/log.7', Buffer.alloc(0));
    expect(refusal()).toMatchObject({ code: 'corrupt-log', path: '/d/log.7' });
  });

  test('directories that were mixed up (ZOOKEEPER-2967)', () => {
    put('/l/snapshot.3', snapshot(3));
    put('/d/log.4', log(4));
    expect(refusal({ logDirectory: '/l' })).toMatchObject({
      code: 'directories-mixed',
      path: '/l/snapshot.3',
    });
    files.remove('/l/snapshot.3');
    expect(refusal({ logDirectory: '/l' })).toMatchObject({ code: 'directories-mixed', path: '/d/log.4' });
  });

  test('packed snapshots, with the way to unpack them', () => {
    put('/d/snapshot.3', snapshot(3));
    put('/d/snapshot.4.gz', Buffer.from([0x1f, 0x8b]));
    expect(refusal()).toMatchObject({ code: 'unsupported-compression', path: '/d/snapshot.4.gz' });
    expect(refusal().message).toContain('gunzip /d/snapshot.4.gz');
    // Unpacked, with the packed one still there.
    put('/d/snapshot.4', snapshot(4));
    expect(run().recovered.snapshot?.path).toBe('/d/snapshot.4');
  });

  test('and nothing is changed on the disk', () => {
    put('/d/snapshot.3', snapshot(3));
    put('/d/log.4', log(4).subarray(0, 40));
    put('/d/log.6', log(6));
    put('/d/tmp-snapshot.5', Buffer.alloc(3));
    const before = files.list('/d').map((name) => [name, files.open(`/d/${name}`, 'read').size()]);
    refusal();
    expect(files.list('/d').map((name) => [name, files.open(`/d/${name}`, 'read').size()])).toEqual(before);
  });
});

test('what was logged twice counts once, whatever the end of the second log is', () => {
  put('/d/snapshot.0', snapshot(0));
  put('/d/log.1', log(1, 2, 3, 4, 5, 6));
  put('/d/log.3', Buffer.concat([log(3, 4).subarray(0, 250), Buffer.from('damage')]));
  put('/d/log.7', log(7));
  expect(run().state.zxids).toEqual([1, 2, 3, 4, 5, 6, 7]);
  files.remove('/d/log.7');
  put('/d/log.8', log(8));
  expect(refusal()).toMatchObject({ code: 'corrupt-log', path: '/d/log.3' });
});

test('a torn tail before the log of a newer epoch is told and left as it is', () => {
  const first = makeZxid(1, 1);
  put('/d/snapshot.0', snapshot(0));
  put('/d/log.1', log(1, 2, 3).subarray(0, 230));
  const { length } = log(1, 2, 3).subarray(0, 230);
  put(`/d/log.${first.toString(16)}`, log(first));
  expect(run().recovered).toMatchObject({ zxid: first, transactions: 3, torn: [] });
  expect(warnings).toEqual(['transaction log ends in the remains of an unfinished write']);
  expect(files.open('/d/log.1', 'read').size()).toBe(length);
});

test('a snapshot of a new epoch goes on with the first transaction of that epoch', () => {
  const first = makeZxid(1, 1);
  put(`/d/snapshot.${(first - 1).toString(16)}`, snapshot(first - 1));
  put('/d/log.1', log(1, 2));
  put(`/d/log.${first.toString(16)}`, log(first, first + 1));
  expect(run().state.zxids).toEqual([first, first + 1]);
});

test('other names are left alone', () => {
  put('/d/snapshot.3', snapshot(3));
  for (const name of ['log.4.bak', 'snapshot.9.tmp', 'log.xyz', 'currentEpoch', 'acceptedEpoch']) {
    put(`/d/${name}`, Buffer.from('1'));
  }
  expect(run().recovered.zxid).toBe(3);
  expect(files.list('/d').length).toBe(6);
});
