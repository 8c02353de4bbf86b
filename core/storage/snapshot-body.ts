import { ByteReader } from '../../wire/bytes.ts';
import { AclVector } from '../../wire/data.ts';
import { WireFault } from '../../wire/fault.ts';
import type { SnapshotSink } from './contract.ts';
import { STAT_PERSISTED_BYTES } from './snapshot-format.ts';

/** Longest path or data of a node; a longer length is damage. */
const FIELD_BYTES_MAX = 64 * 1024 * 1024;
/** Longest ACL list, encoded. */
const ACL_BYTES_MAX = 4 * 1024 * 1024;
const COUNT_BYTES = 4;
const SESSION_BYTES = 12;
const SLASH = 0x2f;
const TWO_32 = 0x1_0000_0000;

type Part = 'session-count' | 'sessions' | 'acl-count' | 'acls' | 'nodes' | 'end';

/**
 * The body of a snapshot, as it stands in a file behind the header and on the wire behind a SNAP: sessions, the ACL map, the
 * nodes and the end mark, a `/` in the place of a path. Takes whole records, wherever the bytes come from.
 */
export class SnapshotBody {
  readonly #sink: SnapshotSink;
  #part: Part = 'session-count';
  /** Sessions or ACL lists still to come. */
  #left = 0;
  #needed = COUNT_BYTES;
  #taken = 0;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /** Whether the end mark was taken. */
  get isComplete(): boolean {
    return this.#part === 'end';
  }

  /** Length of the records that were taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Bytes from where `take` stopped on without which it cannot go further; more may be needed then. */
  get needed(): number {
    return this.#needed;
  }

  /**
   * Hands the records that lie whole in `bytes[start, end)` to the sink, and returns the offset behind the last of them. Throws
   * `WireFault` for what is no snapshot, and whatever the sink throws.
   */
  take(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (this.#part !== 'end') {
      const next = this.#part === 'nodes' ? this.#takeNode(bytes, at, end) : this.#takeHead(bytes, at, end);
      if (next === -1) break;
      this.#taken += next - at;
      at = next;
    }
    return at;
  }

  /** True if `count` bytes are there; else they are noted as needed. */
  #has(count: number, at: number, end: number): boolean {
    if (end - at >= count) return true;
    this.#needed = count;
    return false;
  }

  #takeHead(bytes: Buffer, at: number, end: number): number {
    switch (this.#part) {
      case 'session-count':
        return this.#takeCount(bytes, at, end, 'sessions');
      case 'acl-count':
        return this.#takeCount(bytes, at, end, 'acls');
      case 'sessions':
        if (this.#left === 0) return this.#begin('acl-count', at);
        return this.#takeSession(bytes, at, end);
      default:
        if (this.#left === 0) return this.#begin('nodes', at);
        return this.#takeAcl(bytes, at, end);
    }
  }

  #begin(part: Part, at: number): number {
    this.#part = part;
    return at;
  }

  #takeCount(bytes: Buffer, at: number, end: number, part: Part): number {
    if (!this.#has(COUNT_BYTES, at, end)) return -1;
    this.#left = bytes.readInt32BE(at);
    if (this.#left < 0) throw absurd(`the count ${this.#left} is negative`);
    return this.#begin(part, at + COUNT_BYTES);
  }

  #takeSession(bytes: Buffer, at: number, end: number): number {
    if (!this.#has(SESSION_BYTES, at, end)) return -1;
    this.#left -= 1;
    this.#sink.session(bytes.readBigInt64BE(at), bytes.readInt32BE(at + 8));
    return at + SESSION_BYTES;
  }

  #takeAcl(bytes: Buffer, at: number, end: number): number {
    const length = this.#aclBytes(bytes, at, end);
    if (length === -1) return -1;
    const acl = AclVector.read(new ByteReader(bytes, at + 8, at + length, ACL_BYTES_MAX));
    if (acl === null) throw absurd('an ACL list is null');
    this.#left -= 1;
    this.#sink.acl(readExact(bytes, at), acl);
    return at + length;
  }

  /** An ACL list says how many entries it has, but not how many bytes: -1 until all of them are there. */
  #aclBytes(bytes: Buffer, from: number, end: number): number {
    if (!this.#has(12, from, end)) return -1;
    let at = from + 12;
    for (let fields = 2 * bytes.readInt32BE(from + 8); fields > 0; fields--) {
      // The permissions come before each pair of strings.
      if (fields % 2 === 0) at += 4;
      if (!this.#has(at + 4 - from, from, end)) return -1;
      at += 4 + Math.max(0, readLength(bytes, at, ACL_BYTES_MAX));
      if (at - from > ACL_BYTES_MAX) throw absurd('an ACL list is too long');
    }
    return this.#has(at - from, from, end) ? at - from : -1;
  }

  #takeNode(bytes: Buffer, at: number, end: number): number {
    if (!this.#has(5, at, end)) return -1;
    const pathLength = readLength(bytes, at, FIELD_BYTES_MAX);
    if (pathLength === -1) throw absurd('the path of a node is null');
    const pathAt = at + 4;
    if (pathLength === 1 && bytes[pathAt] === SLASH) return this.#begin('end', pathAt + 1);
    const dataAt = pathAt + pathLength + 4;
    if (!this.#has(dataAt - at, at, end)) return -1;
    const dataLength = readLength(bytes, dataAt - 4, FIELD_BYTES_MAX);
    const aclAt = dataAt + Math.max(0, dataLength);
    const statAt = aclAt + 8;
    const next = statAt + STAT_PERSISTED_BYTES;
    if (!this.#has(next - at, at, end)) return -1;
    this.#sink.node(
      bytes.subarray(pathAt, pathAt + pathLength),
      dataLength === -1 ? null : bytes.subarray(dataAt, aclAt),
      readExact(bytes, aclAt),
      bytes.subarray(statAt, next),
    );
    return next;
  }
}

function readLength(bytes: Buffer, at: number, max: number): number {
  const length = bytes.readInt32BE(at);
  if (length < -1 || length > max) throw absurd(`the length ${length} is absurd`);
  return length;
}

function readExact(bytes: Buffer, at: number): number {
  const value = bytes.readInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) throw absurd(`the number ${value} is too large`);
  return value;
}

function absurd(message: string): WireFault {
  return new WireFault('malformed', message);
}
