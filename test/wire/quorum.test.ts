import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../wire/bytes.ts';
import { decode, encode } from '../../wire/codec.ts';
import { WireFault } from '../../wire/fault.ts';
import {
  type InlineReader,
  LearnerInfo,
  type QuorumPacket,
  QuorumPacketReader,
  QuorumPacketType,
  quorumPacketName,
  RevalidateReply,
  RevalidateRequest,
  readAckEpoch,
  readActivation,
  readForwardedRequest,
  readLeaderInfo,
  readLearnerInfo,
  readPingReply,
  writeActivation,
  writeForwardedRequest,
  writePingReply,
  writeQuorumPacket,
} from '../../wire/quorum.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import { chunked, mutate } from '../fuzz/mutate.ts';
import { bytesOf, readQuorumRecording } from '../golden/quorum-recording.ts';
import { type Rng, withSeed } from '../kit/seed.ts';

const MAX = 1000;

function written(...packets: QuorumPacket[]): Buffer {
  const writer = new ByteWriter();
  for (const packet of packets) writeQuorumPacket(writer, packet);
  return writer.finish();
}

function read(bytes: Buffer, dataBytesMax = MAX): QuorumPacket[] {
  const packets: QuorumPacket[] = [];
  new QuorumPacketReader(dataBytesMax).push(bytes, {
    packet: (packet) => {
      packets.push(packet);
      return null;
    },
  });
  return packets;
}

function faultOf(body: () => unknown): WireFault {
  try {
    body();
  } catch (fault) {
    if (fault instanceof WireFault) return fault;
    throw fault;
  }
  throw new Error('no fault');
}

const ack: QuorumPacket = { type: QuorumPacketType.ACK, zxid: 2 ** 32 + 5, data: null, authinfo: null };

describe('a quorum packet', () => {
  test('keeps null and empty apart, in data, identities and their parts', () => {
    const packets: QuorumPacket[] = [
      ack,
      { ...ack, data: Buffer.alloc(0), authinfo: [] },
      { ...ack, zxid: -1, data: Buffer.from('x'), authinfo: [{ scheme: null, id: '' }] },
      {
        ...ack,
        type: 99,
        authinfo: [
          { scheme: 'ip', id: '::1' },
          { scheme: '', id: null },
        ],
      },
    ];
    expect(read(written(...packets))).toEqual(packets);
  });

  test('has a name, also one that nobody knows', () => {
    expect([15, 1, 19, 20, 0].map(quorumPacketName)).toEqual([
      'SNAP',
      'REQUEST',
      'INFORMANDACTIVATE',
      'UNKNOWN20',
      'UNKNOWN0',
    ]);
  });

  test('with a zxid beyond 2^53 can neither be written nor read', () => {
    expect(faultOf(() => written({ ...ack, zxid: 2 ** 53 })).code).toBe('unencodable');
    const bytes = written(ack);
    bytes.writeInt32BE(0x20_0000, 4);
    expect(faultOf(() => read(bytes)).code).toBe('out-of-range');
  });

  const lengthAt = (at: number, length: number): Buffer => {
    const bytes = written({ ...ack, data: Buffer.alloc(8), authinfo: [{ scheme: 'ip', id: '::1' }] });
    bytes.writeInt32BE(length, at);
    return bytes.subarray(0, at + 4);
  };

  test.each([
    ['data', 12, MAX],
    ['identities', 24, MAX / 8],
    ['scheme', 28, MAX - 8],
    ['id', 34, MAX - 10],
  ])('whose %s says a length out of bounds is a fault before its bytes come', (_what, at, max) => {
    for (const length of [-2, max + 1, 0x7fff_ffff, -0x8000_0000]) {
      expect(faultOf(() => read(lengthAt(at, length))).code).toBe('unreasonable-length');
    }
    expect(read(lengthAt(at, max))).toEqual([]);
  });
});

