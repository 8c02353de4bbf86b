import type { Acl, Data, OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { nameOf, parentOf } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { sequenceOf } from '../sequence.ts';
import { contend } from './contender.ts';
import { AcquireTimeoutError } from './errors.ts';
import { inspectLine, lineOf, type Participant } from './inspect.ts';
import { HeldLease, type Lease, leaseOn } from './lease.ts';
import { assertTerms, type TermOptions, termsFromNow } from './lock.ts';
import type { Place } from './place.ts';

export interface MutexOptions {
  /** Content of the lock's nodes, for whoever looks at them. Default empty. */
  readonly data?: Data | undefined;
  /** ACL of the lock's nodes, also of directories that are made for them. Default: the client's. */
  readonly acl?: readonly Acl[] | undefined;
  /**
   * A grace time for what a dead holder may still have under way: when a holder went without a release (its session expired, its
   * node was deleted), nobody gets the lock until so many milliseconds after the next in line has found that out. Give all contenders
   * the same. Holds among contenders that have it; those without it, and Java's, neither wait nor are waited for. The holder's name
   * is kept in the data of the lock's directory, which belongs to the lock then. Costs one round trip to acquire.
   */
  readonly lockDelayMs?: number | undefined;
}

export interface AcquireOptions extends WaitOptions, TermOptions {
  /**
   * A lease of this mutex that the caller holds: the answer is a further lease on the same lock, without waiting, which ends no later
   * than that one.
   */
  readonly lease?: Lease | undefined;
}

/** Who holds a lock, and who waits for it. */
export interface LockInspection {
  readonly holder: Participant | null;
  /** In the order in which their turn comes. */
  readonly waiters: readonly Participant[];
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

  /** Throws `TypeError` or `RangeError` if an argument is not valid. Does nothing else: the directory is made by the first `acquire`. */
  constructor(client: ZooKeeperClient, path: string, options: MutexOptions = {}) {
    this.path = recipePath('lock', path);
    const { lockDelayMs } = options;
    if (lockDelayMs !== undefined && !(lockDelayMs >= 0 && lockDelayMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`lockDelayMs must be 0 or more, not ${lockDelayMs}`);
    }
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
    assertTerms(options);
    if (options.lease !== undefined) return this.#handOver(options.lease, options);
    const place = await this.#contend(options);
    return leaseOn(this.#client, place, termsFromNow(this.#client, options), options.signal);
  }

  /** Paths of the nodes in the queue, the holder's first; none where there is no directory. */
  participants(options?: OperationOptions): Promise<string[]> {
    return lineOf(this.#client, this.path, MARKER, options);
  }

  /** Who holds the lock and who waits for it: since when, from which session, with which data. Not of one moment. */
  async inspect(options?: OperationOptions): Promise<LockInspection> {
    const { holders, waiters } = await inspectLine(this.#client, this.path, MARKER, 1, options);
    return { holder: holders[0] ?? null, waiters };
  }

  #handOver(lease: Lease, options: AcquireOptions): Lease {
    if (!(lease instanceof HeldLease)) throw new TypeError('lease: not one that a mutex gave out');
    const { hold } = lease;
    if (hold.client !== this.#client) throw new TypeError('lease: of a lock that another client holds');
    const { path } = lease;
    // Locks of other kinds may have their nodes in the same directory; theirs exclude others than ours.
    if (parentOf(path) !== this.path || sequenceOf(nameOf(path), MARKER) === null) {
      throw new TypeError(`lease: of ${path}, not of a mutex in ${this.path}`);
    }
    if (lease.signal.aborted) throw lease.signal.reason;
    return hold.lease(termsFromNow(this.#client, options, lease.expiresAtMs));
  }

  #contend(options: AcquireOptions): Promise<Place> {
    const contender = {
      directory: this.path,
      marker: MARKER,
      data: this.#options.data ?? '',
      acl: this.#options.acl,
      lockDelayMs: this.#options.lockDelayMs,
    };
    // Who waits for ever need not be stopped.
    if (options.signal === undefined && options.timeoutMs === undefined) {
      return contend(this.#client, contender, undefined);
    }
    return patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new AcquireTimeoutError(this.path, timeoutMs),
      (signal, wait) => contend(this.#client, contender, signal, wait),
    );
  }
}
