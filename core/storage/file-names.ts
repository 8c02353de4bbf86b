import type { Files } from '../ports.ts';
import { StorageError } from './errors.ts';

export type SnapshotCompression = 'none' | 'gz' | 'snappy';

export interface SnapshotFile {
  readonly path: string;
  /** Last transaction that was surely in the tree when the snapshot began. */
  readonly zxid: number;
  readonly compression: SnapshotCompression;
}

export interface LogFile {
  readonly path: string;
  /** Zxid of the first transaction in the file. */
  readonly zxid: number;
}

const SNAPSHOT_NAME = /^snapshot\.([0-9a-fA-F]{1,14})(?:\.(gz|snappy))?$/;
const LOG_NAME = /^log\.([0-9a-fA-F]{1,14})$/;
/**
 * A snapshot under way. The name must not begin with `snapshot.`: Apache ZooKeeper takes `snapshot.5.tmp` for a snapshot, as it
 * looks at the parts between dots only.
 */
const TEMPORARY_NAME = /^tmp-(?:snapshot|log)\.[0-9a-f]{1,14}$/;

export function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}

export function logName(firstZxid: number): string {
  return `log.${firstZxid.toString(16)}`;
}

export function snapshotName(zxid: number): string {
  return `snapshot.${zxid.toString(16)}`;
}

export function temporarySnapshotName(zxid: number): string {
  return `tmp-snapshot.${zxid.toString(16)}`;
}

export function temporaryLogName(firstZxid: number): string {
  return `tmp-log.${firstZxid.toString(16)}`;
}

/** Log files of a directory by ascending zxid. Other names, such as `log.5.bak`, are left alone. */
export function listLogs(files: Files, directory: string): LogFile[] {
  const found: LogFile[] = [];
  for (const name of files.list(directory)) {
    const match = LOG_NAME.exec(name);
    if (match === null) continue;
    const zxid = Number.parseInt(match[1] as string, 16);
    if (Number.isSafeInteger(zxid)) found.push({ path: joinPath(directory, name), zxid });
  }
  return found.sort((a, b) => a.zxid - b.zxid);
}

/** Snapshot files of a directory, newest first. */
export function listSnapshots(files: Files, directory: string): SnapshotFile[] {
  const found: SnapshotFile[] = [];
  for (const name of files.list(directory)) {
    const match = SNAPSHOT_NAME.exec(name);
    if (match === null) continue;
    const zxid = Number.parseInt(match[1] as string, 16);
    const compression = (match[2] ?? 'none') as SnapshotCompression;
    if (Number.isSafeInteger(zxid)) found.push({ path: joinPath(directory, name), zxid, compression });
  }
  return found.sort((a, b) => b.zxid - a.zxid || (a.compression === 'none' ? -1 : 1));
}

/** Paths of snapshots and logs that were never finished. */
export function listTemporaries(files: Files, directory: string): string[] {
  return files
    .list(directory)
    .filter((name) => TEMPORARY_NAME.test(name))
    .map((name) => joinPath(directory, name));
}

/**
 * Refuses directories that were swapped or whose configuration was changed half way (ZOOKEEPER-2967): the history would look
 * empty and be written anew beside the real one.
 */
export function assertDirectoriesNotMixed(
  files: Files,
  snapshotDirectory: string,
  logDirectory: string,
): void {
  if (snapshotDirectory === logDirectory) return;
  const snapshot = listSnapshots(files, logDirectory)[0];
  if (snapshot !== undefined) {
    throw new StorageError(
      'directories-mixed',
      snapshot.path,
      'a snapshot in the log directory. Check dataDir and dataLogDir in the configuration, or move the file to dataDir',
    );
  }
  const log = listLogs(files, snapshotDirectory)[0];
  if (log !== undefined) {
    throw new StorageError(
      'directories-mixed',
      log.path,
      'a transaction log in the snapshot directory. Check dataDir and dataLogDir in the configuration, or move the file to dataLogDir',
    );
  }
}

/** The logs that hold every transaction after `zxid`: the last one that begins at or before the next zxid, and all later ones. */
export function logsAfter(logs: readonly LogFile[], zxid: number): LogFile[] {
  let first = 0;
  for (const [index, log] of logs.entries()) if (log.zxid <= zxid + 1) first = index;
  return logs.slice(first);
}

/**
 * Makes a directory and whatever is missing above it, durably: else a crash could take the files in it along. From the top
 * down, each name synced before the next is made. So of what is there already only the last name may be unsynced, left by a
 * start that was killed.
 */
export function makeDurableDirectory(files: Files, directory: string): void {
  const missing: string[] = [];
  let path = directory;
  for (; path !== '' && !files.exists(path); path = parentDirectory(path)) missing.unshift(path);
  if (path !== '' && path !== '/') syncUnlessForbidden(files, parentDirectory(path) || '.');
  for (const made of missing) {
    files.makeDirectory(made);
    files.syncDirectory(parentDirectory(made) || '.');
  }
}

/** A directory that this user may not read is one in which others make the names. */
function syncUnlessForbidden(files: Files, directory: string): void {
  try {
    files.syncDirectory(directory);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EACCES') throw error;
  }
}

/** Empty for a name without a slash; `/` for a name at the root. */
function parentDirectory(path: string): string {
  const slash = path.replace(/\/+$/, '').lastIndexOf('/');
  return slash === 0 ? '/' : path.slice(0, Math.max(0, slash));
}
