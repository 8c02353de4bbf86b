import type { Acl, OperationOptions, Stat, ZooKeeperClient } from '../../client/index.ts';
import { int32 } from './numbers.ts';
import { SharedValue, type VersionedValue } from './shared-value.ts';

export interface SharedCountOptions extends OperationOptions {
  /** ACL of the node, and of those above that are made for it. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/**
 * An integer of 32 bits in a node that everybody sees and may set: Curator's recipe of the same name, with the same node and the
 * same four bytes. For counting, `DistributedAtomicInteger` and `DistributedAtomicLong`; this is for numbers that are agreed on.
 */
export class SharedCount implements AsyncDisposable {
  readonly #shared: SharedValue<number>;

  private constructor(shared: SharedValue<number>) {
    this.#shared = shared;
  }

  /**
   * Creates the node with the initial number, unless it exists, and reads it. `RangeError` for what is no integer of 32 bits;
   * `InvalidValueError` if the node holds something else; nothing goes on in the background then.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    initial: number,
    options: SharedCountOptions = {},
  ): Promise<SharedCount> {
    return new SharedCount(await SharedValue.start(client, path, initial, { ...options, codec: int32 }));
  }

  get path(): string {
    return this.#shared.path;
  }

  /** The number when it was last read or set from here. It stays when the node is deleted. */
  get value(): number {
    return this.#shared.value;
  }

  /** The number and the state of the node that held it, for `trySet`. */
  get versioned(): VersionedValue<number> {
    return this.#shared.versioned;
  }

  /** Sets the number, whatever it was; see `SharedValue.set`. */
  set(value: number, options?: OperationOptions): Promise<void> {
    return this.#shared.set(value, options);
  }

  /** Sets the number if it is still the one that was seen, `previous` or the present one here; see `SharedValue.trySet`. */
  trySet(
    value: number,
    options?: OperationOptions & { readonly previous?: VersionedValue<number> },
  ): Promise<boolean> {
    return this.#shared.trySet(value, options);
  }

  /** Calls a listener with every change that is seen, those made from here included; quick ones may be seen as one. */
  onChange(listener: (value: number, stat: Stat) => void): () => void {
    return this.#shared.onChange(listener);
  }

  /** Calls a listener with what is wrong when the node cannot be read, or holds no number: `value` is then the last good one. */
  onError(listener: (error: unknown) => void): () => void {
    return this.#shared.onError(listener);
  }

  /** The present number, then each change, the latest only if the consumer is slow. Ends with the signal, `close` or the client. */
  changes(options?: OperationOptions): AsyncGenerator<VersionedValue<number>, void, undefined> {
    return this.#shared.changes(options);
  }

  /** Ends the watching; the node stays. Idempotent. */
  close(): Promise<void> {
    return this.#shared.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
