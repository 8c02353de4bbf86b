import type { OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { AcquireTimeoutError } from './errors.ts';
import { type Inspection, inspectLine, lineOf } from './inspect.ts';
import { Hold, type Lease } from './lease.ts';
import {
  assertTerms,
  type InterProcessLock,
  type LockOptions,
  type TermOptions,
  termsFromNow,
} from './lock.ts';
import { MultiLease, releaseAll } from './multi-lease.ts';
import { LEASE_MARKER, LEASES, type PermitCount, takePermits } from './permits.ts';

export interface SemaphoreAcquireOptions extends WaitOptions, TermOptions {}

/**
 * So many permits in the whole cluster, given out in the order in which they were asked for: Curator's recipe of the same name and
 * with the same nodes (`<path>/locks/_c_<uuid>-lock-NNNNNNNNNN`, where askers stand in line, and
 * `<path>/leases/_c_<uuid>-lease-NNNNNNNNNN`, one a permit).
 *
 * How many there are is agreed upon by those who use the path: a number, the same everywhere, or a `SharedCount` that all of them
 * follow. Where it shrinks, permits that are out stay out.
 */
export class InterProcessSemaphoreV2 implements InterProcessLock {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #limit: number | PermitCount;
  readonly #options: LockOptions;

  /**
   * Throws `TypeError` if the path is not valid, `RangeError` if the limit is not a whole number from 1 up. Does nothing else: the
   * directories are made by the first `acquire`.
   */
  constructor(client: ZooKeeperClient, path: string, limit: number | PermitCount, options: LockOptions = {}) {
    this.path = recipePath('semaphore', path);
    if (typeof limit === 'number') positive('semaphore: limit', limit);
    this.#client = client;
    this.#limit = limit;
    this.#options = options;
  }

  /** How many permits there are, as far as this process knows. */
  get limit(): number {
    return typeof this.#limit === 'number' ? this.#limit : this.#limit.value;
  }

  /**
   * Waits for a permit. Release the lease, or let `await using` do it.
   *
   * With `timeoutMs` 0 it does not stand in line: it takes a permit if one is free. Rejects with `AcquireTimeoutError`, the signal's
   * reason, `SessionExpiredError` if the session ends while waiting, or whatever else an operation may end with; never leaving a node behind.
   */
  async acquire(options: SemaphoreAcquireOptions = {}): Promise<Lease> {
    const [lease] = await this.#acquire(1, options);
    return lease!;
  }

  /**
   * Waits for several permits: all or none. Nobody else's are given out while it waits for the last of its own, so two who ask for several
   * do not block each other. (Curator takes them one at a time: against one of its askers that holds a part, only a timeout helps.)
   *
   * Throws `RangeError` if there are not so many permits at all, where the limit is fixed; else it waits until there are.
   */
  async acquireMany(count: number, options: SemaphoreAcquireOptions = {}): Promise<MultiLease> {
    positive('semaphore: count', count);
    if (typeof this.#limit === 'number' && count > this.#limit) {
      throw new RangeError(`semaphore ${this.path}: ${count} permits of ${this.#limit}`);
    }
    return new MultiLease(await this.#acquire(count, options));
  }

  /** Paths of the permits' nodes, oldest first: those that are out, and those of whoever is next to get some. */
  participants(options?: OperationOptions): Promise<string[]> {
    return lineOf(this.#client, childPath(this.path, LEASES), LEASE_MARKER, options);
  }

  /**
   * Who holds permits, and who is next: since when, from which session, with which data. Not of one moment. Those who stand in line
   * behind are an `InterProcessMutex` at `<path>/locks`.
   */
  inspect(options?: OperationOptions): Promise<Inspection> {
    return inspectLine(this.#client, childPath(this.path, LEASES), LEASE_MARKER, this.limit, options);
  }

  async #acquire(count: number, options: SemaphoreAcquireOptions): Promise<Lease[]> {
    assertTerms(options);
    const places = await patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new AcquireTimeoutError(this.path, timeoutMs),
      (signal, wait) => takePermits(this.#client, this.#permits(), count, signal, wait),
    );
    const holds = places.map((place) => new Hold(this.#client, place));
    const terms = termsFromNow(this.#client, options);
    const leases: Lease[] = [];
    try {
      for (const hold of holds) leases.push(hold.lease(terms));
      return leases;
    } catch (error) {
      // In doubt before anybody had them: nobody will release them, so they go in the background.
      releaseAll(leases).catch(() => {});
      for (const hold of holds) hold.giveUp();
      throw error;
    }
  }

  #permits() {
    const limit = this.#limit;
    return {
      ...this.#options,
      path: this.path,
      limit: typeof limit === 'number' ? { value: limit, onChange: () => () => {} } : limit,
    };
  }
}

function positive(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${what} must be a whole number from 1 up, not ${value}`);
  }
}
