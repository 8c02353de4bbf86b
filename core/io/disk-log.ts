import type { Clock, Files, Logger, OpenFile } from '../ports.ts';
import { StorageError } from '../storage/errors.ts';
import { joinPath, logName } from '../storage/file-names.ts';
import {
  ENTRY_BYTES_MAX,
  ENTRY_OVERHEAD_BYTES,
  LOG_BATCH_BYTES_MAX,
  LOG_HEADER_BYTES,
  LogReader,
  writeEntry,
  writeLogHeader,
} from '../storage/log-format.ts';

export interface DiskLogEvents {
  /** Every transaction up to `zxid` survives a crash from now on. */
  durable(zxid: number): void;
  /**
   * The disk failed. Called once; nothing becomes durable afterwards, not even what a later sync would seem to save, as the
   * system may have dropped what it could not write.
   */
  failed(error: Error): void;
}

export interface DiskLogOptions {
  /** Step by which a log file is lengthened ahead of its contents; 0: not at all. */
  readonly preAllocSizeBytes: number;
  /** When false, `durable` is reported without a sync: a crash of the machine loses transactions. */
  readonly forceSync: boolean;
  /** Syncs that take longer are warned about. */
  readonly fsyncWarningThresholdMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Entries that are written and synced together. */
interface Batch {
  bytes: Buffer;
  length: number;
  lastZxid: number;
  /** Set when the batch begins a new file: the zxid that names it. */
  newFileZxid: number | null;
}

/** Distance to the preallocated end at which the file is lengthened, as in ZooKeeper. */
const PREALLOC_MARGIN_BYTES = 4096;
/** Buffers kept for the next batches: one gathers while one is written. */
const POOLED_BATCHES_MAX = 4;
const oneZero = Buffer.alloc(1);
/** Written in place of a sync where none is wanted: `durable` must come in a later turn all the same. */
const nothing = Buffer.alloc(0);

/**
 * The transaction log, in ZooKeeper's files. The hot path of every write.
 *
 * Group commit: while one batch is being synced, the next gathers, and it goes out by itself when that sync has ended. A batch
 * is one write and one fdatasync, and the write waits until the sync before it has ended: recovery relies on that to tell a
 * torn tail from damage (see `judgeTail`). Appending goes on in a new file after each start and each `roll`; old files are
 * only ever shortened to what they hold.
 *
 * The write itself is synchronous, as it only copies into the page cache (5 to 60 µs for up to 256 KiB), where a trip through
 * the thread pool costs about 20 µs more; the sync never blocks the event loop.
 */
export class DiskLog {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: DiskLogOptions;
  readonly #events: DiskLogEvents;
  /** Batches that wait, oldest first; the last one takes appends. */
  readonly #queue: Batch[] = [];
  readonly #pool: Batch[] = [];
  #file: OpenFile | null = null;
  /** Where the next batch goes, and how long the file is made to be. */
  #position = 0;
  #fileBytes = 0;
  #rollPending = true;
  #syncing = false;
  #failed = false;
  #closing: ((error: Error | null) => void) | null = null;
  #closed = false;
  #txnsSinceRoll = 0;
  #bytesSinceRoll = 0;
  #syncMaxMs = 0;

