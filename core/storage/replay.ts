import { WireFault } from '../../wire/fault.ts';
import { counterOf, epochOf, formatZxid } from '../../wire/ids.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import type { Files, Logger } from '../ports.ts';
import type { RecoverySink } from './contract.ts';
import { CorruptLogError, StorageError } from './errors.ts';
import type { LogFile } from './file-names.ts';
import { type LogEntry, LogReader } from './log-format.ts';
import { judgeTail } from './log-tail.ts';

/** The last log ends in the remains of a write; they go before anything is appended. */
export interface TornTail {
  readonly path: string;
  /** Length to which the file is cut; 0: it has not even a header and is removed. */
  readonly keepBytes: number;
  /** From there to the last byte that was not zero. */
  readonly bytes: number;
  /** Intact entries among them, of the same unfinished write as the broken one. */
  readonly entries: number;
}

/** The snapshot that the logs go on from. */
export interface ReplayStart {
  /** Last transaction that is surely in it; 0 if there is no snapshot. */
  readonly zxid: number;
  /** Last transaction that it may show the effect of: as far as that, the logs were safe once. */
  readonly shownZxid: number;
}

export interface Replayed {
  /** Last transaction found; the snapshot's zxid if the logs hold nothing newer. */
  readonly zxid: number;
  /** Transactions that were handed to the sink. */
  readonly transactions: number;
  readonly torn: readonly TornTail[];
  /** The last entry in the logs that was replayed, null if none was. */
  readonly lastEntry: { readonly path: string; readonly at: number; readonly end: number } | null;
}

/** Whether `zxid` is what may come right after `last`: the next of its epoch, or the first of a newer one. */
export function follows(zxid: number, last: number): boolean {
  if (epochOf(zxid) === epochOf(last)) return zxid === last + 1;
  return zxid > last && counterOf(zxid) <= 1;
}

/**
 * Hands every transaction after the start in `logs` (ascending, from `logsAfter`) to the sink, once and in order.
 *
 * Throws `CorruptLogError` where a log is damaged and `log-gap` where transactions are missing between the snapshot and the
 * logs or between two logs. Changes no file.
 */
export function replayLogs(
  files: Files,
  logs: readonly LogFile[],
  start: ReplayStart,
  sink: RecoverySink,
  logger: Logger,
): Replayed {
  const replay = new Replay(files, logs, start, sink, logger);
  replay.run();
  const { last, transactions, torn, lastEntry } = replay;
  return { zxid: last, transactions, torn, lastEntry };
}

class Replay {
  last: number;
  transactions = 0;
  readonly torn: TornTail[] = [];
  lastEntry: Replayed['lastEntry'] = null;
  readonly #files: Files;
  readonly #logs: readonly LogFile[];
  readonly #shownZxid: number;
  readonly #sink: RecoverySink;
  readonly #logger: Logger;

  constructor(
    files: Files,
    logs: readonly LogFile[],
    start: ReplayStart,
    sink: RecoverySink,
    logger: Logger,
  ) {
    this.#files = files;
    this.#logs = logs;
    this.#shownZxid = start.shownZxid;
    this.last = start.zxid;
    this.#sink = sink;
    this.#logger = logger;
  }

  run(): void {
    for (const [index, log] of this.#logs.entries()) {
      const file = this.#files.open(log.path, 'read');
      try {
        const reader = new LogReader(file);
        const lastInFile = this.#replayFile(log, reader);
        this.#checkTail(index, log, reader, lastInFile);
      } finally {
        file.close();
      }
    }
  }

