import type { ServerStats } from './admin/stats.ts';
import type { ServerConfig } from './config.ts';
import { DiskLog } from './io/disk-log.ts';
import type { Clock, Files, Logger } from './ports.ts';
import type { HistoryDirectories, RecoverySink } from './storage/contract.ts';
import { recover } from './storage/recovery.ts';
import type { StoreEvents } from './store.ts';
import { TreeRestorer } from './tree/restore.ts';
import type { DataTree, TreeOptions } from './tree/tree.ts';
import type { CommittedLog } from './zab/commit-log.ts';

export interface RestoreParts {
  readonly config: ServerConfig;
  readonly files: Files;
  readonly directories: HistoryDirectories;
  readonly treeOptions: TreeOptions;
  readonly stats: ServerStats;
  readonly logger: Logger;
}

/**
 * The tree that the files hold. `isNew` if there is no snapshot: one has to be written before anything is logged. `recent` is filled
 * with the last transactions that were replayed.
 */
export function restoreTree(
  parts: RestoreParts,
  recent?: CommittedLog,
): { readonly tree: DataTree; readonly isNew: boolean } {
  const { config, files, directories, treeOptions, stats, logger } = parts;
  const restorer = new TreeRestorer(treeOptions, logger);
  const { snapshotTrustEmpty } = config;
  const sink = recent === undefined ? restorer : remembering(restorer, recent);
  const recovered = recover(files, { ...directories, snapshotTrustEmpty, logger }, sink);
  stats.digestMismatches += restorer.mismatches;
  return { tree: restorer.finish(), isNew: recovered.snapshot === null };
}

/** Hands everything on, and keeps transactions as they pass. */
function remembering(restorer: TreeRestorer, recent: CommittedLog): RecoverySink {
  return {
    reset: () => restorer.reset(),
    session: (id, timeoutMs) => restorer.session(id, timeoutMs),
    acl: (id, acl) => restorer.acl(id, acl),
    node: (path, data, aclId, stat) => restorer.node(path, data, aclId, stat),
    snapshotLoaded(zxid, digest) {
      recent.clear(zxid);
      restorer.snapshotLoaded(zxid, digest);
    },
    txn(logged, bytes) {
      recent.add(logged.header.zxid, bytes);
      restorer.txn(logged);
    },
  };
}

/** The transaction log that goes on from there. */
export function openLog(
  { config, files, directories, stats, logger, clock }: RestoreParts & { readonly clock: Clock },
  events: StoreEvents,
): DiskLog {
  const { preAllocSizeBytes, forceSync, fsyncWarningThresholdMs } = config;
  const options = {
    preAllocSizeBytes,
    forceSync,
    fsyncWarningThresholdMs,
    clock,
    logger,
    onSync: (elapsedMs: number) => stats.fsyncMs.add(elapsedMs),
  };
  return new DiskLog(files, directories.logDirectory, options, events);
}
