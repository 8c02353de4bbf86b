import { type Codec, json, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath, parentOf } from '../../wire/path.ts';
import { WaitTimeoutError } from '../errors.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions, wouldWait } from '../patience.ts';
import { Receipts } from '../receipts.ts';
import { repeatedly } from '../repeat.ts';
import { exhaustedIfExists } from '../sequence.ts';
import { unless } from '../until.ts';
import { Consumer } from './consumer.ts';
import { encodeItems, packItems } from './items.ts';
import { ITEM_PREFIX, type Naming } from './names.ts';
import type { ConsumeOptions, Handler, QueueOptions } from './options.ts';
import { type PoisonItem, PoisonShelf } from './poison.ts';
import { Room } from './room.ts';
import { type Workplace, workWithLock, workWithoutLock } from './work.ts';

const ATTEMPTS_MAX = 5;
const GRACE_MS = 5_000;
const ROUNDS_MAX = 16;

/** What all kinds of queues have in common: consuming, and what was set aside. */
export abstract class Queue<T> implements AsyncDisposable {
  readonly path: string;
  /** Where consumers mark what they have in hand; null if items are handled at most once. */
  readonly lockPath: string | null;
  readonly #client: ZooKeeperClient;
  readonly #naming: Naming;
  readonly #codec: Codec<T>;
  readonly #options: QueueOptions<T>;
  readonly #itemsBeforeRefresh: number;
  readonly #receipts: Receipts;
  readonly #poison: PoisonShelf<T>;
  readonly #room: Room | null;
  readonly #closing = new AbortController();
  readonly #consuming = new Set<Promise<void>>();

  /** @internal */
  protected constructor(
    client: ZooKeeperClient,
    path: string,
    naming: Naming,
    options: QueueOptions<T> & { readonly minItemsBeforeRefresh?: number | undefined },
  ) {
    this.path = recipePath('queue', path);
    if (this.path === '/') throw new TypeError('queue: the root cannot be a queue');
    const { lockPath = `${path}-locks`, minItemsBeforeRefresh = 0 } = options;
    this.lockPath = lockPath === null ? null : recipePath('queue: lockPath', lockPath);
    if (lockPath === path) throw new TypeError('queue: lockPath must not be the path of the queue');
    atLeast('maxItems', options.maxItems ?? 1, 1);
    atLeast('attemptsMax', options.attemptsMax ?? 1, 1);
    atLeast('minItemsBeforeRefresh', minItemsBeforeRefresh, 0);
    this.#client = client;
    this.#naming = naming;
    // Whoever names a type without a codec says that JSON holds it.
    this.#codec = options.codec ?? (json() as Codec<T>);
    this.#options = options;
    this.#itemsBeforeRefresh = minItemsBeforeRefresh;
    const { maxItems } = options;
    this.#room = maxItems === undefined ? null : new Room(client, path, maxItems);
    this.#receipts = new Receipts(client, `${path}-receipts`, options.acl);
    this.#poison = new PoisonShelf(client, path, naming, this.#codec, this.#receipts, options.acl);
  }