describe('a reader of quorum packets', () => {
  /** Counts what is read of a packet's announced length. */
  const big = (bytes: number): Buffer => written({ ...ack, data: Buffer.alloc(bytes, 7), authinfo: [] });

  test('allocates as bytes arrive, not at the sender\u2019s word', () => {
    const reader = new QuorumPacketReader(2 ** 30);
    const head = big(0).subarray(0, 16);
    head.writeInt32BE(2 ** 30, 12);
    const before = process.memoryUsage().arrayBuffers;
    reader.push(head, { packet: () => null });
    reader.push(Buffer.alloc(100), { packet: () => null });
    expect(reader.pendingBytes).toBe(116);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test('costs each byte a bounded number of looks and copies, however small the pieces', () => {
    const bytes = written({
      ...ack,
      data: Buffer.alloc(200_000, 7),
      authinfo: Array.from({ length: 5000 }, (_, i) => ({ scheme: 'ip', id: `${i}` })),
    });
    // Counted, not timed.
    let looks = 0;
    let copied = 0;
    const { readInt32BE, copy } = Buffer.prototype;
    Buffer.prototype.readInt32BE = function counted(this: Buffer, offset?: number): number {
      looks++;
      return readInt32BE.call(this, offset);
    };
    Buffer.prototype.copy = function counted(this: Buffer, ...args: Parameters<Buffer['copy']>): number {
      const bytesCopied = copy.apply(this, args);
      copied += bytesCopied;
      return bytesCopied;
    };
    let packets = 0;
    try {
      const reader = new QuorumPacketReader(1_000_000);
      const sink = {
        packet: () => {
          packets++;
          return null;
        },
      };
      for (let at = 0; at < bytes.length; at++) reader.push(bytes.subarray(at, at + 1), sink);
    } finally {
      Object.assign(Buffer.prototype, { readInt32BE, copy });
    }
    expect(packets).toBe(1);
    // One look for each of the 10,002 lengths while it arrives, one when it is read.
    expect(looks).toBeLessThan(25_000);
    expect(copied).toBeGreaterThanOrEqual(bytes.length);
    expect(copied).toBeLessThan(bytes.length * 8);
  });

  test('never writes again to data that it handed out', () => {
    const packets = Array.from(
      { length: 50 },
      (_, i): QuorumPacket => ({ ...ack, data: Buffer.alloc(90, i) }),
    );
    const bytes = written(...packets);
    for (const step of [1, 33, 100, 1000, bytes.length]) {
      const held: QuorumPacket[] = [];
      const reader = new QuorumPacketReader(MAX);
      for (let at = 0; at < bytes.length; at += step) {
        reader.push(bytes.subarray(at, at + step), {
          packet: (packet) => {
            held.push(packet);
            return null;
          },
        });
      }
      expect(held).toEqual(packets);
    }
  });

  /** Takes a fixed number of bytes. */
  class Fixed implements InlineReader {
    taken = '';
    readonly #bytes: number;
    constructor(bytes: number) {
      this.#bytes = bytes;
    }
    push(bytes: Buffer, start: number, end: number): number {
      const until = Math.min(end, start + this.#bytes - this.taken.length);
      this.taken += bytes.toString('latin1', start, until);
      return this.taken.length === this.#bytes ? until : -1;
    }
  }

  test('gives the stream away after a packet that says so, and takes it back where that ends', () => {
    const snap: QuorumPacket = { ...ack, type: QuorumPacketType.SNAP };
    const bytes = Buffer.concat([
      written(ack, snap),
      Buffer.from('inline!'),
      written(snap),
      Buffer.from('another'),
      written(ack),
    ]);
    for (let step = 1; step <= bytes.length; step++) {
      const inlines: Fixed[] = [];
      const types: number[] = [];
      const reader = new QuorumPacketReader(MAX);
      for (let at = 0; at < bytes.length; at += step) {
        reader.push(bytes.subarray(at, at + step), {
          packet: ({ type }) => {
            types.push(type);
            if (type !== QuorumPacketType.SNAP) return null;
            const inline = new Fixed(7);
            inlines.push(inline);
            return inline;
          },
        });
      }
      expect(types).toEqual([3, 15, 15, 3]);
      expect(inlines.map(({ taken }) => taken)).toEqual(['inline!', 'another']);
    }
  });

  test('does not trust an inline reader that ends outside of what it was given', () => {
    for (const end of [19, 31, -2]) {
      const reader = new QuorumPacketReader(MAX);
      expect(() =>
        reader.push(Buffer.concat([written(ack), Buffer.alloc(10)]), { packet: () => ({ push: () => end }) }),
      ).toThrow(RangeError);
    }
  });
});

describe('payloads', () => {
  test('learners of every age say who they are', () => {
    const full = encode(LearnerInfo, { serverid: 7, protocolVersion: 0x10000, configVersion: 2 ** 32 });
    expect(full.toString('hex')).toBe('0000000000000007000100000000000100000000');
    expect(readLearnerInfo(full)).toEqual({ serverid: 7, protocolVersion: 0x10000, configVersion: 2 ** 32 });
    expect(readLearnerInfo(Buffer.concat([full, Buffer.alloc(9)]))).toEqual(readLearnerInfo(full));
    for (let length = 0; length < full.length; length++) {
      expect(readLearnerInfo(full.subarray(0, length))).toEqual({
        serverid: length >= 8 ? 7 : null,
        protocolVersion: length >= 12 ? 0x10000 : 1,
        configVersion: 0,
      });
    }
    expect(readLearnerInfo(null)).toEqual({ serverid: null, protocolVersion: 1, configVersion: 0 });
    expect(faultOf(() => encode(LearnerInfo, readLearnerInfo(null))).code).toBe('unencodable');
    expect(faultOf(() => readLearnerInfo(Buffer.alloc(8, 0x7f))).code).toBe('out-of-range');
  });

  test('a forwarded request is its head and whatever else there is', () => {
    const writer = new ByteWriter();
    const request = { sessionId: -(2n ** 63n), cxid: -1, type: -10, body: Buffer.from('abc') };
    writeForwardedRequest(writer, request);
    expect(writer.finish().toString('hex')).toBe('8000000000000000fffffffffffffff6616263');
    expect(readForwardedRequest(writer.finish())).toEqual(request);
    for (let length = 0; length < 16; length++) {
      expect(faultOf(() => readForwardedRequest(writer.finish().subarray(0, length))).code).toBe('truncated');
    }
  });

  test('an activation names the leader, and informs of the transaction', () => {
    for (const proposal of [Buffer.alloc(0), Buffer.from('proposal')]) {
      const writer = new ByteWriter();
      writeActivation(writer, { designatedLeader: 3, proposal });
      expect(writer.finish().toString('hex')).toBe(`0000000000000003${proposal.toString('hex')}`);
      expect(readActivation(writer.finish())).toEqual({ designatedLeader: 3, proposal });
    }
  });

  test('a ping of many sessions, of none, and of a half', () => {
    const sessions: [bigint, number][] = [
      [-1n, 30_000],
      [0x0100_0000_0000_0000n, -1],
    ];
    const bytes = writePingReply(sessions);
    const seen: unknown[] = [];
    const touch = (...session: unknown[]) => seen.push(session);
    readPingReply(bytes, touch);
    readPingReply(writePingReply([]), touch);
    readPingReply(null, touch);
    expect(seen).toEqual(sessions);
    expect(faultOf(() => readPingReply(bytes.subarray(0, 13), touch)).code).toBe('malformed');
    expect(seen).toHaveLength(2);
  });

  test('data that must be there and is not', () => {
    for (const reader of [readLeaderInfo, readAckEpoch, readForwardedRequest, readActivation]) {
      expect(faultOf(() => reader(null)).code).toBe('truncated');
    }
  });
});

describe('rubbish', () => {
  const good = readQuorumRecording()
    .links.filter(({ port }) => port === 'quorum')
    .flatMap((link) => [bytesOf(link, '>'), bytesOf(link, '<')]);

  /** Whoever reads a payload may say that it is none, and nothing else. */
  function tryPayloads({ data }: QuorumPacket): void {
    const readers: ((data: Buffer) => unknown)[] = [
      readLearnerInfo,
      readLeaderInfo,
      readAckEpoch,
      readForwardedRequest,
      readActivation,
      readLoggedTxn,
      (bytes) => decode(RevalidateRequest, bytes),
      (bytes) => decode(RevalidateReply, bytes),
      (bytes) => readPingReply(bytes, () => {}),
    ];
    for (const reader of readers) {
      try {
        reader(data ?? Buffer.alloc(0));
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault;
      }
    }
  }

  function rubbish(rng: Rng): Buffer {
    if (rng.chance(20)) return rng.bytes(rng.below(200));
    const stream = rng.pick(good);
    const from = rng.chance(50) ? 0 : rng.below(stream.length);
    return mutate(rng, stream.subarray(from, from + rng.below(1500)));
  }

  test('is a WireFault or packets, with never more held than came', async () => {
    await withSeed('test/wire/quorum.test.ts', (rng) => {
      let faults = 0;
      for (let run = 0; run < 20_000; run++) {
        const bytes = rubbish(rng);
        const reader = new QuorumPacketReader(MAX);
        let given = 0;
        try {
          for (const chunk of chunked(rng, bytes)) {
            reader.push(chunk, {
              packet: (packet) => {
                given++;
                tryPayloads(packet);
                return null;
              },
            });
            if (reader.pendingBytes > bytes.length) throw new Error('holds more than came');
          }
        } catch (fault) {
          if (!(fault instanceof WireFault)) throw fault;
          faults++;
        }
        if (given > bytes.length / 20) throw new Error('more packets than there is room for');
      }
      expect(faults).toBeGreaterThan(1000);
    });
  });
});
