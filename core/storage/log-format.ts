import type { OpenFile } from '../ports.ts';
import { adler32 } from './checksum.ts';
import { FileWindow } from './file-window.ts';

/** `ZKLG` */
const LOG_MAGIC = 0x5a4b4c47;
const LOG_VERSION = 2;
/** magic, version, database id (always 0). */
export const LOG_HEADER_BYTES = 16;

/** Before an entry: 8 bytes of checksum, 4 of length. After it: one end mark. */
export const ENTRY_HEAD_BYTES = 12;
export const ENTRY_OVERHEAD_BYTES = ENTRY_HEAD_BYTES + 1;
const END_MARK = 0x42;

/** A transaction header alone: what closeSession was in logs before 3.6. */
export const ENTRY_BYTES_MIN = 32;
/** Longer than any transaction that a server accepts; a length beyond it is damage. */
export const ENTRY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Most bytes in one write that a sync follows, unless a single entry is longer. The next write begins only when that sync
 * has ended, so after a crash at most this much of the file's end can be in disorder: `judgeTail` rests on it.
 */
export const LOG_BATCH_BYTES_MAX = 256 * 1024;

const TWO_32 = 0x1_0000_0000;
/** The zxid follows the client id (8 bytes) and the cxid (4) in a transaction header. */
const ZXID_OFFSET = 12;

export function writeLogHeader(target: Buffer, at: number): void {
  target.writeInt32BE(LOG_MAGIC, at);
  target.writeInt32BE(LOG_VERSION, at + 4);
  target.fill(0, at + 8, at + LOG_HEADER_BYTES);
}

/**
 * Writes an entry at `at`: Adler-32 of the transaction's bytes as a 64-bit integer, their length, the bytes, the end mark. The
 * checksum covers neither length nor mark, whatever the comment in ZooKeeper's source says. Takes
 * `bytes.length + ENTRY_OVERHEAD_BYTES` bytes of `target`.
 */
export function writeEntry(target: Buffer, at: number, bytes: Buffer): void {
  const length = bytes.length;
  target.writeInt32BE(0, at);
  target.writeUInt32BE(adler32(bytes), at + 4);
  target.writeInt32BE(length, at + 8);
  target.set(bytes, at + ENTRY_HEAD_BYTES);
  target[at + ENTRY_HEAD_BYTES + length] = END_MARK;
}

export interface LogEntry {
  /** Offset of the entry's checksum in the file. */
  readonly at: number;
  /** Offset just behind the entry. */
  readonly end: number;
  readonly zxid: number;
  /** The transaction: `readLoggedTxn` decodes it. A view that nobody overwrites. */
  readonly bytes: Buffer;
}

/** Reads a log's entries in order, as far as they are intact. */
export class LogReader {
  readonly window: FileWindow;
  /** Whether the file begins as a log does. If not, there are no entries and `position` is 0. */
  readonly headerIntact: boolean;
  #position: number;

  constructor(file: OpenFile) {
    this.window = new FileWindow(file);
    this.headerIntact = isHeaderIntact(this.window);
    this.#position = this.headerIntact ? LOG_HEADER_BYTES : 0;
  }

  /** Offset behind the last intact entry. */
  get position(): number {
    return this.#position;
  }

  /** The next entry; null where there is no intact one at `position`: at the clean end, or at damage (see `judgeTail`). */
  next(): LogEntry | null {
    if (!this.headerIntact) return null;
    const entry = readEntryAt(this.window, this.#position);
    if (entry !== null) this.#position = entry.end;
    return entry;
  }
}

function isHeaderIntact(window: FileWindow): boolean {
  if (window.load(0, LOG_HEADER_BYTES) < LOG_HEADER_BYTES) return false;
  const { bytes, index } = window;
  return bytes.readInt32BE(index) === LOG_MAGIC && bytes.readInt32BE(index + 4) === LOG_VERSION;
}

/** The entry that begins at `at`, null unless all of it is there and its checksum matches. */
export function readEntryAt(window: FileWindow, at: number): LogEntry | null {
  if (window.load(at, ENTRY_HEAD_BYTES) < ENTRY_HEAD_BYTES) return null;
  const length = window.bytes.readInt32BE(window.index + 8);
  if (length < ENTRY_BYTES_MIN || length > ENTRY_BYTES_MAX) return null;
  const whole = length + ENTRY_OVERHEAD_BYTES;
  if (window.load(at, whole) < whole) return null;
  const { bytes, index } = window;
  const start = index + ENTRY_HEAD_BYTES;
  if (bytes[start + length] !== END_MARK || bytes.readInt32BE(index) !== 0) return null;
  if (bytes.readUInt32BE(index + 4) !== adler32(bytes, start, start + length)) return null;
  const zxid = readZxid(bytes, start);
  if (!Number.isSafeInteger(zxid) || zxid < 0) return null;
  return { at, end: at + whole, zxid, bytes: bytes.subarray(start, start + length) };
}

/** Two neighbours in a log, null where the log begins or ends. */
export interface LogPlace {
  /** The greatest zxid that is not above the one asked for. */
  readonly floor: number | null;
  /** The one behind it. */
  readonly next: number | null;
}

/**
 * Where `zxid` is, or would be, in a log; null if the log is damaged before. Goes from length to length without summing up what
 * lies between: only the entry that is found is read in full.
 */
export function findPlace(file: OpenFile, zxid: number): LogPlace | null {
  const window = new FileWindow(file);
  if (!isHeaderIntact(window)) return null;
  let found = -1;
  let next: number | null = null;
  for (let at = LOG_HEADER_BYTES; at < window.size; ) {
    if (window.load(at, ENTRY_HEAD_BYTES) < ENTRY_HEAD_BYTES) return null;
    const length = window.bytes.readInt32BE(window.index + 8);
    if (length === 0) break;
    const whole = ENTRY_HEAD_BYTES + ENTRY_BYTES_MIN;
    if (length < ENTRY_BYTES_MIN || length > ENTRY_BYTES_MAX || window.load(at, whole) < whole) return null;
    next = readZxid(window.bytes, window.index + ENTRY_HEAD_BYTES);
    if (next > zxid) break;
    next = null;
    found = at;
    at += length + ENTRY_OVERHEAD_BYTES;
  }
  if (found === -1) return { floor: null, next };
  const entry = readEntryAt(window, found);
  return entry === null ? null : { floor: entry.zxid, next };
}

function readZxid(bytes: Buffer, start: number): number {
  return bytes.readInt32BE(start + ZXID_OFFSET) * TWO_32 + bytes.readUInt32BE(start + ZXID_OFFSET + 4);
}
