import type { OpenFile } from '../ports.ts';

const WINDOW_BYTES = 1 << 20;

/**
 * Reads a file of any size through a buffer of about 1 MiB. Each move of the window takes a fresh buffer, so views that were
 * handed out stay intact; they keep up to 1 MiB alive each, so who keeps one for long copies it.
 */
export class FileWindow {
  readonly path: string;
  /** Size of the file when the window was opened. */
  readonly size: number;
  /** The bytes at hand. What `load` asked for begins at `index`. */
  bytes: Buffer = Buffer.alloc(0);
  index = 0;
  readonly #file: OpenFile;
  #base = 0;

  constructor(file: OpenFile) {
    this.#file = file;
    this.path = file.path;
    this.size = file.size();
  }

  /** Brings `length` bytes from `at` into `bytes` at `index`; returns how many there are, fewer only at the end of the file. */
  load(at: number, length: number): number {
    const index = at - this.#base;
    if (index >= 0 && index + length <= this.bytes.length) {
      this.index = index;
      return length;
    }
    const wanted = Math.max(0, Math.min(Math.max(WINDOW_BYTES, length), this.size - at));
    const fresh = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = this.#file.read(filled === 0 ? fresh : fresh.subarray(filled), at + filled);
      if (count === 0) break;
      filled += count;
    }
    this.bytes = filled === wanted ? fresh : fresh.subarray(0, filled);
    this.#base = at;
    this.index = 0;
    return Math.min(length, filled);
  }

  /** Whether all bytes of `[from, to)` are zero; bytes beyond the end of the file count as zero. */
  isZero(from: number, to: number): boolean {
    return this.firstNonZero(from, to) === -1;
  }

  /** Offset of the first byte in `[from, to)` that is not zero, -1 if there is none. */
  firstNonZero(from: number, to: number): number {
    for (let at = from; at < to; ) {
      const count = this.load(at, Math.min(to - at, WINDOW_BYTES));
      if (count === 0) return -1;
      const end = this.index + count;
      if (!isZeroRange(this.bytes, this.index, end)) {
        for (let i = this.index; i < end; i++) if (this.bytes[i] !== 0) return at + i - this.index;
      }
      at += count;
    }
    return -1;
  }

  /** Offset of the last byte from `from` on that is not zero, -1 if there is none. */
  lastNonZero(from: number): number {
    let last = -1;
    for (let at = from; at < this.size; ) {
      const count = this.load(at, Math.min(this.size - at, WINDOW_BYTES));
      if (count === 0) break;
      if (!isZeroRange(this.bytes, this.index, this.index + count)) {
        for (let i = this.index + count - 1; i >= this.index; i--) {
          if (this.bytes[i] === 0) continue;
          last = at + i - this.index;
          break;
        }
      }
      at += count;
    }
    return last;
  }
}

const zeros = Buffer.alloc(64 * 1024);

/** Compares with a block of zeros: preallocated tails are 64 MiB long, and a loop over bytes would be seen at each start. */
function isZeroRange(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += zeros.length) {
    const count = Math.min(zeros.length, end - at);
    if (bytes.compare(zeros, 0, count, at, at + count) !== 0) return false;
  }
  return true;
}
