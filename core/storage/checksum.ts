const ADLER_MODULUS = 65_521;
/** Most bytes whose sums stay below 2^31 before a reduction is due, as integers of the engine are 31 bits wide. */
const ADLER_BLOCK_BYTES = 3_800;

/**
 * Adler-32 of `bytes[start, end)` (RFC 1950), unsigned. Pass the result of the bytes before as `previous` to go on with them:
 * `adler32(b, 0, n) === adler32(b, k, n, adler32(b, 0, k))`.
 *
 * Eight bytes a step: their running sums do not wait for the sums so far, which takes a third off the time.
 */
export function adler32(bytes: Uint8Array, start = 0, end = bytes.length, previous = 1): number {
  let a = previous & 0xffff;
  let b = previous >>> 16;
  let at = start;
  while (at < end) {
    const blockEnd = Math.min(at + ADLER_BLOCK_BYTES, end);
    for (const stepEnd = blockEnd - 7; at < stepEnd; at += 8) {
      const s0 = bytes[at] as number;
      const s1 = (s0 + (bytes[at + 1] as number)) | 0;
      const s2 = (s1 + (bytes[at + 2] as number)) | 0;
      const s3 = (s2 + (bytes[at + 3] as number)) | 0;
      const s4 = (s3 + (bytes[at + 4] as number)) | 0;
      const s5 = (s4 + (bytes[at + 5] as number)) | 0;
      const s6 = (s5 + (bytes[at + 6] as number)) | 0;
      const s7 = (s6 + (bytes[at + 7] as number)) | 0;
      b = (b + (a << 3) + (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7)) | 0;
      a = (a + s7) | 0;
    }
    for (; at < blockEnd; at++) {
      a = (a + (bytes[at] as number)) | 0;
      b = (b + a) | 0;
    }
    a %= ADLER_MODULUS;
    b %= ADLER_MODULUS;
  }
  return b * 0x1_0000 + a;
}

const CRC_POLYNOMIAL = 0xedb88320;

/** Eight tables of 256, one after the other: table k holds the effect of a byte that k zero bytes follow. */
const crcTables = makeCrcTables();

function makeCrcTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
    tables[value] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256] as number;
    tables[at] = (shorter >>> 8) ^ (tables[shorter & 0xff] as number);
  }
  return tables;
}

/**
 * CRC-32 of `bytes[start, end)` (IEEE 802.3, as in zip and java.util.zip), unsigned. Pass the result of the bytes before as
 * `previous` to go on with them.
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, previous = 0): number {
  const t = crcTables;
  let crc = ~previous;
  let at = start;
  for (const slicedEnd = end - 7; at < slicedEnd; at += 8) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (t[1792 + (crc & 0xff)] as number) ^
      (t[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (t[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (t[1024 + (crc >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  while (at < end) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at++] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
