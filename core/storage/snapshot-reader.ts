import { ByteReader } from '../../wire/bytes.ts';
import { type Acl, AclVector } from '../../wire/data.ts';
import { WireFault } from '../../wire/fault.ts';
import type { OpenFile } from '../ports.ts';
import { adler32 } from './checksum.ts';
import type { SnapshotSink, ZxidDigest } from './contract.ts';
import { CorruptSnapshotError } from './errors.ts';
import { FileWindow } from './file-window.ts';
import {
  SEAL_BYTES,
  SNAPSHOT_HEADER_BYTES,
  SNAPSHOT_MAGIC,
  SNAPSHOT_VERSION,
  STAT_PERSISTED_BYTES,
} from './snapshot-format.ts';

/** Longest path or data of a node; a longer length is damage. */
const FIELD_BYTES_MAX = 64 * 1024 * 1024;
/** Longest ACL list, encoded. */
const ACL_BYTES_MAX = 4 * 1024 * 1024;
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
      this.#readSessions();
      this.#readAcls();
      while (this.#readNode());
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

  /** Takes `count` bytes and returns where they are in the window. */
  #take(count: number): number {
    const window = this.#window;
    if (!window.holds(this.#position, count)) this.#sum();
    if (window.load(this.#position, count) < count) {
      throw this.#corrupt(`${count} more bytes are needed, ${window.size - this.#position} are there`);
    }
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

  #takeCount(): number {
    const count = this.#takeInt();
    if (count < 0) throw this.#corrupt(`the count ${count} is negative`);
    return count;
  }

  #takeField(): Buffer | null {
    const length = this.#takeInt();
    if (length === -1) return null;
    if (length < 0 || length > FIELD_BYTES_MAX) throw this.#corrupt(`the length ${length} is absurd`);
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

  #readSessions(): void {
    for (let left = this.#takeCount(); left > 0; left--) {
      const id = this.#takeLong();
      this.#sink.session(id, this.#takeInt());
    }
  }

  #readAcls(): void {
    for (let left = this.#takeCount(); left > 0; left--) {
      const id = this.#takeExact();
      this.#sink.acl(id, this.#takeAcl());
    }
  }

  /** An ACL list says how many entries it has, but not how many bytes: look ahead, decode, then take what it used. */
  #takeAcl(): Acl[] {
    const window = this.#window;
    this.#sum();
    const ahead = window.load(this.#position, Math.min(ACL_BYTES_MAX, window.size - this.#position));
    const reader = new ByteReader(window.bytes, window.index, window.index + ahead, ahead);
    const acl = AclVector.read(reader);
    if (acl === null) throw this.#corrupt('an ACL list is null');
    this.#take(reader.pos - window.index);
    return acl;
  }

  /** False at the end mark. */
  #readNode(): boolean {
    const path = this.#takeField();
    if (path === null) throw this.#corrupt('the path of a node is null');
    if (path.length === 1 && path[0] === SLASH) return false;
    const data = this.#takeField();
    const aclId = this.#takeExact();
    const index = this.#take(STAT_PERSISTED_BYTES);
    this.#sink.node(path, data, aclId, this.#window.bytes.subarray(index, index + STAT_PERSISTED_BYTES));
    return true;
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
