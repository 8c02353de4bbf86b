import { counterOf, epochOf } from '../../wire/ids.ts';
import type { Files } from '../ports.ts';
import type { HistoryDirectories, SnapshotSink } from './contract.ts';
import { CorruptSnapshotError } from './errors.ts';
import { type LogFile, listLogs, listSnapshots, logsAfter, type SnapshotFile } from './file-names.ts';
import { LogReader } from './log-format.ts';
import { cutDurably } from './repair.ts';
import { follows } from './replay.ts';
import { endsLikeSnapshot } from './snapshot-format.ts';
import { readSnapshot } from './snapshot-reader.ts';

/**
 * Cuts every transaction after `zxid` from the disk, durably, as TRUNC asks: `recover` then gives the state at `zxid`. The log
 * must be closed; go on in a new one.
 *
 * Snapshots that may show a transaction after `zxid` go as well: those that are newer, and those that were still being written
 * when such a one was applied (as far as they say so, by their digest). Without an older one to begin with nothing is cut.
 *
 * False, with nothing changed, if `zxid` is not in the history on disk or no snapshot leads up to it: ask for a snapshot. A
 * zxid with counter 0 is in the history if its epoch's first transaction is, or if a snapshot has it. Throws the file
 * system's errors.
 *
 * The newest goes first, and each change is durable before the next: whatever a crash leaves is the whole history or a
 * beginning of it that holds everything up to `zxid`, and the same call ends the work.
 */
export function truncateLogs(files: Files, directories: HistoryDirectories, zxid: number): boolean {
  const { snapshotDirectory, logDirectory } = directories;
  const snapshots = listSnapshots(files, snapshotDirectory);
  const base = findBase(files, snapshots, zxid);
  if (base === null) return false;
  const logs = logsAfter(listLogs(files, logDirectory), base.zxid);
  const cuts = planCuts(files, logs, base.zxid, zxid);
  if (cuts === null) return false;
  removeDurably(
    files,
    snapshotDirectory,
    snapshots.slice(0, snapshots.indexOf(base)).map(({ path }) => path),
  );
  for (const { path, keepBytes } of cuts.reverse()) {
    if (keepBytes === 0) removeDurably(files, logDirectory, [path]);
    else cutDurably(files, path, keepBytes);
  }
  return true;
}

/**
 * Makes the snapshot at `zxid` the whole history on disk: newer snapshots go, and every log. For a learner whose tree came from
 * the leader, once that snapshot is durable and before `currentEpoch` says so. Else what the leader discarded would be
 * replayed on top of it, or the logs would have a gap that nobody sees. The log must be closed; go on in a new one.
 *
 * Throws the file system's errors. What a crash leaves is the old history, a beginning of it, or the new one.
 */
export function beginHistoryAt(files: Files, directories: HistoryDirectories, zxid: number): void {
  const { snapshotDirectory, logDirectory } = directories;
  const snapshots = listSnapshots(files, snapshotDirectory);
  if (!snapshots.some((snapshot) => snapshot.zxid === zxid)) {
    throw new Error(`there is no snapshot of ${zxid} to begin with`);
  }
  const newer = snapshots.filter((snapshot) => snapshot.zxid > zxid).map(({ path }) => path);
  const logs = listLogs(files, logDirectory).map(({ path }) => path);
  removeDurably(files, snapshotDirectory, newer);
  removeDurably(files, logDirectory, logs.reverse());
}

const nowhere: SnapshotSink = { session() {}, acl() {}, node() {}, snapshotLoaded() {} };

/** The newest intact snapshot that shows nothing after `zxid`. */
function findBase(files: Files, snapshots: readonly SnapshotFile[], zxid: number): SnapshotFile | null {
  for (const snapshot of snapshots) {
    if (snapshot.zxid > zxid) continue;
    // Recovery would stop at it.
    if (snapshot.compression !== 'none') return null;
    if (!endsLikeSnapshot(files, snapshot.path)) continue;
    const file = files.open(snapshot.path, 'read');
    try {
      const digest = readSnapshot(file, snapshot.zxid, nowhere);
      if (digest === null || digest.zxid <= zxid) return snapshot;
    } catch (error) {
      if (!(error instanceof CorruptSnapshotError)) throw error;
    } finally {
      file.close();
    }
  }
  return null;
}

interface Cut {
  readonly path: string;
  /** Length to which the file is cut; 0: it is removed. */
  readonly keepBytes: number;
}

/** What to cut, oldest first; null unless the logs lead from the snapshot to `zxid` without a gap. */
function planCuts(files: Files, logs: readonly LogFile[], base: number, zxid: number): Cut[] | null {
  const cuts: Cut[] = [];
  let last = base;
  let next: number | null = null;
  for (const log of logs) {
    const file = files.open(log.path, 'read');
    try {
      const reader = new LogReader(file);
      let keepBytes = reader.position;
      let entry = reader.next();
      for (; entry !== null && entry.zxid <= zxid; entry = reader.next()) {
        keepBytes = entry.end;
        if (entry.zxid <= last) continue;
        if (!follows(entry.zxid, last)) return null;
        last = entry.zxid;
      }
      if (entry !== null) next ??= entry.zxid;
      if (log.zxid > zxid) cuts.push({ path: log.path, keepBytes: 0 });
      else if (entry !== null) cuts.push({ path: log.path, keepBytes });
    } finally {
      file.close();
    }
  }
  const isReached = last === zxid || (next !== null && isBetween(zxid, last, next));
  return isReached ? cuts : null;
}

/** Whether `zxid` is the start of the epoch that begins between these two. */
function isBetween(zxid: number, last: number, next: number): boolean {
  return counterOf(zxid) === 0 && epochOf(next) === epochOf(zxid) && follows(next, last);
}

function removeDurably(files: Files, directory: string, newestFirst: readonly string[]): void {
  for (const path of newestFirst) {
    files.remove(path);
    files.syncDirectory(directory);
  }
}
