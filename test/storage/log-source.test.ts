import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import type { Files } from '../../core/ports.ts';
import { StorageError } from '../../core/storage/errors.ts';
import { LogSource } from '../../core/storage/log-source.ts';
import { makeZxid } from '../../wire/ids.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import { logBytes, snapshotBytes } from '../kit/history-files.ts';

const directories = { snapshotDirectory: '/s', logDirectory: '/l' };
let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles();
  files.makeDirectory('/s');
  files.makeDirectory('/l');
});

const put = (path: string, bytes: Buffer) => files.open(path, 'create').writeNow(bytes, 0);
const log = (...zxids: number[]) => put(`/l/log.${zxids[0]?.toString(16)}`, logBytes(zxids));
const snapshot = (zxid: number) => put(`/s/snapshot.${zxid.toString(16)}`, snapshotBytes(zxid, zxid));
const source = (recoveredFrom = 0, from: Files = files) => new LogSource(from, directories, recoveredFrom);

function read(from: number, to: number, logs = source()): number[] {
  return [...logs.read(from, to)].map(({ zxid, bytes }) => {
    expect(readLoggedTxn(bytes).header.zxid).toBe(zxid);
    return zxid;
  });
}

/** The same files, which count how many are open. */
function counting(): { files: Files; open: () => number } {
  let open = 0;
  const counted: Files = Object.create(files, {
    open: {
      value: (path: string, mode: 'read' | 'edit' | 'create') => {
        open += 1;
        const file = files.open(path, mode);
        const close = file.close.bind(file);
        return Object.assign(file, {
          close: () => {
            open -= 1;
            close();
          },
        });
      },
    },
    list: { value: (directory: string) => files.list(directory) },
  });
  return { files: counted, open: () => open };
}

describe('reading from the logs', () => {
  test('gives what is asked for, over files and epochs, once', () => {
    log(1, 2, 3);
    log(4, 5, 6, makeZxid(2, 1));
    log(makeZxid(2, 1), makeZxid(2, 2));
    expect(read(2, 5)).toEqual([3, 4, 5]);
    expect(read(3, 4)).toEqual([4]);
    expect(read(5, makeZxid(2, 2))).toEqual([6, makeZxid(2, 1), makeZxid(2, 2)]);
    expect(read(5, 5)).toEqual([]);
  });

  test('opens one file at a time, and closes it when the reader stops', () => {
    log(1, 2, 3);
    log(4, 5, 6);
    const { files: counted, open } = counting();
    const logs = source(0, counted);
    for (const { zxid } of logs.read(1, 6)) {
      expect(open()).toBe(1);
      if (zxid === 5) break;
    }
    expect(open()).toBe(0);
    expect([...logs.read(1, 6)].length).toBe(5);
    expect(logs.reaches(1, 6)).toBe(true);
    logs.isCheaperThanSnapshot(1, 1);
    expect(open()).toBe(0);
  });

  test.each([
    ['in the middle of a file', () => log(1, 2, 5, 6), /0x5 follows after 0x2/],
    ['between two files', () => [log(1, 2), log(5, 6)], /0x5 follows after 0x2/],
    ['at the end', () => log(1, 2), /nothing follows after 0x2/],
  ])('stops at a gap %s, and does not try again', (_what, write, message) => {
    write();
    const logs = source();
    const taken: number[] = [];
    expect(() => {
      for (const { zxid } of logs.read(1, 6)) taken.push(zxid);
    }).toThrow(message);
    expect(taken).toEqual([2]);
    log(1, 2, 3, 4, 5, 6);
    expect(logs.reaches(1, 6)).toBe(false);
    expect(source().reaches(1, 6)).toBe(true);
  });

  test('stops at a file that was purged meanwhile', () => {
    log(1, 2, 3);
    log(4, 5, 6);
    const logs = source();
    expect(() => {
      for (const { zxid } of logs.read(1, 6)) if (zxid === 2) files.remove('/l/log.4');
    }).toThrow(StorageError);
    expect(logs.reaches(1, 6)).toBe(false);
  });
});

