import { mkdir } from 'node:fs/promises';
import { defaultConfig } from '../../core/config.ts';
import { startServer } from '../../core/server.ts';
import { JavaServer, SUPER_DIGEST } from '../kit/java.ts';

// Sessions must not end on their own within a run, nor containers: what a clock decides cannot be compared step by step.
const MIN_SESSION_TIMEOUT_MS = 10_000;
const MAX_SESSION_TIMEOUT_MS = 40_000;
const NEVER_MS = 100_000_000;

export interface Server extends AsyncDisposable {
  readonly port: number;
  /** Ends it in order; its data stays. */
  stop(): Promise<void>;
}

/** Apache ZooKeeper on a directory, which is made if it is not there. */
export async function startJava(dataDir?: string): Promise<Server> {
  const java = await JavaServer.start({
    ...(dataDir === undefined ? {} : { dataDir }),
    configLines: [
      `minSessionTimeout=${MIN_SESSION_TIMEOUT_MS}`,
      `maxSessionTimeout=${MAX_SESSION_TIMEOUT_MS}`,
      'snapCount=1000',
    ],
    properties: ['zookeeper.forceSync=no', `znode.container.checkIntervalMs=${NEVER_MS}`],
  });
  return {
    port: java.port,
    stop: () => java.stop(),
    [Symbol.asyncDispose]: () => java[Symbol.asyncDispose](),
  };
}

/** Our server in this process, on a directory. */
export async function startOurs(dataDir: string): Promise<Server> {
  await mkdir(`${dataDir}/version-2`, { recursive: true });
  const ours = await startServer({
    ...defaultConfig,
    dataDir,
    dataLogDir: dataDir,
    clientPort: 0,
    clientPortAddress: '127.0.0.1',
    maxClientCnxns: 0,
    fourLetterWordWhitelist: ['*'],
    minSessionTimeoutMs: MIN_SESSION_TIMEOUT_MS,
    maxSessionTimeoutMs: MAX_SESSION_TIMEOUT_MS,
    extendedTypesEnabled: true,
    superDigest: SUPER_DIGEST,
    preAllocSizeBytes: 64 * 1024,
    forceSync: false,
    snapCount: 1000,
    containerCheckIntervalMs: NEVER_MS,
  });
  let running = true;
  const stop = async (): Promise<void> => {
    if (running) await ours.close();
    running = false;
  };
  return { port: ours.address.port, stop, [Symbol.asyncDispose]: stop };
}
