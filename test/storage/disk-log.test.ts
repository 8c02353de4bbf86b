import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { DiskLog, type DiskLogOptions } from '../../core/io/disk-log.ts';
import { NodeFiles } from '../../core/io/node-files.ts';
import { type Clock, silentLogger } from '../../core/ports.ts';
import {
  ENTRY_OVERHEAD_BYTES,
  LOG_BATCH_BYTES_MAX,
  LOG_HEADER_BYTES,
  LogReader,
} from '../../core/storage/log-format.ts';
import { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import { tempDirectory } from '../kit/temp.ts';
import { makeTxn } from './crash-trial.ts';

const realClock: Clock = { wallMs: () => 0, monotonicMs: () => performance.now() };

let files: SimulatedFiles;
let nowMs: number;
let durable: number[];
let failures: Error[];
let warnings: string[];
let log: DiskLog;

function open(options: Partial<DiskLogOptions> = {}): DiskLog {
  return new DiskLog(
    files,
    '/d',
    {
      preAllocSizeBytes: 65_536,
      forceSync: true,
      fsyncWarningThresholdMs: 1000,
      clock: { wallMs: () => 0, monotonicMs: () => nowMs },
      logger: { ...silentLogger, warn: (message) => warnings.push(message) },
      ...options,
    },
    { durable: (zxid) => durable.push(zxid), failed: (error) => failures.push(error) },
  );
}

beforeEach(() => {
  files = new SimulatedFiles(new Rng(1));
  files.makeDirectory('/d');
  nowMs = 0;
  durable = [];
  failures = [];
  warnings = [];
  log = open();
});

const txn = (zxid: number, dataBytes = 20): Buffer => makeTxn(zxid, Buffer.alloc(dataBytes, 0x61));

function append(from: number, to: number, dataBytes?: number): void {
  for (let zxid = from; zxid <= to; zxid++) log.append(zxid, txn(zxid, dataBytes));
}

/** The same files, with a look at them after every action: what a process that died there would leave. */
function observed<T extends object>(target: T, look: () => void): T {
  return new Proxy(target, {
    get(object, key) {
      const member = Reflect.get(object, key);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const result = Reflect.apply(member, object, args);
        look();
        return key === 'open' ? observed(result as object, look) : result;
      };
    },
  });
}

test('a process that dies at any action leaves no log without a transaction: Apache ZooKeeper would not start on it', () => {
  const plain = files;
  let looks = 0;
  files = observed(plain, () => {
    looks++;
    for (const name of plain.list('/d').filter((each) => each.startsWith('log.'))) {
      expect(new LogReader(plain.open(`/d/${name}`, 'read')).next(), name).not.toBeNull();
    }
  });
  log = open();
  for (const zxid of [1, 3, 5]) {
    append(zxid, zxid + 1);
    log.flush();
    plain.run();
    log.roll();
  }
  expect(durable).toEqual([2, 4, 6]);
  expect(looks).toBeGreaterThan(20);
});

function zxidsIn(name: string): number[] {
  const reader = new LogReader(files.open(`/d/${name}`, 'read'));
  const zxids: number[] = [];
  for (let entry = reader.next(); entry !== null; entry = reader.next()) zxids.push(entry.zxid);
  return zxids;
}

