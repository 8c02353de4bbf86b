import type { Clock, Files, Logger } from '../ports.ts';
import {
  ENTRY_BYTES_MAX,
  ENTRY_OVERHEAD_BYTES,
  LOG_BATCH_BYTES_MAX,
  LOG_HEADER_BYTES,
  writeEntry,
  writeLogHeader,
} from '../storage/log-format.ts';
import { LogFile, type LogFileOptions } from './log-file.ts';

export interface DiskLogEvents {
  /** Every transaction up to `zxid` survives a crash from now on. */
  durable(zxid: number): void;
  /**
   * The disk failed. Called once; nothing becomes durable afterwards, not even what a later sync would seem to save, as the
   * system may have dropped what it could not write. What was not durable may still be found by the next recovery.
   */
  failed(error: Error): void;
}

export interface DiskLogOptions extends LogFileOptions {
  /** Syncs that take longer are warned about. */
  readonly fsyncWarningThresholdMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told how long each sync took, for metrics. */
  readonly onSync?: (elapsedMs: number) => void;
}

/** Entries that are written and synced together. */
interface Batch {
  bytes: Buffer;
  length: number;
  lastZxid: number;
  /** Set when the batch begins a new file: the zxid that names it. */
  newFileZxid: number | null;
}

const BATCH_BYTES_AT_FIRST = 16 * 1024;
/** Buffers kept for the next batches: one gathers while one is written. */
const POOLED_BATCHES_MAX = 4;

/**
 * The transaction log, in ZooKeeper's files. The hot path of every write.
 *
 * Group commit: while one batch is being synced, the next gathers, and it goes out by itself when that sync has ended. A batch
 * is one write and one fdatasync, and the write waits until the sync before it has ended: recovery relies on that to tell a
 * torn tail from damage (see `judgeTail`). The log is never appended to after a start: each start and each `roll` begins a
 * new file with the next transaction.
 */
export class DiskLog {
  readonly #file: LogFile;
  readonly #options: DiskLogOptions;
  readonly #events: DiskLogEvents;
  /** Batches that wait, oldest first; the last one takes appends. */
  readonly #queue: Batch[] = [];
  readonly #pool: Batch[] = [];
  #rollPending = true;
  #syncing = false;
  #failed = false;
  #closing: ((error: Error | null) => void) | null = null;
  #closed = false;
  #lastZxid = 0;
  #txnsSinceRoll = 0;
  #bytesSinceRoll = 0;
  #syncMaxMs = 0;

  constructor(files: Files, directory: string, options: DiskLogOptions, events: DiskLogEvents) {
    this.#file = new LogFile(files, directory, options);
    this.#options = options;
    this.#events = events;
  }

  /** Transactions appended since the last `roll`, or since the start. */
  get txnsSinceRoll(): number {
    return this.#txnsSinceRoll;
  }

  /** Bytes appended since the last `roll`, or since the start. */
  get bytesSinceRoll(): number {
    return this.#bytesSinceRoll;
  }

  /** Bytes appended that are not handed to the disk yet. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const batch of this.#queue) bytes += batch.length;
    return bytes;
  }

  /** Longest sync so far. */
  get syncMaxMs(): number {
    return this.#syncMaxMs;
  }

