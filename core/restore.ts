import type { ServerStats } from './admin/stats.ts';
import type { ServerConfig } from './config.ts';
import { DiskLog } from './io/disk-log.ts';
import type { DiskSnapshots } from './io/disk-snapshot.ts';
import { systemClock, systemRandom } from './io/system-clock.ts';
import type { Files, Logger } from './ports.ts';
import type { HistoryDirectories } from './storage/contract.ts';
import { recover } from './storage/recovery.ts';
import type { StoreEvents } from './store.ts';
import { TreeRestorer } from './tree/restore.ts';
import { TreeSnapshot } from './tree/snapshot-view.ts';
import type { DataTree, TreeOptions } from './tree/tree.ts';

export interface RestoreParts {
  readonly config: ServerConfig;
  readonly files: Files;
  readonly directories: HistoryDirectories;
  readonly treeOptions: TreeOptions;
  readonly stats: ServerStats;
  readonly logger: Logger;
}

export function directoriesOf({ dataDir, dataLogDir }: ServerConfig): HistoryDirectories {
  return { snapshotDirectory: `${dataDir}/version-2`, logDirectory: `${dataLogDir}/version-2` };
}

/** The tree that the files hold. `isNew` if there is no snapshot: one has to be written before anything is logged. */
export function restoreTree(parts: RestoreParts): { readonly tree: DataTree; readonly isNew: boolean } {
  const { config, files, directories, treeOptions, stats, logger } = parts;
  const restorer = new TreeRestorer(treeOptions, logger);
  const { snapshotTrustEmpty } = config;
  const recovered = recover(files, { ...directories, snapshotTrustEmpty, logger }, restorer);
  stats.digestMismatches += restorer.mismatches;
  return { tree: restorer.finish(), isNew: recovered.snapshot === null };
}

/** The same at a server's start. Logs without a snapshot look like a lost one: the tree of an empty directory is written at once. */
export async function restoreAtStart(parts: RestoreParts, snapshots: DiskSnapshots): Promise<DataTree> {
  const { tree, isNew } = restoreTree(parts);
  if (isNew) {
    await new Promise<void>((resolve, reject) => {
      snapshots.write(new TreeSnapshot(tree), (error) => (error === null ? resolve() : reject(error)));
    });
  }
  return tree;
}

export function treeOptionsOf({ extendedTypesEnabled, digestEnabled }: ServerConfig): TreeOptions {
  return { extendedTypes: extendedTypesEnabled, digestEnabled, hashSeed: systemRandom.below(2 ** 31) };
}

/** The transaction log of a server, on its clock. */
export function openLog(
  { config, files, directories, stats, logger }: RestoreParts,
  events: StoreEvents,
): DiskLog {
  const { preAllocSizeBytes, forceSync, fsyncWarningThresholdMs } = config;
  const options = {
    preAllocSizeBytes,
    forceSync,
    fsyncWarningThresholdMs,
    clock: systemClock,
    logger,
    onSync: (elapsedMs: number) => stats.fsyncMs.add(elapsedMs),
  };
  return new DiskLog(files, directories.logDirectory, options, events);
}
