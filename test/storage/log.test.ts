import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import { silentLogger } from '../../core/ports.ts';
import { CorruptLogError, StorageError } from '../../core/storage/errors.ts';
import {
  ENTRY_OVERHEAD_BYTES,
  LOG_BATCH_BYTES_MAX,
  LOG_HEADER_BYTES,
  LogReader,
  writeEntry,
  writeLogHeader,
} from '../../core/storage/log-format.ts';
import { judgeTail } from '../../core/storage/log-tail.ts';
import { replayLogs } from '../../core/storage/replay.ts';
import { makeZxid } from '../../wire/ids.ts';
import { RecordedState } from '../kit/recorded-state.ts';
import { withSeed } from '../kit/seed.ts';
import { makeTxn } from './crash-trial.ts';

const golden = readFileSync(new URL('../golden/storage/log.1', import.meta.url));
/** Where the golden log's entries begin, and behind the last one, where it ends. */
const bounds = [16, 0x4d, 0xb5, 0x126, 0x172, 0x20b, 0x293, 0x2c4, 0x314];
const goldenEnd = 0x314;

let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles();
  files.makeDirectory('/d');
});

function put(name: string, ...parts: Buffer[]): void {
  const file = files.open(`/d/${name}`, 'create');
  file.writeNow(Buffer.concat(parts), 0);
}

function log(...txns: Buffer[]): Buffer {
  const size = txns.reduce((sum, txn) => sum + txn.length + ENTRY_OVERHEAD_BYTES, LOG_HEADER_BYTES);
  const bytes = Buffer.alloc(size);
  writeLogHeader(bytes, 0);
  let at = LOG_HEADER_BYTES;
  for (const txn of txns) {
    writeEntry(bytes, at, txn);
    at += txn.length + ENTRY_OVERHEAD_BYTES;
  }
  return bytes;
}

const txn = (zxid: number, dataBytes = 50): Buffer => makeTxn(zxid, Buffer.alloc(dataBytes, zxid | 1));
const entryBytes = (dataBytes = 50): number => txn(1, dataBytes).length + ENTRY_OVERHEAD_BYTES;
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

function replay(...logs: [name: string, zxid: number][]): { zxids: number[]; torn: number[] } {
  const state = new RecordedState();
  const listed = logs.map(([name, zxid]) => ({ path: `/d/${name}`, zxid }));
  const replayed = replayLogs(files, listed, { zxid: 0, shownZxid: 0 }, state, silentLogger);
  return { zxids: state.zxids, torn: replayed.torn.map((tail) => tail.keepBytes) };
}

describe('the end of a log', () => {
  test('cut anywhere, it holds what was complete', () => {
    for (const length of range(0, goldenEnd + 40)) {
      put('log.1', golden.subarray(0, length));
      const complete = bounds.slice(1).filter((end) => end <= length).length;
      const keep = length < LOG_HEADER_BYTES ? 0 : (bounds[complete] as number);
      // Within a checksum's leading zeros a cut leaves nothing but zeros: a clean end.
      const nothingLost = golden.subarray(keep, length).every((byte) => byte === 0);
      const torn = length >= LOG_HEADER_BYTES && nothingLost ? [] : [keep];
      expect(replay(['log.1', 1]), `cut at byte ${length}`).toEqual({ zxids: range(1, complete), torn });
    }
  });

  test('zeroed from anywhere on, it holds what was complete', () => {
    for (const length of range(0, goldenEnd)) {
      put('log.1', golden.subarray(0, length), Buffer.alloc(3000));
      const complete = bounds.slice(1).filter((end) => end <= length).length;
      expect(replay(['log.1', 1]).zxids, `zeroed from byte ${length} on`).toEqual(range(1, complete));
    }
  });

  test('a missing sector in the last batch tears it, whatever follows', () => {
    const bytes = log(...range(1, 40).map((zxid) => txn(zxid)));
    bytes.fill(0, 1024, 1536);
    put('log.1', bytes, Buffer.alloc(100));
    const complete = Math.floor((1024 - LOG_HEADER_BYTES) / entryBytes());
    expect(replay(['log.1', 1])).toEqual({
      zxids: range(1, complete),
      torn: [LOG_HEADER_BYTES + complete * entryBytes()],
    });
  });

  test('intact entries behind a missing sector are of the same batch as far as a batch may reach, and no further', () => {
    const tornAt = LOG_HEADER_BYTES + entryBytes();
    const withBatchOf = (batchBytes: number): void => {
      const bytes = log(txn(1), txn(2, 2000), txn(3, batchBytes - entryBytes(2000) - entryBytes(0)));
      expect(bytes.length).toBe(tornAt + batchBytes);
      bytes.fill(0, 1024, 1536);
      put('log.1', bytes);
    };
    withBatchOf(LOG_BATCH_BYTES_MAX);
    expect(replay(['log.1', 1])).toEqual({ zxids: [1], torn: [tornAt] });
    withBatchOf(LOG_BATCH_BYTES_MAX + 1);
    expect(() => replay(['log.1', 1])).toThrow(CorruptLogError);
  });

  test('a missing first sector, header and all, leaves an empty log', () => {
    const bytes = log(...range(1, 40).map((zxid) => txn(zxid)));
    bytes.fill(0, 0, 512);
    put('log.1', bytes);
    expect(replay(['log.1', 1])).toEqual({ zxids: [], torn: [0] });
  });

  test('an entry longer than a batch may be torn anywhere', () => {
    const bytes = log(txn(1), txn(2, LOG_BATCH_BYTES_MAX + 5000));
    bytes.fill(0, LOG_BATCH_BYTES_MAX - 1024, LOG_BATCH_BYTES_MAX - 512);
    put('log.1', bytes);
    expect(replay(['log.1', 1])).toEqual({ zxids: [1], torn: [LOG_HEADER_BYTES + entryBytes()] });
  });

  test('an image of an entry in the data of a torn one is no entry, unless its zxid could be', () => {
    const withImage = (zxid: number): void => {
      const image = log(txn(zxid)).subarray(LOG_HEADER_BYTES);
      const data = Buffer.concat([Buffer.alloc(2000, 7), image, Buffer.alloc(500, 7)]);
      const bytes = log(txn(1), makeTxn(2, data));
      bytes.fill(0, 1024, 1536);
      put('log.1', bytes, Buffer.alloc(1000));
    };
    for (const zxid of [1, 1000, makeZxid(1, 1000)]) {
      withImage(zxid);
      expect(replay(['log.1', 1]), `image of ${zxid}`).toEqual({
        zxids: [1],
        torn: [LOG_HEADER_BYTES + entryBytes()],
      });
    }
    withImage(3);
    expect(() => replay(['log.1', 1])).toThrow(CorruptLogError);
    withImage(makeZxid(1, 1));
    expect(() => replay(['log.1', 1])).toThrow(CorruptLogError);
  });
});