  /**
   * Adds a transaction in its form on disk (`writeLoggedTxn`); `entry` is copied at once. Throws unless zxids ascend. No disk
   * is touched before `flush`. After a failure this does nothing.
   */
  append(zxid: number, entry: Buffer): void {
    if (this.#closing !== null || this.#closed) throw new Error('the transaction log is closed');
    if (zxid <= this.#lastZxid) throw new RangeError(`zxid ${zxid} is logged after ${this.#lastZxid}`);
    if (entry.length === 0 || entry.length > ENTRY_BYTES_MAX) {
      throw new RangeError(`a transaction of ${entry.length} bytes cannot be logged`);
    }
    if (this.#failed) return;
    const bytes = entry.length + ENTRY_OVERHEAD_BYTES;
    const batch = this.#batchWithRoom(zxid, bytes);
    writeEntry(batch.bytes, batch.length, entry);
    batch.length += bytes;
    batch.lastZxid = zxid;
    this.#lastZxid = zxid;
    this.#txnsSinceRoll += 1;
    this.#bytesSinceRoll += bytes;
  }

  #batchWithRoom(zxid: number, bytes: number): Batch {
    let batch = this.#queue[this.#queue.length - 1];
    if (this.#rollPending || batch === undefined || batch.length + bytes > LOG_BATCH_BYTES_MAX) {
      batch = this.#pool.pop() ?? newBatch();
      this.#queue.push(batch);
    }
    reserve(batch, LOG_HEADER_BYTES + bytes);
    if (this.#rollPending) {
      this.#rollPending = false;
      batch.newFileZxid = zxid;
      writeLogHeader(batch.bytes, 0);
      batch.length = LOG_HEADER_BYTES;
    }
    return batch;
  }

  /** Starts writing what was appended, unless a sync is under way: then it follows by itself. Call at the end of a turn. */
  flush(): void {
    if (this.#syncing || this.#failed) return;
    const batch = this.#queue.shift();
    if (batch === undefined) {
      if (this.#closing !== null) this.#finishClose(this.#closing);
      return;
    }
    this.#syncing = true;
    const startMs = this.#options.clock.monotonicMs();
    try {
      const bytes = batch.bytes.subarray(0, batch.length);
      if (batch.newFileZxid === null) this.#file.append(bytes);
      else this.#file.begin(batch.newFileZxid, bytes);
      this.#file.sync((error) => this.#synced(batch, startMs, error));
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #synced(batch: Batch, startMs: number, error: Error | null): void {
    if (this.#failed) return;
    if (error !== null) {
      this.#fail(error);
      return;
    }
    this.#syncing = false;
    this.#noteSyncTime(this.#options.clock.monotonicMs() - startMs);
    const zxid = batch.lastZxid;
    this.#recycle(batch);
    this.#events.durable(zxid);
    this.flush();
  }

  #noteSyncTime(elapsedMs: number): void {
    this.#options.onSync?.(elapsedMs);
    if (elapsedMs > this.#syncMaxMs) this.#syncMaxMs = elapsedMs;
    if (elapsedMs <= this.#options.fsyncWarningThresholdMs) return;
    this.#options.logger.warn('syncing the transaction log took long: every write waits for it', {
      path: this.#file.path,
      elapsedMs,
    });
  }

  #recycle(batch: Batch): void {
    if (this.#pool.length >= POOLED_BATCHES_MAX || batch.bytes.length > 2 * LOG_BATCH_BYTES_MAX) return;
    batch.length = 0;
    batch.newFileZxid = null;
    this.#pool.push(batch);
  }

  /** The next append begins a new file. What was appended before still goes into the old one. */
  roll(): void {
    if (this.#txnsSinceRoll === 0) return;
    this.#rollPending = true;
    this.#txnsSinceRoll = 0;
    this.#bytesSinceRoll = 0;
  }

  #fail(error: Error): void {
    this.#failed = true;
    this.#queue.length = 0;
    this.#file.abandon();
    const closing = this.#closing;
    this.#closing = null;
    this.#events.failed(error);
    closing?.(error);
  }

  /**
   * Writes and syncs what was appended, shortens the file to its entries and closes it; `done` is called once, with the error
   * if the disk failed. The log takes nothing afterwards. Call it once.
   */
  close(done: (error: Error | null) => void): void {
    if (this.#closed || this.#closing !== null) throw new Error('the transaction log is closed already');
    if (this.#failed) {
      this.#closed = true;
      done(null);
      return;
    }
    this.#closing = done;
    this.flush();
  }

  #finishClose(done: (error: Error | null) => void): void {
    this.#closing = null;
    this.#closed = true;
    try {
      this.#file.close();
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null);
  }
}

function newBatch(): Batch {
  return {
    bytes: Buffer.allocUnsafeSlow(BATCH_BYTES_AT_FIRST),
    length: 0,
    lastZxid: 0,
    newFileZxid: null,
  };
}

function reserve(batch: Batch, bytes: number): void {
  const need = batch.length + bytes;
  if (need <= batch.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(need, batch.bytes.length * 2));
  batch.bytes.copy(grown, 0, 0, batch.length);
  batch.bytes = grown;
}
