import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, freePort } from '../kit/processes.ts';
import type { Cluster, ClusterServer } from './cluster.ts';

export interface ProcessClusterOptions {
  /** The command line's entry file, see `buildPackage`. */
  readonly main: string;
  /** An existing directory for configurations and data. */
  readonly directory: string;
  readonly servers: number;
  /** More lines of zoo.cfg; they win over those above them. */
  readonly configLines?: readonly string[];
}

/** Generous: other work may take the processors. */
const START_LIMIT_MS = 120_000;
const LOG_CHARS_MAX = 1_000_000;

/** What the nemesis wants of every server, wherever it runs: failures noticed soon, snapshots and short logs, words answered. */
export const nemesisConfigLines: readonly string[] = [
  'tickTime=200',
  'initLimit=25',
  'syncLimit=10',
  // The nemesis's own sessions outlive what it does; those of clients ask for less.
  'maxSessionTimeout=60000',
  'snapCount=500',
  'preAllocSize=64',
  'maxClientCnxns=0',
  'autopurge.snapRetainCount=3',
  'autopurge.purgeInterval=1',
  'admin.enableServer=false',
  '4lw.commands.whitelist=*',
];

class ServerProcess implements ClusterServer {
  readonly id: number;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #command: readonly string[];
  #child: Child | null = null;
  #ended = '';

  constructor(id: number, port: number, command: readonly string[]) {
    this.id = id;
    this.port = port;
    this.#command = command;
  }

  async kill(): Promise<void> {
    if (this.#child === null) return;
    await this.#child.stop('SIGKILL');
    this.#ended = `${await this.log()}\n-- killed\n`;
    this.#child = null;
  }

  async restart(): Promise<void> {
    const child = new Child(process.execPath, this.#command);
    this.#child = child;
    await child.waitFor(/listening for clients/, START_LIMIT_MS);
  }

  async pause(): Promise<void> {
    this.#child?.process.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#child?.process.kill('SIGCONT');
  }

  async disconnect(): Promise<void> {
    throw new Error('processes share one network, which cannot be cut');
  }

  async reconnect(): Promise<void> {}

  async log(): Promise<string> {
    return `${this.#ended}${this.#child?.output ?? ''}`.slice(-LOG_CHARS_MAX);
  }
}

/** An ensemble of `zookit server` processes on this machine: they can be killed and stopped, and share one network. */
export async function startProcesses(options: ProcessClusterOptions): Promise<Cluster> {
  const ids = Array.from({ length: options.servers }, (_, i) => i + 1);
  const lines: string[] = [];
  for (const id of ids) lines.push(`server.${id}=127.0.0.1:${await freePort()}:${await freePort()}`);
  const servers: ServerProcess[] = [];
  for (const id of ids) {
    const dataDir = join(options.directory, String(id));
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'myid'), `${id}\n`);
    const port = await freePort();
    const config = join(options.directory, `zoo-${id}.cfg`);
    const own = [`dataDir=${dataDir}`, `clientPort=${port}`, 'clientPortAddress=127.0.0.1'];
    own.push(...(options.configLines ?? []));
    await writeFile(config, `${[...nemesisConfigLines, ...own, ...lines].join('\n')}\n`);
    servers.push(new ServerProcess(id, port, [options.main, 'server', config]));
  }
  const end = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill()));
  };
  try {
    await Promise.all(servers.map((server) => server.restart()));
  } catch (error) {
    await end();
    throw error;
  }
  return { servers, hasNetwork: false, [Symbol.asyncDispose]: end };
}
