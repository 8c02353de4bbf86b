import { ServerStats } from './admin/stats.ts';
import { AuthProviders } from './auth/providers.ts';
import type { ServerConfig } from './config.ts';
import { DiskSnapshots } from './io/disk-snapshot.ts';
import { NodeFiles } from './io/node-files.ts';
import { nodeScheduler } from './io/node-scheduler.ts';
import { sha1Base64, systemClock, systemRandom } from './io/system-clock.ts';
import { assertPortIsFree } from './io/tcp-clients.ts';
import { considerateYield } from './io/yield-turn.ts';
import { silentLogger } from './ports.ts';
import { openLog, type RestoreParts, restoreTree } from './restore.ts';
import type { ServerOptions } from './running-server.ts';
import type { StoreParts } from './store.ts';
import { TreeSnapshot } from './tree/snapshot-view.ts';
import type { DataTree } from './tree/tree.ts';
import type { CommittedLog } from './zab/commit-log.ts';

/** What a server begins with, alone or not. */
export interface OpenedServer extends StoreParts, RestoreParts {
  /** What the files hold. */
  readonly tree: DataTree;
  readonly auth: AuthProviders;
}

/**
 * Recovers what the directories hold, the last transactions into `recent` too. Rejects with the storage's or the system's error, and
 * leaves nothing running then.
 */
export async function openServer(
  config: ServerConfig,
  options: ServerOptions,
  recent?: CommittedLog,
): Promise<OpenedServer> {
  const { dataDir, dataLogDir, clientPort, clientPortAddress, extendedTypesEnabled, digestEnabled } = config;
  const logger = options.logger ?? silentLogger;
  const parts = {
    config,
    files: options.files ?? new NodeFiles(),
    directories: { snapshotDirectory: `${dataDir}/version-2`, logDirectory: `${dataLogDir}/version-2` },
    treeOptions: {
      extendedTypes: extendedTypesEnabled,
      digestEnabled,
      hashSeed: systemRandom.below(2 ** 31),
    },
    stats: new ServerStats(),
    logger,
    clock: systemClock,
    random: systemRandom,
    scheduler: nodeScheduler,
    auth: new AuthProviders(config, sha1Base64),
  };
  await assertPortIsFree(clientPort, clientPortAddress);
  const snapshots = new DiskSnapshots(parts.files, {
    ...parts.directories,
    logger,
    yieldTurn: considerateYield(),
  });
  const { tree, isNew } = restoreTree(parts, recent);
  // Logs without a snapshot look like a lost one: the empty tree is written before anything is logged.
  if (isNew) {
    await new Promise<void>((resolve, reject) => {
      snapshots.write(new TreeSnapshot(tree), (error) => (error === null ? resolve() : reject(error)));
    });
  }
  return { ...parts, snapshots, tree, openLog: (events) => openLog(parts, events) };
}
