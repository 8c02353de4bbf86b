import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Operation } from './options.ts';
import { Child, outputOf, whichOf } from './process.ts';
import { temporaryDirectory } from './workspace.ts';

export interface LoadOptions {
  /** A server, or all of an ensemble: the connections are dealt out to them in turn. */
  readonly ports: readonly number[];
  readonly operation: Operation | 'ping';
  readonly connections: number;
  readonly outstanding: number;
  /** Measured seconds; 0 goes on until the operations are done or the load is stopped. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Requests in all; no limit when left out. */
  readonly operations?: number;
}

export interface Latency {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

export interface LoadResult {
  readonly operations: number;
  readonly errors: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  /** Longest time in which no reply came. */
  readonly gapMaxMs: number;
  readonly all: Latency | null;
  readonly reads: Latency | null;
  readonly writes: Latency | null;
}

/** Bytes of data in each znode and each set. */
export const DATA_BYTES = 100;

const SOURCE = fileURLToPath(new URL('../../bench/load/load.c', import.meta.url));
const NODE_GENERATOR = fileURLToPath(new URL('./load/node-load.js', import.meta.url));

/** Load under way. */
export interface RunningLoad {
  /** Ends it early; the result counts what was done so far. */
  stop(): void;
  readonly result: Promise<LoadResult>;
}

/** Puts load on a server: the C program where it can be compiled, else a far slower one in Node. */
export class LoadGenerator {
  /** Why the native program is not used; null if it is. */
  readonly nativeMissing: string | null;
  readonly #command: readonly [string, ...string[]];

  private constructor(command: readonly [string, ...string[]], nativeMissing: string | null) {
    this.#command = command;
    this.nativeMissing = nativeMissing;
  }

  static async create(): Promise<LoadGenerator> {
    const fallback = (why: string): LoadGenerator => {
      return new LoadGenerator([process.execPath, NODE_GENERATOR], why);
    };
    if (process.platform !== 'linux') return fallback('load.c needs epoll, which is Linux only');
    const compiler = whichOf(['gcc', 'cc', 'clang']);
    if (compiler === null) return fallback('no C compiler (gcc, cc or clang) is on the PATH');
    const directory = await temporaryDirectory(tmpdir(), 'zookit-bench-load-');
    const program = join(directory, 'load');
    if ((await outputOf(compiler, ['-O2', '-o', program, SOURCE])) === null) {
      return fallback(`${compiler} could not compile ${SOURCE}`);
    }
    return new LoadGenerator([program], null);
  }

  /** Throws if a reply carried an error or the server went away. */
  run(options: LoadOptions): Promise<LoadResult> {
    return this.start(options).result;
  }

  start(options: LoadOptions): RunningLoad {
    const [command, ...args] = this.#command;
    const child = new Child(command, [...args, ...argumentsOf(options)]);
    return { stop: () => void child.process.kill('SIGTERM'), result: resultOf(child, options.operation) };
  }
}

function argumentsOf(options: LoadOptions): string[] {
  const { ports, operation, connections, outstanding, seconds, warmupSeconds, operations } = options;
  const values = {
    p: ports.join(','),
    o: operation,
    c: connections,
    w: outstanding,
    s: DATA_BYTES,
    t: seconds,
    u: warmupSeconds,
  };
  const args = Object.entries(values).flatMap(([name, value]) => [`-${name}`, String(value)]);
  return operations === undefined ? args : [...args, '-k', String(operations)];
}

async function resultOf(child: Child, operation: string): Promise<LoadResult> {
  const status = await child.end();
  if (status !== 0) throw new Error(`the load '${operation}' failed with status ${status}: ${child.output}`);
  return JSON.parse(child.output) as LoadResult;
}
