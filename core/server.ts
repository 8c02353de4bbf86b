import { fourLetterReply } from './admin/four-letter.ts';
import type { ServerConfig } from './config.ts';
import { Driver } from './driver.ts';
import { TcpClients } from './io/tcp-clients.ts';
import { openServer } from './open-server.ts';
import type { Connection } from './pipeline/connection.ts';
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
  const opened = await openServer(config, options);
  const { tree, stats, logger, clock } = opened;
  const { clientPort, clientPortAddress, clientPortListenBacklog } = config;
  let tcp: TcpClients<Connection>;
  const driver = new Driver({
    ...opened,
    fourLetterReply: (word) => fourLetterReply(word, config.fourLetterWordWhitelist, view, view),
    onFailure: (error) => {
      tcp.stopAccepting();
      tcp.destroyAll();
      options.onFatal?.(error);
    },
  });
  const { service } = driver;
  const view = new RunningView(
    { mode: 'standalone', ensemble: null, servingSinceMs: clock.monotonicMs(), service, tree },
    config,
    stats,
    clock,
  );
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
