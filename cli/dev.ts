import { resolve } from 'node:path';
import colors from 'picocolors';
import { defaultConfig, type ServerConfig } from '../core/config.ts';
import { lockDirectory } from '../core/io/directory-lock.ts';
import { startServer } from '../core/server.ts';
import { ZOOKIT_VERSION } from '../core/version.ts';
import { Demo } from './demo.ts';
import { DEMO_LOCK } from './demo-messages.ts';
import { assertFitsOne } from './ensemble/directories.ts';
import { ExitCode } from './exit-codes.ts';
import { explainServerError } from './explain.ts';
import { freePorts } from './free-ports.ts';
import { createLogger } from './log.ts';
import { prepareDirectories } from './server-config.ts';
import { closeOnSignal } from './shutdown.ts';
import { Timeline } from './timeline.ts';
import { waysToConnect } from './ways-to-connect.ts';

export interface DevOptions {
  /** The first port to try; 0 lets the system choose. */
  readonly port: number;
  readonly data: string;
  readonly demo: boolean;
}

const HOST = '127.0.0.1';

/** `zookit dev`: a server on loopback with everything switched on, the demonstration, and then just the server. */
export async function runDev(options: DevOptions): Promise<void> {
  // The last one tried may be taken after all: then the server says so.
  const [port = options.port] = await freePorts([options.port], HOST);
  const config = devConfig(options, port);
  const onFatal = (error: unknown): void => {
    process.stderr.write(`zookit dev: ${explainServerError(error, config)}\n`);
    process.exit(ExitCode.failed);
  };
  process.on('uncaughtException', onFatal);
  try {
    assertFitsOne(config.dataDir);
    prepareDirectories(config);
    const lock = await lockDirectory(config.dataDir);
    const server = await startServer(config, { logger: createLogger('warn'), onFatal });
    const at = `${HOST}:${server.address.port}`;
    const demo = new Demo(at, new Timeline(print));
    closeOnSignal(async () => {
      print('\nClosing.');
      await demo.close();
      await server.close();
      lock.release();
    });
    greet(at, options, server.address.port);
    if (options.demo) await show(demo);
    farewell(at, options);
  } catch (error) {
    onFatal(error);
  }
}

function devConfig({ data }: DevOptions, port: number): ServerConfig {
  const dataDir = resolve(data);
  return {
    ...defaultConfig,
    dataDir,
    dataLogDir: dataDir,
    clientPort: port,
    clientPortAddress: HOST,
    // Sessions end soon after their process: half-second ticks, and timeouts from one second to one minute.
    tickTimeMs: 500,
    minSessionTimeoutMs: 1000,
    maxSessionTimeoutMs: 60_000,
    maxClientCnxns: 0,
    fourLetterWordWhitelist: ['*'],
    extendedTypesEnabled: true,
    containerCheckIntervalMs: 10_000,
    autopurgePurgeIntervalHours: 1,
  };
}

function greet(at: string, { port, data }: DevOptions, actual: number): void {
  print('');
  print(
    `${colors.bold('zookit')} ${ZOOKIT_VERSION}  serving at ${colors.bold(colors.green(at))}  data in ${data}`,
  );
  if (port !== 0 && actual !== port)
    print(colors.yellow(`Port ${port} is taken, so this is the next free one.`));
  print('');
}

async function show(demo: Demo): Promise<void> {
  print(`Three processes take turns on InterProcessMutex(client, '${DEMO_LOCK}'):`);
  print('');
  try {
    await demo.run();
  } catch (error) {
    print(
      colors.red(`The demonstration ended early: ${error instanceof Error ? error.message : String(error)}`),
    );
    print('');
  }
}

function farewell(at: string, { data }: DevOptions): void {
  print('The server keeps running. Connect to it with');
  print('');
  for (const line of waysToConnect(at)) print(line);
  print('');
  print(colors.dim(`Ctrl-C stops it; what is stored stays in ${data}.`));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
