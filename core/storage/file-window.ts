import type { OpenFile } from '../ports.ts';

const WINDOW_BYTES = 1 << 20;
const SCAN_BYTES = 128 * 1024;

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

  /** Whether `length` bytes from `at` are in `bytes` already, so that `load` would not move the window. */
  holds(at: number, length: number): boolean {
    const index = at - this.#base;
    return index >= 0 && index + length <= this.bytes.length;
  }

  /** Brings `length` bytes from `at` into `bytes` at `index`; returns how many there are, fewer only at the end of the file. */
  load(at: number, length: number): number {
    if (this.holds(at, length)) {
      this.index = at - this.#base;
      return length;
    }
    // Twice a long entry: a search for entries asks for as many bytes from each of many offsets.
    const ahead = length > WINDOW_BYTES ? 2 * length : WINDOW_BYTES;
    const wanted = Math.max(0, Math.min(ahead, this.size - at));
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
    if (this.load(from, to - from) === 0) return true;
    return isZeroRange(this.bytes, this.index, Math.min(this.bytes.length, this.index + to - from));
  }

  /**
   * Offset of the last byte from `from` on that is not zero, -1 if there is none. Reads into one small buffer, as the
   * preallocated end of a log is 64 MiB long and read at each start after a crash.
   */
  lastNonZero(from: number): number {
    const scratch = Buffer.allocUnsafe(SCAN_BYTES);
    let last = -1;
    for (let at = from; at < this.size; ) {
      const count = this.#file.read(scratch, at);
      if (count === 0) break;
      if (!isZeroRange(scratch, 0, count)) {
        let index = count - 1;
        while (scratch[index] === 0) index -= 1;
        last = at + index;
      }
      at += count;
    }
    return last;
  }
}

const zeros = Buffer.alloc(SCAN_BYTES);

function isZeroRange(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += zeros.length) {
    const count = Math.min(zeros.length, end - at);
    if (bytes.compare(zeros, 0, count, at, at + count) !== 0) return false;
  }
  return true;
}
