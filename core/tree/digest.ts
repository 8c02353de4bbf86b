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
    return BigInt.asUintN(64, this.toLong());
  }

  /** The signed 64-bit pattern, as the wire has it. */
  toLong(): bigint {
    scratch.setUint32(0, this.#high);
    scratch.setUint32(4, this.#low);
    return scratch.getBigInt64(0);
  }

  /** Whether this is the sum that a 64-bit pattern says. */
  equalsLong(long: bigint): boolean {
    scratch.setBigInt64(0, long);
    return scratch.getUint32(4) === this.#low && scratch.getUint32(0) === this.#high;
  }
}

/** Halves in, BigInt out, without arithmetic on BigInts. */
const scratch = new DataView(new ArrayBuffer(8));

/** Nodes below /zookeeper change without transactions (quota, configuration) and count nothing. */
export function isOutsideDigest(path: string): boolean {
  return path.startsWith('/zookeeper/');
}
