import { InvalidValueError } from '../../client/index.ts';

/** A `Codec` that takes no time. */
export interface NumberCodec<N> {
  encode(value: N): Buffer;
  decode(data: Uint8Array): N;
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

function sized(data: Uint8Array, bytes: number): DataView {
  if (data.length !== bytes) {
    throw new InvalidValueError([
      { at: '', message: `${data.length} bytes are no number of ${bytes} bytes` },
    ]);
  }
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/** An integer of 32 bits as Curator's counters have it: four bytes, the highest first. Throws `RangeError` for what does not fit. */
export const int32: NumberCodec<number> = {
  encode: (value) => {
    if (!Number.isInteger(value) || value !== (value | 0)) {
      throw new RangeError(`${value} is not an integer of 32 bits`);
    }
    const data = Buffer.alloc(4);
    data.writeInt32BE(value);
    return data;
  },
  decode: (data) => sized(data, 4).getInt32(0),
};

/** An integer of 64 bits: eight bytes, the highest first. Throws `RangeError` for what does not fit. */
export const int64: NumberCodec<bigint> = {
  encode: (value) => {
    if (typeof value !== 'bigint' || value < INT64_MIN || value > INT64_MAX) {
      throw new RangeError(`${value} is not a bigint of 64 bits`);
    }
    const data = Buffer.alloc(8);
    data.writeBigInt64BE(value);
    return data;
  },
  decode: (data) => sized(data, 8).getBigInt64(0),
};

/** The same bytes as a number. What a number cannot hold exactly is refused in both directions, never rounded. */
export const safeInt64: NumberCodec<number> = {
  encode: (value) => {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    return int64.encode(BigInt(value));
  },
  decode: (data) => {
    const value = int64.decode(data);
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    const message = `${value} is more than a number holds exactly; use DistributedAtomicBigInt`;
    throw new InvalidValueError([{ at: '', message }]);
  },
};
