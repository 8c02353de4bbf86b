import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, whichOf } from '../process.ts';
import { SERVER_NAMES, type ServerKind, startServerProcess } from '../server.ts';
import type { Workspace } from '../workspace.ts';

const SOURCE = fileURLToPath(new URL('../../../bench/recipes/CuratorContest.java', import.meta.url));
const CONTESTANT = fileURLToPath(new URL('./contestant.js', import.meta.url));
const JARS = [
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'zookeeper',
  'guava',
  'slf4j-nop',
].map((name) => `/usr/share/java/${name}.jar`);

/** What is compared. Workers of a queue are the items that its producer keeps ahead of its consumer. */
export const CONTESTS = [
  { recipe: 'lock', workers: 1, what: 'InterProcessMutex, acquired and released by one' },
  { recipe: 'lock', workers: 8, what: 'InterProcessMutex, handed over among 8' },
  { recipe: 'queue', workers: 64, what: 'DistributedQueue with a lock path, put and consumed' },
  { recipe: 'counter', workers: 1, what: 'DistributedAtomicLong, incremented by one' },
  { recipe: 'counter', workers: 8, what: 'DistributedAtomicLong, incremented by 8 at once' },
] as const;

export interface ContestResult {
  readonly what: string;
  readonly server: ServerKind;
  /** How often a second, a round each. */
  readonly ours: readonly number[];
  readonly curator: readonly number[];
}

export interface ContestOptions {
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measuredMs: number;
  readonly servers: readonly ServerKind[];
}

/** Why Curator cannot take part, null if it can. */
export function curatorMissing(): string | null {
  const missing = JARS.filter((jar) => !existsSync(jar));
  if (missing.length > 0) return `no ${missing.join(', ')} (apt-get install libcurator-recipes-java)`;
  return whichOf(['javac']) === null ? 'no javac (apt-get install openjdk-17-jdk-headless)' : null;
}

/** Both sides on the same server, taking turns, each as a process of its own. */
export async function measureContests(
  options: ContestOptions,
  workspace: Workspace,
  progress: (what: string) => void,
): Promise<ContestResult[]> {
  const classes = await workspace.directory();
  const compiled = await new Child('javac', ['-d', classes, '-cp', JARS.join(':'), SOURCE]).end();
  if (compiled !== 0) throw new Error(`${SOURCE} does not compile`);
  const java = ['java', '-Xmx1g', '-cp', [classes, ...JARS].join(':'), 'CuratorContest'] as const;
  const node = [process.execPath, CONTESTANT] as const;
  const results: ContestResult[] = [];
  for (const server of options.servers) {
    for (const { recipe, workers, what } of CONTESTS) {
      progress(`${what}, on ${SERVER_NAMES[server]}`);
      const [ours, curator]: [number[], number[]] = [[], []];
      for (let round = 0; round < options.rounds; round++) {
        const contest = [recipe, String(workers), String(options.warmupMs), String(options.measuredMs)];
        ours.push(await onFreshServer(server, workspace, node, contest));
        curator.push(await onFreshServer(server, workspace, java, contest));
      }
      results.push({ what, server, ours, curator });
    }
  }
  return results;
}

async function onFreshServer(
  kind: ServerKind,
  workspace: Workspace,
  [command, ...args]: readonly [string, ...string[]],
  contest: readonly string[],
): Promise<number> {
  const directory = await workspace.directory();
  const server = await startServerProcess({ kind, directory: join(directory, 'server') });
  try {
    const child = new Child(command, [...args, `127.0.0.1:${server.port}`, ...contest]);
    const status = await child.end();
    const [, count, nanoseconds] = /^did (\d+) (\d+)$/m.exec(child.output) ?? [];
    if (status !== 0 || count === undefined) throw new Error(`${command} ${contest[0]}: ${child.output}`);
    return Number(count) / (Number(nanoseconds) / 1e9);
  } finally {
    await server.stop();
    await workspace.remove(directory);
  }
}

export function ratiosOf({ ours, curator }: ContestResult): number[] {
  return ours.map((rate, round) => rate / curator[round]!);
}
