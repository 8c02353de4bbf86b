import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import { silentLogger } from '../../core/ports.ts';
import { recover } from '../../core/storage/recovery.ts';
import { beginHistoryAt, truncateLogs } from '../../core/storage/truncate.ts';
import { makeZxid } from '../../wire/ids.ts';
import { logBytes, snapshotBytes } from '../kit/history-files.ts';
import { RecordedState } from '../kit/recorded-state.ts';

let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles();
  files.makeDirectory('/s');
  files.makeDirectory('/l');
});

const directories = { snapshotDirectory: '/s', logDirectory: '/l' };
const put = (path: string, bytes: Buffer) => files.open(path, 'create').writeNow(bytes, 0);
const log = (...zxids: number[]) => put(`/l/log.${zxids[0]?.toString(16)}`, logBytes(zxids));
const snapshot = (zxid: number, end = zxid) =>
  put(`/s/snapshot.${zxid.toString(16)}`, snapshotBytes(zxid, end));
const names = () => [...files.list('/s'), ...files.list('/l')].sort();
const truncate = (zxid: number) => truncateLogs(files, directories, zxid);

function contents(): Map<string, string> {
  const all = new Map<string, string>();
  for (const path of [...files.list('/s').map((n) => `/s/${n}`), ...files.list('/l').map((n) => `/l/${n}`)]) {
    const file = files.open(path, 'read');
    const bytes = Buffer.alloc(file.size());
    file.read(bytes, 0);
    all.set(path, bytes.toString('hex'));
  }
  return all;
}

/** The snapshot that recovery begins with and the transactions behind it. */
function recovered(): number[] {
  const state = new RecordedState();
  const options = { ...directories, snapshotTrustEmpty: false, logger: silentLogger };
  const { zxid } = recover(files, options, state);
  const history = [state.snapshot?.zxid ?? -1, ...state.zxids];
  expect(zxid).toBe(history.at(-1));
  return history;
}

function refuses(zxid: number): void {
  const before = contents();
  expect(truncate(zxid)).toBe(false);
  expect(contents()).toEqual(before);
}

describe('cutting the log back', () => {
  test('takes off what is behind in the same file, and later files', () => {
    snapshot(0);
    log(1, 2, 3);
    log(4, 5, 6, 7);
    log(8, 9);
    expect(truncate(5)).toBe(true);
    expect(names()).toEqual(['log.1', 'log.4', 'snapshot.0']);
    expect(recovered()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(truncate(3)).toBe(true);
    expect(names()).toEqual(['log.1', 'snapshot.0']);
    expect(recovered()).toEqual([0, 1, 2, 3]);
  });

  test('to the last transaction changes nothing', () => {
    snapshot(0);
    log(1, 2, 3);
    const before = contents();
    expect(truncate(3)).toBe(true);
    expect(contents()).toEqual(before);
  });

  test('to the snapshot leaves no transaction', () => {
    snapshot(3);
    log(1, 2, 3, 4, 5);
    expect(truncate(3)).toBe(true);
    expect(recovered()).toEqual([3]);
    put('/l/log.4', logBytes([4]));
    expect(recovered()).toEqual([3, 4]);
  });

  test.each([
    ['that is newer', 7, 7],
    ['that was begun before and shows what is cut', 4, 6],
  ])('takes a snapshot along %s', (_what, zxid, end) => {
    snapshot(2);
    snapshot(zxid, end);
    log(1, 2, 3, 4, 5, 6, 7);
    expect(truncate(5)).toBe(true);
    expect(names()).toEqual(['log.1', 'snapshot.2']);
    expect(recovered()).toEqual([2, 3, 4, 5]);
  });

  test('keeps a snapshot that ends where the log is cut', () => {
    snapshot(2);
    snapshot(4, 5);
    log(1, 2, 3, 4, 5, 6, 7);
    expect(truncate(5)).toBe(true);
    expect(recovered()).toEqual([4, 5]);
  });

  test('passes a damaged snapshot', () => {
    snapshot(2);
    put('/s/snapshot.4', snapshotBytes(4, 4).fill(0x55, 20, 30));
    log(1, 2, 3, 4, 5, 6);
    expect(truncate(5)).toBe(true);
    expect(recovered()).toEqual([2, 3, 4, 5]);
  });

  test('also cuts a transaction that stands in two files', () => {
    snapshot(0);
    log(1, 2, 3, 4, 5, 6);
    log(4, 5, 6, 7);
    expect(truncate(5)).toBe(true);
    expect(recovered()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('to the start of an epoch takes all of that epoch', () => {
    snapshot(0);
    log(1, 2, makeZxid(3, 1), makeZxid(3, 2));
    expect(truncate(makeZxid(3, 0))).toBe(true);
    expect(recovered()).toEqual([0, 1, 2]);
  });
});

describe('is refused, with nothing changed,', () => {
  test('beyond the end, and where the transaction is not in the history', () => {
    snapshot(0);
    log(1, 2, makeZxid(3, 1), makeZxid(3, 2));
    for (const zxid of [3, makeZxid(2, 0), makeZxid(2, 9), makeZxid(3, 3), makeZxid(4, 0)]) refuses(zxid);
  });

  test('without an older snapshot', () => {
    snapshot(4);
    log(1, 2, 3, 4, 5);
    refuses(3);
  });

  test('if the only older snapshot shows what would be cut', () => {
    snapshot(2, 5);
    log(1, 2, 3, 4, 5);
    refuses(4);
  });

  test('if the only older snapshot is damaged or packed', () => {
    put('/s/snapshot.2', snapshotBytes(2, 2).fill(0x55, 20, 30));
    log(1, 2, 3, 4, 5);
    refuses(4);
    snapshot(1);
    put('/s/snapshot.3.gz', Buffer.from('packed'));
    refuses(4);
  });

  test('if the older snapshot has lost the logs that lead on from it', () => {
    snapshot(2);
    snapshot(6);
    log(5, 6, 7, 8);
    refuses(5);
  });

  test('in an empty directory', () => {
    refuses(0);
    refuses(5);
  });
});

describe('a history that begins with a snapshot from the leader', () => {
  test('has lost what was discarded, however the numbers stand', () => {
    snapshot(0);
    snapshot(makeZxid(5, 2));
    log(1, 2, 3);
    log(makeZxid(5, 1), makeZxid(5, 2), makeZxid(5, 3));
    snapshot(makeZxid(4, 8));
    beginHistoryAt(files, directories, makeZxid(4, 8));
    expect(recovered()).toEqual([makeZxid(4, 8)]);
  });

  test('has no gap before it', () => {
    snapshot(0);
    log(1, 2, 3);
    snapshot(9);
    beginHistoryAt(files, directories, 9);
    put('/l/log.a', logBytes([10, 11]));
    expect(recovered()).toEqual([9, 10, 11]);
    refuses(3);
  });

  test('needs that snapshot', () => {
    snapshot(0);
    log(1, 2, 3);
    expect(() => beginHistoryAt(files, directories, 9)).toThrow('no snapshot of 9');
    expect(recovered()).toEqual([0, 1, 2, 3]);
  });
});
