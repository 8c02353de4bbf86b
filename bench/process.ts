import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A child process that does not outlive this one. Its last words are kept for the message when it fails. */
export class Child {
  readonly process: ChildProcess;
  #output = '';

  constructor(command: string, args: readonly string[], stdio: StdioOptions = ['ignore', 'pipe', 'pipe']) {
    this.process = spawn(command, args, { stdio });
    alive.add(this.process);
    this.process.once('close', () => alive.delete(this.process));
    this.process.on('error', (error) => this.#keep(`${command}: ${error.message}\n`));
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    }
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-10_000);
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error(`${this.process.spawnfile} did not start`);
    return this.process.pid;
  }

  get output(): string {
    return this.#output.trim();
  }

  get hasEnded(): boolean {
    return (
      this.process.exitCode !== null || this.process.signalCode !== null || this.process.pid === undefined
    );
  }

  /** Waits for the end of the process; `signal` is sent first where one is given. Returns the exit status, null for a signal. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined && !this.hasEnded) this.process.kill(signal);
    if (alive.has(this.process)) await once(this.process, 'close');
    return this.process.exitCode;
  }
}

/** What a program prints; null if it is missing or fails. */
export function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve(error === null ? (stdout + stderr).trim() : null);
    });
  });
}

/** The first of these programs that is on the PATH. */
export function whichOf(programs: readonly string[]): string | null {
  for (const program of programs) {
    for (const directory of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(directory, program);
      if (directory !== '' && existsSync(path)) return path;
    }
  }
  return null;
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no loopback port is free');
  return address.port;
}
