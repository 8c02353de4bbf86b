import { counterOf, formatZxid } from '../../wire/ids.ts';
import type { Files, Logger } from '../ports.ts';
import type { RecoverySink, ZxidDigest } from './contract.ts';
import { CorruptSnapshotError, StorageError } from './errors.ts';
import {
  assertDirectoriesNotMixed,
  type LogFile,
  listLogs,
  listSnapshots,
  logsAfter,
  makeDurableDirectory,
  type SnapshotFile,
} from './file-names.ts';
import { LogReader } from './log-format.ts';
import { repair } from './repair.ts';
import { type Replayed, replayLogs, type TornTail } from './replay.ts';
import { endsLikeSnapshot } from './snapshot-format.ts';
import { readSnapshot } from './snapshot-reader.ts';

/** As many snapshots as ZooKeeper tries, newest first. */
const SNAPSHOTS_TRIED_MAX = 100;

export interface RecoveryOptions {
  /** Where snapshots are: `<dataDir>/version-2`. Made if it is not there. */
  readonly snapshotDirectory: string;
  /** Where logs are: `<dataLogDir>/version-2`; may be the same. */
  readonly logDirectory: string;
  /** Take logs without any snapshot for the whole history, as servers before 3.5 left them (ZOOKEEPER-3056). */
  readonly snapshotTrustEmpty: boolean;
  readonly logger: Logger;
}

export interface Recovered {
  /** Last transaction in the recovered state, 0 for none: the next one gets the zxid after it. */
  readonly zxid: number;
  /** The snapshot that was loaded, null if there is none. */
  readonly snapshot: SnapshotFile | null;
  /** Transactions replayed from the logs. */
  readonly transactions: number;
  /** What was cut off the logs: remains of writes that were never acknowledged. */
  readonly torn: readonly TornTail[];
  /**
   * There was no history at all. Write a snapshot before the first append: logs without a snapshot look like a lost one, and
   * neither this server nor Apache ZooKeeper would start on them.
   */
  readonly fresh: boolean;
}

/**
 * Brings back the state at the last durable transaction: loads the newest snapshot that is intact (an older one if it is
 * not), replays the logs behind it, then removes what a crash left over, so that logging may go on in a new file.
 *
 * Never loses a synced transaction silently. Throws `StorageError` for damage that a crash of this server cannot have made;
 * the files are then unchanged and the message says what may be done. Throws the file system's errors as they are. Ends with
 * the same result when it is itself interrupted and run again.
 */
export function recover(files: Files, options: RecoveryOptions, sink: RecoverySink): Recovered {
  const { snapshotDirectory, logDirectory, logger } = options;
  makeDurableDirectory(files, snapshotDirectory);
  makeDurableDirectory(files, logDirectory);
  assertDirectoriesNotMixed(files, snapshotDirectory, logDirectory);
  const snapshots = listSnapshots(files, snapshotDirectory);
  const logs = listLogs(files, logDirectory);

  const loaded = loadNewestSnapshot(files, snapshots, sink, logger);
  if (loaded === null) assertHistoryMayBeEmpty(files, snapshots, logs, options);
  const snapshotZxid = loaded?.snapshot.zxid ?? 0;
  const start = { zxid: snapshotZxid, shownZxid: Math.max(snapshotZxid, loaded?.digest?.zxid ?? 0) };
  const replayed = replayLogs(files, logsAfter(logs, snapshotZxid), start, sink, logger);
  assertReachesInvalidSnapshots(snapshots, replayed.zxid);
  warnIfLogsMayBeMissing(loaded, logs, replayed, options);
  repair(files, options, loaded?.snapshot ?? null, replayed);
  return {
    zxid: replayed.zxid,
    snapshot: loaded?.snapshot ?? null,
    transactions: replayed.transactions,
    torn: replayed.torn,
    fresh: loaded === null && replayed.transactions === 0,
  };
}

interface Loaded {
  readonly snapshot: SnapshotFile;
  readonly digest: ZxidDigest | null;
}

