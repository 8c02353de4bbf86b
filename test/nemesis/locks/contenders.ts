import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../../kit/processes.ts';
import type { Rng } from '../../kit/seed.ts';
import type { Judge } from './judge.ts';

export interface ContenderOptions {
  /** Where the compiled package is imported from. */
  readonly url: string;
  readonly connectString: string;
  readonly path: string;
  readonly judge: Judge;
  readonly sessionTimeoutMs: number;
  readonly lockDelayMs: number | undefined;
}

/** Writes under the lock for ever; when its standard input ends, it closes its client and ends. */
const program = (options: ContenderOptions): string => `
import { connect as dial } from 'node:net';
import { createInterface } from 'node:readline';
const { connect, InterProcessMutex } = await import(${JSON.stringify(options.url)});
const judge = dial(${options.judge.port}, '127.0.0.1');
const answers = createInterface({ input: judge })[Symbol.asyncIterator]();
const tell = async (message) => {
  judge.write(JSON.stringify(message) + '\\n');
  return (await answers.next()).value;
};
const client = await connect(${JSON.stringify(options.connectString)}, {
  sessionTimeoutMs: ${options.sessionTimeoutMs},
  connectTimeoutMs: 120_000,
});
process.stdin.on('end', () => client.close().then(() => process.exit(0))).resume();
const mutex = new InterProcessMutex(client, ${JSON.stringify(options.path)}, { lockDelayMs: ${options.lockDelayMs} });
const expected = ['SessionExpired', 'ConnectionLoss', 'LeaseEnded'];
console.log('ready');
for (;;) {
  try {
    const lease = await mutex.acquire();
    const { signal, fencingToken: token } = lease;
    // Whatever the lease says: the resource has to refuse those who do not look.
    for (let writes = 0; writes < 10; writes++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if ((await tell({ token, pid: process.pid })) === 'ok') continue;
      // Asked in this order: what was kept, then what is.
      await tell({ refused: { token, aborted: signal.aborted, held: lease.held } });
      break;
    }
    await lease.release();
  } catch (error) {
    if (error.code === 'Closed') break;
    if (!expected.includes(error.code)) throw error;
  }
}
`;

/** Processes that contend for a lock, of which any may be killed or stopped at any time. */
export class Contenders implements AsyncDisposable {
  readonly story: string[] = [];
  readonly #options: ContenderOptions;
  readonly #rng: Rng;
  readonly #beginMs = performance.now();
  readonly #children: Child[] = [];
  #failure: Error | null = null;

  constructor(options: ContenderOptions, rng: Rng) {
    this.#options = options;
    this.#rng = rng;
  }

  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.#children.push(this.#spawn());
    await Promise.all(this.#children.map((child) => child.waitFor(/ready/, 120_000)));
  }

  /** Kills one and starts another in its place, or stops one for a while, the holder more often than others. */
  async harm(durationMs: number): Promise<void> {
    const untilMs = performance.now() + durationMs;
    while (performance.now() < untilMs) {
      await sleep(this.#rng.between(50, 400));
      const any = this.#rng.below(this.#children.length);
      const holder = this.#children.findIndex(({ pid }) => pid === this.#options.judge.writer);
      const at = holder >= 0 && this.#rng.chance(60) ? holder : any;
      const child = this.#children[at]!;
      if (this.#rng.chance(30)) {
        this.#tell(`kill contender ${child.pid}`);
        await child.stop('SIGKILL');
        this.#children[at] = this.#spawn();
      } else {
        await this.#stopFor(child, this.#rng.between(1, 2 * this.#options.sessionTimeoutMs));
      }
    }
  }

  /** They close their clients and end. Rejects if one has ended by itself. */
  async end(): Promise<void> {
    for (const child of this.#children) child.process.stdin!.end();
    await Promise.all(this.#children.map((child) => child.exited));
    if (this.#failure !== null) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop('SIGKILL')));
  }

  #spawn(): Child {
    const child = new Child(process.execPath, ['--input-type=module', '-e', program(this.#options)]);
    void child.exited.then(({ code }) => {
      if (code !== null && code !== 0) this.#failure ??= new Error(`a contender ended:\n${child.output}`);
    });
    return child;
  }

  async #stopFor(child: Child, pauseMs: number): Promise<void> {
    this.#tell(`stop contender ${child.pid} for ${pauseMs} ms`);
    child.process.kill('SIGSTOP');
    await sleep(pauseMs);
    child.process.kill('SIGCONT');
  }

  #tell(what: string): void {
    this.story.push(`${((performance.now() - this.#beginMs) / 1000).toFixed(2)} s: ${what}`);
  }
}
