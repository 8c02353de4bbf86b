import type { DiskDone, Files, OpenFile } from '../ports.ts';

const PAGE_BYTES = 16 * 1024;

/** Sparse contents: a page that was never written takes no memory and reads as zeros. */
class MemoryContents {
  size = 0;
  readonly pages = new Map<number, Buffer>();

  read(into: Buffer, at: number): number {
    const count = Math.max(0, Math.min(into.length, this.size - at));
    for (let done = 0; done < count; ) {
      const offset = (at + done) % PAGE_BYTES;
      const part = Math.min(PAGE_BYTES - offset, count - done);
      const page = this.pages.get((at + done - offset) / PAGE_BYTES);
      if (page === undefined) into.fill(0, done, done + part);
      else page.copy(into, done, offset, offset + part);
      done += part;
    }
    return count;
  }

  write(bytes: Buffer, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      const offset = (at + done) % PAGE_BYTES;
      const part = Math.min(PAGE_BYTES - offset, bytes.length - done);
      const index = (at + done - offset) / PAGE_BYTES;
      let page = this.pages.get(index);
      if (page === undefined) {
        page = Buffer.alloc(PAGE_BYTES);
        this.pages.set(index, page);
      }
      bytes.copy(page, offset, done, done + part);
      done += part;
    }
    this.size = Math.max(this.size, at + bytes.length);
  }

  truncate(length: number): void {
    for (const [index, page] of this.pages) {
      const start = index * PAGE_BYTES;
      if (start >= length) this.pages.delete(index);
      else if (start + PAGE_BYTES > length) page.fill(0, length - start);
    }
    this.size = length;
  }
}

/**
 * A file system in memory, for servers whose data need not outlive the process. It keeps its contents as long as it lives,
 * so a server can be stopped and started again on it. Writes and syncs end in a later turn, as on a disk.
 */
export class MemoryFiles implements Files {
  readonly #contents = new Map<string, MemoryContents>();
  readonly #directories = new Set<string>();

  list(directory: string): string[] {
    this.#assertDirectory(directory);
    const prefix = directory.endsWith('/') ? directory : `${directory}/`;
    const names = new Set<string>();
    for (const path of [...this.#contents.keys(), ...this.#directories]) {
      if (path.startsWith(prefix) && path !== prefix)
        names.add(path.slice(prefix.length).split('/')[0] as string);
    }
    return [...names];
  }

  makeDirectory(directory: string): void {
    for (let path = directory; path !== '' && path !== '/'; path = path.slice(0, path.lastIndexOf('/'))) {
      this.#directories.add(path);
      if (!path.includes('/')) break;
    }
  }

  exists(path: string): boolean {
    return path === '/' || this.#contents.has(path) || this.#directories.has(path);
  }

  open(path: string, mode: 'read' | 'edit' | 'create'): OpenFile {
    let contents = this.#contents.get(path);
    if (mode === 'create') {
      this.#assertDirectory(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      if (contents === undefined) {
        contents = new MemoryContents();
        this.#contents.set(path, contents);
      }
      contents.truncate(0);
    }
    if (contents === undefined) throw missing('open', path);
    return new MemoryFile(path, contents);
  }

  rename(from: string, to: string): void {
    const contents = this.#contents.get(from);
    if (contents === undefined) throw missing('rename', from);
    this.#contents.delete(from);
    this.#contents.set(to, contents);
  }

  remove(path: string): void {
    if (!this.#contents.delete(path)) throw missing('remove', path);
  }

  syncDirectory(directory: string): void {
    this.#assertDirectory(directory);
  }

  #assertDirectory(directory: string): void {
    if (directory !== '' && directory !== '.' && directory !== '/' && !this.#directories.has(directory)) {
      throw missing('open', directory);
    }
  }
}

class MemoryFile implements OpenFile {
  readonly path: string;
  readonly #contents: MemoryContents;

  constructor(path: string, contents: MemoryContents) {
    this.path = path;
    this.#contents = contents;
  }

  size(): number {
    return this.#contents.size;
  }

  read(into: Buffer, at: number): number {
    return this.#contents.read(into, at);
  }

  write(bytes: Buffer, at: number, done: DiskDone): void {
    if (bytes.length > 0) this.#contents.write(bytes, at);
    setImmediate(done, null);
  }

  writeNow(bytes: Buffer, at: number): void {
    this.#contents.write(bytes, at);
  }

  datasync(done: DiskDone): void {
    setImmediate(done, null);
  }

  datasyncNow(): void {}

  truncate(length: number): void {
    this.#contents.truncate(length);
  }

  close(): void {}
}

function missing(action: string, path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, ${action} '${path}'`), {
    code: 'ENOENT',
    path,
  });
}
