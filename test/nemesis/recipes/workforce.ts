import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../../kit/processes.ts';
import type { Rng } from '../../kit/seed.ts';
import { TcpProxy } from '../../kit/tcp-proxy.ts';
import type { Lies } from './lies.ts';
import { resources } from './report.ts';
import type { Witness } from './witness.ts';
import type { WorkerOptions } from './worker.ts';

/** What a built package knows the worker's program as, see tsconfig.json here. */
const PROGRAM = join('test', 'nemesis', 'recipes', 'worker.js');
const LIMIT_MS = 120_000;

/** What is done to workers; but for `kill` for so many milliseconds, which may be longer than their sessions live. */
export type Harm = 'kill' | 'stop' | 'block' | 'silence' | 'drop';

const WEIGHTS: Readonly<Record<Harm, number>> = { kill: 3, stop: 3, block: 2, silence: 2, drop: 2 };

export interface WorkforceOptions {
  /** Where the compiled package is. */
  readonly directory: string;
  /** Of the servers. */
  readonly ports: readonly number[];
  readonly witness: Witness;
  readonly sessionTimeoutMs: number;
  readonly permits: number;
  readonly lockDelayMs: number | undefined;
  readonly lies?: Lies | undefined;
}

/** A process at work, and its cables, one to each server. */
export class Worker {
  readonly child: Child;
  readonly #cables: readonly TcpProxy[];

  private constructor(child: Child, cables: readonly TcpProxy[]) {
    this.child = child;
    this.#cables = cables;
  }

  static async start(options: WorkforceOptions, seed: number): Promise<Worker> {
    const { directory, ports, witness, sessionTimeoutMs, permits, lockDelayMs, lies = {} } = options;
    const cables = await Promise.all(ports.map((port) => TcpProxy.start(port)));
    const worker: WorkerOptions = {
      connectString: cables.map(({ port }) => `127.0.0.1:${port}`).join(','),
      sessionTimeoutMs,
      witnessPort: witness.port,
      seed,
      permits,
      lockDelayMs,
      lies,
    };
    return new Worker(
      new Child(process.execPath, [join(directory, PROGRAM), JSON.stringify(worker)]),
      cables,
    );
  }

  get pid(): number {
    return this.child.pid;
  }

  order(line: string): void {
    this.child.process.stdin!.write(`${line}\n`);
  }

  /** Nobody hears of it: what is sent waits, and arrives late. */
  async silence(ms: number): Promise<void> {
    for (const cable of this.#cables) cable.hold('from-opener', 'to-opener');
    await sleep(ms);
    for (const cable of this.#cables) cable.release();
  }

  drop(): void {
    for (const cable of this.#cables) cable.drop();
  }

  async stopFor(ms: number): Promise<void> {
    this.child.process.kill('SIGSTOP');
    await sleep(ms);
    this.child.process.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.child.stop('SIGKILL');
    await this.hangUp();
  }

  async hangUp(): Promise<void> {
    for (const cable of this.#cables) await cable[Symbol.asyncDispose]();
  }
}

/** Workers, of which any may come to harm at any time, and those that take the places of the killed. */
export class Workforce implements AsyncDisposable {
  readonly story: string[] = [];
  readonly #options: WorkforceOptions;
  readonly #rng: Rng;
  readonly #beginMs = performance.now();
  readonly #workers = new Set<Worker>();
  readonly #harmed = new Set<Worker>();
  #failure: Error | null = null;

  constructor(options: WorkforceOptions, rng: Rng) {
    this.#options = options;
    this.#rng = rng;
  }

  get workers(): readonly Worker[] {
    return [...this.#workers];
  }

  /** Starts so many more, and waits until they are at work. */
  async hire(count: number): Promise<void> {
    const hired = await Promise.all(Array.from({ length: count }, () => this.#hire()));
    await Promise.all(hired.map(({ child }) => child.waitFor(/ready/, LIMIT_MS)));
  }

  /** Harms one after the other, those who hold something more often than others. */
  async harm(durationMs: number): Promise<void> {
    const untilMs = performance.now() + durationMs;
    while (performance.now() < untilMs) {
      await sleep(this.#rng.between(50, 1_000));
      const worker = this.#victim();
      if (worker === undefined) continue;
      this.#harmed.add(worker);
      await this.#hurt(worker);
      this.#harmed.delete(worker);
    }
  }

  async kill(worker: Worker): Promise<void> {
    this.#tell(`kill ${worker.pid}`);
    this.#workers.delete(worker);
    await worker.kill();
    this.#options.witness.died(worker.pid);
  }

  /** No more items are put from here on; also not by those whose put is still waiting for a connection. */
  async quiet(): Promise<void> {
    for (const worker of this.#workers) worker.order('quiet');
    await Promise.all(this.workers.map(({ child }) => child.waitFor(/^quiet$/m, LIMIT_MS)));
  }

  /** They come to an end by themselves: whatever keeps a process alive after its clients are closed is a failure. */
  async end(): Promise<void> {
    for (const { child } of this.#workers) child.process.stdin!.end();
    const late = sleep(LIMIT_MS, 'late' as const, { ref: false });
    const all = Promise.all([...this.#workers].map(({ child }) => child.success()));
    if ((await Promise.race([all, late])) === 'late') throw new Error('a worker does not end');
    this.assertWell();
  }

  /** Throws if a worker has ended by itself. */
  assertWell(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
  }

  async #hire(): Promise<Worker> {
    const worker = await Worker.start(this.#options, this.#rng.next());
    const { child } = worker;
    void child.exited.then(({ code }) => {
      if (code !== null && code !== 0) this.#failure ??= new Error(`a worker ended:\n${child.output}`);
    });
    this.#workers.add(worker);
    return worker;
  }

  #victim(): Worker | undefined {
    const free = this.workers.filter((worker) => !this.#harmed.has(worker));
    const holder = this.#options.witness.claimants.get(this.#rng.pick(resources));
    const any = free[this.#rng.below(free.length)];
    return this.#rng.chance(30) ? (free.find(({ pid }) => pid === holder) ?? any) : any;
  }

  async #hurt(worker: Worker): Promise<void> {
    const harm = this.#rng.weighted(WEIGHTS);
    const { sessionTimeoutMs } = this.#options;
    // Two of three outlive the session.
    const ms = this.#rng.between(Math.round(sessionTimeoutMs * 0.5), Math.round(sessionTimeoutMs * 1.5));
    if (harm === 'kill') {
      await this.kill(worker);
      await this.#hire();
      return;
    }
    this.#tell(
      harm === 'drop' ? `drop the connections of ${worker.pid}` : `${harm} ${worker.pid} for ${ms} ms`,
    );
    if (harm === 'stop') return worker.stopFor(ms);
    if (harm === 'silence') return worker.silence(ms);
    if (harm === 'drop') return worker.drop();
    worker.order(`block ${ms}`);
    await sleep(ms);
  }

  #tell(what: string): void {
    this.story.push(`${((performance.now() - this.#beginMs) / 1000).toFixed(2)} s: ${what}`);
  }
}
