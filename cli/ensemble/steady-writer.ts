import { connect, UnansweredError, type ZooKeeperClient } from '../../client/index.ts';

const PATH = '/demo/writes';
/** From one acknowledgement to the next write. */
const PAUSE_MS = 1;

/** Writes one znode all the time, one write after the other, and knows for how long none was acknowledged. */
export class SteadyWriter {
  readonly #client: ZooKeeperClient;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #versionBefore = 0;
  #acknowledged = 0;
  #ackedAtMs = performance.now();
  #longestGapMs = 0;
  #failure: unknown = null;
  #onAck: () => void = () => {};

  private constructor(client: ZooKeeperClient) {
    this.#client = client;
    this.#done = this.#write().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#failure = error;
      this.#onAck();
    });
  }

  static async start(connectString: string): Promise<SteadyWriter> {
    // Tries again soon, so that what is measured is how long the servers took.
    const client = await connect(connectString, { backoff: { baseMs: 5, maxMs: 50 } });
    const writer = new SteadyWriter(client);
    await writer.nextAck();
    return writer;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The longest time between two acknowledged writes since `forgetGaps`, in milliseconds. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  forgetGaps(): void {
    this.#longestGapMs = 0;
  }

  /** Resolves at the next acknowledged write; rejects if the writer cannot go on. */
  async nextAck(): Promise<void> {
    if (this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#onAck = resolve;
      });
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Stops writing. Resolves with whether the servers have every write that they acknowledged. `close` comes after it. */
  async stop(): Promise<boolean> {
    this.#stopping.abort();
    await this.#done;
    if (this.#failure !== null) throw this.#failure;
    await this.#client.sync(PATH);
    // Each write counts the version up by one; one that was not acknowledged may have done so too.
    const { stat } = await this.#client.get(PATH);
    return stat.version >= this.#versionBefore + this.#acknowledged;
  }

  /** Ends the client's session, whatever is under way. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#client.close();
    await this.#done;
  }

  async #write(): Promise<void> {
    const { signal } = this.#stopping;
    await this.#client.ensurePath(PATH);
    this.#versionBefore = (await this.#client.get(PATH)).stat.version;
    this.#ackedAtMs = performance.now();
    while (!signal.aborted) {
      try {
        await this.#client.set(PATH, String(this.#acknowledged + 1));
        this.#count();
      } catch (error) {
        // Who asked may have been heard or not: the next write says the same.
        if (!(error instanceof UnansweredError) || error.code === 'Closed') throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #count(): void {
    const nowMs = performance.now();
    this.#acknowledged++;
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#ackedAtMs);
    this.#ackedAtMs = nowMs;
    this.#onAck();
  }
}
