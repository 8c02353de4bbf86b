import type { Environment } from './environment.ts';
import { DATA_BYTES } from './load.ts';
import { JAVA_REFERENCE_BYTES, type MemoryFigures } from './memory.ts';
import type { BenchOptions } from './options.ts';
import { SERVER_NAMES, type ServerKind } from './server.ts';
import type { SnapshotFigures } from './snapshot.ts';
import type { StartTimes } from './start.ts';
import { mebibytes, milliseconds, ms, spread, table, whole } from './table.ts';
import { figuresOf, type Point, ratiosOf } from './throughput.ts';

type PerServer<T> = Readonly<Partial<Record<ServerKind, T>>>;

/** Everything that a run measured; this is what the JSON file holds. */
export interface Results {
  readonly environment: Environment;
  readonly options: BenchOptions;
  /** Why something was not measured as it should be. */
  readonly notes: readonly string[];
  readonly points: readonly Point[];
  readonly start: StartTimes | null;
  readonly memory: PerServer<MemoryFigures>;
  readonly snapshot: PerServer<SnapshotFigures>;
}

/** The whole report as Markdown, which reads well in a terminal too. */
export function report(results: Results): string {
  const sections = [
    environmentText(results),
    throughputText(results),
    startText(results.start),
    memoryText(results.memory),
    snapshotText(results.snapshot),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

export function environmentText({
  environment: e,
  options,
  notes,
}: Pick<Results, 'environment' | 'options' | 'notes'>): string {
  const lines = [
    `- ${e.time}, commit ${e.commit}`,
    `- ${e.cpu}, ${e.memoryGiB} GiB, ${e.kernel}, Node ${e.node}`,
    `- data in ${e.directory}: appending 4 KiB and fdatasync takes ${whole(e.syncUs)} µs (median)`,
  ];
  if (e.java !== null) lines.push(`- Apache ZooKeeper ${e.zookeeper ?? '(version unknown)'} on ${e.java}`);
  if (e.inMemory) lines.push('- **that directory is in memory: a sync costs nothing there (use --dir)**');
  if (options.quick) lines.push('- **a quick run: it tells whether everything works, not how fast it is**');
  return ['## Where this was measured', '', ...lines, ...notes.map((note) => `- **${note}**`)].join('\n');
}

function throughputText({ points, options }: Results): string {
  if (points.length === 0) return '';
  const head = ['operation', 'outstanding', 'zookit ops/s', 'Apache ops/s', 'ratio', 'p50', 'p99', 'p99.9'];
  return ['## Operations', '', throughputWhat(options), '', table(head, points.map(throughputRow))].join(
    '\n',
  );
}

/** How the figures of `throughputRow` were come by. */
export function throughputWhat({ connections, rounds, seconds, warmupSeconds }: BenchOptions): string {
  return `${connections} connections, ${DATA_BYTES} bytes of data, ${rounds} × ${seconds} s after ${warmupSeconds} s of warm-up, medians. Latencies in milliseconds, ours / theirs; the ratio is ours over theirs, round by round: median (least to greatest).`;
}

export function throughputRow(point: Point): string[] {
  const ours = figuresOf(point, 'zookit');
  const theirs = figuresOf(point, 'java');
  const ratios = ratiosOf(point);
  const both = (name: 'p50Us' | 'p99Us' | 'p999Us'): string =>
    `${milliseconds(ours?.[name] ?? null)} / ${milliseconds(theirs?.[name] ?? null)}`;
  return [
    point.operation === 'mixed' ? 'mixed 90/10' : point.operation,
    String(point.outstanding),
    whole(ours?.opsPerSecond ?? null),
    whole(theirs?.opsPerSecond ?? null),
    spread(ratios),
    both('p50Us'),
    both('p99Us'),
    both('p999Us'),
  ];
}

function startText(start: StartTimes | null): string {
  if (start === null) return '';
  const rows = (Object.entries(start.process) as [ServerKind, number][]).map(([kind, time]) => [
    `${SERVER_NAMES[kind]}, a process`,
    ms(time),
  ]);
  rows.push(['TestServer, the first of a process', ms(start.testServerFirst)]);
  rows.push(['TestServer, those after it', ms(start.testServer)]);
  return ['## From the start to the first session', '', table(['what', 'ms'], rows)].join('\n');
}

function memoryText(memory: PerServer<MemoryFigures>): string {
  const entries = Object.entries(memory) as [ServerKind, MemoryFigures][];
  if (entries.length === 0) return '';
  const rows = entries.map(([kind, figures]) => [
    SERVER_NAMES[kind],
    whole(figures.livePerZnode),
    whole(figures.residentPerZnode),
    mebibytes(figures.after.liveBytes),
    mebibytes(figures.after.residentBytes),
    whole(figures.createsPerSecond),
  ]);
  const head = [
    'server',
    'live bytes / znode',
    'resident bytes / znode',
    'live MiB',
    'resident MiB',
    'creates/s',
  ];
  const what = `After ${whole(entries[0]![1].znodes)} znodes of ${DATA_BYTES} bytes: what grew, per znode. Live is what a full garbage collection leaves, buffers outside the heap included; resident is what the process occupies, which for a JVM is what it was allowed to take.`;
  const lines = ['## Memory', '', what, '', table(head, rows)];
  if (memory.java?.livePerZnode == null) {
    lines.push(
      '',
      `For reference: Apache ZooKeeper 3.8 was measured at ${JAVA_REFERENCE_BYTES} bytes of live heap a znode.`,
    );
  }
  return lines.join('\n');
}

function snapshotText(snapshot: PerServer<SnapshotFigures>): string {
  const entries = Object.entries(snapshot) as [ServerKind, SnapshotFigures][];
  if (entries.length === 0) return '';
  const rows = entries.map(([kind, figures]) => [
    SERVER_NAMES[kind],
    whole(figures.recoveryMs),
    mebibytes(figures.snapshotBytes),
    whole(figures.snapshotMs),
    ms(figures.idleGapMs),
    ms(figures.snapshotGapMs),
    ms(figures.setGapMs),
  ]);
  const head = [
    'server',
    'recovery ms',
    'snapshot MiB',
    'snapshot ms',
    'idle gap ms',
    'ping gap ms',
    'set gap ms',
  ];
  const what =
    'A snapshot of those znodes beside running clients. A gap is the longest time without an answer: to one client that pings without a pause, idle and during the snapshot; and to eight clients that set, one request at a time each.';
  return ['## A snapshot under load', '', what, '', table(head, rows)].join('\n');
}
