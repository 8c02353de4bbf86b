import { type Acl, bytes, type Codec, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { WaitTimeoutError } from '../errors.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { Receipts } from '../receipts.ts';
import { repeatedly } from '../repeat.ts';
import { exhaustedIfExists, sortBySequence } from '../sequence.ts';
import { until } from '../until.ts';
import { NoSuchElementError } from './errors.ts';

const MARKER = 'qn-';
const ROUNDS_MAX = 16;

export interface SimpleQueueOptions<T> {
  /** How items become bytes. Default the bytes themselves. */
  readonly codec?: Codec<T> | undefined;
  /** ACL of everything that is created. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/**
 * ZooKeeper's queue recipe: whoever removes an item has it, and nobody has it again. Curator's recipe of the same name, and that of
 * ZooKeeper's own examples, with the same nodes (`<path>/qn-NNNNNNNNNN`). In the order of `offer`.
 */
export class SimpleDistributedQueue<T = Uint8Array> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #codec: Codec<T>;
  readonly #acl: readonly Acl[] | undefined;
  readonly #receipts: Receipts;

  /** Throws `TypeError` if the path is not valid. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: SimpleQueueOptions<T> = {}) {
    this.path = recipePath('queue', path);
    if (this.path === '/') throw new TypeError('queue: the root cannot be a queue');
    this.#client = client;
    // Without a codec an item is its bytes.
    this.#codec = options.codec ?? (bytes as unknown as Codec<T>);
    this.#acl = options.acl;
    this.#receipts = new Receipts(client, `${path}-receipts`, options.acl);
  }

  /**
   * Puts an item at the end; over lost connections exactly once. If the session ends before the server's answer comes it rejects with
   * `SessionExpiredError`, whose `outcome` says whether the item may have been put; so it may when the signal's reason is thrown.
   */
  async offer(item: T, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const data = await this.#codec.encode(item);
    const path = childPath(this.path, MARKER);
    for (let round = 1; ; round++) {
      try {
        return await this.#receipts.apply(
          (transaction) => transaction.create(path, data, { mode: 'persistent-sequential', acl: this.#acl }),
          options.signal,
        );
      } catch (error) {
        if (!(error instanceof NoNodeError) || round >= ROUNDS_MAX) throw exhaustedIfExists(error, this.path);
        await this.#ensure(options.signal);
      }
    }
  }

  /** Removes the first item; null if there is none, with `timeoutMs` not even after that long. */
  async poll(options: WaitOptions = {}): Promise<T | null> {
    try {
      return await this.take({ ...options, timeoutMs: options.timeoutMs ?? 0 });
    } catch (error) {
      if (error instanceof WaitTimeoutError && error.path === this.path) return null;
      throw error;
    }
  }

  /**
   * Removes the first item, waiting for one; `WaitTimeoutError` if none comes within `timeoutMs`. Neither that nor the signal
   * interrupts a removal that is under way, so no item is lost by them: it is returned, once the server has answered. An item whose
   * removal was under way when the session ended may be removed without being returned.
   *
   * One that the codec makes nothing of stays the first, and is what it rejects with; a queue without a codec takes it off.
   */
  take(options: WaitOptions = {}): Promise<T> {
    return patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new WaitTimeoutError('no item', this.path, timeoutMs),
      (signal, wait) =>
        until(
          (read) => this.#names(read, wait),
          (names) => this.#first(names, true, signal),
          signal,
          wait,
        ).then(({ item }) => item),
    );
  }

  /** The first item, which stays; null if there is none. */
  async peek(options: { readonly signal?: AbortSignal } = {}): Promise<T | null> {
    const first = await this.#first(await this.#names(options, false), false, options.signal);
    return first === undefined ? null : first.item;
  }

  /** The first item, which stays; `NoSuchElementError` if there is none. */
  async element(options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    const names = await this.#names(options, false);
    const first = await this.#first(names, false, options.signal);
    if (first === undefined) throw new NoSuchElementError(this.path);
    return first.item;
  }

  /** Removes the first item; `NoSuchElementError` if there is none. */
  async remove(options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    try {
      return await this.take({ ...options, timeoutMs: 0 });
    } catch (error) {
      if (error instanceof WaitTimeoutError && error.path === this.path)
        throw new NoSuchElementError(this.path);
      throw error;
    }
  }

  /** Deletes what this object keeps on the server to be certain. The items stay. */
  close(): Promise<void> {
    return this.#receipts.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Names of the items, oldest first. Waiting needs a directory to watch. */
  async #names(read: Parameters<ZooKeeperClient['children']>[1], make: boolean): Promise<string[]> {
    for (let round = 1; ; round++) {
      try {
        return sortBySequence(await repeatedly(() => this.#client.children(this.path, read)), MARKER);
      } catch (error) {
        if (!(error instanceof NoNodeError) || round >= ROUNDS_MAX) throw error;
        if (!make) return [];
        await this.#ensure(read?.signal);
      }
    }
  }

  /** The first item that is still there; undefined if all are gone. */
  async #first(
    names: readonly string[],
    remove: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly item: T } | undefined> {
    for (const name of names) {
      const path = childPath(this.path, name);
      try {
        const { data } = await repeatedly(() => this.#client.get(path, { signal }));
        const item = await this.#codec.decode(data ?? Buffer.alloc(0));
        signal?.throwIfAborted();
        if (remove) await this.#receipts.apply((transaction) => transaction.delete(path));
        return { item };
      } catch (error) {
        // Somebody else was quicker.
        if (!(error instanceof NoNodeError) || error.path !== path) throw error;
      }
    }
    return undefined;
  }

  #ensure(signal: AbortSignal | undefined): Promise<void> {
    const options = { mode: 'container', acl: this.#acl, signal } as const;
    return repeatedly(() => this.#client.ensurePath(this.path, options));
  }
}
