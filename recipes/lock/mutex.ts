import { onAbort } from '../../client/aborts.ts';
import type { Acl, Data, ZooKeeperClient } from '../../client/index.ts';
import { parentOf, pathFault } from '../../wire/path.ts';
import { sortBySequence } from '../sequence.ts';
import { contend, type Place, wouldWait } from './contender.ts';
import { AcquireTimeoutError } from './errors.ts';
import { HeldLease, Hold, type Lease } from './lease.ts';

export interface MutexOptions {
  /** Content of the lock's nodes, for whoever looks at them. Default empty. */
  readonly data?: Data | undefined;
  /** ACL of the lock's nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

export interface AcquireOptions {
  /** Gives the attempt up: it rejects with the signal's reason and leaves no node behind. No effect once the lock is held. */
  readonly signal?: AbortSignal | undefined;
  /** The same after so many milliseconds, with `AcquireTimeoutError`; 0 asks once and does not wait. */
  readonly timeoutMs?: number | undefined;
  /** A lease of this mutex that the caller holds: the answer is a further lease on the same lock, without waiting. */
  readonly lease?: Lease | undefined;
}

const MARKER = 'lock-';
const timedOut = Symbol('timed out');

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
    const fault = pathFault(path);
    if (fault !== null) throw new TypeError(`lock path ${JSON.stringify(path)}: ${fault}`);
    this.path = path;
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
    const prefix = this.path === '/' ? '/' : `${this.path}/`;
    return sortBySequence(names, MARKER).map((name) => prefix + name);
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

  async #contend(options: AcquireOptions): Promise<Place> {
    const { signal, timeoutMs } = options;
    if (timeoutMs !== undefined && !(timeoutMs >= 0))
      throw new RangeError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
    const contender = {
      directory: this.path,
      marker: MARKER,
      data: this.#options.data ?? '',
      acl: this.#options.acl,
      leases: 1,
    };
    // One signal of our own rather than `AbortSignal.any`, which leaves something behind at a signal that is used for long.
    const stop = new AbortController();
    const release = signal === undefined ? () => {} : onAbort(signal, () => stop.abort(signal.reason));
    const cancel =
      timeoutMs === undefined || timeoutMs === 0 || timeoutMs === Number.POSITIVE_INFINITY
        ? () => {}
        : this.#client.ports.after(timeoutMs, () => stop.abort(timedOut));
    try {
      return await contend(this.#client, contender, stop.signal, timeoutMs !== 0);
    } catch (error) {
      const late = error === wouldWait || error === timedOut;
      throw late ? new AcquireTimeoutError(this.path, timeoutMs ?? 0) : error;
    } finally {
      cancel();
      release();
    }
  }
}
