import { onAbort } from '../../client/aborts.ts';
import { ClosedError, type Codec, type ZooKeeperClient, type ZooKeeperError } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { WaitTimeoutError } from '../errors.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { mayRepeat } from '../repeat.ts';
import { Mirror } from './mirror.ts';
import { Extent } from './scope.ts';
import { ItemStream } from './stream.ts';
import type { CacheScope, ZNode, ZNodeChange } from './znode.ts';

export interface CacheOptions<T> {
  /** What is held: `node`, its `children` (without itself) or the whole `tree`. Default `tree`. */
  readonly scope?: CacheScope | undefined;
  /** Makes values of the contents. Default: the bytes themselves. */
  readonly codec?: Codec<T> | undefined;
  /** Reads under way at once. Default 64. */
  readonly concurrency?: number | undefined;
  /**
   * `one-shot` sets a watch at every node instead of one for all, as is done by itself with servers before 3.6, which have nothing
   * else. Default `auto`.
   */
  readonly watches?: 'auto' | 'one-shot' | undefined;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

export interface ChangesOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Changes kept for a consumer that is slower than they come; when more come they give way to one `resync`. Default 10,000. */
  readonly bufferMax?: number | undefined;
}

/** Look at the cache as a whole: the iteration begins, or its consumer was too slow to be given every change. */
export interface CacheResync {
  readonly type: 'resync';
}

const CONCURRENCY_DEFAULT = 64;
const BUFFER_MAX_DEFAULT = 10_000;
const resync: CacheResync = { type: 'resync' };
const noCodec: Codec<unknown> = { encode: (value) => value as Uint8Array, decode: (value) => value };

/**
 * A copy of a node, its children or a whole tree, kept like the server's by watches: what Curator's CuratorCache is, and its older
 * NodeCache, PathChildrenCache and TreeCache.
 *
 * It is behind the server by what is on its way. After a lost connection or session everything is read again and the differences
 * are reported as changes, so applying the changes one by one always leads to what the cache holds. Between two readings a node may
 * change more than once: the changes then come as one.
 */
export class ZNodeCache<T = Buffer> implements AsyncDisposable, Iterable<ZNode<T>> {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #mirror: Mirror<T>;
  readonly #changed = new Set<(change: ZNodeChange<T>) => void>();
  readonly #failed = new Set<(error: ZooKeeperError) => void>();
  readonly #streams = new Set<ItemStream<ZNodeChange<T> | CacheResync>>();
  readonly #waiters = new Set<() => void>();

  private constructor(client: ZooKeeperClient, path: string, options: CacheOptions<T>) {
    const { scope = 'tree', concurrency = CONCURRENCY_DEFAULT, watches = 'auto' } = options;
    this.path = recipePath('cache', path);
    if (!['node', 'children', 'tree'].includes(scope)) {
      throw new TypeError(`cache: scope must be node, children or tree, not ${String(scope)}`);
    }
    if (!['auto', 'one-shot'].includes(watches)) {
      throw new TypeError(`cache: watches must be auto or one-shot, not ${String(watches)}`);
    }
    if (!(Number.isInteger(concurrency) && concurrency > 0)) {
      throw new RangeError(`cache: concurrency must be a positive integer, not ${concurrency}`);
    }
    this.#client = client;
    const codec = options.codec ?? (noCodec as Codec<T>);
    const settings = { codec, concurrency, oneShot: watches === 'one-shot' };
    this.#mirror = new Mirror<T>(client, new Extent(path, scope), settings, {
      changes: (changes) => this.#tell(changes),
      current: () => this.#wake(),
      failed: (error) => {
        for (const listener of [...this.#failed]) callListener(listener, error);
      },
      ended: () => this.#end(),
    });
  }

  /**
   * Sets the watch and resolves when everything has been read; the node need not exist. Rejects with the signal's reason, with
   * `NoAuthError` and the like if the node cannot be read, or `ClosedError`; no watch is left behind then.
   */
  static async start<T = Buffer>(
    client: ZooKeeperClient,
    path: string,
    options: CacheOptions<T> = {},
  ): Promise<ZNodeCache<T>> {
    const { signal } = options;
    signal?.throwIfAborted();
    const cache = new ZNodeCache<T>(client, path, options);
    const faults: ZooKeeperError[] = [];
    const stop = cache.onError((error) => {
      if (error.path === path) faults.push(error);
    });
    try {
      await cache.#mirror.start(signal);
      await cache.#untilCurrent(signal);
      if (faults[0] !== undefined) throw faults[0];
    } catch (error) {
      cache.close().catch(() => {});
      throw error;
    } finally {
      stop();
    }
    return cache;
  }

