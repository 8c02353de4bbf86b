import * as fs from 'node:fs';
import type { DiskDone, Files, OpenFile } from '../ports.ts';
import { StorageError } from '../storage/errors.ts';

/** The file system of the machine. Errors are Node's own, with `code` and `path`. */
export class NodeFiles implements Files {
  list(directory: string): string[] {
    return fs.readdirSync(directory);
  }

  makeDirectory(directory: string): void {
    fs.mkdirSync(directory, { recursive: true });
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  open(path: string, mode: 'read' | 'edit' | 'create'): OpenFile {
    const flags = mode === 'read' ? 'r' : mode === 'edit' ? 'r+' : 'w+';
    return new NodeFile(path, fs.openSync(path, flags));
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  remove(path: string): void {
    fs.unlinkSync(path);
  }

  syncDirectory(directory: string): void {
    // Windows cannot open a directory for this; NTFS journals names by itself.
    if (process.platform === 'win32') return;
    const descriptor = fs.openSync(directory, 'r');
    try {
      fs.fsyncSync(descriptor);
    } catch (error) {
      // Some network and user-space file systems have no such thing; names are theirs to keep.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw named(error as Error, directory);
    } finally {
      fs.closeSync(descriptor);
    }
  }
}

class NodeFile implements OpenFile {
  readonly path: string;
  readonly #descriptor: number;
  /** Some user-space file systems count no names for any file. */
  readonly #hadName: boolean;
  #open = true;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#hadName = this.#nameCount() > 0;
  }

  size(): number {
    return this.#naming(() => fs.fstatSync(this.#descriptor).size);
  }

  read(into: Buffer, at: number): number {
    let filled = 0;
    while (filled < into.length) {
      const count = this.#naming(() =>
        fs.readSync(this.#descriptor, into, filled, into.length - filled, at + filled),
      );
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  write(bytes: Buffer, at: number, done: DiskDone): void {
    this.#writeFrom(bytes, 0, at, done);
  }

  /** A write may take a part only, at a signal or when the disk is nearly full: go on until an error or the end. */
  #writeFrom(bytes: Buffer, written: number, at: number, done: DiskDone): void {
    const left = bytes.length - written;
    fs.write(this.#descriptor, bytes, written, left, at + written, (error, count) => {
      if (error !== null) done(named(error, this.path));
      else if (count === left) done(null);
      else if (count === 0) done(new Error(`${this.path}: the system writes nothing`));
      else this.#writeFrom(bytes, written + count, at, done);
    });
  }

  writeNow(bytes: Buffer, at: number): void {
    let written = 0;
    while (written < bytes.length) {
      const count = this.#naming(() =>
        fs.writeSync(this.#descriptor, bytes, written, bytes.length - written, at + written),
      );
      if (count === 0) throw new Error(`${this.path}: the system writes nothing`);
      written += count;
    }
  }

  datasync(done: DiskDone): void {
    fs.fdatasync(this.#descriptor, (error) => {
      if (error !== null) done(named(error, this.path));
      else this.#reportUnlessRemoved(done);
    });
  }

  /**
   * Whoever removes the data directory below a running server would otherwise not be noticed until the next file is begun, and
   * all that was acknowledged up to then would be lost. Asking takes 2 µs.
   */
  #reportUnlessRemoved(done: DiskDone): void {
    let error: Error | null = null;
    try {
      if (this.#hadName && this.#nameCount() === 0) error = removed(this.path);
    } catch (failure) {
      error = named(failure as Error, this.path);
    }
    done(error);
  }

  #nameCount(): number {
    return fs.fstatSync(this.#descriptor).nlink;
  }

  datasyncNow(): void {
    this.#naming(() => fs.fdatasyncSync(this.#descriptor));
  }

  truncate(length: number): void {
    this.#naming(() => fs.ftruncateSync(this.#descriptor, length));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    fs.closeSync(this.#descriptor);
  }

  #naming<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof Error ? named(error, this.path) : error;
    }
  }
}

/** Node's errors on descriptors do not say which file: an operator needs to know. */
function named(error: NodeJS.ErrnoException, path: string): Error {
  if (error.path === undefined) {
    error.path = path;
    error.message = `${error.message} '${path}'`;
  }
  return error;
}

function removed(path: string): StorageError {
  return new StorageError(
    'file-removed',
    path,
    'the file was removed while this server wrote to it, so nothing would be kept. Find out what removed it; restore the directory from a backup, or start with an empty one',
  );
}