  /** Returns the last zxid that is readable in the file. */
  #replayFile(log: LogFile, reader: LogReader): number {
    let lastInFile = log.zxid - 1;
    for (let entry = reader.next(); entry !== null; entry = reader.next()) {
      lastInFile = entry.zxid;
      // A learner of an older ZooKeeper may have logged a transaction twice, once in each of two files; it is the same one.
      if (entry.zxid <= this.last) continue;
      if (!follows(entry.zxid, this.last)) throw this.#gap(log.path, entry);
      this.#apply(log.path, entry);
      this.last = entry.zxid;
      this.lastEntry = { path: log.path, at: entry.at, end: entry.end };
    }
    return lastInFile;
  }

  #apply(path: string, entry: LogEntry): void {
    const logged = decode(path, entry);
    this.#sink.txn(logged, entry.bytes);
    this.transactions += 1;
  }

  #gap(path: string, entry: LogEntry): StorageError {
    const before = this.lastEntry?.path ?? 'the snapshot';
    return new StorageError(
      'log-gap',
      path,
      `the entry at byte ${entry.at} is transaction ${formatZxid(entry.zxid)}, but ${before} ends at ${formatZxid(this.last)}: those between are missing. ` +
        'Put the missing log files back, or restore snapshot and logs together from a backup',
    );
  }

  /** What follows the last intact entry decides whether the file may end there. */
  #checkTail(index: number, log: LogFile, reader: LogReader, lastInFile: number): void {
    const next = this.#firstZxidAfter(index);
    // Nothing is missing before the next entry. Apache ZooKeeper leaves a torn tail where it is and begins a new file with the
    // zxid that the torn entry had. Asked first, as each tail may be 64 MiB of zeros to read.
    if (next !== null && next <= this.last + 1) return;
    const tail = judgeTail(reader.window, reader.position, lastInFile);
    if (tail.kind === 'end' && reader.headerIntact) return;
    if (tail.kind !== 'corrupt' && lastInFile < this.#shownZxid) {
      const reason = `an entry is unreadable, but the snapshot shows transactions up to ${formatZxid(this.#shownZxid)}`;
      throw corruptLog(log.path, reader.position, reason, lastInFile);
    }
    if (tail.kind === 'end') {
      if (next !== null) throw corruptLog(log.path, 0, 'it is empty, but a later file is not', lastInFile);
      this.torn.push({ path: log.path, keepBytes: 0, bytes: 0, entries: 0 });
      return;
    }
    if (tail.kind === 'corrupt') throw corruptLog(log.path, reader.position, tail.reason, lastInFile);
    if (next !== null && !follows(next, lastInFile)) {
      const reason = `an entry is unreadable, but ${formatZxid(next)} is in a later file`;
      throw corruptLog(log.path, reader.position, reason, lastInFile);
    }
    this.#logger.warn('transaction log ends in the remains of an unfinished write', {
      path: log.path,
      at: reader.position,
      bytes: tail.bytes,
      entries: tail.laterEntries,
    });
    if (next !== null) return;
    this.torn.push({
      path: log.path,
      keepBytes: reader.position,
      bytes: tail.bytes,
      entries: tail.laterEntries,
    });
  }

  #firstZxidAfter(index: number): number | null {
    for (const log of this.#logs.slice(index + 1)) {
      const file = this.#files.open(log.path, 'read');
      try {
        const entry = new LogReader(file).next();
        if (entry !== null) return entry.zxid;
      } finally {
        file.close();
      }
    }
    return null;
  }
}

function decode(path: string, entry: LogEntry): ReturnType<typeof readLoggedTxn> {
  try {
    return readLoggedTxn(entry.bytes);
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault;
    const remedy =
      'It was written by a newer version or by another program; start that one on this directory';
    throw new CorruptLogError(
      path,
      entry.at,
      `the checksum matches, but ${formatZxid(entry.zxid)} is no transaction (${fault.message})`,
      remedy,
    );
  }
}

function corruptLog(path: string, at: number, reason: string, lastZxid: number): CorruptLogError {
  const cut =
    at === 0 ? `move ${path} away` : `run "truncate -s ${at} ${path}" and move later log files away`;
  return new CorruptLogError(
    path,
    at,
    reason,
    `Restore the file from a backup or let another member of the ensemble fill an empty directory. To give up every transaction after ${formatZxid(lastZxid)}, ${cut}`,
  );
}
