import type { DiskDone, Files, OpenFile } from '../ports.ts';
import { StorageError } from '../storage/errors.ts';
import { joinPath, logName, temporaryLogName } from '../storage/file-names.ts';
import { LogReader } from '../storage/log-format.ts';

/** Distance to the preallocated end at which the file is lengthened, as in ZooKeeper. */
const PREALLOC_MARGIN_BYTES = 4096;
const oneZero = Buffer.alloc(1);
/** Written in place of a sync where none is wanted: the report must come in a later turn all the same. */
const nothing = Buffer.alloc(0);

export interface LogFileOptions {
  /** Step by which the file is lengthened ahead of its contents; 0: not at all. */
  readonly preAllocSizeBytes: number;
  /** Whether anything is synced at all. */
  readonly forceSync: boolean;
}

/** The log file that is being written: one after the other, each from its first byte to its last. */
export class LogFile {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: LogFileOptions;
  #file: OpenFile | null = null;
  /** Where the next bytes go. */
  #position = 0;
  /** How long the file has been made. */
  #fileBytes = 0;

  constructor(files: Files, directory: string, options: LogFileOptions) {
    this.#files = files;
    this.#directory = directory;
    this.#options = options;
  }

  get path(): string | null {
    return this.#file?.path ?? null;
  }

  /**
   * Ends the file so far, all of which must be synced by now, and makes the one that begins with `zxid` and these bytes. It has
   * its name only when they are in it: Apache ZooKeeper does not start on a log without a header, which is what a process that
   * died in between would leave.
   */
  begin(zxid: number, bytes: Buffer): void {
    this.close();
    const path = joinPath(this.#directory, logName(zxid));
    this.#assertHoldsNothing(path);
    this.#publish(path, joinPath(this.#directory, temporaryLogName(zxid)), bytes);
    this.#file = this.#files.open(path, 'edit');
    this.#position = bytes.length;
    this.#fileBytes = bytes.length;
    this.#preallocate(this.#file, this.#position);
  }

  #publish(path: string, temporaryPath: string, bytes: Buffer): void {
    const { forceSync } = this.#options;
    const file = this.#files.open(temporaryPath, 'create');
    try {
      file.writeNow(bytes, 0);
      if (forceSync) file.datasyncNow();
    } finally {
      file.close();
    }
    this.#files.rename(temporaryPath, path);
    if (forceSync) this.#files.syncDirectory(this.#directory);
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

  /**
   * Puts bytes behind what is there. Synchronous, as it only copies into the page cache (5 to 60 µs for up to 256 KiB), where a
   * trip through the thread pool costs about 20 µs more.
   */
  append(bytes: Buffer): void {
    const file = this.#file as OpenFile;
    const end = this.#position + bytes.length;
    this.#preallocate(file, end);
    file.writeNow(bytes, this.#position);
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

  /** Makes durable what was appended; never blocks. */
  sync(done: DiskDone): void {
    const file = this.#file as OpenFile;
    if (this.#options.forceSync) file.datasync(done);
    else file.write(nothing, this.#position, done);
  }

  /** Takes the preallocated zeros off, so that the file ends where its entries do, and closes it. */
  close(): void {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    try {
      if (this.#fileBytes > this.#position) file.truncate(this.#position);
    } finally {
      file.close();
    }
  }

  /** Closes the file as it is, after an error. */
  abandon(): void {
    const file = this.#file;
    this.#file = null;
    try {
      file?.close();
    } catch {
      // The error before is the one that tells; the file is given up.
    }
  }
}
