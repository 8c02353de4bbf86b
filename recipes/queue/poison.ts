import { type Acl, type Codec, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf, parentOf } from '../../wire/path.ts';
import type { Receipts } from '../receipts.ts';
import { attemptsIn, packItems, unpackAnything } from './items.ts';
import { compareItems, ITEM_PREFIX, type ItemName, type Naming } from './names.ts';

/** An item that was set aside. */
export interface PoisonItem<T> {
  /** What names it to `retryPoison` and `discardPoison`. */
  readonly path: string;
  /** Undefined if the bytes are no item of the queue's codec. */
  readonly item: T | undefined;
  readonly bytes: Uint8Array;
  /** How often a handler has failed on it. */
  readonly attempts: number;
  /** The last failure, as text. */
  readonly error: string;
  /** When it was set aside, by the wall clock of the consumer. */
  readonly failedAtMs: number;
}

/** The items of a queue that were set aside: children of `<path>-poison`, where no consumer looks, with the names that they had. */
export class PoisonShelf<T> {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #queuePath: string;
  readonly #naming: Naming;
  readonly #codec: Codec<T>;
  readonly #receipts: Receipts;
  readonly #acl: readonly Acl[] | undefined;

  constructor(
    client: ZooKeeperClient,
    queuePath: string,
    naming: Naming,
    codec: Codec<T>,
    receipts: Receipts,
    acl: readonly Acl[] | undefined,
  ) {
    this.path = `${queuePath}-poison`;
    this.#client = client;
    this.#queuePath = queuePath;
    this.#naming = naming;
    this.#codec = codec;
    this.#receipts = receipts;
    this.#acl = acl;
  }

  async list(signal: AbortSignal | undefined): Promise<PoisonItem<T>[]> {
    const names = await this.#client.children(this.path, { signal }).catch((error: unknown) => {
      if (error instanceof NoNodeError) return [];
      throw error;
    });
    const parsed = names
      .map((name) => this.#naming.parse(name))
      .filter((name): name is ItemName => name !== null);
    // All are created with one counter, so that the numbers alone tell the order.
    const sorted = parsed.sort((a, b) => compareItems({ ...a, rank: 0 }, { ...b, rank: 0 }));
    const read = await Promise.all(sorted.map(({ name }) => this.#read(childPath(this.path, name), signal)));
    return read.filter((item) => item !== null);
  }

  /** Null if it has gone meanwhile. */
  async #read(path: string, signal: AbortSignal | undefined): Promise<PoisonItem<T> | null> {
    try {
      const { data } = await this.#client.get(path, { signal });
      const { items, notes } = unpackAnything(data);
      const bytes = items[0] ?? Buffer.alloc(0);
      const { error = '', failedAtMs = 0 } = notes;
      return {
        path,
        item: await this.#decode(bytes, notes.raw),
        bytes,
        attempts: attemptsIn(notes),
        error,
        failedAtMs,
      };
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  }

  async #decode(bytes: Uint8Array, raw: boolean | undefined): Promise<T | undefined> {
    if (raw === true) return undefined;
    try {
      return await this.#codec.decode(bytes);
    } catch {
      return undefined;
    }
  }

  /** NoNodeError if the queue's directory is missing. */
  async retry(path: string, signal: AbortSignal | undefined): Promise<boolean> {
    const prefix = this.#naming.parse(this.#own(path))?.prefix ?? ITEM_PREFIX;
    return this.#unlessGone(path, async () => {
      const { data } = await this.#client.get(path, { signal });
      const { items, notes } = unpackAnything(data);
      const bytes = notes.raw === true ? (items[0] ?? null) : packItems(items);
      const options = { mode: 'persistent-sequential', acl: this.#acl } as const;
      await this.#receipts.apply(
        (transaction) => transaction.delete(path).create(childPath(this.#queuePath, prefix), bytes, options),
        signal,
      );
    });
  }

  async discard(path: string, signal: AbortSignal | undefined): Promise<boolean> {
    this.#own(path);
    return this.#unlessGone(path, () =>
      this.#receipts.apply((transaction) => transaction.delete(path), signal),
    );
  }

  #own(path: string): string {
    if (parentOf(path) !== this.path) throw new TypeError(`queue: ${path} is not in ${this.path}`);
    return nameOf(path);
  }

  async #unlessGone(path: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof NoNodeError && error.path === path) return false;
      throw error;
    }
  }
}
