import { describe, expect, test } from 'vitest';
import { WireFault } from '../../wire/fault.ts';
import { FrameReader } from '../../wire/frame.ts';
import { framed } from '../kit/raw-client.ts';
import { withSeed } from '../kit/seed.ts';

function lengthPrefix(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length, 0);
  return bytes;
}

describe('a frame\u2019s length', () => {
  test.each([-1, -2147483648, 101, 2147483647])('%i is refused, whole or split', (length) => {
    for (const split of [0, 1, 2, 3, 4]) {
      const reader = new FrameReader(100);
      const bytes = Buffer.concat([lengthPrefix(length), Buffer.alloc(8)]);
      expect(() => {
        reader.push(bytes.subarray(0, split), () => expect.unreachable());
        reader.push(bytes.subarray(split), () => expect.unreachable());
      }).toThrow(expect.objectContaining({ name: 'WireFault', code: 'frame-too-large' }));
    }
  });

  test('from 0 to the limit is accepted', () => {
    const reader = new FrameReader(100);
    const lengths: number[] = [];
    for (const length of [0, 1, 100])
      reader.push(framed(Buffer.alloc(length)), (_, start, end) => lengths.push(end - start));
    expect(lengths).toEqual([0, 1, 100]);
  });

  test('is not believed before the bytes are here: memory follows what arrives', () => {
    const readers = Array.from({ length: 200 }, () => new FrameReader(64 * 1024 * 1024));
    const before = process.memoryUsage();
    for (const reader of readers) {
      reader.push(Buffer.concat([lengthPrefix(64 * 1024 * 1024), Buffer.alloc(10)]), () => {});
    }
    const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers;
    expect(grown).toBeLessThan(16 * 1024 * 1024);
  });
});

test('frames before a bad length are handed on', () => {
  const reader = new FrameReader(100);
  const got: number[] = [];
  const stream = Buffer.concat([framed(Buffer.alloc(3)), framed(Buffer.alloc(5)), lengthPrefix(-5)]);
  expect(() => reader.push(stream, (_, start, end) => got.push(end - start))).toThrow(WireFault);
  expect(got).toEqual([3, 5]);
});

test('any frames, cut anywhere, come out as they went in', () =>
  withSeed('test/wire/frame.test.ts', (rng) => {
    for (let round = 0; round < 300; round++) {
      const frames = Array.from({ length: rng.between(1, 20) }, () =>
        rng.bytes(rng.chance(10) ? rng.below(20_000) : rng.below(30)),
      );
      const stream = Buffer.concat(frames.map(framed));
      const reader = new FrameReader();
      const got: string[] = [];
      for (let at = 0; at < stream.length; ) {
        const size = rng.between(1, rng.pick([2, 7, 100, 30_000]));
        reader.push(stream.subarray(at, at + size), (bytes, start, end) =>
          got.push(bytes.toString('hex', start, end)),
        );
        at += size;
      }
      expect(got).toEqual(frames.map((frame) => frame.toString('hex')));
      expect(reader.pendingBytes).toBe(0);
    }
  }));