describe('damage', () => {
  test('any flipped bit before the last entry is reported with file and offset', () => {
    for (let at = 0; at < (bounds[7] as number); at++) {
      // The database id is of no use and not checked.
      if (at >= 8 && at < LOG_HEADER_BYTES) continue;
      const damaged = Buffer.from(golden.subarray(0, goldenEnd + 100));
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      put('log.1', damaged);
      const entryAt = at < 16 ? 0 : bounds.filter((bound) => bound <= at).at(-1);
      expect(() => replay(['log.1', 1]), `byte ${at}`).toThrow(CorruptLogError);
      expect(() => replay(['log.1', 1]), `byte ${at}`).toThrow(
        `/d/log.1: the transaction log is damaged at byte ${entryAt}:`,
      );
    }
  });

  test('a flipped bit in the last entry is reported, except where it looks like an unfinished write', () => {
    let reported = 0;
    const from = bounds[7] as number;
    for (let bit = from * 8; bit < goldenEnd * 8; bit++) {
      const damaged = Buffer.from(golden.subarray(0, goldenEnd + 1000));
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      put('log.1', damaged);
      try {
        expect(replay(['log.1', 1]), `bit ${bit}`).toEqual({ zxids: range(1, 7), torn: [from] });
      } catch (error) {
        if (!(error instanceof CorruptLogError)) throw error;
        expect(error.at).toBe(from);
        reported += 1;
      }
    }
    // A length that is now too long is what a write that ended early leaves: 32 bits, less those that make it negative or short.
    expect(reported).toBeGreaterThan((goldenEnd - from) * 8 - 32);
  });

  test('the zeros that every checksum begins with are no missing sector, wherever a sector ends among them', () => {
    for (const offset of range(500, 511)) {
      const bytes = log(txn(1, offset - LOG_HEADER_BYTES - entryBytes(0)), txn(2), txn(3));
      bytes[offset + 80] = 0xff;
      put('log.1', bytes);
      expect(() => replay(['log.1', 1]), `entry at byte ${offset}`).toThrow(`damaged at byte ${offset}:`);
    }
  });

  test('zeros that do not fill a sector are no missing one: less of them, or across two', () => {
    for (const [from, to] of [
      [1024, 1535],
      [1025, 1536],
      [1280, 1792],
    ] as const) {
      const bytes = log(txn(1), txn(2, 3000), txn(3));
      bytes.fill(0, from, to);
      put('log.1', bytes);
      expect(() => replay(['log.1', 1]), `zeros from ${from} to ${to}`).toThrow(CorruptLogError);
    }
  });

  test('a zeroed sector more than a batch before the end is reported', () => {
    const txns = range(1, 6000).map((zxid) => txn(zxid));
    const bytes = log(...txns);
    expect(bytes.length).toBeGreaterThan(2 * LOG_BATCH_BYTES_MAX);
    const at = bytes.length - LOG_BATCH_BYTES_MAX - 2048;
    const sector = at - (at % 512);
    bytes.fill(0, sector, sector + 512);
    put('log.1', bytes, Buffer.alloc(10_000));
    expect(() => replay(['log.1', 1])).toThrow(
      /damaged at byte \d+: an entry is unreadable, but the one at byte \d+ is intact/,
    );
  });

  test('the report says how to go on', () => {
    const damaged = log(txn(1), txn(2), txn(3));
    damaged[200] = 0xff;
    put('log.1', damaged);
    expect(() => replay(['log.1', 1])).toThrow(/after 0x1, run "truncate -s 137 \/d\/log\.1"/);
  });

  test('a file that is no log is reported', () => {
    put('log.1', Buffer.from('#!/bin/sh\necho I am no transaction log at all\n'));
    expect(() => replay(['log.1', 1])).toThrow('damaged at byte 0: it does not begin with the header');
  });

  test('bytes that are no transaction although their checksum matches are reported', () => {
    const unknown = txn(1);
    unknown.writeInt32BE(4711, 28);
    put('log.1', log(unknown));
    expect(() => replay(['log.1', 1])).toThrow(/0x1 is no transaction \(unknown transaction type 4711\)/);
  });
});

