import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import colors from 'picocolors';
import { ZOOKIT_VERSION } from '../../core/version.ts';
import { Demo } from '../demo.ts';
import { DEMO_LOCK } from '../demo-messages.ts';
import { ExitCode } from '../exit-codes.ts';
import { closeOnSignal } from '../shutdown.ts';
import { Timeline } from '../timeline.ts';
import { waysToConnect } from '../ways-to-connect.ts';
import { LeaderKill } from './leader-kill.ts';
import { LocalEnsemble } from './local-ensemble.ts';
import type { LocalMember } from './local-member.ts';
import { SteadyWriter } from './steady-writer.ts';

export interface DevEnsembleOptions {
  readonly servers: number;
  /** The first client port to try; 0 lets the system choose all ports. */
  readonly port: number;
  /** Where the servers' directories are; null for a temporary place, which goes at the end. */
  readonly data: string | null;
  readonly demo: boolean;
}

/** Width of `server 1 (pid 1234567)`. */
const WHO_WIDTH = 22;
/** Each contender has had the lock once by the first of these turns. */
const TURNS = { leaderIsKilled: 4, leaderReturns: 5, holderIsKilled: 6, all: 8 };

/** `zookit dev --servers N`: an ensemble on loopback, the demonstration that kills its leader, and then just the servers. */
export async function runDevEnsemble(options: DevEnsembleOptions): Promise<void> {
  const directory = options.data === null ? temporaryDirectory() : resolve(options.data);
  /** What is to be closed, the last first. */
  const open: (() => Promise<void>)[] = [];
  const closing = new AbortController();
  let isServing = false;
  closeOnSignal(async () => {
    closing.abort();
    print('\nClosing.');
    for (const close of open.reverse()) await close();
  });
  // What fails because it is being closed is no failure.
  const onFatal = (error: unknown): void => {
    if (closing.signal.aborted) return;
    process.stderr.write(`zookit dev: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(ExitCode.failed);
  };
  process.on('uncaughtException', onFatal);
  try {
    const onEnd = (member: LocalMember, how: string): void => {
      if (isServing && !closing.signal.aborted) tellOfEnd(member, how);
    };
    const ensemble = await LocalEnsemble.start({ ...options, directory, onEnd });
    open.push(() => ensemble.close());
    await ensemble.serves();
    isServing = true;
    await greet(ensemble, directory);
    if (options.demo) await show(ensemble, open, closing.signal);
    closing.signal.throwIfAborted();
    farewell(ensemble, directory, options.data === null);
  } catch (error) {
    onFatal(error);
  }
}

/** Goes with this process, unless that is killed. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'zookit-dev-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

async function greet(ensemble: LocalEnsemble, directory: string): Promise<void> {
  const { members } = ensemble;
  print('');
  print(
    `${colors.bold('zookit')} ${ZOOKIT_VERSION}  ${members.length} servers, one ensemble  in ${directory}`,
  );
  print('');
  const leader = await ensemble.leader();
  for (const member of members) {
    const role = member === leader ? colors.bold('leader') : 'follower';
    print(`  ${member.title.padEnd(WHO_WIDTH)}  ${colors.bold(colors.green(member.address))}  ${role}`);
  }
  print('');
}

/** Rejects only if everything is being closed. */
async function show(
  ensemble: LocalEnsemble,
  open: (() => Promise<void>)[],
  closing: AbortSignal,
): Promise<void> {
  print(
    `Three processes take turns on InterProcessMutex(client, '${DEMO_LOCK}'), and one writes all the time:`,
  );
  print('');
  try {
    await demonstrate(ensemble, open);
  } catch (error) {
    if (closing.aborted) throw error;
    print('');
    print(
      colors.red(`The demonstration ended early: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
  print('');
}

async function demonstrate(ensemble: LocalEnsemble, open: (() => Promise<void>)[]): Promise<void> {
  const timeline = new Timeline(print, WHO_WIDTH);
  const writer = await SteadyWriter.start(ensemble.connectString);
  open.push(() => writer.close());
  const leaderKill = new LeaderKill(ensemble, writer, timeline);
  const demo = new Demo(ensemble.connectString, timeline, {
    turns: TURNS.all,
    killAtTurn: TURNS.holderIsKilled,
    during: new Map([
      [TURNS.leaderIsKilled, () => leaderKill.kill()],
      [TURNS.leaderReturns, () => leaderKill.restart()],
    ]),
  });
  open.push(() => demo.close());
  await demo.run();
  const kept = await writer.stop();
  const what = `${writer.acknowledged.toLocaleString('en-US')} writes were acknowledged`;
  print(kept ? `${what}, and all of them are there.` : colors.red(`${what}, and some of them are LOST.`));
  await writer.close();
}

function farewell(ensemble: LocalEnsemble, directory: string, isTemporary: boolean): void {
  const at = ensemble.connectString;
  const [first] = ensemble.members;
  print('The servers keep running. Connect to them with');
  print('');
  for (const line of waysToConnect(at)) print(line);
  print('');
  print(
    `Each has its zoo.cfg and its log in a directory of its own, as ${first?.place.directory ?? directory}.`,
  );
  const end = isTemporary ? ' and removes what they stored' : `; what is stored stays in ${directory}`;
  print(colors.dim(`Ctrl-C stops them${end}.`));
}

/** Somebody else killed it, or it could not go on. */
function tellOfEnd(member: LocalMember, how: string): void {
  print(`${member.name} has ended (${how}). Start it again with  npx zookit server ${member.configPath}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
