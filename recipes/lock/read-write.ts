import type { OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf, parentOf, sequenceSuffix } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { sequenceOf } from '../sequence.ts';
import {
  decideReadWrite,
  type LockSide,
  READ_MARKER,
  sideOf,
  sortReadWrite,
  WRITE_MARKER,
} from './decide-read-write.ts';
import { AcquireTimeoutError, LeaseEndedError } from './errors.ts';
import { inspectLine, type Participant } from './inspect.ts';
import { HeldLease, type Lease, leaseOn } from './lease.ts';
import { childrenIfAny, standInLine } from './line.ts';
import {
  assertTerms,
  type InterProcessLock,
  type LockOptions,
  type TermOptions,
  termsFromNow,
} from './lock.ts';
import type { Place } from './place.ts';
import { abandon, assertSession, makePlace } from './place.ts';

const MARKERS: Record<LockSide, string> = { read: READ_MARKER, write: WRITE_MARKER };

/** The write lock was asked for with a read lease in hand: it would wait for that very lease. */
export class LockUpgradeError extends Error {
  readonly code = 'LockUpgrade';
  readonly path: string;

  constructor(path: string) {
    super(
      `lock ${path}: a read lease cannot become a write lease, which would wait for it; release it first, or start with the write lock [LockUpgrade]`,
    );
    this.name = 'LockUpgradeError';
    this.path = path;
  }
}

export interface ReadWriteAcquireOptions extends WaitOptions, TermOptions {
  /** A lease of the same read-write lock that the caller holds, of either side: see `acquire`. */
  readonly lease?: Lease | undefined;
}

/** One of the two locks that make a read-write lock. */
export class ReadWriteSide implements InterProcessLock {
  readonly path: string;
  /** Which of the two. */
  readonly side: LockSide;
  readonly #client: ZooKeeperClient;
  readonly #options: LockOptions;

  /** @internal Use `readLock` and `writeLock` of an `InterProcessReadWriteLock`. */
  constructor(client: ZooKeeperClient, path: string, side: LockSide, options: LockOptions) {
    this.path = path;
    this.side = side;
    this.#client = client;
    this.#options = options;
  }

