import {
  type Acl,
  bytes,
  ClosedError,
  type Codec,
  type CreateOptions,
  type NodeData,
  NodeExistsError,
  NoNodeError,
  type OperationOptions,
  type Stat,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { recipePath } from '../paths.ts';
import { mayRepeat } from '../repeat.ts';
import { unless } from '../until.ts';
import { compareAndSet } from './compare-and-set.ts';
import { NodeReader } from './node-reader.ts';

export interface SharedValueOptions<T> extends OperationOptions {
  /** What the bytes mean. Default the bytes themselves. */
  readonly codec?: Codec<T> | undefined;
  /** ACL of the node, and of those above that are made for it. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** A value together with the state of the node that holds it. */
export interface VersionedValue<T> {
  readonly value: T;
  readonly stat: Stat;
}

/**
 * A value in a node that everybody sees and may set: Curator's recipe of the same name, with the same node (`path`, persistent).
 * `value` is what was last read and is read again whenever it changes; how far it lags behind is up to the connection.
 */
export class SharedValue<T = Uint8Array> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #codec: Codec<T>;
  readonly #acl: readonly Acl[] | undefined;
  readonly #reader: NodeReader;
  readonly #changed = new Set<(value: T, stat: Stat) => void>();
  readonly #failed = new Set<(error: unknown) => void>();
  readonly #stop = new AbortController();
  #initial: Buffer = Buffer.alloc(0);
  #current: (VersionedValue<T> & { readonly sessionId: bigint }) | null = null;
  #running: Promise<void> | null = null;

  private constructor(
    client: ZooKeeperClient,
    path: string,
    codec: Codec<T>,
    acl: readonly Acl[] | undefined,
  ) {
    this.path = recipePath('shared value', path);
    this.#client = client;
    this.#codec = codec;
    this.#acl = acl;
    this.#reader = new NodeReader(client, path, {
      read: (node) => this.#read(node),
      failed: (error) => this.#fail(error),
    });
  }

  /**
   * Creates the node with the initial value, unless it exists, and reads it. Rejects with `InvalidValueError` if what is there is
   * no value, and with whatever else creating and reading may end with; nothing goes on in the background then.
   */
  static start(client: ZooKeeperClient, path: string, initial: Uint8Array): Promise<SharedValue>;
  static start<T>(
    client: ZooKeeperClient,
    path: string,
    initial: T,
    options: SharedValueOptions<T> & { readonly codec: Codec<T> },
  ): Promise<SharedValue<T>>;
  static start(
    client: ZooKeeperClient,
    path: string,
    initial: Uint8Array,
    options?: SharedValueOptions<Uint8Array>,
  ): Promise<SharedValue>;
  static async start<T>(
    client: ZooKeeperClient,
    path: string,
    initial: T,
    options: SharedValueOptions<T> = {},
  ): Promise<SharedValue<T>> {
    const codec = options.codec ?? (bytes as unknown as Codec<T>);
    const shared = new SharedValue(client, path, codec, options.acl);
    try {
      shared.#initial = await shared.#encode(initial);
      await shared.#create(options.signal);
      await shared.#first(options.signal);
      return shared;
    } catch (error) {
      await shared.close();
      throw error;
    }
  }

  /** What the node held when it was last read or set from here. It stays when the node is deleted. */
  get value(): T {
    return this.versioned.value;
  }

  /** The value and the state of the node that held it, for `trySet`. */
  get versioned(): VersionedValue<T> {
    const { value, stat } = this.#current!;
    return { value, stat };
  }

  /**
   * Sets the value, whatever it was; makes the node again if it was deleted. Rejects with `ConnectionLossError` if the connection
   * breaks before the answer: with outcome `unknown` the value may or may not have been set.
   */
  async set(value: T, options: OperationOptions = {}): Promise<void> {
    const data = await this.#encode(value);
    for (;;) {
      try {
        const stat = await this.#client.set(this.path, data, options);
        return await this.#read({ data, stat });
      } catch (error) {
        if (!(error instanceof NoNodeError)) throw error;
      }
      try {
        const { stat } = await this.#client.create(this.path, data, this.#creation(options.signal));
        return await this.#read({ data, stat });
      } catch (error) {
        if (!(error instanceof NodeExistsError)) throw error;
      }
    }
  }

  /**
   * Sets the value if it is still the one that was seen, `previous` or the present one here; false if somebody else was first, and
   * then nothing was written. A lost answer is settled where that is possible; otherwise it rejects with the `ConnectionLossError`
   * or `SessionExpiredError` whose outcome is `unknown`. A node that was deleted and made again meanwhile, and has the same version, is
   * recognised as another one only when it was seen here.
   */
  async trySet(
    value: T,
    { previous = this.versioned, signal }: OperationOptions & { readonly previous?: VersionedValue<T> } = {},
  ): Promise<boolean> {
    const data = await this.#encode(value);
    const { stat: now } = this.versioned;
    // Another node has its place, whose versions began anew.
    if (now.czxid !== previous.stat.czxid && now.mzxid > previous.stat.mzxid) return false;
    const stat = await compareAndSet(this.#client, this.path, previous.stat, data, signal);
    if (stat === null) return false;
    await this.#read({ data, stat });
    return true;
  }

  /** Calls a listener with every change that is seen, those made from here included; quick ones may be seen as one. */
  onChange(listener: (value: T, stat: Stat) => void): () => void {
    const own = (value: T, stat: Stat): void => listener(value, stat);
    this.#changed.add(own);
    return () => void this.#changed.delete(own);
  }

  /** Calls a listener with what is wrong when the node cannot be read, or holds no value: `value` is then the last good one. */
  onError(listener: (error: unknown) => void): () => void {
    const own = (error: unknown): void => listener(error);
    this.#failed.add(own);
    return () => void this.#failed.delete(own);
  }

  /** The present value, then each change, the latest only if the consumer is slow. Ends with the signal, `close` or the client. */
  async *changes({ signal }: OperationOptions = {}): AsyncGenerator<VersionedValue<T>, void, undefined> {
    let wake = (): void => {};
    const forget = this.onChange(() => wake());
    let seen: VersionedValue<T> | null = null;
    try {
      while (signal?.aborted !== true && !this.#stop.signal.aborted) {
        const change = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (this.#current !== seen && this.#current !== null) {
          seen = this.#current;
          yield this.versioned;
          continue;
        }
        const ended = unless(change, this.#stop.signal).catch(() => {});
        await unless(ended, signal).catch(() => {});
      }
    } finally {
      forget();
      // Nothing waits for it any more, at `close` for example.
      wake();
    }
  }

  /** Ends the watching; the node stays. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#reader.close();
    this.#changed.clear();
    this.#failed.clear();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #encode(value: T): Promise<Buffer> {
    // A copy: what is on its way must not change when the caller's bytes do.
    return Buffer.from(await this.#codec.encode(value));
  }

  #creation(signal: AbortSignal | undefined): CreateOptions {
    return { parents: 'container', acl: this.#acl, signal };
  }

  /** Which attempt made the node does not matter: all of them hold the same. */
  async #create(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      try {
        await this.#client.create(this.path, this.#initial, this.#creation(signal));
        return;
      } catch (error) {
        if (error instanceof NodeExistsError) return;
        if (!mayRepeat(error)) throw error;
      }
    }
  }

  /** Starts to follow the node and waits for its first value. */
  #first(signal: AbortSignal | undefined): Promise<void> {
    let forget = (): void => {};
    const first = new Promise<void>((resolve, reject) => {
      const off = [this.onChange(() => resolve()), this.onError(reject)];
      forget = () => {
        for (const each of off) each();
      };
      this.#running = this.#reader.run().then(() => {
        this.#stop.abort();
        reject(new ClosedError({ operation: 'start', path: this.path }, 'not-applied'));
      });
    });
    let failed: { readonly error: unknown } | null = null;
    const settled = first.catch((error: unknown) => {
      failed = { error };
    });
    return unless(settled, signal)
      .then(() => {
        if (failed !== null) throw failed.error;
      })
      .finally(forget);
  }

  async #read(node: NodeData | null): Promise<void> {
    if (node === null) {
      // Deleted before it could be read for the first time.
      if (this.#current === null) await this.#create(this.#stop.signal);
      return;
    }
    const { sessionId } = this.#client;
    try {
      const value = await this.#codec.decode(node.data ?? Buffer.alloc(0));
      this.#take({ value, stat: node.stat, sessionId });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Within a session the latest change wins; what another session reads comes after a sync and counts as it is. */
  #take(next: VersionedValue<T> & { readonly sessionId: bigint }): void {
    const current = this.#current;
    if (this.#stop.signal.aborted) return;
    if (current !== null && next.stat.mzxid === current.stat.mzxid) return;
    if (current !== null && next.sessionId === current.sessionId && next.stat.mzxid < current.stat.mzxid)
      return;
    this.#current = next;
    for (const listener of this.#changed) callListener(listener, next.value, next.stat);
  }

  #fail(error: unknown): void {
    for (const listener of this.#failed) callListener(listener, error);
  }
}
