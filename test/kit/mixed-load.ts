import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { connect, UnansweredError, type ZooKeeperClient } from '../../client/index.ts';
import { eventually } from './processes.ts';

/** Between two writes of one writer: a few thousand nodes are enough to compare in the end. */
const PACE_MS = 5;
const SESSION_TIMEOUT_MS = 30_000;

/** Client that writes one thing after another, whatever happens to the servers, and keeps what was acknowledged. */
class Writer {
  readonly id: number;
  readonly client: ZooKeeperClient;
  readonly sessionId: bigint;
  readonly made: string[] = [];
  /** Last value of the register that was acknowledged, and last one that was tried. */
  acknowledged = 0;
  tried = 0;
  /** What must not happen. */
  readonly faults: string[] = [];
  reconnects = 0;

  constructor(id: number, client: ZooKeeperClient) {
    this.id = id;
    this.client = client;
    this.sessionId = client.sessionId;
    client.on('state', (state, { newSession }) => {
      if (state === 'reconnected') this.reconnects++;
      if (state === 'lost' || newSession) this.faults.push(`writer ${id} lost its session`);
    });
  }

  get register(): string {
    return `/load/register-${this.id}`;
  }

  get ephemeral(): string {
    return `/load/alive-${this.id}`;
  }

  async prepare(): Promise<void> {
    await this.client.create(this.register, '0');
    await this.client.create(this.ephemeral, '', { mode: 'ephemeral' });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#writeOnce();
      } catch (error) {
        // No answer: done or not, both are right.
        if (!(error instanceof UnansweredError)) {
          this.faults.push(`writer ${this.id}: ${error}`);
          return;
        }
      }
      await pause(PACE_MS);
    }
  }

  async #writeOnce(): Promise<void> {
    const { client } = this;
    this.tried++;
    const { path } = await client.create(`/load/made-${this.id}-`, '', { mode: 'persistent-sequential' });
    this.made.push(path);
    await client.set(this.register, `${this.tried}`);
    this.acknowledged = this.tried;
    const { data } = await client.get(this.register);
    if (Number(data) < this.acknowledged) {
      this.faults.push(`writer ${this.id} reads ${data} after it has written ${this.acknowledged}`);
    }
  }
}

/** Clients that keep an ensemble busy, and know in the end what it must hold. */
export class MixedLoad implements AsyncDisposable {
  readonly writers: readonly Writer[];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(writers: readonly Writer[]) {
    this.writers = writers;
    this.#running = Promise.all(writers.map((writer) => writer.run(this.#stop.signal)));
  }

  static async start(connectString: string, count: number): Promise<MixedLoad> {
    const writers: Writer[] = [];
    for (let id = 0; id < count; id++) {
      const options = { sessionTimeoutMs: SESSION_TIMEOUT_MS, connectTimeoutMs: 60_000 };
      const client = await connect(connectString, options);
      if (id === 0) await client.create('/load');
      writers.push(new Writer(id, client));
      await writers[id]!.prepare();
    }
    return new MixedLoad(writers);
  }

  get acknowledgedCount(): number {
    return this.writers.reduce((sum, { made }) => sum + made.length, 0);
  }

  /** Every writer has got through this many more writes. */
  async progress(more = 5): Promise<void> {
    const goals = this.writers.map(({ made }) => made.length + more);
    await eventually(
      'every writer goes on',
      () => {
        const faults = this.writers.flatMap((writer) => writer.faults);
        if (faults.length > 0) throw new Error(faults.join('\n'));
        return this.writers.every(({ made }, index) => made.length >= goals[index]!);
      },
      60_000,
    );
  }

  /** Ends the writing; the sessions live on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Nothing that was acknowledged is missing in what a server shows, and no session has lost anything. */
  expectAllIn(tree: ReadonlyMap<string, string>): void {
    expect(this.writers.flatMap(({ faults }) => faults)).toEqual([]);
    for (const writer of this.writers) {
      expect(writer.made.filter((path) => !tree.has(path))).toEqual([]);
      const numbers = writer.made.map((path) => Number(path.slice(-10)));
      expect(numbers.every((number, index) => index === 0 || number > numbers[index - 1]!)).toBe(true);
      const value = Number(Buffer.from(tree.get(writer.register)!.split(' | ')[0]!, 'hex').toString());
      expect(value).toBeGreaterThanOrEqual(writer.acknowledged);
      expect(value).toBeLessThanOrEqual(writer.tried);
      expect(tree.has(writer.ephemeral)).toBe(true);
      expect(writer.client.sessionId).toBe(writer.sessionId);
    }
    const made = [...tree.keys()].filter((path) => path.startsWith('/load/made-'));
    expect(new Set(made.map((path) => path.slice(-10))).size, 'a number given twice').toBe(made.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Promise.all(this.writers.map(({ client }) => client.close()));
  }
}
