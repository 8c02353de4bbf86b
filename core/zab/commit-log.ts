import type { LoggedBytes } from '../storage/contract.ts';
import { follows } from '../storage/replay.ts';

export interface CommittedLogOptions {
  /** Transactions kept at least, unless they are too long (`commitLogCount`). */
  readonly countMin: number;
  /** Bytes kept at most; the newest transaction is kept whatever its length. */
  readonly bytesMax: number;
}

/** ZooKeeper's default of 500 transactions; of those that are near a megabyte only the last few dozen. */
export const defaultCommittedLog: CommittedLogOptions = { countMin: 500, bytesMax: 64 * 1024 * 1024 };

/** Stands for dropped entries, which wait in the array for the next compaction. */
const nothing: LoggedBytes = { zxid: -1, bytes: Buffer.alloc(0) };
const COMPACT_AFTER = 512;

/**
 * The last committed transactions in memory, from which a leader brings learners up to date that lag a little.
 *
 * Invariant: it holds every transaction of the history after `base`, in order and without a gap. So it is filled wherever a
 * transaction is applied, on learners too, as each may lead one day (ZOOKEEPER-4925); and whoever replaces the state by a
 * snapshot, or cuts it back, clears it (ZOOKEEPER-4352).
 */
export class CommittedLog {
  readonly #options: CommittedLogOptions;
  #entries: LoggedBytes[] = [];
  /** Entries before this index have been dropped. */
  #first = 0;
  #bytes = 0;
  #base: number;
  #last: number;

  /** `lastZxid`: last transaction in the state, before the first that is added. */
  constructor(lastZxid: number, options: CommittedLogOptions = defaultCommittedLog) {
    this.#base = lastZxid;
    this.#last = lastZxid;
    this.#options = options;
  }

  get count(): number {
    return this.#entries.length - this.#first;
  }

  /** Bytes of the transactions held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The history is held from here on: everything after this zxid. */
  get base(): number {
    return this.#base;
  }

  /** First transaction held; where there is none, the last one of the state (ZooKeeper's minCommittedLog). */
  get min(): number {
    return this.#entries[this.#first]?.zxid ?? this.#last;
  }

  /** Last transaction of the state (ZooKeeper's maxCommittedLog). */
  get max(): number {
    return this.#last;
  }

  /** Adds the next transaction, whose bytes must not change any more. Throws where it does not follow the last one. */
  add(zxid: number, bytes: Buffer): void {
    if (!follows(zxid, this.#last)) throw new Error(`committed ${zxid} does not follow ${this.#last}`);
    this.#entries.push({ zxid, bytes });
    this.#bytes += bytes.length;
    this.#last = zxid;
    this.#drop();
  }

  /** Forgets everything: the state is another one now and ends with `lastZxid`. */
  clear(lastZxid: number): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#base = lastZxid;
    this.#last = lastZxid;
  }

  /** The greatest zxid of the history that is not above `zxid`; null if that is before `base`. */
  floor(zxid: number): number | null {
    if (zxid < this.#base) return null;
    const index = this.#indexAfter(zxid);
    return index === this.#first ? this.#base : (this.#entries[index - 1] as LoggedBytes).zxid;
  }

  /** Every transaction after `zxid`, in order. Throws `RangeError` where some of them are no longer here. */
  after(zxid: number): LoggedBytes[] {
    if (zxid < this.#base) throw new RangeError(`transactions from ${zxid} to ${this.#base} are not held`);
    return this.#entries.slice(this.#indexAfter(zxid));
  }

  /** Index of the first entry above `zxid`. */
  #indexAfter(zxid: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as LoggedBytes).zxid <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(): void {
    const { countMin, bytesMax } = this.#options;
    while (this.count > countMin || (this.#bytes > bytesMax && this.count > 1)) {
      const dropped = this.#entries[this.#first] as LoggedBytes;
      this.#entries[this.#first] = nothing;
      this.#first += 1;
      this.#bytes -= dropped.bytes.length;
      this.#base = dropped.zxid;
    }
    if (this.#first < COMPACT_AFTER) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}
