import { gunzipSync, gzipSync } from 'node:zlib';
import type { Codec } from './codec.ts';
import { InvalidValueError } from './schema.ts';

// All of it is synchronous: operations are sent in the order in which they are called, and nodes hold a megabyte at most.

/** Whether bytes begin as gzip's do (RFC 1952: 1f 8b). */
export function isGzip(data: Uint8Array): boolean {
  return data.length >= 2 && data[0] === 0x1f && data[1] === 0x8b;
}

export function gzip(data: Uint8Array): Buffer {
  return gzipSync(data);
}

/**
 * What was compressed; bytes that do not begin as gzip's are taken for plain ones and come back as they are. Throws
 * `InvalidValueError` if they are damaged or would become longer than `bytesMax`.
 */
export function gunzip<B extends Uint8Array>(data: B, bytesMax: number): B | Buffer {
  if (!isGzip(data)) return data;
  try {
    return gunzipSync(data, { maxOutputLength: bytesMax });
  } catch (cause) {
    const why = (cause as Error).message;
    throw new InvalidValueError(
      [{ at: '', message: `not valid gzip of at most ${bytesMax} bytes: ${why}` }],
      cause,
    );
  }
}

/** The same values as another codec's, compressed with gzip; what was written uncompressed is read too. */
export function compressed<T>(codec: Codec<T>, bytesMax = 64 * 1024 * 1024): Codec<T> {
  return {
    encode: async (value) => gzip(await codec.encode(value)),
    decode: async (data) => codec.decode(gunzip(data, bytesMax)),
  };
}
