import { deflateSync, crc32 as nodeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adler32, crc32 } from '../../core/storage/checksum.ts';

/** A zlib stream ends with the Adler-32 of what was packed. */
const nodeAdler32 = (bytes: Uint8Array): number =>
  deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4);

test('Adler-32 is that of zlib, in one go and in parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(), fc.nat(), (bytes, a, b) => {
      const cut = a % (bytes.length + 1);
      const start = b % (bytes.length + 1);
      expect(adler32(bytes)).toBe(nodeAdler32(bytes));
      expect(adler32(bytes, cut, bytes.length, adler32(bytes, 0, cut))).toBe(nodeAdler32(bytes));
      expect(adler32(bytes, start)).toBe(nodeAdler32(bytes.subarray(start)));
    }),
  );
});

test('Adler-32 does not overflow on the largest bytes', () => {
  const bytes = Buffer.alloc(1_000_000, 0xff);
  expect(adler32(bytes)).toBe(nodeAdler32(bytes));
  expect(adler32(bytes, 0, bytes.length, 0xfff0_fff0)).toBeLessThan(0x1_0000_0000);
});

test('CRC-32 is that of zlib, in one go and in parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(), (bytes, a) => {
      const cut = a % (bytes.length + 1);
      expect(crc32(bytes)).toBe(nodeCrc32(bytes));
      expect(crc32(bytes, cut, bytes.length, crc32(bytes, 0, cut))).toBe(nodeCrc32(bytes));
      expect(crc32(bytes, cut)).toBe(nodeCrc32(bytes.subarray(cut)));
    }),
  );
});

test('known values', () => {
  const digits = Buffer.from('123456789');
  expect(crc32(digits)).toBe(0xcbf43926);
  expect(adler32(digits)).toBe(0x091e01de);
  expect([crc32(Buffer.alloc(0)), adler32(Buffer.alloc(0))]).toEqual([0, 1]);
});
