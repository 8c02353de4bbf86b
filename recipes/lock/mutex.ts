import type { Acl, Data, ZooKeeperClient } from '../../client/index.ts';
import { childPath, parentOf } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { sortBySequence } from '../sequence.ts';
import { contend, type Place } from './contender.ts';
import { AcquireTimeoutError } from './errors.ts';
import { HeldLease, Hold, type Lease } from './lease.ts';

export interface MutexOptions {
  /** Content of the lock's nodes, for whoever looks at them. Default empty. */
  readonly data?: Data | undefined;
  /** ACL of the lock's nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

export interface AcquireOptions extends WaitOptions {
  /** A lease of this mutex that the caller holds: the answer is a further lease on the same lock, without waiting. */
  readonly lease?: Lease | undefined;
}

const MARKER = 'lock-';

/**
 * A lock that one holder in the whole cluster has at a time, in the order in which they asked: Curator's recipe of the same name
 * and with the same nodes (`<path>/_c_<uuid>-lock-NNNNNNNNNN`), so that Java programs contend for it too.
 *
 * Every `acquire` contends on its own, in one process as in several: there is no owning thread. Who holds the lock and calls
 * something that needs it too hands its lease on (`acquire({ lease })`).
 */
export class InterProcessMutex {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #options: MutexOptions;

  /** Throws `TypeError` if the path is not valid. Does nothing else: the directory is made by the first `acquire`. */
  constructor(client: ZooKeeperClient, path: string, options: MutexOptions = {}) {
    this.path = recipePath('lock', path);
    this.#client = client;
    this.#options = options;
  }

  /**
   * Waits for the lock. Release the lease, or let `await using` do it.
   *
   * Rejects with `AcquireTimeoutError`, the signal's reason, `SessionExpiredError` if the session ends while waiting, or whatever
   * else an operation may end with; never leaving a node in the queue. With `lease`, rejects with `LeaseEndedError` if that one has
   * ended.
   */
  async acquire(options: AcquireOptions = {}): Promise<Lease> {
    options.signal?.throwIfAborted();
    if (options.lease !== undefined) return this.#handOver(options.lease);
    const hold = new Hold(this.#client, await this.#contend(options));
    try {
      return hold.lease();
    } catch (error) {
      // In doubt before anybody had it: nobody will release it, so it goes in the background.
      hold.giveUp();
      throw error;
    }
  }

  /** Paths of the nodes in the queue, the holder's first. */
  async participants(options?: { readonly signal?: AbortSignal }): Promise<string[]> {
    const names = await this.#client.children(this.path, options);
    return sortBySequence(names, MARKER).map((name) => childPath(this.path, name));
  }

  #handOver(lease: Lease): Lease {
    if (!(lease instanceof HeldLease)) throw new TypeError('lease: not one that a mutex gave out');
    const { hold } = lease;
    if (hold.client !== this.#client) throw new TypeError('lease: of a lock that another client holds');
    if (parentOf(hold.place.node.path) !== this.path) {
      throw new TypeError(`lease: of ${hold.place.node.path}, not of a lock in ${this.path}`);
    }
    if (lease.signal.aborted) throw lease.signal.reason;
    return hold.lease();
  }

  #contend(options: AcquireOptions): Promise<Place> {
    const contender = {
      directory: this.path,
      marker: MARKER,
      data: this.#options.data ?? '',
      acl: this.#options.acl,
      leases: 1,
    };
    return patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new AcquireTimeoutError(this.path, timeoutMs),
      (signal, wait) => contend(this.#client, contender, signal, wait),
    );
  }
}
