import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, freePort, whichOf } from './process.ts';
import { firstSession } from './session.ts';

export type ServerKind = 'zookit' | 'java';
export const SERVER_NAMES: Readonly<Record<ServerKind, string>> = {
  zookit: 'zookit',
  java: 'Apache ZooKeeper',
};

const JAVA_HEAP = '1g';
const JAVA_JAR = '/usr/share/java/zookeeper.jar';
const CLI = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const PROBE = new URL('./probe.js', import.meta.url).href;

/** Why Apache ZooKeeper cannot be measured here, null if it can. */
export function javaMissing(): string | null {
  if (whichOf(['java']) === null) return 'no java';
  return existsSync(JAVA_JAR) ? null : `no ${JAVA_JAR}`;
}

export interface StartOptions {
  readonly kind: ServerKind;
  /** Its data and zoo.cfg; made if it is not there. What it holds is what the server starts on. */
  readonly directory: string;
  /** More lines of zoo.cfg. */
  readonly lines?: readonly string[];
  readonly javaHeap?: string;
  /** Lets `liveBytes` ask zookit's process what is left after a garbage collection. */
  readonly probe?: boolean;
}

/** A server in a process of its own, on loopback, that grants sessions. */
export interface BenchServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly child: Child;
  readonly dataDir: string;
  /** From the start of the process to the first session. */
  readonly startMs: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Both get the same zoo.cfg and their own defaults for everything that it leaves out; fsync is on in both. */
export async function startServerProcess(options: StartOptions): Promise<BenchServer> {
  const { kind, directory, lines = [], javaHeap = JAVA_HEAP, probe = false } = options;
  const dataDir = join(directory, 'data');
  await mkdir(dataDir, { recursive: true });
  const port = await freePort();
  const settings = [
    'tickTime=2000',
    `dataDir=${dataDir}`,
    `clientPort=${port}`,
    'clientPortAddress=127.0.0.1',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
    'admin.enableServer=false',
    ...lines,
  ];
  const configPath = join(directory, 'zoo.cfg');
  await writeFile(configPath, `${settings.join('\n')}\n`);
  const startedMs = performance.now();
  const child = kind === 'java' ? runJava(configPath, javaHeap) : runZookit(configPath, probe);
  try {
    await firstSession(port, () => child.hasEnded);
  } catch (error) {
    await child.end('SIGKILL');
    throw new Error(`${SERVER_NAMES[kind]} does not serve: ${(error as Error).message}\n${child.output}`);
  }
  const startMs = performance.now() - startedMs;
  return {
    kind,
    port,
    child,
    dataDir,
    startMs,
    stop: async (signal = 'SIGKILL') => void (await child.end(signal)),
  };
}

/** A server's process on a zoo.cfg, without waiting until it serves. */
export function runServer(kind: ServerKind, configPath: string): Child {
  return kind === 'java' ? runJava(configPath, JAVA_HEAP) : runZookit(configPath, false);
}

function runJava(configPath: string, heap: string): Child {
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  return new Child('java', [`-Xmx${heap}`, '-cp', JAVA_JAR, main, configPath]);
}

function runZookit(configPath: string, probe: boolean): Child {
  const command = [CLI, 'server', configPath];
  if (!probe) return new Child(process.execPath, command);
  return new Child(
    process.execPath,
    ['--expose-gc', '--import', PROBE, ...command],
    ['ignore', 'pipe', 'pipe', 'ipc'],
  );
}
