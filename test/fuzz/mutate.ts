import { framed } from '../kit/raw-client.ts';
import type { Rng } from '../kit/seed.ts';

const lengths = [-1, -2, 0, 1, 4, 0x7fffffff, -0x80000000, 0xfffff, 0x100000, 16_777_216];

/** A frame's body, spoiled in the ways that hurt: lengths that lie, bits that flip, ends that lack or go on. */
export function mutate(rng: Rng, good: Buffer): Buffer {
  let bytes = Buffer.from(good);
  for (let times = rng.below(4); times > 0; times--) {
    const at = rng.below(bytes.length + 1);
    switch (rng.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = rng.below(256);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.below(8));
        break;
      case 2:
        if (at + 4 <= bytes.length) bytes.writeInt32BE(rng.pick(lengths), at);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), rng.bytes(rng.below(12)), bytes.subarray(at)]);
        break;
      default:
        bytes = Buffer.concat([bytes, rng.bytes(rng.below(40))]);
    }
  }
  return bytes;
}

/** A frame around the body, whose length now and then lies. */
export function frameOf(rng: Rng, body: Buffer, honest: boolean): Buffer {
  const frame = framed(body);
  if (!honest && rng.chance(20))
    frame.writeInt32BE(rng.pick([...lengths, body.length - 1, body.length + 1]), 0);
  return frame;
}

/** Cuts bytes into chunks as a network might. */
export function chunked(rng: Rng, bytes: Buffer): Buffer[] {
  if (rng.chance(70)) return [bytes];
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = rng.between(1, rng.pick([3, 20, 400]));
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