function loadNewestSnapshot(
  files: Files,
  snapshots: readonly SnapshotFile[],
  sink: RecoverySink,
  logger: Logger,
): Loaded | null {
  for (const snapshot of snapshots.slice(0, SNAPSHOTS_TRIED_MAX)) {
    assertUncompressed(snapshot);
    if (!endsLikeSnapshot(files, snapshot.path)) {
      logger.warn('snapshot is incomplete, trying an older one', { path: snapshot.path });
      continue;
    }
    const file = files.open(snapshot.path, 'read');
    try {
      return { snapshot, digest: readSnapshot(file, snapshot.zxid, sink) };
    } catch (error) {
      if (!(error instanceof CorruptSnapshotError)) throw error;
      logger.error(`${error.message}; trying an older one`, { path: snapshot.path });
      sink.reset();
    } finally {
      file.close();
    }
  }
  return null;
}

function assertUncompressed(snapshot: SnapshotFile): void {
  if (snapshot.compression === 'none') return;
  const remedy =
    snapshot.compression === 'gz'
      ? `unpack it: gunzip ${snapshot.path}`
      : 'start Apache ZooKeeper once on this directory without snapshot.compression.method and let it write another one';
  throw new StorageError(
    'unsupported-compression',
    snapshot.path,
    `snapshots packed with ${snapshot.compression} are not read; ${remedy}`,
  );
}

/** Without a snapshot, history may only be empty: else what was before the logs is lost. */
function assertHistoryMayBeEmpty(
  files: Files,
  snapshots: readonly SnapshotFile[],
  logs: readonly LogFile[],
  options: RecoveryOptions,
): void {
  // Apache ZooKeeper's very first snapshot is written without care; a crash leaves it incomplete, with nothing lost.
  const invalid = snapshots.find((snapshot) => snapshot.zxid > 0);
  if (invalid !== undefined) {
    throw new StorageError(
      'no-valid-snapshot',
      invalid.path,
      'neither this snapshot nor any older one can be read. Restore one from a backup, or let another member of the ensemble fill an empty directory',
    );
  }
  if (options.snapshotTrustEmpty) return;
  const withEntries = logs.find((log) => hasEntries(files, log));
  if (withEntries !== undefined) {
    throw new StorageError(
      'no-valid-snapshot',
      withEntries.path,
      `there are transactions, but no snapshot in ${options.snapshotDirectory}: files are missing. Put the snapshot back; if this directory comes from a ZooKeeper before 3.5 that never wrote one, start once with snapshot.trust.empty=true`,
    );
  }
}

function hasEntries(files: Files, log: LogFile): boolean {
  const file = files.open(log.path, 'read');
  try {
    return new LogReader(file).next() !== null;
  } finally {
    file.close();
  }
}

/**
 * An unreadable snapshot still proves by its name how far history went. If the logs do not reach that far from an older one,
 * transactions are lost. A zxid with counter 0 is no transaction: leaders take a snapshot when their epoch begins.
 */
function assertReachesInvalidSnapshots(snapshots: readonly SnapshotFile[], zxid: number): void {
  const newest = snapshots[0];
  if (newest === undefined || newest.zxid <= zxid || counterOf(newest.zxid) === 0) return;
  throw new StorageError(
    'corrupt-snapshot',
    newest.path,
    `this snapshot cannot be read, and the older ones with their logs only reach ${formatZxid(zxid)}. Restore it from a backup or let another member of the ensemble fill an empty directory. To give up every transaction after ${formatZxid(zxid)}, move the file away`,
  );
}

/** Nothing proves that anything is lost: a backup may hold a snapshot only. So this is said, but does not stop the server. */
function warnIfLogsMayBeMissing(
  loaded: Loaded | null,
  logs: readonly LogFile[],
  replayed: Replayed,
  { logDirectory, logger }: RecoveryOptions,
): void {
  if (loaded === null) return;
  const { snapshot, digest } = loaded;
  if (snapshot.zxid > 0 && logs.length === 0) {
    logger.warn(
      'there is a snapshot, but no transaction log: is the log directory the right one, and mounted?',
      {
        path: snapshot.path,
        logDirectory,
      },
    );
  }
  if (digest !== null && digest.zxid > replayed.zxid) {
    logger.warn('the logs end before the transactions that the snapshot may already show', {
      path: snapshot.path,
      snapshotEndZxid: formatZxid(digest.zxid),
      lastLoggedZxid: formatZxid(replayed.zxid),
    });
  }
}
