import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { outputOf } from './process.ts';
import type { Workspace } from './workspace.ts';

/** What the figures depend on and the reader has to know. */
export interface Environment {
  readonly time: string;
  readonly commit: string;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly java: string | null;
  readonly zookeeper: string | null;
  readonly directory: string;
  readonly inMemory: boolean;
  readonly syncUs: number;
}

export async function describeEnvironment(workspace: Workspace, withJava: boolean): Promise<Environment> {
  const [cpu] = cpus();
  return {
    time: new Date().toISOString(),
    commit: await commit(),
    cpu: `${cpus().length} × ${cpu?.model ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    node: process.version,
    java: withJava ? firstLine(await outputOf('java', ['-version'])) : null,
    zookeeper: withJava ? await debianVersion('zookeeper') : null,
    directory: workspace.root,
    inMemory: await workspace.isInMemory(),
    syncUs: await workspace.syncUs(),
  };
}

async function commit(): Promise<string> {
  const directory = fileURLToPath(new URL('../..', import.meta.url));
  const hash = await outputOf('git', ['-C', directory, 'rev-parse', '--short', 'HEAD']);
  if (hash === null) return 'unknown';
  const changes = await outputOf('git', ['-C', directory, 'status', '--porcelain', '--untracked-files=no']);
  return changes === '' ? hash : `${hash}, with changes`;
}

async function debianVersion(name: string): Promise<string | null> {
  const line = await outputOf('dpkg-query', ['-W', name]);
  return line?.split('\t')[1] ?? null;
}

function firstLine(text: string | null): string | null {
  return text?.split('\n')[0] ?? null;
}