describe('several logs', () => {
  test('one goes on where the other ends', () => {
    put('log.1', log(txn(1), txn(2)));
    put('log.3', log(txn(3)), Buffer.alloc(100));
    expect(replay(['log.1', 1], ['log.3', 3])).toEqual({ zxids: [1, 2, 3], torn: [] });
  });

  test("a torn tail that Apache ZooKeeper left behind is skipped, as the next file repeats the torn entry's zxid", () => {
    put('log.1', log(txn(1), txn(2), txn(3)).subarray(0, -20), Buffer.alloc(500));
    put('log.3', log(txn(3), txn(4)));
    expect(replay(['log.1', 1], ['log.3', 3])).toEqual({ zxids: [1, 2, 3, 4], torn: [] });
  });

  test('damage before a later file is reported even if it is all there', () => {
    put('log.1', log(txn(1), txn(2), txn(3)).subarray(0, -20), Buffer.alloc(500));
    put('log.4', log(txn(4)));
    expect(() => replay(['log.1', 1], ['log.4', 4])).toThrow(
      /log\.1: .*damaged at byte 258: .*0x4 is in a later file/,
    );
  });

  test('a missing file is reported with both of its neighbours', () => {
    put('log.1', log(txn(1), txn(2)));
    put('log.4', log(txn(4)));
    expect(() => replay(['log.1', 1], ['log.4', 4])).toThrow(
      /log\.4: the entry at byte 16 is transaction 0x4, but \/d\/log\.1 ends at 0x2/,
    );
    expect(() => replay(['log.4', 4])).toThrow(/but the snapshot ends at 0x0/);
  });

  test('a transaction that was logged twice is handed over once', () => {
    put('log.1', log(txn(1), txn(2), txn(3)));
    put('log.2', log(txn(2), txn(3), txn(4)));
    expect(replay(['log.1', 1], ['log.2', 2]).zxids).toEqual([1, 2, 3, 4]);
  });

  test('a new epoch begins with its first transaction only', () => {
    const first = makeZxid(1, 1);
    put('log.1', log(txn(1), txn(2)));
    put('log.100000001', log(txn(first), txn(first + 1)));
    expect(replay(['log.1', 1], ['log.100000001', first]).zxids).toEqual([1, 2, first, first + 1]);
    put('log.100000001', log(txn(first + 1)));
    expect(() => replay(['log.1', 1], ['log.100000001', first])).toThrow(StorageError);
  });

  test('an empty file in the middle is reported when something is missing', () => {
    put('log.1', log(txn(1)));
    put('log.2', Buffer.alloc(0));
    put('log.100000001', log(txn(makeZxid(1, 1))));
    expect(() => replay(['log.1', 1], ['log.2', 2], ['log.100000001', makeZxid(1, 1)])).toThrow(
      /log\.2: .*it is empty, but a later file is not/,
    );
  });
});

test('entries are found whatever the window of the reader splits', async () => {
  await withSeed('test/storage/log.test.ts', (rng) => {
    const txns: Buffer[] = [];
    for (let zxid = 1, bytes = 0; bytes < 5_000_000; zxid++) {
      const one = makeTxn(zxid, rng.bytes(rng.chance(2) ? rng.below(1_500_000) : rng.below(3000)));
      txns.push(one);
      bytes += one.length;
    }
    put('log.1', log(...txns), Buffer.alloc(2_000_000));
    const reader = new LogReader(files.open('/d/log.1', 'read'));
    const seen: Buffer[] = [];
    for (let entry = reader.next(); entry !== null; entry = reader.next()) seen.push(entry.bytes);
    // Compared after all were read: views must not be overwritten by later reads.
    expect(seen.length).toBe(txns.length);
    for (const [index, bytes] of seen.entries()) expect(bytes.equals(txns[index] as Buffer)).toBe(true);
    expect(judgeTail(reader.window, reader.position, txns.length)).toEqual({ kind: 'end' });
  });
});
