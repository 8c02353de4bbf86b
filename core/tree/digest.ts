import { crc32 } from '../storage/checksum.ts';
import type { NodeId } from './node-id.ts';
import type { NodeStore } from './node-store.ts';

/** Version of the digest algorithm that snapshots and transactions name. */
export const DIGEST_VERSION = 2;

/** A 64-bit sum of 32-bit node digests, wrapping: held as two halves so that adding one makes no BigInt. */
export class TreeDigest {
  #high = 0;
  #low = 0;

  add(nodeDigest: number): void {
    const low = this.#low + nodeDigest;
    this.#low = low >>> 0;
    if (low > 0xffff_ffff) this.#high = (this.#high + 1) >>> 0;
  }

  subtract(nodeDigest: number): void {
    const low = this.#low - nodeDigest;
    this.#low = low >>> 0;
    if (low < 0) this.#high = (this.#high - 1) >>> 0;
  }

  copyFrom(other: TreeDigest): void {
    this.#high = other.#high;
    this.#low = other.#low;
  }

  equals(other: TreeDigest): boolean {
    return this.#high === other.#high && this.#low === other.#low;
  }

  toBigInt(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /** The signed 64-bit pattern, as the wire has it. */
  toLong(): bigint {
    return BigInt.asIntN(64, this.toBigInt());
  }
}

/** The stat part of what a node digest covers: 60 bytes, in the digest's own order. */
const STAT_BYTES = 60;
const statBytes = Buffer.alloc(STAT_BYTES);
const persisted = Buffer.alloc(STAT_BYTES);

/** Nodes below /zookeeper change without transactions (quota, configuration) and count nothing. */
export function isOutsideDigest(path: string): boolean {
  return path.startsWith('/zookeeper/');
}

/**
 * CRC-32 over path (empty for the root), data, and {czxid, mzxid, pzxid, ctime, mtime, version, stored cversion, aversion, raw
 * owner}. ACLs are not covered.
 */
export function nodeDigestOf(store: NodeStore, id: NodeId): number {
  store.copyStatPersisted(id, persisted, 0);
  return nodeDigest(store.pathBytes(id), store.data(id), persisted);
}

/** The same from parts; `stat` is 60 bytes in the order of `StatPersisted`. */
export function nodeDigest(path: Uint8Array, data: Uint8Array | null, stat: Uint8Array): number {
  let crc = crc32(path, 0, path.length, 0);
  if (data !== null) crc = crc32(data, 0, data.length, crc);
  // czxid mzxid | pzxid | ctime mtime version cversion aversion owner
  for (let i = 0; i < 16; i++) statBytes[i] = stat[i]!;
  for (let i = 0; i < 8; i++) statBytes[16 + i] = stat[52 + i]!;
  for (let i = 16; i < 52; i++) statBytes[8 + i] = stat[i]!;
  return crc32(statBytes, 0, STAT_BYTES, crc);
}
