import { WireFault } from '../../wire/fault.ts';
import type { OpenFile } from '../ports.ts';
import { adler32 } from './checksum.ts';
import type { SnapshotSink, ZxidDigest } from './contract.ts';
import { CorruptSnapshotError } from './errors.ts';
import { FileWindow } from './file-window.ts';
import { SnapshotBody } from './snapshot-body.ts';
import { SEAL_BYTES, SNAPSHOT_HEADER_BYTES, SNAPSHOT_MAGIC, SNAPSHOT_VERSION } from './snapshot-format.ts';

/** Longest digest that was written as text; a longer length is damage. */
const TEXT_BYTES_MAX = 1024 * 1024;
const SLASH = 0x2f;
const TWO_32 = 0x1_0000_0000;
const ZXID_BYTES = 8;
const DIGEST_VERSION_WITH_NUMBER = 2;

/**
 * Reads a snapshot from end to end into `sink`, a megabyte at a time, whatever its size.
 *
 * Throws `CorruptSnapshotError` where it ends early, a length is absurd, a checksum does not match or the sink refuses a
 * record; the sink has then been given records that must be forgotten. `zxid` is the file name's.
 */
export function readSnapshot(file: OpenFile, zxid: number, sink: SnapshotSink): ZxidDigest | null {
  return new SnapshotReader(file, zxid, sink).run();
}

class SnapshotReader {
  readonly #window: FileWindow;
  readonly #zxid: number;
  readonly #sink: SnapshotSink;
  #position = 0;
  /** Checksum of the bytes before `#summed`; those from there to `#position` are in the window. */
  #adler = 1;
  #summed = 0;
  /** Whether the first seal matched. Until then the sink is given whatever damage made of the records. */
  #isSealed = false;

  constructor(file: OpenFile, zxid: number, sink: SnapshotSink) {
    this.#window = new FileWindow(file);
    this.#zxid = zxid;
    this.#sink = sink;
  }

  run(): ZxidDigest | null {
    try {
      this.#readHeader();
      this.#readBody();
      this.#readSeal();
      this.#isSealed = true;
      const digest = this.#readOptionalParts();
      this.#sink.snapshotLoaded(this.#zxid, digest);
      return digest;
    } catch (fault) {
      if (fault instanceof WireFault || this.#isRefusal(fault)) throw this.#corrupt(fault.message);
      throw fault;
    }
  }

  /** The sink found records that make no sense. Errors of the file system and of assertions have a code. */
  #isRefusal(fault: unknown): fault is Error {
    return !this.#isSealed && fault instanceof Error && !('code' in fault);
  }

  #corrupt(reason: string): CorruptSnapshotError {
    return new CorruptSnapshotError(this.#window.path, this.#position, reason);
  }

  #short(count: number): CorruptSnapshotError {
    return this.#corrupt(`${count} more bytes are needed, ${this.#remaining()} are there`);
  }

  /** Takes `count` bytes and returns where they are in the window. */
  #take(count: number): number {
    const window = this.#window;
    if (!window.holds(this.#position, count)) this.#sum();
    if (window.load(this.#position, count) < count) throw this.#short(count);
    this.#position += count;
    return window.index;
  }

  /** Brings the checksum up to `#position`. Done for many bytes at once: a call for each field would cost more than the sum. */
  #sum(): void {
    const count = this.#position - this.#summed;
    if (count === 0) return;
    this.#window.load(this.#summed, count);
    const { bytes, index } = this.#window;
    this.#adler = adler32(bytes, index, index + count, this.#adler);
    this.#summed = this.#position;
  }

  #takeInt(): number {
    return this.#window.bytes.readInt32BE(this.#take(4));
  }

  #takeLong(): bigint {
    return this.#window.bytes.readBigInt64BE(this.#take(8));
  }

  #takeExact(): number {
    const index = this.#take(8);
    const { bytes } = this.#window;
    const value = bytes.readInt32BE(index) * TWO_32 + bytes.readUInt32BE(index + 4);
    if (!Number.isSafeInteger(value)) throw this.#corrupt(`the number ${value} is too large`);
    return value;
  }

  #takeField(): Buffer | null {
    const length = this.#takeInt();
    if (length === -1) return null;
    if (length < 0 || length > TEXT_BYTES_MAX) throw this.#corrupt(`the length ${length} is absurd`);
    const index = this.#take(length);
    return this.#window.bytes.subarray(index, index + length);
  }

  #readHeader(): void {
    const index = this.#take(SNAPSHOT_HEADER_BYTES);
    const { bytes } = this.#window;
    const version = bytes.readInt32BE(index + 4);
    if (bytes.readInt32BE(index) !== SNAPSHOT_MAGIC || version !== SNAPSHOT_VERSION) {
      this.#position = 0;
      throw this.#corrupt('it does not begin with the header of a snapshot');
    }
  }

  /** Window by window; a record that passes the end of one begins the next. */
  #readBody(): void {
    const window = this.#window;
    const body = new SnapshotBody(this.#sink);
    while (!body.isComplete) {
      this.#sum();
      if (window.load(this.#position, body.needed) < body.needed) throw this.#short(body.needed);
      try {
        body.take(window.bytes, window.index, window.bytes.length);
      } finally {
        this.#position = SNAPSHOT_HEADER_BYTES + body.taken;
      }
    }
  }

  #readSeal(): void {
    this.#sum();
    const computed = this.#adler;
    const index = this.#take(SEAL_BYTES);
    const { bytes } = this.#window;
    if (bytes.readBigInt64BE(index) !== BigInt(computed)) {
      this.#position -= SEAL_BYTES;
      throw this.#corrupt('the checksum of everything before does not match');
    }
    if (bytes.readInt32BE(index + 8) !== 1 || bytes[index + 12] !== SLASH) {
      throw this.#corrupt('the seal does not end as it should');
    }
  }

  /**
   * Digest and last processed zxid are each there or not, as the writer was told, and nothing says which: their sizes do.
   * The zxid says nothing that recovery needs, as the log is replayed from the file name's zxid on.
   */
  #readOptionalParts(): ZxidDigest | null {
    let digest: ZxidDigest | null = null;
    if (this.#remaining() > ZXID_BYTES + SEAL_BYTES) digest = this.#readDigest();
    if (this.#remaining() > 0) {
      this.#takeLong();
      this.#readSeal();
    }
    if (this.#remaining() > 0) throw this.#corrupt(`${this.#remaining()} bytes follow the last seal`);
    return digest;
  }

  #remaining(): number {
    return this.#window.size - this.#position;
  }

  #readDigest(): ZxidDigest | null {
    const zxid = this.#takeExact();
    const version = this.#takeInt();
    // Version 1 wrote the number as text; it cannot be compared with today's, so only its place is taken.
    const digest = version < DIGEST_VERSION_WITH_NUMBER ? this.#skipText() : this.#takeLong();
    this.#readSeal();
    return zxid > 0 ? { zxid, version, digest } : null;
  }

  #skipText(): bigint {
    this.#takeField();
    return 0n;
  }
}
