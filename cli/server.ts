import type { ServerConfig } from '../core/config.ts';
import { type DirectoryLock, lockDirectories } from '../core/io/directory-lock.ts';
import type { Logger } from '../core/ports.ts';
import { type RunningServer, startServer } from '../core/server.ts';
import { FULL_VERSION } from '../core/version.ts';
import { ConfigError, type ParsedConfig } from '../core/zoo-cfg.ts';
import { ExitCode } from './exit-codes.ts';
import { explainServerError } from './explain.ts';
import { createLogger } from './log.ts';
import { prepareDirectories, readConfig } from './server-config.ts';
import { type ClosingSignal, closeOnSignal } from './shutdown.ts';

/**
 * `zookit server`: runs one server in the foreground until one of these signals, SIGINT and SIGTERM unless told otherwise. Ends the process with status 2 for a configuration that
 * cannot be used and 1 when the server cannot start or cannot go on.
 */
export async function runServer(configPath: string, signals?: readonly ClosingSignal[]): Promise<void> {
  const { config, warnings } = readOrFail(configPath);
  const log = createLogger();
  for (const warning of warnings) log.warn(warning);

  const onFatal = (error: unknown): void => {
    // A system's or storage's error is explained; anything else is a fault of this program, and its stack tells where.
    const expected = error instanceof Error && 'code' in error;
    log.error(`stopping: ${explainServerError(error, config)}`, expected ? {} : { error });
    process.exit(ExitCode.failed);
  };
  process.on('uncaughtException', onFatal);
  try {
    const prepared = prepareDirectories(config);
    const lock = await lockDirectories([prepared.dataDir, prepared.dataLogDir]);
    const server = await startServer(prepared, { logger: log, onFatal });
    announce(log, server, config);
    closeOnSignal((signal) => stop(log, server, lock, signal), signals);
  } catch (error) {
    onFatal(error);
  }
}

function readOrFail(configPath: string): ParsedConfig {
  try {
    return readConfig(configPath);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`zookit server: ${error.problems.join('\nzookit server: ')}\n`);
    process.exit(ExitCode.usage);
  }
}

/** A member of an ensemble tells by itself when it has a leader to serve with. */
function announce(log: Logger, server: RunningServer, { dataDir, ensemble }: ServerConfig): void {
  const { host, port } = server.address;
  const verb = ensemble.servers.length > 1 ? 'listening for' : 'serving';
  log.info(`${verb} clients at ${host.includes(':') ? `[${host}]` : host}:${port}`, {
    version: FULL_VERSION,
    dataDir,
  });
}

async function stop(log: Logger, server: RunningServer, lock: DirectoryLock, signal: string): Promise<void> {
  log.info(`${signal}: closing`);
  try {
    await server.close();
    lock.release();
    log.info('closed');
  } catch (error) {
    log.error('closing failed', { error });
    throw error;
  }
}
