import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../client/index.ts';
import { checkHistory } from '../history/check.ts';
import { Recorder, writesOf } from '../history/history.ts';
import { eventually } from '../kit/processes.ts';
import type { Rng } from '../kit/seed.ts';
import { type Cluster, connectStringOf } from './cluster.ts';
import { Nemesis } from './faults.ts';
import { lookAtAll, patience } from './look.ts';
import { Worker } from './worker.ts';

/** Writes that must succeed when the harm is over. */
const WRITES_AT_REST = 50;

export interface RoundOptions {
  readonly workers: number;
  /** How long servers are harmed. */
  readonly faultsMs: number;
  /** A node of its own for this round's nodes; its parent exists. */
  readonly root: string;
}

export interface RoundReport {
  readonly operations: number;
  readonly acknowledgedWrites: number;
  readonly unknown: number;
  readonly sessions: number;
  readonly faults: number;
}

/**
 * Clients work on an ensemble while the nemesis harms it; then it is left alone, all servers must come to serve and to show the same, and
 * what the clients were told is checked. Rejects with everything that one needs to know of a failure.
 */
export async function playRound(cluster: Cluster, rng: Rng, options: RoundOptions): Promise<RoundReport> {
  const { servers } = cluster;
  const connectString = connectStringOf(servers);
  const history = new Recorder(() => performance.now());
  const nemesis = new Nemesis(cluster, rng.fork());
  const workers = Array.from({ length: options.workers }, (_, i) => {
    return new Worker(`w${i}`, options.root, connectString, history, rng.fork());
  });
  try {
    await nemesis.calm();
    await begin(connectString, options.root);
    const work = workers.map((worker) => worker.run());
    await nemesis.run(options.faultsMs);
    await nemesis.calm();
    await workingAgain(history);
    for (const worker of workers) worker.stop();
    await Promise.all(work);
    for (const { failure } of workers) if (failure !== null) throw failure;
    await lookAtAll(servers, options.root, history, workers);
    const violations = checkHistory(history);
    if (violations.length > 0) throw new Error(`the history is wrong:\n${violations.join('\n')}`);
  } catch (error) {
    throw await explained(error, nemesis, cluster);
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  return reportOf(history, nemesis);
}

/** An ensemble at rest does what it is asked to, at last. */
async function workingAgain(history: Recorder): Promise<void> {
  const enough = acknowledgedWrites(history) + WRITES_AT_REST;
  const limitMs = 120_000;
  await eventually('clients can write again', () => acknowledgedWrites(history) >= enough, limitMs);
}

function acknowledgedWrites({ operations }: Recorder): number {
  return operations.filter((operation) => operation.outcome.kind === 'ok' && writesOf(operation).length > 0)
    .length;
}

async function begin(connectString: string, root: string): Promise<void> {
  await using client = await connect(connectString, patience);
  await client.create(root);
}

/** The message tells what was done to the servers; what they said about it is in a file. */
async function explained(error: unknown, { story }: Nemesis, { servers }: Cluster): Promise<Error> {
  const path = join(tmpdir(), `zookit-nemesis-${process.pid}-${Date.now()}.log`);
  const logs = servers.map(async (server) => `-- server ${server.id}\n${await server.log().catch(String)}`);
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const told = [message, ...story].join('\n');
  await writeFile(path, [told, ...(await Promise.all(logs))].join('\n\n'));
  return new Error(`${told}\nthis and the logs of the servers: ${path}`);
}

function reportOf(history: Recorder, { story }: Nemesis): RoundReport {
  const { operations, sessions } = history;
  return {
    operations: operations.length,
    acknowledgedWrites: acknowledgedWrites(history),
    unknown: operations.filter(({ outcome }) => outcome.kind === 'unknown').length,
    sessions: sessions.size,
    faults: story.length - 2,
  };
}

export function wordsOf(report: RoundReport): string {
  const { operations, acknowledgedWrites, unknown, sessions, faults } = report;
  return `${operations} operations (${acknowledgedWrites} writes acknowledged, ${unknown} unknown), ${sessions} sessions, ${faults} faults and recoveries`;
}
