import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { modeOf } from '../../cli/four-letter.ts';
import { freePorts } from '../../cli/free-ports.ts';
import type { Child } from '../process.ts';
import { runServer, SERVER_NAMES, type ServerKind } from '../server.ts';

export const SERVERS = 3;

const HOST = '127.0.0.1';
const SERVES_WITHIN_MS = 120_000;
/** How often a server is asked what it is: what is timed this way is exact to so much. */
const ASK_AGAIN_MS = 5;

/** One server of an ensemble that is measured. */
export interface BenchMember {
  readonly id: number;
  readonly port: number;
  readonly configPath: string;
  child: Child;
}

/** Three servers of one kind on loopback, each a process of its own with the same zoo.cfg and a directory of its own. */
export class BenchEnsemble {
  readonly kind: ServerKind;
  readonly members: readonly BenchMember[];

  private constructor(kind: ServerKind, members: readonly BenchMember[]) {
    this.kind = kind;
    this.members = members;
  }

  /** Starts the servers on an empty directory and waits until all of them serve. */
  static async start(kind: ServerKind, directory: string): Promise<BenchEnsemble> {
    const ports = await freePorts(new Array<number>(3 * SERVERS).fill(0), HOST);
    const ids = Array.from({ length: SERVERS }, (_, index) => index + 1);
    const lines = ids.map(
      (id) => `server.${id}=${HOST}:${ports[SERVERS + id - 1]}:${ports[2 * SERVERS + id - 1]}`,
    );
    const members: BenchMember[] = [];
    for (const id of ids) {
      const port = ports[id - 1]!;
      const configPath = await configure(join(directory, `server-${id}`), id, port, lines);
      members.push({ id, port, configPath, child: runServer(kind, configPath) });
    }
    const ensemble = new BenchEnsemble(kind, members);
    try {
      await Promise.all(members.map((member) => ensemble.serves(member)));
    } catch (error) {
      await ensemble.stop();
      throw error;
    }
    return ensemble;
  }

  get ports(): number[] {
    return this.members.map(({ port }) => port);
  }

  /** Resolves when a server serves, as leader or follower. */
  async serves(member: BenchMember): Promise<void> {
    const deadlineMs = performance.now() + SERVES_WITHIN_MS;
    while ((await modeOf(member.port)) === null) {
      const { child } = member;
      if (child.hasEnded || performance.now() > deadlineMs) {
        throw new Error(`${SERVER_NAMES[this.kind]}: server ${member.id} does not serve\n${child.output}`);
      }
      await sleep(ASK_AGAIN_MS);
    }
  }

  /** Who leads, waiting until somebody does. */
  async leader(): Promise<BenchMember> {
    const deadlineMs = performance.now() + SERVES_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      for (const member of this.members) if ((await modeOf(member.port)) === 'leader') return member;
      await sleep(ASK_AGAIN_MS);
    }
    throw new Error(`${SERVER_NAMES[this.kind]}: nobody leads`);
  }

  /** Starts a server again whose process has ended; returns the milliseconds from the start of the process until it serves. */
  async restart(member: BenchMember): Promise<number> {
    await member.child.end();
    const startedMs = performance.now();
    member.child = runServer(this.kind, member.configPath);
    await this.serves(member);
    return performance.now() - startedMs;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ child }) => child.end('SIGKILL')));
  }
}

async function configure(
  directory: string,
  id: number,
  port: number,
  servers: readonly string[],
): Promise<string> {
  const dataDir = join(directory, 'data');
  await mkdir(dataDir, { recursive: true });
  await writeFile(join(dataDir, 'myid'), `${id}\n`);
  const settings = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${dataDir}`,
    `clientPort=${port}`,
    `clientPortAddress=${HOST}`,
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
    'admin.enableServer=false',
    ...servers,
  ];
  const configPath = join(directory, 'zoo.cfg');
  await writeFile(configPath, `${settings.join('\n')}\n`);
  return configPath;
}
