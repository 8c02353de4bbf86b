import { WireFault } from './fault.ts';

/** ZooKeeper's `jute.maxbuffer` default: 0xfffff, one byte less than 1 MiB. */
export const JUTE_MAXBUFFER_DEFAULT = 0xfffff;

const TWO_32 = 0x1_0000_0000;

/**
 * Reads Jute's binary archive: big-endian integers, length-prefixed buffers and strings where -1 means null.
 *
 * Invariants: `pos` never passes `end`; nothing before `start` or after `end` of the given buffer is ever read; a read that
 * does not fit throws `WireFault` and leaves `pos` where the field began, so that a caller with more bytes to come may retry.
 *
 * Buffers returned by `readBuffer` are views of the input, not copies: who keeps one beyond the turn copies it.
 */
export class ByteReader {
  readonly bytes: Buffer;
  pos: number;
  readonly end: number;
  /** Longest buffer or string accepted, in bytes. */
  readonly lengthMax: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length, lengthMax = JUTE_MAXBUFFER_DEFAULT + 1_048_576) {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
    this.lengthMax = lengthMax;
  }

  get remaining(): number {
    return this.end - this.pos;
  }

  #take(count: number): number {
    const at = this.pos;
    if (count > this.end - at) {
      throw new WireFault('truncated', `need ${count} bytes at offset ${at}, have ${this.end - at}`);
    }
    this.pos = at + count;
    return at;
  }

  readByte(): number {
    return this.bytes.readInt8(this.#take(1));
  }

  readBool(): boolean {
    return this.bytes[this.#take(1)] !== 0;
  }

  readInt(): number {
    return this.bytes.readInt32BE(this.#take(4));
  }

  readLong(): bigint {
    return this.bytes.readBigInt64BE(this.#take(8));
  }

  /** A signed 64-bit integer as a double: exact within ±2^53, rounded beyond. For times and limits that users chose. */
  readLongApproximate(): number {
    const at = this.#take(8);
    return this.bytes.readInt32BE(at) * TWO_32 + this.bytes.readUInt32BE(at + 4);
  }

  /** A signed 64-bit integer that must be exact as a double. Zxids are, while their epoch is below 2^21. */
  readLongExact(): number {
    const value = this.readLongApproximate();
    if (!Number.isSafeInteger(value)) {
      this.pos -= 8;
      throw new WireFault('out-of-range', `64-bit value at offset ${this.pos} exceeds 2^53`);
    }
    return value;
  }

  /** Length of the buffer or string that follows, -1 for null; checked against the limit and the bytes at hand. */
  readLength(): number {
    const at = this.pos;
    const length = this.readInt();
    if (length === -1) return -1;
    if (length < 0 || length > this.lengthMax) {
      this.pos = at;
      throw new WireFault(
        'unreasonable-length',
        `length ${length} at offset ${at} is outside [-1, ${this.lengthMax}]`,
      );
    }
    if (length > this.end - this.pos) {
      this.pos = at;
      throw new WireFault('truncated', `need ${length} bytes at offset ${at + 4}, have ${this.end - at - 4}`);
    }
    return length;
  }

  readBuffer(): Buffer | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.pos;
    this.pos = at + length;
    return this.bytes.subarray(at, at + length);
  }

  /** UTF-8; malformed sequences become U+FFFD, as in ZooKeeper's own decoder. */
  readString(): string | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.pos;
    this.pos = at + length;
    return this.bytes.toString('utf8', at, at + length);
  }

  /**
   * Element count of a vector, -1 for null. `elementBytesMin` bounds it by the bytes at hand, so that a hostile count cannot
   * make the caller allocate.
   */
  readCount(elementBytesMin: number): number {
    const at = this.pos;
    const count = this.readInt();
    if (count === -1) return -1;
    if (count < 0) {
      this.pos = at;
      throw new WireFault('unreasonable-length', `count ${count} at offset ${at} is negative`);
    }
    if (count * elementBytesMin > this.end - this.pos) {
      this.pos = at;
      throw new WireFault('truncated', `count ${count} at offset ${at} needs more bytes than there are`);
    }
    return count;
  }
}

/**
 * Writes Jute's binary archive into a buffer that grows. `bytes` may be replaced by any write; `finish` copies the written
 * part out, `view` lends it until the next write.
 */
export class ByteWriter {
  bytes: Buffer;
  pos = 0;
  #view: DataView;

  constructor(capacity = 256) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.bytes);
  }

  /** The same memory as `bytes`, for access in words. */
  get dataView(): DataView {
    return this.#view;
  }

  /** Goes on in a new buffer; what was written stays with whoever holds the old one. */
  renew(capacity: number): void {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.bytes);
    this.pos = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const need = this.pos + count;
    if (need <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.pos);
    this.bytes = grown;
    this.#view = viewOf(grown);
  }

  reset(): void {
    this.pos = 0;
  }

  /** The bytes written so far, valid until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.pos);
  }

  /** A copy of the bytes written so far. */
  finish(): Buffer {
    return Buffer.from(this.view());
  }

  writeByte(value: number): void {
    this.reserve(1);
    this.bytes[this.pos++] = value;
  }

  writeBool(value: boolean): void {
    this.writeByte(value ? 1 : 0);
  }

  writeInt(value: number): void {
    this.reserve(4);
    this.#view.setInt32(this.pos, value);
    this.pos += 4;
  }

  writeLong(value: bigint): void {
    this.reserve(8);
    this.#view.setBigInt64(this.pos, value);
    this.pos += 8;
  }

  /** Writes a safe integer as a signed 64-bit one. */
  writeLongExact(value: number): void {
    if (!Number.isSafeInteger(value)) throw new WireFault('unencodable', `${value} is not a safe integer`);
    this.reserve(8);
    this.#view.setInt32(this.pos, Math.floor(value / TWO_32));
    this.#view.setInt32(this.pos + 4, value);
    this.pos += 8;
  }

  /** Bytes as they are, without a length. */
  writeRaw(value: Uint8Array, start = 0, end = value.length): void {
    this.reserve(end - start);
    this.bytes.set(start === 0 && end === value.length ? value : value.subarray(start, end), this.pos);
    this.pos += end - start;
  }

  writeBuffer(value: Uint8Array | null): void {
    if (value === null) {
      this.writeInt(-1);
      return;
    }
    this.writeInt(value.length);
    this.writeRaw(value);
  }

  /**
   * UTF-8. Refuses surrogates (`unencodable`): Java writes a character outside the basic plane as two 3-byte halves but reads
   * real UTF-8, so such a string would change on its way through a mixed ensemble.
   */
  writeString(value: string | null): void {
    if (value === null) {
      this.writeInt(-1);
      return;
    }
    const length = value.length;
    this.reserve(4 + length * 3);
    const bytes = this.bytes;
    const at = this.pos + 4;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.#writeStringBeyondAscii(value);
        return;
      }
      bytes[at + i] = unit;
    }
    bytes.writeInt32BE(length, this.pos);
    this.pos = at + length;
  }

  #writeStringBeyondAscii(value: string): void {
    const surrogate = /[\ud800-\udfff]/.exec(value);
    if (surrogate !== null) {
      throw new WireFault('unencodable', `surrogate at index ${surrogate.index} of ${JSON.stringify(value)}`);
    }
    const written = this.bytes.write(value, this.pos + 4, 'utf8');
    this.bytes.writeInt32BE(written, this.pos);
    this.pos += 4 + written;
  }
}

/** The same memory, for access in words. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
