import type { Environment } from '../environment.ts';
import type { LoadGenerator, LoadResult } from '../load.ts';
import { residentBytes } from '../memory-of.ts';
import type { BenchOptions, Operation } from '../options.ts';
import type { ServerKind } from '../server.ts';
import { present } from '../statistics.ts';
import type { Point } from '../throughput.ts';
import type { Workspace } from '../workspace.ts';
import { type Failover, killsPerRound, measureFailover } from './failover.ts';
import { BenchEnsemble } from './servers.ts';

/** What is asked of three servers: reads, writes, both, and writes of clients that wait for each answer. */
export const ENSEMBLE_POINTS: readonly { readonly operation: Operation; readonly outstanding: number }[] = [
  { operation: 'get', outstanding: 16 },
  { operation: 'set', outstanding: 16 },
  { operation: 'mixed', outstanding: 16 },
  { operation: 'set', outstanding: 1 },
];

/** What the servers' processes occupied, in bytes, each server by itself. */
export interface Resident {
  /** As soon as all of them serve. */
  readonly afterStart: readonly number[];
  /** After the loads. */
  readonly afterLoad: readonly number[];
}

type PerKind<T> = Readonly<Partial<Record<ServerKind, T>>>;

/** Everything that a run with `--ensemble` measured; this is what the JSON file holds. */
export interface EnsembleResults {
  readonly environment: Environment;
  readonly options: BenchOptions;
  /** Why something was not measured as it should be. */
  readonly notes: readonly string[];
  readonly points: readonly Point[];
  readonly resident: PerKind<Resident>;
  readonly failovers: PerKind<readonly Failover[]>;
}

/** What there is to measure with, and which servers. */
export interface EnsembleBench {
  readonly options: BenchOptions;
  readonly load: LoadGenerator;
  readonly workspace: Workspace;
  readonly kinds: readonly ServerKind[];
  progress(what: string): void;
}

type Measured = Pick<EnsembleResults, 'points' | 'resident' | 'failovers'>;

/** One ensemble under one load. */
interface LoadRound {
  readonly load: LoadResult;
  readonly resident: Resident;
}

/** Measures the points, then the deaths of leaders: each in rounds in which the kinds take turns, on new ensembles each time. */
export async function measureEnsembles(bench: EnsembleBench): Promise<Measured> {
  const { operations, parts } = bench.options;
  const points: Point[] = [];
  const all: PerKind<LoadRound[]>[] = [];
  for (const { operation, outstanding } of ENSEMBLE_POINTS) {
    if (!operations.includes(operation)) continue;
    bench.progress(`three servers: ${operation}, ${outstanding} outstanding`);
    const measured = await inTurns(bench, bench.options.rounds, (ensemble) =>
      measureLoad(bench, ensemble, operation, outstanding),
    );
    const rounds = perKind(bench, (kind) => measured[kind]?.map(({ load }) => load) ?? []);
    points.push({ operation, outstanding, rounds });
    all.push(measured);
  }
  const resident =
    all.length === 0
      ? {}
      : perKind(bench, (kind) => together(all.flatMap((measured) => measured[kind] ?? [])));
  return { points, resident, failovers: parts.includes('failover') ? await measureFailovers(bench) : {} };
}

async function measureLoad(
  bench: EnsembleBench,
  ensemble: BenchEnsemble,
  operation: Operation,
  outstanding: number,
): Promise<LoadRound> {
  const { connections, seconds, warmupSeconds } = bench.options;
  const { ports } = ensemble;
  const afterStart = await residentOf(ensemble);
  const load = await bench.load.run({ ports, operation, connections, outstanding, seconds, warmupSeconds });
  return { load, resident: { afterStart, afterLoad: await residentOf(ensemble) } };
}

function together(rounds: readonly LoadRound[]): Resident {
  return {
    afterStart: rounds.flatMap(({ resident }) => resident.afterStart),
    afterLoad: rounds.flatMap(({ resident }) => resident.afterLoad),
  };
}

async function measureFailovers(bench: EnsembleBench): Promise<PerKind<Failover[]>> {
  const { kills, rounds } = bench.options;
  bench.progress(`${kills} deaths of a leader`);
  const turns = killsPerRound(kills, Math.min(rounds, kills));
  const measured = await inTurns(bench, turns.length, async (ensemble, round) => {
    const deaths: Failover[] = [];
    for (let i = 0; i < turns[round]!; i++) deaths.push(await measureFailover(ensemble));
    return deaths;
  });
  return perKind(bench, (kind) => (measured[kind] ?? []).flat());
}

/** What `measure` gives on a new ensemble of each kind in each round. */
async function inTurns<T>(
  bench: EnsembleBench,
  rounds: number,
  measure: (ensemble: BenchEnsemble, round: number) => Promise<T>,
): Promise<PerKind<T[]>> {
  const { workspace } = bench;
  const measured: PerKind<T[]> = perKind(bench, () => []);
  for (let round = 0; round < rounds; round++) {
    for (const kind of bench.kinds) {
      const directory = await workspace.directory();
      const ensemble = await BenchEnsemble.start(kind, directory);
      try {
        measured[kind]?.push(await measure(ensemble, round));
      } finally {
        await ensemble.stop();
        await workspace.remove(directory);
      }
    }
  }
  return measured;
}

function perKind<T>({ kinds }: EnsembleBench, of: (kind: ServerKind) => T): PerKind<T> {
  return Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as PerKind<T>;
}

async function residentOf({ members }: BenchEnsemble): Promise<number[]> {
  return present(await Promise.all(members.map(({ child }) => residentBytes(child.pid))), (bytes) => bytes);
}