  /** How many nodes it holds. */
  get size(): number {
    return this.#mirror.table.size;
  }

  /** Whether all that the server has told about is in the cache; false without a connection, and while it is read. */
  get current(): boolean {
    return this.#mirror.current;
  }

  get closed(): boolean {
    return this.#mirror.ended;
  }

  /** The node, as it was read last; undefined if there is none. */
  get(path: string): ZNode<T> | undefined {
    return this.#mirror.table.get(path);
  }

  /** Names of the children that it holds, in no order; by default those of the cache's own node. */
  children(path: string = this.path): readonly string[] {
    return this.#mirror.table.children(path);
  }

  /** The nodes, parents before children. */
  [Symbol.iterator](): Iterator<ZNode<T>> {
    return this.#mirror.table.nodes();
  }

  /**
   * Waits until the cache holds at least what the leader had committed when this was called, so that it shows what was written
   * before. Rejects with `WaitTimeoutError`, the signal's reason, or `ClosedError` if the client is closed.
   */
  sync(options: WaitOptions = {}): Promise<void> {
    return patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new WaitTimeoutError('cache: not up to date', this.path, timeoutMs),
      async (signal) => {
        await this.#syncServer(signal);
        await this.#untilCurrent(signal);
      },
    );
  }

  async #syncServer(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#client.sync(this.path, { signal });
        return;
      } catch (error) {
        // The next one waits for another connection, so this cannot spin.
        if (!mayRepeat(error)) throw error;
      }
    }
  }

  /** Calls a listener with every change, after the cache has taken it, until the answer is called. */
  onChange(listener: (change: ZNodeChange<T>) => void): () => void {
    return subscribe(this.#changed, listener);
  }

  /** Calls a listener when a node cannot be read, for example without the permission; the cache then goes on without the node. */
  onError(listener: (error: ZooKeeperError) => void): () => void {
    return subscribe(this.#failed, listener);
  }

  /**
   * Changes as an async iterable. The first item is `resync`: look at the cache now, what changes from here on follows. It comes
   * again if the consumer was too slow. The iteration ends with the signal or the cache.
   */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<ZNodeChange<T> | CacheResync, undefined> {
    const begin = (stream: ItemStream<ZNodeChange<T> | CacheResync>): (() => void) => {
      stream.push(resync);
      if (this.closed) stream.end();
      else this.#streams.add(stream);
      return () => this.#streams.delete(stream);
    };
    return new ItemStream<ZNodeChange<T> | CacheResync>(
      begin,
      resync,
      options.bufferMax ?? BUFFER_MAX_DEFAULT,
      options.signal,
    );
  }

  /** Ends the watching; what the cache holds stays as it was. Idempotent. */
  close(): Promise<void> {
    return this.#mirror.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(changes: readonly ZNodeChange<T>[]): void {
    for (const change of changes) {
      for (const listener of [...this.#changed]) callListener(listener, change);
      for (const stream of [...this.#streams]) stream.push(change);
    }
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #end(): void {
    this.#changed.clear();
    this.#failed.clear();
    for (const stream of [...this.#streams]) stream.end();
    this.#wake();
  }

  async #untilCurrent(signal: AbortSignal | undefined): Promise<void> {
    while (!this.current) {
      signal?.throwIfAborted();
      if (this.closed) {
        // Says so if it is the client that was closed.
        await this.#client.sync(this.path, { signal });
        const context = { operation: 'cache', path: this.path, detail: 'the cache was closed' };
        throw new ClosedError(context, 'not-applied');
      }
      await new Promise<void>((resolve, reject) => {
        const done = (): void => {
          this.#waiters.delete(done);
          release();
          resolve();
        };
        const release =
          signal === undefined
            ? () => {}
            : onAbort(signal, () => {
                this.#waiters.delete(done);
                reject(signal.reason);
              });
        this.#waiters.add(done);
      });
    }
  }
}

/** Each subscription is one of its own, so that the same function may serve several. */
function subscribe<A>(listeners: Set<(argument: A) => void>, listener: (argument: A) => void): () => void {
  const own = (argument: A): void => listener(argument);
  listeners.add(own);
  return () => listeners.delete(own);
}
