import type { Files } from '../ports.ts';
import { listTemporaries, type SnapshotFile } from './file-names.ts';
import { LOG_BATCH_BYTES_MAX } from './log-format.ts';
import type { Replayed } from './replay.ts';

/**
 * Cuts torn tails off and makes durable what was loaded and replayed: whatever clients are shown from now on must not be lost
 * with the next power failure.
 */
export function repair(
  files: Files,
  directories: { readonly snapshotDirectory: string; readonly logDirectory: string },
  snapshot: SnapshotFile | null,
  replayed: Replayed,
): void {
  const { snapshotDirectory, logDirectory } = directories;
  for (const { path, keepBytes } of replayed.torn) {
    if (keepBytes === 0) files.remove(path);
    else cutDurably(files, path, keepBytes);
  }
  if (replayed.lastEntry !== null) rewriteLastBatch(files, replayed.lastEntry);
  // Ours was synced before it got its name; Apache ZooKeeper leaves that to the system.
  if (snapshot !== null) sync(files, snapshot.path);
  for (const directory of new Set([snapshotDirectory, logDirectory])) {
    for (const path of listTemporaries(files, directory)) files.remove(path);
  }
  files.syncDirectory(logDirectory);
  if (snapshotDirectory !== logDirectory) files.syncDirectory(snapshotDirectory);
}

function sync(files: Files, path: string): void {
  const file = files.open(path, 'edit');
  try {
    file.datasyncNow();
  } finally {
    file.close();
  }
}

/** Shortens a file, and returns when that is durable. */
export function cutDurably(files: Files, path: string, length: number): void {
  const file = files.open(path, 'edit');
  try {
    file.truncate(length);
    file.datasyncNow();
  } finally {
    file.close();
  }
}

/**
 * If the process died, but not the machine, the last batch may be in the system's cache only. A sync alone would not do: after
 * one that failed, Linux takes the pages for clean although they never reached the disk. Writing them again makes them dirty.
 */
function rewriteLastBatch(files: Files, lastEntry: NonNullable<Replayed['lastEntry']>): void {
  const from = Math.max(0, Math.min(lastEntry.at, lastEntry.end - LOG_BATCH_BYTES_MAX));
  const bytes = Buffer.allocUnsafe(lastEntry.end - from);
  const file = files.open(lastEntry.path, 'edit');
  try {
    const count = file.read(bytes, from);
    file.writeNow(bytes.subarray(0, count), from);
    file.datasyncNow();
  } finally {
    file.close();
  }
}
