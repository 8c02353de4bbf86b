import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modeOf } from '../four-letter.ts';
import { type MemberPlace, memberDirectory } from './directories.ts';

const MAIN = fileURLToPath(new URL('./member-main.js', import.meta.url));
/** How long a server may take to close before it is killed. */
const CLOSE_TIMEOUT_MS = 5000;
/** Between two questions whether it serves. */
const ASK_AGAIN_MS = 5;

/** One server of an ensemble on this machine, as a process that can be killed and started again. */
export class LocalMember {
  readonly place: MemberPlace;
  /** Where it says what happens to it. */
  readonly logPath: string;
  readonly #configPath: string;
  readonly #onEnd: (member: LocalMember, how: string) => void;
  #process: ChildProcess | null = null;
  /** The end of the process is this program's own doing. */
  #isEnding = false;

  /** `onEnd` is told when the process ends and nobody here asked for it. */
  constructor(place: MemberPlace, configPath: string, onEnd: (member: LocalMember, how: string) => void) {
    this.place = place;
    this.logPath = join(place.directory, 'log');
    this.#configPath = configPath;
    this.#onEnd = onEnd;
  }

  get name(): string {
    return `server ${this.place.id}`;
  }

  /** Name and process. */
  get title(): string {
    return `${this.name} (pid ${this.#process?.pid ?? 'none'})`;
  }

  get address(): string {
    return `127.0.0.1:${this.place.clientPort}`;
  }

  get configPath(): string {
    return this.#configPath;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  /** Starts the process; it writes on at the end of its log. */
  start(): void {
    this.#isEnding = false;
    const log = openSync(this.logPath, 'a');
    const child = fork(MAIN, [this.#configPath], { stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.#process = child;
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('exit', (code, signal) => this.#ended(child, signal ?? `status ${code}`));
  }

  /** `leader` or `follower`; null while it does not serve. */
  async mode(): Promise<string | null> {
    return this.isRunning ? modeOf(this.place.clientPort) : null;
  }

  /** Resolves with what it serves as, as soon as it serves; rejects if the process ends or it takes too long. */
  async serves(withinMs: number): Promise<string> {
    const deadlineMs = performance.now() + withinMs;
    while (this.isRunning) {
      const mode = await this.mode();
      if (mode !== null) return mode;
      if (performance.now() > deadlineMs) {
        throw new Error(`${this.name} does not serve after ${withinMs / 1000} s: ${this.logPath} says why`);
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
    throw new Error(`${this.name} ended: ${this.lastWords()}`);
  }

  /** SIGKILL: no chance to write or say anything more. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Closes in order; a server that does not manage is killed. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** For the end of this process, where nothing can be waited for. */
  killNow(): void {
    this.#isEnding = true;
    this.#process?.kill('SIGKILL');
  }

  /** The last thing that its log calls an error, or where the log is. */
  lastWords(): string {
    const errors = readFileSync(this.logPath, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"level":"error"'));
    const last = errors.at(-1);
    return last === undefined
      ? `${this.logPath} may say why`
      : String((JSON.parse(last) as { msg: unknown }).msg).replace(/^stopping: /, '');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#isEnding = true;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(killer);
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#process !== child) return;
    this.#process = null;
    if (!this.#isEnding) this.#onEnd(this, how);
  }
}

/** Places for so many servers in a directory; `ports` holds their client, quorum and election ports, kind by kind. */
export function placesIn(directory: string, servers: number, ports: readonly number[]): MemberPlace[] {
  return Array.from({ length: servers }, (_, index) => ({
    id: index + 1,
    directory: memberDirectory(directory, index + 1),
    clientPort: ports[index]!,
    quorumPort: ports[servers + index]!,
    electionPort: ports[2 * servers + index]!,
  }));
}
