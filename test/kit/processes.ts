import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process whose output is kept (the last megabyte of it) and that does not outlive the test process. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  #output = '';
  #ended = false;
  readonly #listeners = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    // Colours are for terminals; some environments (CI=true) turn them on all the same.
    const env = { ...process.env, NO_COLOR: '1', ...options.env };
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options, env });
    this.process = child;
    alive.add(child);
    const append = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-1_048_576);
      for (const listener of this.#listeners) listener();
    };
    child.stdout?.on('data', append);
    child.stderr?.on('data', append);
    child.stdin?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        alive.delete(child);
        this.#ended = true;
        resolve(exit);
        for (const listener of this.#listeners) listener();
      };
      child.on('error', (error) => {
        this.#output += String(error);
        end({ code: 127, signal: null });
      });
      child.on('close', (code, signal) => end({ code, signal }));
    });
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error(`${this.process.spawnfile} did not start`);
    return this.process.pid;
  }

  /** Standard output and error, in order of arrival. */
  get output(): string {
    return this.#output;
  }

  get hasExited(): boolean {
    return this.#ended;
  }

  /** The first match of `pattern` in the output so far or to come; rejects when the process ends without it. */
  async waitFor(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (this.#ended) throw new Error(`${this.#name()} ended without ${pattern}:\n${this.#tail()}`);
      const leftMs = until - performance.now();
      if (leftMs <= 0) {
        throw new Error(`${this.#name()} did not print ${pattern} within ${timeoutMs} ms:\n${this.#tail()}`);
      }
      await this.#change(leftMs);
    }
  }

  /** Resolves at the next output, at the end of the process, or after `timeoutMs`. */
  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }

  /** Ends the process and waits until it is gone; a process that ignores the signal for 10 s is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.#ended) this.process.kill(signal);
    const killer = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    const exit = await this.exited;
    clearTimeout(killer);
    return exit;
  }

  /** The exit status, waiting for it; rejects unless it is 0. */
  async success(): Promise<string> {
    const { code, signal } = await this.exited;
    if (code !== 0) throw new Error(`${this.#name()} ended with ${code ?? signal}:\n${this.#tail()}`);
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }

  #name(): string {
    return this.process.spawnargs.slice(0, 3).join(' ');
  }

  #tail(): string {
    return this.#output.slice(-4000);
  }
}

/** Where a program is on the PATH, null if it is not installed. */
export function which(program: string): string | null {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, program);
    if (directory !== '' && existsSync(path)) return path;
  }
  return null;
}

/**
 * Below the ports that the system gives to those who ask for any: nobody gets one of these by chance while its owner has not begun to
 * listen, or is down for a moment.
 */
const FIRST_PORT = 10_240;
const END_OF_PORTS = 32_768;
/** A process takes them one after the other from a place of its own, so that test files that run side by side do not meet. */
const PORTS_EACH = 128;
let nextPort = FIRST_PORT + (process.pid % Math.floor((END_OF_PORTS - FIRST_PORT) / PORTS_EACH)) * PORTS_EACH;

/** A loopback port on which nobody listens; for programs that cannot choose one and tell. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port + 1 < END_OF_PORTS ? port + 1 : FIRST_PORT;
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Asks `condition` again and again until it holds; for states of other processes that nobody announces. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(25);
  }
}