describe('group commit', () => {
  test('nothing is durable before the sync has ended', () => {
    append(1, 3);
    expect(files.step()).toBe(false);
    log.flush();
    expect(durable).toEqual([]);
    expect(files.step()).toBe(true);
    expect(durable).toEqual([3]);
  });

  test('what comes during a sync goes together into the next one, by itself', () => {
    append(1, 1);
    log.flush();
    append(2, 3);
    log.flush();
    append(4, 9);
    files.step();
    expect(durable).toEqual([1]);
    files.step();
    expect(durable).toEqual([1, 9]);
    expect(files.step()).toBe(false);
    expect(zxidsIn('log.1')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('no more is under way at once than recovery can tell from damage', () => {
    append(1, 10, 100_000);
    expect(log.waitingBytes).toBeGreaterThan(1_000_000);
    let before = 0;
    log.flush();
    do {
      const after = files.open('/d/log.1', 'read').size();
      expect(after - before).toBeLessThan(LOG_BATCH_BYTES_MAX + 65_536);
      before = after;
    } while (files.step());
    expect(durable).toEqual([2, 4, 6, 8, 10]);
  });

  test('a batch is never longer than recovery allows for, to the byte', () => {
    const lengths: number[] = [];
    const open0 = files.open.bind(files);
    files.open = (path, mode) => {
      const file = open0(path, mode);
      const { writeNow } = file;
      file.writeNow = (bytes, at) => {
        lengths.push(bytes.length);
        writeNow(bytes, at);
      };
      return file;
    };
    // Two entries that together meet the limit or pass it by up to 16 bytes; the first time the header comes before them.
    const overhead = txn(1, 0).length + ENTRY_OVERHEAD_BYTES;
    let zxid = 1;
    for (const excess of [0, 0, 1, 2, 15, 16]) {
      const half = LOG_BATCH_BYTES_MAX / 2 - overhead;
      log.append(zxid, txn(zxid, half));
      log.append(zxid + 1, txn(zxid + 1, half + excess));
      zxid += 2;
      log.flush();
      files.run();
    }
    expect(Math.max(...lengths)).toBe(LOG_BATCH_BYTES_MAX);
    expect(durable.at(-1)).toBe(zxid - 1);
  });

  test('an entry longer than a batch goes alone', () => {
    append(1, 1);
    append(2, 2, 2 * LOG_BATCH_BYTES_MAX);
    append(3, 3);
    log.flush();
    files.run();
    expect(durable).toEqual([1, 2, 3]);
    expect(zxidsIn('log.1')).toEqual([1, 2, 3]);
  });

  test('an entry belongs to the caller again at once', () => {
    const bytes = txn(1);
    log.append(1, bytes);
    bytes.fill(0);
    log.flush();
    files.run();
    expect(zxidsIn('log.1')).toEqual([1]);
  });

  test('may be fed and flushed from the report of durability', () => {
    const reports: number[] = [];
    log = new DiskLog(
      files,
      '/d',
      {
        preAllocSizeBytes: 0,
        forceSync: true,
        fsyncWarningThresholdMs: 1000,
        clock: realClock,
        logger: silentLogger,
      },
      {
        durable(zxid) {
          reports.push(zxid);
          if (zxid >= 5) return;
          append(zxid + 1, zxid + 1);
          log.flush();
        },
        failed: (error) => failures.push(error),
      },
    );
    append(1, 1);
    log.flush();
    files.run();
    expect(reports).toEqual([1, 2, 3, 4, 5]);
  });

  test('without forceSync, reports come in a later turn and nothing is synced', () => {
    log = open({ forceSync: false });
    files.planFault({ action: 'datasync', code: 'EIO' });
    append(1, 2);
    log.flush();
    expect(durable).toEqual([]);
    files.run();
    expect([durable, failures]).toEqual([[2], []]);
  });
});

describe('files', () => {
  test('are named by their first transaction, preallocated, and shortened when another one begins', () => {
    append(1, 3);
    log.flush();
    files.run();
    expect(files.open('/d/log.1', 'read').size()).toBe(65_536);
    log.roll();
    append(4, 31);
    log.flush();
    files.run();
    expect(files.list('/d')).toEqual(['log.1', 'log.4']);
    expect(files.open('/d/log.1', 'read').size()).toBeLessThan(400);
    expect([zxidsIn('log.1').length, zxidsIn('log.4').length]).toEqual([3, 28]);
  });

  test('are lengthened again before they are full', () => {
    for (let zxid = 1; zxid <= 3000; zxid++) {
      append(zxid, zxid);
      log.flush();
      files.run();
      expect(files.open('/d/log.1', 'read').size() % 65_536).toBe(0);
    }
    expect(zxidsIn('log.1').length).toBe(3000);
  });

  test('what was appended before a roll goes into the old file', () => {
    append(1, 2);
    log.roll();
    append(3, 3);
    log.flush();
    files.run();
    expect([zxidsIn('log.1'), zxidsIn('log.3'), durable]).toEqual([[1, 2], [3], [2, 3]]);
  });

  test('rolling twice, or before anything was appended, makes no empty file', () => {
    log.roll();
    append(1, 1);
    log.roll();
    log.roll();
    append(2, 2);
    log.flush();
    files.run();
    expect(files.list('/d')).toEqual(['log.1', 'log.2']);
  });

  test('counts start anew with a roll', () => {
    append(1, 4);
    expect(log.txnsSinceRoll).toBe(4);
    const bytes = log.bytesSinceRoll;
    expect(bytes).toBe(4 * (txn(1).length + 13));
    log.roll();
    expect([log.txnsSinceRoll, log.bytesSinceRoll]).toEqual([0, 0]);
  });

  test('a log with transactions is never overwritten, an empty one is', () => {
    append(1, 3);
    log.flush();
    files.run();
    durable = [];
    log = open();
    log.append(1, txn(1));
    log.flush();
    files.run();
    expect(durable).toEqual([]);
    expect(failures.map((error) => error.message).join()).toMatch(/\/d\/log\.1: this log holds transactions/);
    failures = [];
    files.open('/d/log.9', 'create').writeNow(Buffer.alloc(100), 0);
    log = open();
    log.append(9, txn(9));
    log.flush();
    files.run();
    expect([durable, failures]).toEqual([[9], []]);
  });

  test('a sync that takes long is warned about', () => {
    append(1, 1);
    log.flush();
    nowMs = 1500;
    files.run();
    expect(warnings).toEqual(['syncing the transaction log took long: every write waits for it']);
    expect(log.syncMaxMs).toBe(1500);
  });

  test('zxids have to ascend', () => {
    append(1, 5);
    expect(() => log.append(5, txn(5))).toThrow('zxid 5 is logged after 5');
  });
});

describe('a failing disk', () => {
  test.each(['open', 'write', 'datasync', 'syncDirectory'] as const)(
    '%s: reported once, nothing is durable any more',
    (action) => {
      append(1, 1);
      log.flush();
      files.run();
      log.roll();
      files.planFault({ action, code: 'ENOSPC' });
      append(2, 3);
      log.flush();
      append(4, 4);
      log.flush();
      files.run();
      append(5, 5);
      log.flush();
      files.run();
      expect(durable).toEqual([1]);
      expect(failures.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(['ENOSPC']);
      let closed = 0;
      log.close(() => (closed += 1));
      files.run();
      expect(closed).toBe(1);
    },
  );

  test('what was synced before is reported before the failure of what came next', () => {
    const reports: string[] = [];
    log = new DiskLog(
      files,
      '/d',
      {
        preAllocSizeBytes: 0,
        forceSync: true,
        fsyncWarningThresholdMs: 1000,
        clock: { wallMs: () => 0, monotonicMs: () => 0 },
        logger: silentLogger,
      },
      { durable: (zxid) => reports.push(`durable ${zxid}`), failed: () => reports.push('failed') },
    );
    append(1, 1);
    log.flush();
    append(2, 2);
    files.planFault({ action: 'write', code: 'EIO' });
    files.run();
    expect(reports).toEqual(['durable 1', 'failed']);
    append(3, 3);
    expect(log.waitingBytes).toBe(0);
  });

  test('while closing, is told to both', () => {
    append(1, 1);
    files.planFault({ action: 'datasync', code: 'EIO' });
    const outcomes: (Error | null)[] = [];
    log.close((error) => outcomes.push(error));
    files.run();
    expect([failures.length, outcomes.length, durable]).toEqual([1, 1, []]);
    expect(outcomes).toEqual(failures);
  });
});

describe('close', () => {
  test('saves what was appended, and ends the file where its entries do', () => {
    append(1, 2);
    log.flush();
    append(3, 4);
    const outcomes: (Error | null)[] = [];
    log.close((error) => outcomes.push(error));
    expect(outcomes).toEqual([]);
    files.run();
    expect([outcomes, durable, zxidsIn('log.1')]).toEqual([[null], [2, 4], [1, 2, 3, 4]]);
    expect(files.open('/d/log.1', 'read').size()).toBeLessThan(500);
    expect(() => log.append(5, txn(5))).toThrow('the transaction log is closed');
    expect(() => log.close(() => {})).toThrow('closed already');
  });

  test('of a log that was never used makes no file', () => {
    let closed = false;
    log.close(() => (closed = true));
    expect(closed).toBe(true);
    expect(files.list('/d')).toEqual([]);
  });
});

test('on a real disk without preallocation, a file is never longer than its entries', async () => {
  await using directory = await tempDirectory();
  await new Promise<void>((resolve, reject) => {
    const real = new DiskLog(
      new NodeFiles(),
      directory.path,
      {
        preAllocSizeBytes: 0,
        forceSync: true,
        fsyncWarningThresholdMs: 60_000,
        clock: realClock,
        logger: silentLogger,
      },
      { durable: () => resolve(), failed: reject },
    );
    real.append(1, txn(1));
    real.flush();
  });
  const bytes = readFileSync(directory.at('log.1'));
  expect(bytes.length).toBe(LOG_HEADER_BYTES + txn(1).length + ENTRY_OVERHEAD_BYTES);
});

test('on a real disk, ten thousand writes are durable in order', async () => {
  await using directory = await tempDirectory();
  const reports: number[] = [];
  const last = 10_000;
  await new Promise<void>((resolve, reject) => {
    const real = new DiskLog(
      new NodeFiles(),
      directory.path,
      {
        preAllocSizeBytes: 1 << 20,
        forceSync: true,
        fsyncWarningThresholdMs: 60_000,
        clock: realClock,
        logger: silentLogger,
      },
      {
        durable(zxid) {
          reports.push(zxid);
          if (zxid === last) real.close((error) => (error === null ? resolve() : reject(error)));
        },
        failed: reject,
      },
    );
    let next = 1;
    const turn = (): void => {
      for (let i = 0; i < 50 && next <= last; i++, next++) real.append(next, txn(next, next % 500));
      if (next % 3000 < 50) real.roll();
      real.flush();
      if (next <= last) setImmediate(turn);
    };
    turn();
  });
  expect(reports).toEqual([...reports].sort((a, b) => a - b));
  const nodeFiles = new NodeFiles();
  const names = nodeFiles
    .list(directory.path)
    .sort((a, b) => Number(`0x${a.slice(4)}`) - Number(`0x${b.slice(4)}`));
  const zxids = names.flatMap((name) => {
    const file = nodeFiles.open(directory.at(name), 'read');
    const reader = new LogReader(file);
    const found: number[] = [];
    for (let entry = reader.next(); entry !== null; entry = reader.next()) found.push(entry.zxid);
    expect(reader.position, name).toBe(readFileSync(directory.at(name)).length);
    file.close();
    return found;
  });
  expect(names.length).toBeGreaterThan(2);
  expect(zxids).toEqual(Array.from({ length: last }, (_, index) => index + 1));
});
