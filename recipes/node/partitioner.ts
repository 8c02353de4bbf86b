import { type Acl, ClosedError, type Codec, text, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import type { CacheResync, ChangesOptions } from '../cache/index.ts';
import { ItemStream } from '../cache/stream.ts';
import { WaitTimeoutError } from '../errors.ts';
import { InterProcessMutex } from '../lock/index.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions, wouldWait } from '../patience.ts';
import { unless } from '../until.ts';
import { Condition } from './condition.ts';
import { DivisionNode } from './division.ts';
import { itemLockPath } from './item-path.ts';
import { Subscribers } from './listeners.ts';
import { ClusterMembership } from './membership.ts';
import type { Part } from './part.ts';
import { Reviewer } from './reviewer.ts';
import { Slot } from './slot.ts';

/**
 * How a member stands to its share:
 * - `allocating`: it waits for its share to be decided, or for those who had parts of it to release them.
 * - `acquired`: it has all of its share, which may be nothing.
 * - `release`: it has parts whose signal has aborted and which it has to release.
 * - `failed`: the client has ended.
 * - `closed`: it was closed.
 */
export type PartitionState = 'allocating' | 'acquired' | 'release' | 'failed' | 'closed';

/** A part came, has to be released, or was released. */
export interface PartChange {
  readonly type: 'acquired' | 'revoked' | 'released';
  readonly part: Part;
}

export interface PartitionerOptions {
  /** The member's name, of which there is one at a time. A member that comes back under its name gets its old share. Default random. */
  readonly id?: string | undefined;
  /**
   * Works on one part, until the part's signal aborts; the part is released when it has settled. Without it parts are released by
   * whoever took them from `parts` or `changes`.
   */
  readonly work?: ((part: Part) => Promise<void> | void) | undefined;
  /** The set is divided again when nobody has come or gone for so long, so that a restart moves nothing. Default 1,000. */
  readonly settleMs?: number | undefined;
  /** ACL of the nodes. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

const SETTLE_MS_DEFAULT = 1_000;
const BUFFER_MAX_DEFAULT = 10_000;
const resync: CacheResync = { type: 'resync' };

/**
 * Divides a set of items among the members that are there: each item is one member's at a time, no two members differ by more than
 * one item, and when members come or go as few items as possible change hands.
 *
 * The oldest member writes down who is to have what; that alone gives nobody anything. A member has an item when it holds the
 * item's lock, which the one before releases when its work has stopped. So two never own the same item at once, whatever each of
 * them believes about who is there.
 */
export class SetPartitioner implements AsyncDisposable {
  readonly path: string;
  readonly id: string;
  readonly #client: ZooKeeperClient;
  readonly #options: PartitionerOptions;
  readonly #membership: ClusterMembership;
  readonly #division: DivisionNode;
  readonly #slots = new Map<string, Slot>();
  readonly #ending = new AbortController();
  readonly #changed = new Condition();
  readonly #changes = new Subscribers<[change: PartChange]>();
  readonly #states = new Subscribers<[state: PartitionState]>();
  readonly #errors = new Subscribers<[error: Error]>();
  readonly #streams = new Set<ItemStream<PartChange | CacheResync>>();
  readonly #unsubscribe: (() => void)[];
  readonly #reviewer: Reviewer;
  #clientEnded = false;
  #state: PartitionState = 'allocating';
  #closed: Promise<void> | null = null;

  private constructor(
    client: ZooKeeperClient,
    path: string,
    id: string,
    items: readonly string[],
    options: PartitionerOptions,
    membership: ClusterMembership,
    division: DivisionNode,
  ) {
    this.path = path;
    this.id = id;
    this.#client = client;
    this.#options = options;
    this.#membership = membership;
    this.#division = division;
    const { settleMs = SETTLE_MS_DEFAULT } = options;
    const failed = (error: Error): void => this.#errors.tell(error);
    this.#reviewer = new Reviewer({ client, id, items, settleMs, membership, division, failed });
    const onEnd = (): void => {
      this.#clientEnded = true;
      this.#reviewer.end();
      this.#look();
    };
    client.on('end', onEnd);
    this.#unsubscribe = [
      () => client.off('end', onEnd),
      membership.onChange(({ type }) => {
        if (type !== 'changed') this.#reviewer.changed();
      }),
      division.onChange(() => {
        this.#apply();
        this.#reviewer.changed();
      }),
    ];
    this.#apply();
    this.#reviewer.changed();
  }

  /**
   * Joins the members below `path`; the share comes later. All members give the same set: where they differ, the oldest one's
   * counts. Throws `TypeError` or `RangeError` for arguments that are not valid.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    items: Iterable<string>,
    options: PartitionerOptions = {},
  ): Promise<SetPartitioner> {
    recipePath('partitioner', path);
    const set = [...new Set(items)];
    for (const item of set) itemLockPath(path, item);
    const { id = client.ports.uuid(), settleMs = SETTLE_MS_DEFAULT, acl, signal } = options;
    if (!(settleMs >= 0 && settleMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`partitioner: settleMs must be 0 or more, not ${settleMs}`);
    }
    const codec: Codec<string> = text;
    const members = childPath(path, 'members');
    const membership = await ClusterMembership.start(client, members, { id, codec, acl, signal });
    try {
      const division = await DivisionNode.start(client, childPath(path, 'division'), acl, signal);
      return new SetPartitioner(client, path, id, set, options, membership, division);
    } catch (error) {
      membership.close().catch(() => {});
      throw error;
    }
  }

  get state(): PartitionState {
    return this.#state;
  }

  /** The parts that this member has now and need not release. */
  get parts(): readonly Part[] {
    return [...this.#slots.values()].map(({ part }) => part).filter((part) => part !== null);
  }

  /** Ids of the members, as far as known here, the oldest first. */
  members(): string[] {
    return this.#membership.members().map(({ id }) => id);
  }

  /** Waits until this member has all of its share. `WaitTimeoutError`, the signal's reason, or `ClosedError` if that cannot come. */
  acquired(options: WaitOptions = {}): Promise<void> {
    return patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new WaitTimeoutError('partitioner: share not acquired', this.path, timeoutMs),
      (signal, wait) =>
        this.#changed.until(() => {
          const state = this.#state;
          if (state === 'closed' || state === 'failed') throw this.#closedError();
          if (state !== 'acquired' && !wait) throw wouldWait;
          return state === 'acquired';
        }, signal),
    );
  }

  /** Calls a listener with every part that comes, is to be released or was, until the answer is called. */
  onChange(listener: (change: PartChange) => void): () => void {
    return this.#changes.add(listener);
  }

  /** Calls a listener whenever the state changes, until the answer is called. */
  onState(listener: (state: PartitionState) => void): () => void {
    return this.#states.add(listener);
  }

  /** Calls a listener with what `work` throws and what else goes wrong in the background, until the answer is called. */
  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /** The same changes as an async iterable; `resync` comes first, and after more than `bufferMax` unread ones: look at `parts` then. */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<PartChange | CacheResync, undefined> {
    const begin = (stream: ItemStream<PartChange | CacheResync>): (() => void) => {
      stream.push(resync);
      if (this.#ending.signal.aborted) stream.end();
      else this.#streams.add(stream);
      return () => this.#streams.delete(stream);
    };
    const { bufferMax = BUFFER_MAX_DEFAULT, signal } = options;
    return new ItemStream<PartChange | CacheResync>(begin, resync, bufferMax, signal);
  }

  /**
   * Leaves. All signals abort; with `work` it waits until that has settled, without it the parts are released at once, so their work
   * must have stopped. Resolves when nothing is left behind. Idempotent.
   *
   * Work must not wait for it, as it waits for work. `WaitTimeoutError` if work has not settled within `timeoutMs`: it keeps its part
   * then, which nobody else gets before it has settled or the client is closed.
   */
  close(options: WaitOptions = {}): Promise<void> {
    this.#closed ??= this.#close();
    const closed = this.#closed;
    // Whoever waits hears of it.
    closed.catch(() => {});
    const late = (timeoutMs: number) => new WaitTimeoutError('work has not settled', this.path, timeoutMs);
    return patiently(this.#client.ports, options, late, (signal, wait) => {
      if (!wait && [...this.#slots.values()].some((slot) => !slot.idle)) throw wouldWait;
      return unless(closed, signal);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#reviewer.end();
    const slots = [...this.#slots.values()];
    for (const slot of slots) slot.unwant(true);
    this.#look();
    // The others may divide at once: what is worked on here is locked until it has stopped.
    const left = Promise.all([this.#membership.close(), this.#division.close()]);
    await Promise.allSettled([left, ...slots.map((slot) => slot.ended())]);
    for (const stream of [...this.#streams]) stream.end();
    await left;
  }

  #closedError(): ClosedError {
    const detail = this.#state === 'closed' ? 'the partitioner was closed' : 'it cannot get its share';
    return new ClosedError({ operation: 'partition', path: this.path, detail }, 'not-applied');
  }

  /** Takes up what is this member's by the division, and gives up what is not. */
  #apply(): void {
    if (this.#ending.signal.aborted) return;
    const items = this.#division.value?.items ?? new Map<string, string>();
    for (const [item, slot] of this.#slots) {
      if (items.get(item) !== this.id) slot.unwant();
    }
    for (const [item, member] of items) {
      if (member === this.id) this.#slotOf(item)?.want();
    }
    this.#look();
  }

  #slotOf(item: string): Slot | null {
    const known = this.#slots.get(item);
    if (known !== undefined) return known;
    let path: string;
    try {
      path = itemLockPath(this.path, item);
    } catch (error) {
      // Somebody else's idea of an item.
      this.#errors.tell(error as Error);
      return null;
    }
    const mutex = new InterProcessMutex(this.#client, path, { data: this.id, acl: this.#options.acl });
    const slot = new Slot(this.#client, item, mutex, {
      works: this.#options.work !== undefined,
      acquired: (part) => {
        this.#tell({ type: 'acquired', part });
        const { work } = this.#options;
        return work === undefined ? undefined : this.#work(work, part);
      },
      revoked: (part) => this.#tell({ type: 'revoked', part }),
      released: (part) => this.#tell({ type: 'released', part }),
      changed: () => {
        if (!slot.wanted && slot.idle) this.#slots.delete(item);
        this.#look();
      },
      failed: (error) => this.#errors.tell(error),
    });
    this.#slots.set(item, slot);
    return slot;
  }

  async #work(work: (part: Part) => Promise<void> | void, part: Part): Promise<void> {
    try {
      await work(part);
    } catch (error) {
      // That a part was taken away is no fault of the work.
      const stopped = part.signal.aborted && error === part.signal.reason;
      if (!stopped) this.#errors.tell(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #tell(change: PartChange): void {
    this.#changes.tell(change);
    for (const stream of [...this.#streams]) stream.push(change);
  }

  #look(): void {
    const state = this.#stateNow();
    if (state === this.#state) return;
    this.#state = state;
    this.#states.tell(state);
    this.#changed.wake();
  }

  #stateNow(): PartitionState {
    if (this.#ending.signal.aborted) return 'closed';
    const slots = [...this.#slots.values()];
    if (slots.some((slot) => slot.owes)) return 'release';
    if (this.#clientEnded) return 'failed';
    const decided = this.#division.value?.members.includes(this.id) === true;
    return decided && slots.every((slot) => slot.part !== null) ? 'acquired' : 'allocating';
  }
}
