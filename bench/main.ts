import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EnsembleResults, measureEnsembles } from './ensemble/measure.ts';
import { ensembleReport } from './ensemble/report.ts';
import { describeEnvironment } from './environment.ts';
import { reportHerd } from './herd/report.ts';
import { LoadGenerator } from './load.ts';
import { measureMemory } from './memory.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { curatorMissing, measureContests } from './recipes/measure.ts';
import { type ContestResults, contestReport } from './recipes/report.ts';
import { type Results, report } from './report.ts';
import { javaMissing, SERVER_NAMES, type ServerKind } from './server.ts';
import { measureSnapshot } from './snapshot.ts';
import { measureStart } from './start.ts';
import { measurePoint, type Point } from './throughput.ts';
import { Workspace } from './workspace.ts';

const RESULTS = fileURLToPath(new URL('../../bench/results/', import.meta.url));
/** snapCount is low enough that a snapshot comes after some seconds of sets, high enough that a second one does not. */
const SNAPSHOT = {
  full: { snapCount: 50_000, idleSeconds: 2 },
  quick: { snapCount: 2000, idleSeconds: 0.3 },
};

/** What there is to measure with, and which servers. */
interface Bench {
  readonly options: BenchOptions;
  readonly load: LoadGenerator;
  readonly workspace: Workspace;
  readonly kinds: readonly ServerKind[];
}

const options = readOptions(process.argv.slice(2));
// Servers and temporary directories go when this process exits, so it has to exit in order.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
if (options.herd) {
  await reportHerd(options.quick, progress);
  process.exit();
}
const workspace = await Workspace.create(options.directory);
const load = await LoadGenerator.create();
const notes = missing(load);
for (const note of notes) progress(note);
const kinds: ServerKind[] = notes.length === 0 ? ['java', 'zookit'] : ['zookit'];
const bench = { options, load, workspace, kinds };
if (options.recipes) {
  await publishContests();
} else if (options.ensemble) {
  const environment = await describeEnvironment(workspace, kinds.includes('java'));
  const results = { environment, options, notes, ...(await measureEnsembles({ ...bench, progress })) };
  await publish(results, ensembleReport(results));
} else {
  const results = await measure(bench, notes);
  await publish(results, report(results));
}

/** Both sides run on zookit and on Apache ZooKeeper. */
async function publishContests(): Promise<void> {
  const absent = curatorMissing();
  if (absent !== null) throw new Error(`${absent}: there is nothing to compare with`);
  const { quick, rounds, seconds, warmupSeconds } = options;
  const lengths = { warmupMs: quick ? 500 : warmupSeconds * 1000, measuredMs: seconds * 1000 };
  const environment = await describeEnvironment(workspace, kinds.includes('java'));
  const contests = await measureContests({ rounds, servers: kinds, ...lengths }, workspace, progress);
  const results = { environment, options, notes, contests };
  await publish(results, contestReport(results));
}

/** Without its peer, or without a generator that is cheap enough, only our own server is measured. */
function missing(generator: LoadGenerator): string[] {
  const notes: string[] = [];
  const java = javaMissing();
  if (java !== null) notes.push(`${java}: Apache ZooKeeper is not measured (apt-get install zookeeper)`);
  if (generator.nativeMissing !== null) {
    notes.push(
      `${generator.nativeMissing}: the load comes from Node, which costs as much as the server; only zookit is measured, and far below what it can do`,
    );
  }
  return notes;
}

async function measure(bench: Bench, notes: readonly string[]): Promise<Results> {
  const { parts, quick } = bench.options;
  const environment = await describeEnvironment(bench.workspace, bench.kinds.includes('java'));
  const points = await measurePoints(bench);
  if (parts.includes('start')) progress('start-up');
  const start = parts.includes('start') ? await measureStart(bench.kinds, quick, bench.workspace) : null;
  const filled = parts.includes('memory') || parts.includes('snapshot') ? await measureFilled(bench) : null;
  return {
    environment,
    options: bench.options,
    notes,
    points,
    start,
    memory: filled?.memory ?? {},
    snapshot: filled?.snapshot ?? {},
  };
}

async function measurePoints(bench: Bench): Promise<Point[]> {
  const points: Point[] = [];
  for (const outstanding of bench.options.outstanding) {
    for (const operation of bench.options.operations) {
      progress(`${operation}, ${outstanding} outstanding`);
      const { options, load, workspace, kinds } = bench;
      points.push(await measurePoint(operation, outstanding, kinds, options, load, workspace));
    }
  }
  return points;
}

/** Memory, then a snapshot on the same directories. */
async function measureFilled(bench: Bench): Promise<Pick<Results, 'memory' | 'snapshot'>> {
  const { options, load, workspace, kinds } = bench;
  const memory: Results['memory'][] = [];
  const snapshot: Results['snapshot'][] = [];
  for (const kind of kinds) {
    const directory = await workspace.directory();
    progress(`memory after ${options.znodes} znodes: ${SERVER_NAMES[kind]}`);
    const figures = await measureMemory(kind, directory, options.znodes, load);
    memory.push({ [kind]: figures });
    if (options.parts.includes('snapshot')) {
      progress(`a snapshot of ${options.znodes} znodes: ${SERVER_NAMES[kind]}`);
      const { snapCount, idleSeconds } = options.quick ? SNAPSHOT.quick : SNAPSHOT.full;
      snapshot.push({ [kind]: await measureSnapshot(kind, directory, snapCount, idleSeconds, load) });
    }
    await workspace.remove(directory);
  }
  return { memory: Object.assign({}, ...memory), snapshot: Object.assign({}, ...snapshot) };
}

async function publish(results: Results | EnsembleResults | ContestResults, text: string): Promise<void> {
  const stem = join(RESULTS, results.environment.time.replaceAll(':', '-'));
  await mkdir(RESULTS, { recursive: true });
  await writeFile(`${stem}.json`, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(`${stem}.md`, text);
  const { markdown } = results.options;
  if (markdown !== null) {
    await mkdir(dirname(markdown), { recursive: true });
    await writeFile(markdown, text);
  }
  process.stdout.write(`\n${text}\n`);
  progress(`written to ${stem}.md and .json`);
}

function progress(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}
