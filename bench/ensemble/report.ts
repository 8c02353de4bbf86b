import { environmentText, throughputRow, throughputWhat } from '../report.ts';
import { SERVER_NAMES, type ServerKind } from '../server.ts';
import { median } from '../statistics.ts';
import { mebibytes, ms, table } from '../table.ts';
import { type Point, ratiosOf } from '../throughput.ts';
import type { Failover } from './failover.ts';
import type { EnsembleResults, Resident } from './measure.ts';
import { SERVERS } from './servers.ts';

/** What the project promises of three servers on one machine. */
const MARKS = {
  /** Operations per second over Apache ZooKeeper's, by operation and requests outstanding. */
  ratio: { get16: 2.5, set16: 2, mixed16: 2.5, set1: 1.2 } as Readonly<Record<string, number>>,
  writesStoppedMs: 100,
  restartMs: 1000,
  /** Resident after the start: a third of the 320 MiB that Apache ZooKeeper was measured at. */
  residentMiB: 107,
};

/** The whole report as Markdown, which reads well in a terminal too. */
export function ensembleReport(results: EnsembleResults): string {
  const sections = [
    environmentText(results),
    operationsText(results),
    failoverText(results),
    residentText(results.resident),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function operationsText({ points, options }: EnsembleResults): string {
  if (points.length === 0) return '';
  const head = [
    'operation',
    'outstanding',
    'zookit ops/s',
    'Apache ops/s',
    'ratio',
    'p50',
    'p99',
    'p99.9',
    'mark',
  ];
  const rows = points.map((point) => [...throughputRow(point), markOf(point)]);
  const what = `${SERVERS} servers, the connections dealt out to all of them. ${throughputWhat(options)}`;
  return ['## Operations of an ensemble', '', what, '', table(head, rows)].join('\n');
}

function markOf(point: Point): string {
  const mark = MARKS.ratio[`${point.operation}${point.outstanding}`];
  const ratios = ratiosOf(point);
  if (mark === undefined) return '–';
  return verdict(`at least ${mark}`, ratios.length === 0 ? null : median(ratios) >= mark);
}

function failoverText({ failovers }: EnsembleResults): string {
  const entries = Object.entries(failovers) as [ServerKind, readonly Failover[]][];
  if (entries.length === 0) return '';
  const rows = entries.flatMap(([kind, all]) => [
    failoverRow(
      kind,
      'writes stopped',
      all.map(({ writesStoppedMs }) => writesStoppedMs),
      MARKS.writesStoppedMs,
    ),
    failoverRow(
      kind,
      'back as follower',
      all.map(({ restartMs }) => restartMs),
      MARKS.restartMs,
    ),
  ]);
  const what =
    'The leader is killed (SIGKILL) while a client of a follower writes. Milliseconds from the kill to the next acknowledged write, and from the start of a new process in its place until it serves as a follower, on what it had stored. No acknowledged write was missing.';
  const head = ['what', 'kills', 'median', 'least', 'greatest', 'mark'];
  return ['## Death of the leader', '', what, '', table(head, rows)].join('\n');
}

function failoverRow(kind: ServerKind, what: string, times: readonly number[], markMs: number): string[] {
  const middle = median(times);
  const mark = kind === 'zookit' ? verdict(`at most ${markMs}`, middle <= markMs) : '';
  const [least, greatest] = [Math.min(...times), Math.max(...times)];
  return [`${SERVER_NAMES[kind]}: ${what}`, String(times.length), ms(middle), ms(least), ms(greatest), mark];
}

function residentText(resident: EnsembleResults['resident']): string {
  const entries = Object.entries(resident) as [ServerKind, Resident][];
  if (entries.length === 0) return '';
  const rows = entries.map(([kind, { afterStart, afterLoad }]) => [
    SERVER_NAMES[kind],
    mebibytes(median(afterStart)),
    mebibytes(median(afterLoad)),
    kind === 'zookit' ? residentMark(afterStart) : '',
  ]);
  const what =
    'What the process of one server occupies, the median of all: as soon as the ensemble serves, and after the operations above. A JVM takes its memory as it goes.';
  const head = ['server', 'MiB after the start', 'MiB after the loads', 'mark'];
  return ['## Memory of a server', '', what, '', table(head, rows)].join('\n');
}

function residentMark(afterStart: readonly number[]): string {
  const mark = `at most ${MARKS.residentMiB} after the start`;
  return verdict(mark, afterStart.length === 0 ? null : median(afterStart) <= MARKS.residentMiB * 2 ** 20);
}

/** A mark and whether it was met; null where that cannot be told. */
function verdict(mark: string, isMet: boolean | null): string {
  return isMet === null ? mark : `${mark}: ${isMet ? 'met' : 'MISSED'}`;
}
