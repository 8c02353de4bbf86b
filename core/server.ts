import { fourLetterReply } from './admin/four-letter.ts';
import { ServerStats } from './admin/stats.ts';
import { AuthProviders } from './auth/providers.ts';
import type { ServerConfig } from './config.ts';
import { Driver } from './driver.ts';
import { DiskSnapshots } from './io/disk-snapshot.ts';
import { NodeFiles } from './io/node-files.ts';
import { nodeScheduler } from './io/node-scheduler.ts';
import { sha1Base64, systemClock, systemRandom } from './io/system-clock.ts';
import { assertPortIsFree, TcpClients } from './io/tcp-clients.ts';
import { considerateYield } from './io/yield-turn.ts';
import type { Connection } from './pipeline/connection.ts';
import { silentLogger } from './ports.ts';
import { directoriesOf, openLog, restoreAtStart, treeOptionsOf } from './restore.ts';
import type { RunningServer, ServerOptions } from './running-server.ts';
import { RunningView } from './server-view.ts';

export type { RunningServer, ServerOptions } from './running-server.ts';

/**
 * Starts one server: recovers what its directories hold, then serves on the client port, alone or as a member of the ensemble that
 * the configuration names. Rejects with the storage's or the system's error, and leaves nothing running then. The directories
 * must exist.
 */
export async function startServer(config: ServerConfig, options: ServerOptions = {}): Promise<RunningServer> {
  if (config.ensemble.servers.length > 1) {
    // Not read by a server alone: that starts the sooner.
    const { startMember } = await import('./ensemble/server.ts');
    return startMember(config, options);
  }
  const logger = options.logger ?? silentLogger;
  const files = options.files ?? new NodeFiles();
  const stats = new ServerStats();
  const directories = directoriesOf(config);
  const { clientPort, clientPortAddress, clientPortListenBacklog } = config;
  await assertPortIsFree(clientPort, clientPortAddress);
  const snapshots = new DiskSnapshots(files, { ...directories, logger, yieldTurn: considerateYield() });
  const parts = { config, files, directories, treeOptions: treeOptionsOf(config), stats, logger };
  const tree = await restoreAtStart(parts, snapshots);

  let tcp: TcpClients<Connection>;
  const driver = new Driver({
    config,
    tree,
    stats,
    logger,
    snapshots,
    scheduler: nodeScheduler,
    auth: new AuthProviders(config, sha1Base64),
    clock: systemClock,
    random: systemRandom,
    openLog: (events) => openLog(parts, events),
    fourLetterReply: (word) => fourLetterReply(word, config.fourLetterWordWhitelist, view),
    onFailure: (error) => {
      tcp.stopAccepting();
      tcp.destroyAll();
      options.onFatal?.(error);
    },
  });
  const { service } = driver;
  const view = new RunningView({ mode: 'standalone', service, tree }, config, stats, systemClock);
  tcp = new TcpClients<Connection>(
    {
      connected: (link) => service.clients.connected(link),
      received: (connection, chunk) => driver.received(connection, chunk),
      drained: (connection) => driver.drained(connection),
      disconnected: (connection) => service.clients.disconnected(connection),
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
