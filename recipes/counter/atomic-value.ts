import {
  bytes,
  type Codec,
  NodeExistsError,
  NoNodeError,
  type OperationOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { recipePath } from '../paths.ts';
import { type AtomicOptions, AtomicWriter } from './atomic-writer.ts';
import type { AtomicStats } from './change.ts';
import { createIfMissing } from './compare-and-set.ts';

/** What became of a change. */
export type AtomicResult<T, Pre = T> =
  | { readonly succeeded: true; readonly pre: Pre; readonly post: T; readonly stats: AtomicStats }
  /** Nothing was written; `pre` is what was there last. */
  | { readonly succeeded: false; readonly pre: Pre; readonly post: null; readonly stats: AtomicStats };

export interface AtomicValueOptions<T> extends AtomicOptions {
  /** What the bytes mean. Default the bytes themselves. */
  readonly codec?: Codec<T> | undefined;
}

/**
 * A value in a node that is changed by compare-and-set: Curator's recipe of the same name, with the same node (`path`, persistent).
 * A change is tried a number of times without a lock, then, if a `lockPath` was given, under that lock.
 *
 * A change whose answer was lost with the connection is never made twice. Where it cannot be told whether it was made (the value
 * is what it would have made, but another client may have made the same), the promise rejects with the `ConnectionLossError` or
 * `SessionExpiredError`, whose `outcome` is `unknown`; with `receiptsPath` only where the session was lost.
 *
 * Of changes that follow each other within 100 ms the later ones begin with what the one before wrote, without reading: one round
 * trip instead of two, and where somebody else wrote in between, the write is refused and the change made anew on what is there.
 * Not promised: that a node which was deleted and made again between a read, or such a write, and the write that follows is
 * recognised as another one.
 */
export class DistributedAtomicValue<T = Uint8Array> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #codec: Codec<T>;
  readonly #options: AtomicOptions;
  readonly #writer: AtomicWriter;

  /** Throws `TypeError` or `RangeError` for arguments that are not valid, and does nothing else: the first change makes the node. */
  constructor(client: ZooKeeperClient, path: string, options: AtomicValueOptions<T> = {}) {
    this.path = recipePath('atomic value', path);
    this.#client = client;
    this.#codec = options.codec ?? (bytes as unknown as Codec<T>);
    this.#options = options;
    this.#writer = new AtomicWriter(client, path, options);
  }

  /** The value as the server has it, which may lag behind others; null if there is no node. */
  async get({ signal }: OperationOptions = {}): Promise<T | null> {
    const node = await this.#writer.read(signal);
    return node === null ? null : this.#codec.decode(node.data ?? Buffer.alloc(0));
  }

  /** Sets the value if it is the expected one, byte by byte; null stands for no node. */
  async compareAndSet(
    expected: T | null,
    value: T,
    { signal }: OperationOptions = {},
  ): Promise<AtomicResult<T, T | null>> {
    const wanted = expected === null ? null : await this.#encode(expected);
    const equal = (present: Buffer | null): boolean =>
      present === null || wanted === null ? present === wanted : present.equals(wanted);
    return this.#change((_, present) => (equal(present) ? value : undefined), signal);
  }

  /** Sets the value, and says which one it replaced. `InvalidValueError` if that is none; `forceSet` does not look. */
  trySet(value: T, { signal }: OperationOptions = {}): Promise<AtomicResult<T, T | null>> {
    return this.#change(() => value, signal);
  }

  /**
   * Makes a new value of the present one (null: no node), or leaves it with undefined. `make` may be called several times, for
   * values that are then not the last; what it throws rejects the promise, and nothing is written. Other changes made through this
   * object wait for it: it must not wait for one of them.
   */
  update(
    make: (present: T | null) => T | undefined | Promise<T | undefined>,
    { signal }: OperationOptions = {},
  ): Promise<AtomicResult<T, T | null>> {
    return this.#change(make, signal);
  }

  /** Sets the value without looking. With outcome `unknown` of a `ConnectionLossError` it may or may not have been set. */
  async forceSet(value: T, { signal }: OperationOptions = {}): Promise<void> {
    const data = await this.#encode(value);
    const { acl } = this.#options;
    for (;;) {
      try {
        await this.#client.set(this.path, data, { signal });
        return;
      } catch (error) {
        if (!(error instanceof NoNodeError)) throw error;
      }
      try {
        await this.#client.create(this.path, data, { parents: 'container', acl, signal });
        return;
      } catch (error) {
        if (!(error instanceof NodeExistsError)) throw error;
      }
    }
  }

  /** Makes the node with the value, unless there is one: then false, and nothing is written. */
  async initialize(value: T, { signal }: OperationOptions = {}): Promise<boolean> {
    const data = await this.#encode(value);
    return (await createIfMissing(this.#client, this.path, data, this.#options.acl, signal)) !== null;
  }

  /** Deletes the receipt, if `receiptsPath` asked for one; there is nothing else to end. Changes may follow, with another receipt. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #encode(value: T): Promise<Buffer> {
    // A copy: what waits for its turn must not change when the caller's bytes do.
    return Buffer.from(await this.#codec.encode(value));
  }

  /** What can go wrong with values goes wrong before anything is written. */
  async #change(
    make: (present: T | null, data: Buffer | null) => T | undefined | Promise<T | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<AtomicResult<T, T | null>> {
    let pre: T | null = null;
    let post: T | undefined;
    const { succeeded, stats } = await this.#writer.change(async (data) => {
      pre = data === null ? null : await this.#codec.decode(data);
      post = await make(pre, data);
      return post === undefined ? null : this.#encode(post);
    }, signal);
    if (!succeeded) return { succeeded, pre, post: null, stats };
    return { succeeded, pre, post: post as T, stats };
  }
}