  /**
   * Waits for the lock. With `lease`, one of the same read-write lock that the caller holds, the answer comes without waiting for
   * anybody: a further lease on the same node, or, if it is a write lease and this is the read lock, a read lease of its own that
   * outlives it.
   *
   * Rejects with `AcquireTimeoutError`, the signal's reason, `SessionExpiredError` if the session ends while waiting,
   * `LeaseEndedError` if the given lease has ended, `LockUpgradeError` if it is a read lease and this is the write lock, or whatever
   * else an operation may end with; never leaving a node in the line.
   */
  async acquire(options: ReadWriteAcquireOptions = {}): Promise<Lease> {
    options.signal?.throwIfAborted();
    assertTerms(options);
    if (options.lease !== undefined) return this.#withLease(options.lease, options);
    return this.#lease(
      await this.#patiently(options, (signal, wait) =>
        standInLine(
          this.#client,
          {
            directory: this.path,
            name: MARKERS[this.side],
            mode: 'ephemeral-sequential',
            data: this.#options.data ?? '',
            acl: this.#options.acl,
            decide: decideReadWrite,
          },
          signal,
          wait,
        ),
      ),
      options,
    );
  }

  /** Paths of the nodes that ask for this side, holders and waiters, in the order of the line. */
  async participants(options?: OperationOptions): Promise<string[]> {
    const names = await childrenIfAny(this.#client, this.path, options);
    return sortReadWrite(names, this.side).map((name) => childPath(this.path, name));
  }

  #lease(place: Place, options: ReadWriteAcquireOptions): Lease {
    return leaseOn(this.#client, place, termsFromNow(this.#client, options), options.signal);
  }

  async #withLease(lease: Lease, options: ReadWriteAcquireOptions): Promise<Lease> {
    if (!(lease instanceof HeldLease)) throw new TypeError('lease: not one that a lock gave out');
    const { hold } = lease;
    if (hold.client !== this.#client) throw new TypeError('lease: of a lock that another client holds');
    const from = sideOf(nameOf(lease.path));
    if (parentOf(lease.path) !== this.path || from === null) {
      throw new TypeError(`lease: of ${lease.path}, not of a read-write lock in ${this.path}`);
    }
    if (lease.signal.aborted) throw lease.signal.reason;
    if (from === this.side) return hold.lease(termsFromNow(this.#client, options, lease.expiresAtMs));
    if (from === 'read') throw new LockUpgradeError(this.path);
    return this.#lease(await this.#patiently(options, (signal) => this.#downgrade(lease, signal)), options);
  }

  /**
   * A reader's node with the writer's number, so that whoever waits for the writer waits for the reader too (CURATOR-621). It counts
   * only if the writer's node was still there after it had been made: otherwise the next writer may already hold the lock.
   */
  async #downgrade(lease: HeldLease, signal: AbortSignal): Promise<Place> {
    const writer = lease.hold.place;
    const number = sequenceSuffix(sequenceOf(nameOf(writer.node.path), WRITE_MARKER)!);
    const place = await makePlace(
      this.#client,
      {
        directory: this.path,
        name: READ_MARKER + number,
        mode: 'ephemeral',
        data: this.#options.data ?? '',
        acl: this.#options.acl,
      },
      signal,
    );
    try {
      const names = await this.#client.children(this.path, { signal });
      assertSession(this.#client, place);
      for (const { path } of [writer.node, place.node]) {
        if (names.includes(nameOf(path))) continue;
        throw lease.signal.aborted ? lease.signal.reason : new LeaseEndedError(path, 'deleted');
      }
      // The order of holders is that of the writer: a token from now would be above those of writers that already stand in line.
      return { ...place, czxid: writer.czxid };
    } catch (error) {
      abandon(this.#client, place);
      throw error;
    }
  }

  #patiently(
    options: ReadWriteAcquireOptions,
    work: (signal: AbortSignal, wait: boolean) => Promise<Place>,
  ): Promise<Place> {
    const late = (timeoutMs: number) => new AcquireTimeoutError(this.path, timeoutMs);
    return patiently(this.#client.ports, options, late, work);
  }
}

/** Who stands in the line of a read-write lock, and for which side. */
export type ReadWriteParticipant = Participant & { readonly side: LockSide };

/** Who holds a read-write lock, and who waits for it. */
export interface ReadWriteInspection {
  /** One writer, or readers; a writer that was downgraded is there with both of its nodes while it holds both. */
  readonly holders: readonly ReadWriteParticipant[];
  /** In the order in which their turn comes. */
  readonly waiters: readonly ReadWriteParticipant[];
}

/**
 * A lock that many readers or one writer hold at a time, in the order in which they asked: a reader does not pass a writer that waits.
 * Curator's recipe of the same name and with the same nodes (`<path>/_c_<uuid>-__READ__NNNNNNNNNN` and `…-__WRIT__NNNNNNNNNN`).
 *
 * The writer may take the read lock as well and then release the write lease: `readLock.acquire({ lease })`. The other way round
 * would wait for itself and is refused.
 */
export class InterProcessReadWriteLock {
  readonly path: string;
  readonly readLock: ReadWriteSide;
  readonly writeLock: ReadWriteSide;
  readonly #client: ZooKeeperClient;

  /** Throws `TypeError` if the path is not valid. Does nothing else: the directory is made by the first `acquire`. */
  constructor(client: ZooKeeperClient, path: string, options: LockOptions = {}) {
    this.path = recipePath('lock', path);
    this.#client = client;
    this.readLock = new ReadWriteSide(client, this.path, 'read', options);
    this.writeLock = new ReadWriteSide(client, this.path, 'write', options);
  }
  /** Who holds the lock and who waits for it: since when, from which session, with which data. Not of one moment. */
  async inspect(options?: OperationOptions): Promise<ReadWriteInspection> {
    const found = new Map<string, ReadWriteParticipant>();
    for (const side of ['read', 'write'] as const) {
      const { waiters } = await inspectLine(this.#client, this.path, MARKERS[side], 0, options);
      for (const each of waiters) found.set(nameOf(each.path), { ...each, side });
    }
    const names = sortReadWrite([...found.keys()]);
    const held = (name: string): boolean => decideReadWrite(names, name).kind === 'held';
    return {
      holders: names.filter(held).map((name) => found.get(name)!),
      waiters: names.filter((name) => !held(name)).map((name) => found.get(name)!),
    };
  }
}
