import {
  type Acl,
  type BackoffPolicy,
  type NodeData,
  NoNodeError,
  type Stat,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { backoffMs } from '../../client/retry.ts';
import { AcquireTimeoutError, LeaseEndedError } from '../lock/errors.ts';
import { InterProcessMutex } from '../lock/mutex.ts';
import { recipePath } from '../paths.ts';
import { mayRepeat } from '../repeat.ts';
import { unless } from '../until.ts';
import { Change, type Make, type RawResult } from './change.ts';
import { compareAndSet, createIfMissing } from './compare-and-set.ts';
import { Receipt } from './receipt.ts';
import { Written } from './written.ts';

export interface AtomicOptions {
  /** How often a change is tried before the lock is taken, or given up if there is none. Default 10. */
  readonly triesMax?: number | undefined;
  /** Pauses between tries, of which the upper half is left to chance. Default from 5 ms up to 500 ms. */
  readonly backoff?: Partial<BackoffPolicy> | undefined;
  /**
   * Path of an `InterProcessMutex`: what could not be changed in `triesMax` tries takes its turn under this lock, where only those
   * who try without it are in the way. Everybody who changes the value should name the same. Default none.
   */
  readonly lockPath?: string | undefined;
  /** How long to wait for the lock. Default 15,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** How often a change is tried under the lock. Default 100. */
  readonly lockTriesMax?: number | undefined;
  /**
   * Directory for a receipt: an ephemeral node of this object's own that is written in one transaction with each change, so that
   * a change whose answer was lost can always be settled while the session lives. `close` deletes it. Default none.
   */
  readonly receiptsPath?: string | undefined;
  /** ACL of the node, of those above that are made for it, of the receipt and of the lock. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** What was counted while one batch of changes was written. */
interface Tally {
  optimisticTries: number;
  optimisticMs: number;
  promotedTries: number;
  promotedMs: number;
}

/**
 * Changes the data of one node by compare-and-set, first without a lock and then under one. Changes that are asked for while
 * another is under way are made together afterwards, each on the result of the one before it, in one write: those of one process
 * are never in each other's way.
 */
export class AtomicWriter {
  readonly #client: ZooKeeperClient;
  readonly #path: string;
  readonly #acl: readonly Acl[] | undefined;
  readonly #triesMax: number;
  readonly #lockTriesMax: number;
  readonly #lockTimeoutMs: number;
  readonly #backoff: BackoffPolicy;
  readonly #mutex: InterProcessMutex | null;
  readonly #receipt: Receipt | null;
  readonly #written: Written;
  #waiting: Change[] = [];
  #running = false;
  /** Stops the present batch, when nobody waits for it any more. */
  #stop = new AbortController();
  #batch: Change[] = [];

  constructor(client: ZooKeeperClient, path: string, options: AtomicOptions) {
    this.#client = client;
    this.#path = path;
    this.#acl = options.acl;
    this.#written = new Written(client.ports);
    this.#triesMax = positive('triesMax', options.triesMax ?? 10);
    this.#lockTriesMax = positive('lockTriesMax', options.lockTriesMax ?? 100);
    this.#lockTimeoutMs = options.lockTimeoutMs ?? 15_000;
    if (!(this.#lockTimeoutMs >= 0)) {
      throw new RangeError(`lockTimeoutMs must be 0 or more, not ${this.#lockTimeoutMs}`);
    }
    const { baseMs = 5, maxMs = 500 } = options.backoff ?? {};
    this.#backoff = { baseMs: positive('backoff.baseMs', baseMs), maxMs: positive('backoff.maxMs', maxMs) };
    const { lockPath, receiptsPath, acl } = options;
    this.#receipt =
      receiptsPath === undefined ? null : new Receipt(client, recipePath('receipts', receiptsPath), acl);
    this.#mutex = lockPath === undefined ? null : new InterProcessMutex(client, lockPath, { acl });
  }

  /** Makes a change. Rejects with what `make` throws, and with what operations end with; with the signal's reason at once. */
  change(make: Make, signal: AbortSignal | undefined): Promise<RawResult> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#waiting.push(new Change(make, signal, resolve, reject, () => this.#settled()));
      if (!this.#running) void this.#run();
    });
  }

  /** The node's data; null if it is not there. */
  async read(signal: AbortSignal | undefined): Promise<NodeData | null> {
    for (;;) {
      try {
        return await this.#client.get(this.#path, { signal });
      } catch (error) {
        if (error instanceof NoNodeError) return null;
        if (!mayRepeat(error)) throw error;
      }
    }
  }

  /** Deletes the receipt, if there is one. */
  async close(): Promise<void> {
    await this.#receipt?.close();
  }

  #settled(): void {
    if (this.#batch.length > 0 && this.#batch.every(({ settled }) => settled)) this.#stop.abort();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      this.#batch = this.#waiting.filter(({ settled }) => !settled);
      this.#waiting = [];
      if (this.#batch.length === 0) continue;
      if (this.#stop.signal.aborted) this.#stop = new AbortController();
      const batch = this.#batch;
      try {
        await this.#write(batch);
      } catch (error) {
        this.#batch = [];
        for (const change of batch) change.fail(error);
      }
    }
    this.#running = false;
  }

  async #write(batch: readonly Change[]): Promise<void> {
    const tally: Tally = { optimisticTries: 0, optimisticMs: 0, promotedTries: 0, promotedMs: 0 };
    const written = (await this.#optimistic(batch, tally)) || (await this.#promoted(batch, tally));
    this.#batch = [];
    for (const change of batch) change.finish(written, tally);
  }

  async #optimistic(batch: readonly Change[], tally: Tally): Promise<boolean> {
    const { ports } = this.#client;
    const startMs = ports.monotonicMs();
    try {
      for (;;) {
        tally.optimisticTries++;
        if (await this.#once(batch, tally.optimisticTries === 1)) return true;
        if (tally.optimisticTries >= this.#triesMax) return false;
        await this.#pause(tally.optimisticTries - 1);
      }
    } finally {
      tally.optimisticMs = ports.monotonicMs() - startMs;
    }
  }

  async #promoted(batch: readonly Change[], tally: Tally): Promise<boolean> {
    if (this.#mutex === null) return false;
    const { ports } = this.#client;
    const startMs = ports.monotonicMs();
    try {
      const lease = await this.#mutex.acquire({
        timeoutMs: this.#lockTimeoutMs,
        signal: this.#stop.signal,
      });
      try {
        // Without the lock it is still right, only slower: writes are compared and set here too.
        while (tally.promotedTries < this.#lockTriesMax && !lease.signal.aborted) {
          if (tally.promotedTries > 0) await this.#pause(0);
          tally.promotedTries++;
          if (await this.#once(batch, false)) return true;
        }
        return false;
      } finally {
        // What was written stands, whatever becomes of the lock's node: that ends with the session at the latest.
        await lease.release().catch(() => {});
      }
    } catch (error) {
      if (error instanceof AcquireTimeoutError || error instanceof LeaseEndedError) return false;
      throw error;
    } finally {
      tally.promotedMs = ports.monotonicMs() - startMs;
    }
  }

  /**
   * Makes all changes of the batch one after the other on what is there and writes the outcome; false if somebody else was first.
   * Starts from what this object wrote itself a moment ago where it may, and reads where that has proved to be out of date.
   */
  async #once(batch: readonly Change[], first: boolean): Promise<boolean> {
    const known = first ? this.#written.recent() : null;
    this.#written.forget();
    if (known !== null) {
      const made = await remake(batch, known.data, true);
      const stat = made === null ? null : await this.#put(known.stat, made);
      if (stat !== null) {
        this.#written.is(made!, stat);
        return true;
      }
    }
    const node = await this.read(this.#stop.signal);
    const made = await remake(batch, node === null ? null : (node.data ?? Buffer.alloc(0)), false);
    if (made === null) return true;
    const seen = node?.stat ?? null;
    if (this.#receipt !== null) return this.#receipt.write(this.#path, seen, made, this.#stop.signal);
    const stat = await this.#put(seen, made);
    // Where others write as well, a guess is not worth its round trip.
    if (stat !== null && first && known === null) this.#written.is(made, stat);
    return stat !== null;
  }

  #put(seen: Stat | null, data: Buffer): Promise<Stat | null> {
    const { signal } = this.#stop;
    return seen === null
      ? createIfMissing(this.#client, this.#path, data, this.#acl, signal)
      : compareAndSet(this.#client, this.#path, seen, data, signal);
  }

  async #pause(round: number): Promise<void> {
    const { ports } = this.#client;
    let cancel = (): void => {};
    const over = new Promise<void>((resolve) => {
      cancel = ports.after(backoffMs(round, this.#backoff, ports.random), resolve);
    });
    try {
      await unless(over, this.#stop.signal);
    } finally {
      cancel();
    }
  }
}

/**
 * The data after all changes of a batch that still wait, made one after the other; null if none of them has anything to write. Of a
 * `guess` nothing may come but data, whose writing proves it: where a change leaves the value or throws, that too is null, and nobody is told.
 */
async function remake(
  batch: readonly Change[],
  before: Buffer | null,
  guess: boolean,
): Promise<Buffer | null> {
  let present = before;
  let changed = false;
  for (const change of batch) {
    if (change.settled) continue;
    try {
      const made = await change.make(present);
      change.wrote = made !== null;
      if (made === null || change.settled) continue;
      present = made;
      changed = true;
    } catch (error) {
      if (guess) return null;
      change.fail(error);
    }
  }
  return changed ? present : null;
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be a positive integer, not ${value}`);
}