describe('where a transaction is in the logs', () => {
  test('the greatest that is not above it', () => {
    log(3, 4, 5);
    log(6, makeZxid(2, 1));
    log(makeZxid(2, 2));
    const floors = [2, 3, 5, 6, 7, makeZxid(2, 0), makeZxid(2, 1), makeZxid(2, 9)].map((z) =>
      source().floor(z),
    );
    expect(floors).toEqual([null, 3, 5, 6, 6, 6, makeZxid(2, 1), makeZxid(2, 2)]);
  });

  test('is not known where it may be what the logs lack', () => {
    log(1, 2, 6);
    expect([2, 3, 5, 6].map((zxid) => source().floor(zxid))).toEqual([2, null, null, 6]);
    log(1, 2);
    log(5, 6);
    expect([2, 3, 4, 5].map((zxid) => source().floor(zxid))).toEqual([2, null, null, 5]);
  });

  test('is not known behind damage', () => {
    const bytes = logBytes([1, 2, 3, 4]);
    const entryBytes = (bytes.length - 1000 - 16) / 4;
    bytes.writeInt32BE(7, 16 + 2 * entryBytes + 8);
    put('/l/log.1', bytes);
    expect([2, 3, 4].map((zxid) => source().floor(zxid))).toEqual([null, null, null]);
    expect(source().floor(1)).toBe(1);
    const wrong = logBytes([1, 2, 3, 4]);
    wrong[16 + 2 * entryBytes + 50] = 0x77;
    put('/l/log.1', wrong);
    expect([2, 3, 4].map((zxid) => source().floor(zxid))).toEqual([2, null, 4]);
  });

  test('in a file without a header, or none at all', () => {
    expect(source().floor(5)).toBe(null);
    put('/l/log.1', Buffer.alloc(100));
    expect(source().floor(5)).toBe(null);
  });
});

describe('whether the logs reach', () => {
  test('from a logged transaction to a logged one', () => {
    log(2, 3, 4);
    log(5, 6);
    const reaches = [
      [2, 6],
      [4, 5],
      [1, 6],
      [2, 7],
    ].map(([from, to]) => source().reaches(from as number, to as number));
    expect(reaches).toEqual([true, true, false, false]);
  });

  test('over a snapshot of their own, but not over one that came from a leader', () => {
    log(1, 2, 3);
    log(makeZxid(5, 1), makeZxid(5, 2));
    snapshot(2);
    expect(source().reaches(1, makeZxid(5, 2))).toBe(true);
    snapshot(makeZxid(4, 8));
    expect(source().reaches(1, makeZxid(5, 2))).toBe(false);
    expect(source().reaches(makeZxid(5, 1), makeZxid(5, 2))).toBe(true);
  });

  test('over a change of epoch only where the last start has replayed it', () => {
    log(1, 2, 3, makeZxid(5, 1), makeZxid(5, 2), makeZxid(6, 1));
    const reaches = (recoveredFrom: number) => source(recoveredFrom).reaches(2, makeZxid(6, 1));
    expect([1, 2, 3, makeZxid(5, 1), makeZxid(6, 1)].map(reaches)).toEqual([true, true, true, false, false]);
    expect(source(makeZxid(5, 2)).reaches(makeZxid(5, 1), makeZxid(6, 1))).toBe(true);
  });
});

describe('whether the logs are cheaper than a snapshot', () => {
  test('by their length from where the learner is, without the zeros at the end', () => {
    log(1, 2, 3);
    log(4, 5, 6);
    const [older, newer] = [logBytes([1, 2, 3]).length, logBytes([4, 5, 6]).length - 1000];
    expect([0, 3, 4, 6].map((zxid) => source().bytesFrom(zxid))).toEqual([
      older + newer,
      older + newer,
      newer,
      newer,
    ]);
    snapshot(0);
    const snapshotLength = snapshotBytes(0, 0).length;
    expect(source().isCheaperThanSnapshot(4, newer / snapshotLength)).toBe(true);
    expect(source().isCheaperThanSnapshot(4, (newer - 1) / snapshotLength)).toBe(false);
    expect(source().isCheaperThanSnapshot(3, newer / snapshotLength)).toBe(false);
  });

  test('never with a negative factor; always with 0, or where there is no snapshot', () => {
    log(1, 2, 3);
    expect(source().isCheaperThanSnapshot(1, 0.001)).toBe(true);
    snapshot(0);
    expect([-1, 0, 0.001].map((factor) => source().isCheaperThanSnapshot(1, factor))).toEqual([
      false,
      true,
      false,
    ]);
  });
});
