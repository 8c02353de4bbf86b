import type { LoadGenerator, LoadResult } from './load.ts';
import type { BenchOptions, Operation } from './options.ts';
import { type ServerKind, startServerProcess } from './server.ts';
import { median, present } from './statistics.ts';
import type { Workspace } from './workspace.ts';

/** One operation at one number of outstanding requests: what each round of each server gave. */
export interface Point {
  readonly operation: Operation;
  readonly outstanding: number;
  readonly rounds: Readonly<Partial<Record<ServerKind, readonly LoadResult[]>>>;
}

export interface Figures {
  readonly opsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** The median of each figure over the rounds; null if the server was not measured. */
export function figuresOf(point: Point, kind: ServerKind): Figures | null {
  const rounds = point.rounds[kind];
  if (rounds === undefined) return null;
  return {
    opsPerSecond: median(present(rounds, (round) => round.opsPerSecond)),
    p50Us: median(present(rounds, (round) => round.all?.p50Us)),
    p99Us: median(present(rounds, (round) => round.all?.p99Us)),
    p999Us: median(present(rounds, (round) => round.all?.p999Us)),
  };
}

/** zookit's ops/s over Apache ZooKeeper's, round by round; empty if only one was measured. */
export function ratiosOf(point: Point): number[] {
  const { zookit = [], java = [] } = point.rounds;
  return zookit.slice(0, java.length).map((round, i) => round.opsPerSecond / java[i]!.opsPerSecond);
}

/**
 * Measures one point: the servers take turns, each time in a new process on an empty directory, so that a disturbance of the
 * machine meets both and no server profits from what it did before.
 */
export async function measurePoint(
  operation: Operation,
  outstanding: number,
  kinds: readonly ServerKind[],
  options: BenchOptions,
  load: LoadGenerator,
  workspace: Workspace,
): Promise<Point> {
  const rounds: Partial<Record<ServerKind, LoadResult[]>> = {};
  const { connections, seconds, warmupSeconds } = options;
  for (let round = 0; round < options.rounds; round++) {
    for (const kind of kinds) {
      const directory = await workspace.directory();
      const server = await startServerProcess({ kind, directory });
      try {
        const ports = [server.port];
        const result = await load.run({ ports, operation, connections, outstanding, seconds, warmupSeconds });
        rounds[kind] = [...(rounds[kind] ?? []), result];
      } finally {
        await server.stop();
        await workspace.remove(directory);
      }
    }
  }
  return { operation, outstanding, rounds };
}