  /** How many items there are, those in hand included. 0 if the queue does not exist. */
  async size(options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return (await this.#client.exists(this.path, options))?.numChildren ?? 0;
  }

  /**
   * Hands items to `handler`, up to `concurrency` at once, until `signal` aborts or the queue is closed: then it resolves, once the
   * items in hand are done. An item is deleted when the handler's promise resolves. If it rejects, the item goes back to the end of
   * the queue and is handed out again, to any consumer, up to `attemptsMax` times; then it is set aside, see `poison`.
   *
   * Goes on over lost connections and sessions. Rejects with an error after which it cannot go on: the client was closed
   * (`ClosedError`), or may not do what it has to (`NoAuthError`).
   *
   * At least once, with a lock path: an item comes again when its consumer vanishes, also after it was handled but not yet deleted.
   */
  async consume(handler: Handler<T>, options: ConsumeOptions<T> = {}): Promise<void> {
    const { concurrency = 1, graceMs = GRACE_MS, signal, onFailure } = options;
    atLeast('concurrency', concurrency, 1);
    if (!(graceMs >= 0)) throw new RangeError(`queue: graceMs must be 0 or more, not ${graceMs}`);
    const place: Workplace<T> = {
      client: this.#client,
      path: this.path,
      poisonPath: this.#poison.path,
      naming: this.#naming,
      codec: this.#codec,
      attemptsMax: this.#options.attemptsMax ?? ATTEMPTS_MAX,
      acl: this.#options.acl,
      receipts: this.#receipts,
      handler,
      onFailure,
      prepare: (stop) => this.#prepare(stop),
    };
    const { lockPath } = this;
    const consumer = new Consumer({
      client: this.#client,
      path: this.path,
      lockPath,
      naming: this.#naming,
      concurrency,
      itemsBeforeRefresh: this.#itemsBeforeRefresh,
      graceMs,
      prepare: (stop) => this.#prepare(stop),
      work: (name, signals) =>
        lockPath === null
          ? workWithoutLock(place, name, signals)
          : workWithLock(place, lockPath, name, signals),
    });
    const running = consumer.run(
      signal === undefined ? [this.#closing.signal] : [signal, this.#closing.signal],
    );
    this.#consuming.add(running);
    try {
      await running;
    } finally {
      this.#consuming.delete(running);
    }
  }

  /** The items that were set aside, oldest first. */
  poison(options: { readonly signal?: AbortSignal } = {}): Promise<PoisonItem<T>[]> {
    return this.#poison.list(options.signal);
  }

  /** Puts an item that was set aside back into the queue, with a new count of attempts. False if it is not there any more. */
  retryPoison(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return this.#whileThere(() => this.#poison.retry(path, options.signal), options.signal);
  }

  /** Deletes an item that was set aside. False if it is not there any more. */
  discardPoison(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return this.#poison.discard(path, options.signal);
  }

  /**
   * Ends what consumes, as its signal would, and deletes what `put` keeps on the server to be certain. The items
   * stay.
   *
   * Waits until the items in hand are done, however long a handler takes that does not heed its signal. A handler must not wait for
   * it. `WaitTimeoutError` if they are not done within `timeoutMs`: nobody else is given them before their handlers have settled or
   * the client is closed.
   */
  async close(options: WaitOptions = {}): Promise<void> {
    this.#closing.abort(new Error(`queue ${this.path}: closed`));
    const late = (timeoutMs: number) => new WaitTimeoutError('items in hand not done', this.path, timeoutMs);
    try {
      await patiently(this.#client.ports, options, late, async (signal, wait) => {
        if (!wait && this.#consuming.size > 0) throw wouldWait;
        await unless(Promise.allSettled(this.#consuming), signal);
      });
    } finally {
      await this.#receipts.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Puts items into one node, whose name begins with `part` after Curator's prefix. */
  protected async putItems(part: string, items: Iterable<T>, options: WaitOptions): Promise<void> {
    const encoded = await encodeItems(this.#codec, items);
    options.signal?.throwIfAborted();
    if (encoded.length === 0) return;
    const packed = packItems(encoded);
    const prefix = childPath(this.path, ITEM_PREFIX + part);
    const put = (): Promise<void> =>
      this.#whileThere(
        () =>
          this.#receipts.apply(
            (transaction) =>
              transaction.create(prefix, packed, { mode: 'persistent-sequential', acl: this.#options.acl }),
            options.signal,
          ),
        options.signal,
      );
    const room = this.#room;
    if (room === null) return put();
    const leave = await patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new WaitTimeoutError('no room for an item', this.path, timeoutMs),
      (signal, wait) => room.enter(signal, wait),
    );
    try {
      await put();
    } finally {
      leave();
    }
  }

  /** @internal */
  protected get client(): ZooKeeperClient {
    return this.#client;
  }

  /** @internal */
  protected get receipts(): Receipts {
    return this.#receipts;
  }

  /** @internal */
  protected get naming(): Naming {
    return this.#naming;
  }

  /** Work on a queue that need not exist yet. */
  async #whileThere<R>(work: () => Promise<R>, signal: AbortSignal | undefined): Promise<R> {
    for (let round = 1; ; round++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof NoNodeError) || round >= ROUNDS_MAX) throw exhaustedIfExists(error, this.path);
        await repeatedly(() => this.#prepare(signal));
      }
    }
  }

  /**
   * Makes the directories. Those of items and locks are persistent, as Curator's are: Java's consumers do not notice when a
   * container vanishes under them.
   */
  async #prepare(signal?: AbortSignal): Promise<void> {
    const { acl } = this.#options;
    for (const path of this.lockPath === null ? [this.path] : [this.path, this.lockPath]) {
      await this.#client.ensurePath(parentOf(path), { mode: 'container', acl, signal });
      await this.#client.ensurePath(path, { mode: 'persistent', acl, signal });
    }
    await this.#client.ensurePath(this.#poison.path, { mode: 'container', acl, signal });
  }
}

function atLeast(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`queue: ${name} must be an integer of at least ${least}, not ${value}`);
  }
}
