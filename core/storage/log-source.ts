import { epochOf, formatZxid } from '../../wire/ids.ts';
import type { Files, OpenFile } from '../ports.ts';
import type { HistoryDirectories, LoggedBytes } from './contract.ts';
import { StorageError } from './errors.ts';
import { type LogFile, listLogs, listSnapshots, logsAfter } from './file-names.ts';
import { FileWindow } from './file-window.ts';
import { findPlace, type LogPlace, LogReader } from './log-format.ts';
import { follows } from './replay.ts';

/**
 * Committed transactions from the log files, for learners that lag more than is held in memory (ZooKeeper's
 * getProposalsFromTxnLog). Reads while the log is being written; changes nothing.
 *
 * Everything here blocks for as long as the files take to read, so ask `bytesFrom` first.
 */
export class LogSource {
  readonly #files: Files;
  readonly #directories: HistoryDirectories;
  readonly #recoveredFrom: number;
  /** Where reading broke off: what begins before cannot be had from the logs. */
  #brokenAt = -1;

  /** `recoveredFrom`: zxid of the snapshot that the state was recovered from, 0 for none. */
  constructor(files: Files, directories: HistoryDirectories, recoveredFrom: number) {
    this.#files = files;
    this.#directories = directories;
    this.#recoveredFrom = recoveredFrom;
  }

  /** Length of all log files from the one that holds `zxid` on, in bytes; zeros at the end of the last one are not counted. */
  bytesFrom(zxid: number): number {
    const logs = logsAfter(this.#logs(), zxid - 1);
    let bytes = 0;
    for (const [index, log] of logs.entries()) {
      const file = this.#files.open(log.path, 'read');
      try {
        const isLast = index === logs.length - 1;
        bytes += isLast ? new FileWindow(file).lastNonZero(0) + 1 : file.size();
      } finally {
        file.close();
      }
    }
    return bytes;
  }

  /**
   * Whether what a learner at `zxid` lacks may be read from the logs by ZooKeeper's rule: they are no longer than
   * `snapshotSizeFactor` times the newest snapshot. A negative factor means never; 0, or no snapshot, sets no limit. Nor may they
   * be longer than `bytesMax`, whatever the snapshot.
   */
  isCheaperThanSnapshot(zxid: number, snapshotSizeFactor: number, bytesMax = Infinity): boolean {
    if (snapshotSizeFactor < 0) return false;
    const limit = Math.min(this.#limitBySnapshot(snapshotSizeFactor), bytesMax);
    return limit === Infinity || this.bytesFrom(zxid) <= limit;
  }

  #limitBySnapshot(snapshotSizeFactor: number): number {
    const newest = listSnapshots(this.#files, this.#directories.snapshotDirectory)[0];
    if (newest === undefined) return Infinity;
    const file = this.#files.open(newest.path, 'read');
    try {
      return file.size() * snapshotSizeFactor || Infinity;
    } finally {
      file.close();
    }
  }

  /**
   * The greatest logged zxid that is not above `zxid`; null if the logs do not reach back so far, or lack something around it, so
   * that `zxid` itself may be what they lack.
   */
  floor(zxid: number): number | null {
    const logs = this.#logs();
    let next: number | null = null;
    for (let index = logs.length - 1; index >= 0; index--) {
      const log = logs[index] as LogFile;
      if (log.zxid > zxid) {
        next = log.zxid;
        continue;
      }
      const place = this.#placeIn(log, zxid);
      if (place === null) return null;
      next = place.next ?? next;
      if (place.floor === null) continue;
      return place.floor === zxid || next === null || follows(next, place.floor) ? place.floor : null;
    }
    return null;
  }

  #placeIn(log: LogFile, zxid: number): LogPlace | null {
    const file = this.#files.open(log.path, 'read');
    try {
      return findPlace(file, zxid);
    } finally {
      file.close();
    }
  }

  /**
   * Whether the logs hold everything after `from` up to `to`, as far as can be told without reading them through. What may be
   * missing is what came with a snapshot from a leader, so two things say no:
   *
   * - an epoch that changes before the snapshot of the last start: nothing has shown since that the logs are whole there,
   *   and numbers alone tell of a gap within an epoch only;
   * - a snapshot in between whose last transaction is not in the logs.
   */
  reaches(from: number, to: number): boolean {
    if (from <= this.#brokenAt || this.floor(from) !== from || this.floor(to) !== to) return false;
    if (from < this.#recoveredFrom && epochOf(from) !== epochOf(Math.min(to, this.#recoveredFrom)))
      return false;
    for (const { zxid } of listSnapshots(this.#files, this.#directories.snapshotDirectory)) {
      if (zxid > from && zxid < to && this.floor(zxid) !== zxid) return false;
    }
    return true;
  }

  /**
   * Every transaction after `from` up to `to`, in order, read as they are taken; the file is closed when the iteration ends.
   * `from` must be in the logs. Throws `StorageError` (`log-gap`) where one is missing; `reaches` is false from then on.
   */
  *read(from: number, to: number): Generator<LoggedBytes, void, void> {
    let last = from;
    let path = this.#directories.logDirectory;
    for (const log of logsAfter(this.#logs(), from - 1)) {
      if (last >= to) return;
      path = log.path;
      const file = this.#openedAfter(last, path);
      try {
        const reader = new LogReader(file);
        for (let entry = reader.next(); entry !== null && last < to; entry = reader.next()) {
          if (entry.zxid <= last) continue;
          if (entry.zxid > to || !follows(entry.zxid, last))
            throw this.#gap(path, last, `${formatZxid(entry.zxid)} follows`);
          last = entry.zxid;
          yield { zxid: last, bytes: entry.bytes };
        }
      } finally {
        file.close();
      }
    }
    if (last < to) throw this.#gap(path, last, 'nothing follows');
  }

  /** Old logs may be purged while they are read. */
  #openedAfter(last: number, path: string): OpenFile {
    try {
      return this.#files.open(path, 'read');
    } catch (error) {
      throw this.#gap(path, last, `nothing can be read (${(error as Error).message})`);
    }
  }

  #gap(path: string, last: number, found: string): StorageError {
    this.#brokenAt = last;
    return new StorageError(
      'log-gap',
      path,
      `${found} after ${formatZxid(last)}: learners that lag so far get a snapshot instead`,
    );
  }

  #logs(): LogFile[] {
    return listLogs(this.#files, this.#directories.logDirectory);
  }
}
