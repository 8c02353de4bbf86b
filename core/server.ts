import { fourLetterReply } from './admin/four-letter.ts';
import { ServerStats } from './admin/stats.ts';
import { AuthProviders } from './auth/providers.ts';
import type { ServerConfig } from './config.ts';
import { Driver } from './driver.ts';
import { DiskLog } from './io/disk-log.ts';
import { DiskSnapshots } from './io/disk-snapshot.ts';
import { NodeFiles } from './io/node-files.ts';
import { sha1Base64, systemClock, systemRandom } from './io/system-clock.ts';
import { assertPortIsFree, TcpClients } from './io/tcp-clients.ts';
import { considerateYield } from './io/yield-turn.ts';
import type { Connection } from './pipeline/connection.ts';
import { type Files, type Logger, silentLogger } from './ports.ts';
import { RunningView } from './server-view.ts';
import { recover } from './storage/recovery.ts';
import type { Scheduler } from './timers.ts';
import { TreeRestorer } from './tree/restore.ts';
import { TreeSnapshot } from './tree/snapshot-view.ts';
import type { DataTree } from './tree/tree.ts';

export interface ServerOptions {
  readonly logger?: Logger;
  /** The server cannot go on, for a disk that failed. Its connections are closed by then; nothing unsaved was acknowledged. */
  readonly onFatal?: (error: Error) => void;
  /** Where files are; the real file system unless told otherwise. */
  readonly files?: Files;
}

export interface RunningServer {
  /** Where clients connect: the port that the system chose where the configuration says 0. */
  readonly address: { readonly host: string; readonly port: number };
  /** Ends a session at once, as if its client had been silent for its timeout. False if there is no such session. */
  expireSession(sessionId: bigint): boolean;
  /** Closes connections, writes what is under way, closes the log and frees the port. Sessions go on at the next start. */
  close(): Promise<void>;
}

const scheduler: Scheduler = {
  endOfTurn: (callback) => void setImmediate(callback),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Starts one server: recovers what its directories hold, then serves on the client port. Rejects with the storage's or the
 * system's error, and leaves nothing running then. The directories must exist.
 */
export async function startServer(config: ServerConfig, options: ServerOptions = {}): Promise<RunningServer> {
  const logger = options.logger ?? silentLogger;
  const files = options.files ?? new NodeFiles();
  const stats = new ServerStats();
  const directories = {
    snapshotDirectory: `${config.dataDir}/version-2`,
    logDirectory: `${config.dataLogDir}/version-2`,
  };
  const { clientPort, clientPortAddress, clientPortListenBacklog } = config;
  await assertPortIsFree(clientPort, clientPortAddress);
  const snapshots = new DiskSnapshots(files, { ...directories, logger, yieldTurn: considerateYield() });
  const tree = await restore(config, files, directories, snapshots, stats, logger);

  let tcp: TcpClients<Connection>;
  const driver = new Driver({
    config,
    tree,
    stats,
    logger,
    scheduler,
    snapshots,
    auth: new AuthProviders(config, sha1Base64),
    clock: systemClock,
    random: systemRandom,
    openLog: (events) => {
      const { preAllocSizeBytes, forceSync, fsyncWarningThresholdMs } = config;
      const logOptions = {
        preAllocSizeBytes,
        forceSync,
        fsyncWarningThresholdMs,
        clock: systemClock,
        logger,
        onSync: (elapsedMs: number) => stats.fsyncMs.add(elapsedMs),
      };
      return new DiskLog(files, directories.logDirectory, logOptions, events);
    },
    fourLetterReply: (word) => fourLetterReply(word, config.fourLetterWordWhitelist, view),
    onFailure: (error) => {
      tcp.stopAccepting();
      tcp.destroyAll();
      options.onFatal?.(error);
    },
  });
  const view = new RunningView(driver, tree, config, stats, systemClock);
  tcp = new TcpClients<Connection>(
    {
      connected: (link) => driver.service.clients.connected(link),
      received: (connection, chunk) => driver.received(connection, chunk),
      drained: (connection) => driver.drained(connection),
      disconnected: (connection) => driver.service.clients.disconnected(connection),
    },
    logger,
  );
  const address = await tcp.listen(clientPort, clientPortAddress, clientPortListenBacklog);
  view.clientPort = address.port;
  driver.start();
  return {
    address,
    expireSession: (sessionId) => driver.expireSession(sessionId),
    async close() {
      tcp.stopAccepting();
      await driver.stop();
      await tcp.closed();
    },
  };
}

async function restore(
  config: ServerConfig,
  files: Files,
  directories: { snapshotDirectory: string; logDirectory: string },
  snapshots: DiskSnapshots,
  stats: ServerStats,
  logger: Logger,
): Promise<DataTree> {
  const restorer = new TreeRestorer(
    {
      extendedTypes: config.extendedTypesEnabled,
      digestEnabled: config.digestEnabled,
      hashSeed: systemRandom.below(2 ** 31),
    },
    logger,
  );
  const { snapshotTrustEmpty } = config;
  const recovered = recover(files, { ...directories, snapshotTrustEmpty, logger }, restorer);
  stats.digestMismatches += restorer.mismatches;
  const tree = restorer.finish();
  if (recovered.snapshot === null) {
    // Logs without a snapshot look like a lost one: the empty tree is written before anything is logged.
    await new Promise<void>((resolve, reject) => {
      snapshots.write(new TreeSnapshot(tree), (error) => (error === null ? resolve() : reject(error)));
    });
  }
  return tree;
}