  constructor(files: Files, directory: string, options: DiskLogOptions, events: DiskLogEvents) {
    this.#files = files;
    this.#directory = directory;
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
   * Adds a transaction in its form on disk (`writeLoggedTxn`); `entry` is copied at once. Zxids must ascend. No disk is
   * touched before `flush`. After a failure this does nothing.
   */
  append(zxid: number, entry: Buffer): void {
    if (this.#closing !== null || this.#closed) throw new Error('the transaction log is closed');
    if (this.#failed) return;
    if (entry.length === 0 || entry.length > ENTRY_BYTES_MAX) {
      throw new RangeError(`a transaction of ${entry.length} bytes cannot be logged`);
    }
    const size = entry.length + ENTRY_OVERHEAD_BYTES;
    const batch = this.#batchFor(zxid, size);
    writeEntry(batch.bytes, batch.length, entry);
    batch.length += size;
    batch.lastZxid = zxid;
    this.#txnsSinceRoll += 1;
    this.#bytesSinceRoll += size;
  }

  #batchFor(zxid: number, size: number): Batch {
    let batch = this.#queue[this.#queue.length - 1];
    if (this.#rollPending || batch === undefined || batch.length + size > LOG_BATCH_BYTES_MAX) {
      batch = this.#pool.pop() ?? {
        bytes: Buffer.allocUnsafeSlow(16 * 1024),
        length: 0,
        lastZxid: 0,
        newFileZxid: null,
      };
      this.#queue.push(batch);
      if (this.#rollPending) {
        this.#rollPending = false;
        batch.newFileZxid = zxid;
        writeLogHeader(batch.bytes, 0);
        batch.length = LOG_HEADER_BYTES;
      }
    }
    const need = batch.length + size;
    if (need > batch.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, batch.bytes.length * 2));
      batch.bytes.copy(grown, 0, 0, batch.length);
      batch.bytes = grown;
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
    try {
      if (batch.newFileZxid !== null) this.#startFile(batch.newFileZxid);
      this.#write(batch);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#sync(batch);
  }

  #write(batch: Batch): void {
    const file = this.#file as OpenFile;
    const end = this.#position + batch.length;
    this.#preallocate(file, end);
    file.writeNow(batch.bytes.subarray(0, batch.length), this.#position);
    this.#position = end;
    if (end > this.#fileBytes) this.#fileBytes = end;
  }

  /**
   * Lengthens the file by writing one zero at its new end, so that it stays sparse. Zeros behind the last entry are how every
   * ZooKeeper finds the end of a log.
   */
  #preallocate(file: OpenFile, end: number): void {
    const step = this.#options.preAllocSizeBytes;
    if (step <= 0 || end + PREALLOC_MARGIN_BYTES < this.#fileBytes) return;
    const length = Math.ceil((end + PREALLOC_MARGIN_BYTES + 1) / step) * step;
    file.writeNow(oneZero, length - 1);
    this.#fileBytes = length;
  }

  #sync(batch: Batch): void {
    this.#syncing = true;
    const startMs = this.#options.clock.monotonicMs();
    const done = (error: Error | null): void => {
      this.#syncing = false;
      if (this.#failed) return;
      if (error !== null) {
        this.#fail(error);
        return;
      }
      this.#noteSyncTime(this.#options.clock.monotonicMs() - startMs);
      const zxid = batch.lastZxid;
      this.#recycle(batch);
      this.#events.durable(zxid);
      this.flush();
    };
    if (this.#options.forceSync) (this.#file as OpenFile).datasync(done);
    else (this.#file as OpenFile).write(nothing, this.#position, done);
  }

  #noteSyncTime(elapsedMs: number): void {
    if (elapsedMs > this.#syncMaxMs) this.#syncMaxMs = elapsedMs;
    if (elapsedMs <= this.#options.fsyncWarningThresholdMs) return;
    this.#options.logger.warn('syncing the transaction log took long: every write waits for it', {
      path: this.#file?.path,
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

  /** Everything in the old file is synced by now. */
  #startFile(zxid: number): void {
    this.#closeFile();
    const path = joinPath(this.#directory, logName(zxid));
    this.#assertHoldsNothing(path);
    this.#file = this.#files.open(path, 'create');
    this.#position = 0;
    this.#fileBytes = 0;
    if (this.#options.forceSync) this.#files.syncDirectory(this.#directory);
  }

  /** A crash may have left a file of this name without entries; one with entries is history that recovery did not see. */
  #assertHoldsNothing(path: string): void {
    if (!this.#files.exists(path)) return;
    const file = this.#files.open(path, 'read');
    try {
      if (new LogReader(file).next() === null) return;
    } finally {
      file.close();
    }
    throw new StorageError(
      'would-overwrite',
      path,
      'this log holds transactions that are not in the state of this server; another server may be running on the same directory',
    );
  }

  /** Takes the preallocated zeros off, so that the file ends where its entries do. */
  #closeFile(): void {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    try {
      if (this.#fileBytes > this.#position) file.truncate(this.#position);
    } finally {
      file.close();
    }
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#queue.length = 0;
    try {
      this.#file?.close();
    } catch {
      // The first error is the one that tells; the file is given up.
    }
    this.#file = null;
    const closing = this.#closing;
    this.#closing = null;
    this.#events.failed(error);
    closing?.(error);
  }

  /**
   * Writes and syncs what was appended, shortens the file to its entries and closes it; `done` is called once. The log takes
   * nothing afterwards.
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
      this.#closeFile();
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null);
  }
}
