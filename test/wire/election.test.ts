import { describe, expect, test } from 'vitest';
import { ElectionHelloReader, writeElectionHello } from '../../wire/election-hello.ts';
import { WireFault } from '../../wire/fault.ts';
import {
  ELECTION_MESSAGE_BYTES_MAX,
  frameElectionMessage,
  NO_VOTE,
  type Notification,
  readNotification,
  writeNotification,
} from '../../wire/notification.ts';
import { chunked, mutate } from '../fuzz/mutate.ts';
import { bytesOf, readQuorumRecording } from '../golden/quorum-recording.ts';
import { ElectionStream } from '../golden/quorum-story.ts';
import { withSeed } from '../kit/seed.ts';

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (fault) {
    if (fault instanceof WireFault) return fault.code;
    throw fault;
  }
  return 'no fault';
}

function longs(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) bytes.writeBigInt64BE(value, i * 8);
  return bytes;
}

function hello(
  version: bigint,
  sid: bigint,
  text: string | Buffer,
  length = Buffer.byteLength(text),
): Buffer {
  const lengthBytes = Buffer.alloc(4);
  lengthBytes.writeInt32BE(length);
  return Buffer.concat([longs(version, sid), lengthBytes, Buffer.from(text)]);
}

const V1 = -65536n;
const V2 = -65535n;

function read(bytes: Buffer): unknown {
  const reader = new ElectionHelloReader();
  const end = reader.push(Buffer.concat([bytes, Buffer.from('rest')]));
  expect(end).toBe(bytes.length);
  return reader.hello;
}

describe('the hello on the election port', () => {
  const accepted: [string, Buffer, unknown][] = [
    [
      'a name',
      hello(V1, 3n, 'zk-3.example:3888'),
      { sid: 3, addresses: [{ host: 'zk-3.example', port: 3888 }] },
    ],
    [
      'an IPv6 address',
      hello(V1, 0n, '[fe80::1%eth0]:65535'),
      { sid: 0, addresses: [{ host: 'fe80::1%eth0', port: 65535 }] },
    ],
    [
      'several addresses',
      hello(V2, 9007199254740991n, 'a:1|[::1]:2|10.0.0.1:3'),
      {
        sid: 9007199254740991,
        addresses: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
          { host: '10.0.0.1', port: 3 },
        ],
      },
    ],
    [
      'one address in the form for several',
      hello(V2, 1n, 'a:1'),
      { sid: 1, addresses: [{ host: 'a', port: 1 }] },
    ],
    [
      'several addresses in the form for one',
      hello(V1, 1n, 'a:1|b:2'),
      {
        sid: 1,
        addresses: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
    ],
    [
      'addresses that nobody else can use',
      hello(V2, 1n, '0.0.0.0:1|[::]:2|[0:0:0:0:0:0:0:0]:3'),
      { sid: 1, addresses: [] },
    ],
    [
      'loopback, which is no such address',
      hello(V1, 1n, '127.0.0.1:1'),
      { sid: 1, addresses: [{ host: '127.0.0.1', port: 1 }] },
    ],
    [
      'an observer without an id',
      hello(V1, 2n ** 63n - 1n, 'a:1'),
      { sid: null, addresses: [{ host: 'a', port: 1 }] },
    ],
    ['a bare id, as before 3.5', longs(7n), { sid: 7, addresses: [] }],
    ['a bare id of 0', longs(0n), { sid: 0, addresses: [] }],
    ['a bare observer', longs(2n ** 63n - 1n), { sid: null, addresses: [] }],
    [
      'the longest address',
      hello(V1, 1n, `${'x'.repeat(2043)}:3888`),
      { sid: 1, addresses: [{ host: 'x'.repeat(2043), port: 3888 }] },
    ],
  ];
  test.each(accepted)('may give %s', (_what, bytes, expected) => {
    expect(read(bytes)).toEqual(expected);
  });

  test.each(accepted)(
    'that gives %s may come in pieces, and never says too much',
    (_what, bytes, expected) => {
      for (let at = 0; at <= bytes.length; at++) {
        const reader = new ElectionHelloReader();
        const first = reader.push(bytes.subarray(0, at));
        expect(first).toBe(at === bytes.length ? at : -1);
        expect(reader.hello === null).toBe(at < bytes.length);
        // Offsets are those of the bytes that were given.
        if (at < bytes.length) expect(reader.push(bytes, at)).toBe(bytes.length);
        expect(reader.hello).toEqual(expected);
      }
      const reader = new ElectionHelloReader();
      const ends = [...bytes].map((_byte, at) => reader.push(bytes, at, at + 1));
      expect(ends.lastIndexOf(-1)).toBe(bytes.length - 2);
      expect(reader.hello).toEqual(expected);
    },
  );

  const refused: [string, Buffer, string][] = [
    ['no version of it', longs(-1n), 'malformed'],
    ['a later version', longs(-65534n), 'malformed'],
    ['an HTTP request', Buffer.from('\xffET / HTTP/1.1', 'latin1'), 'malformed'],
    ['an id beyond 2^53', longs(2n ** 53n), 'out-of-range'],
    ['an id beyond 2^53 before its address', hello(V1, 2n ** 62n, ''), 'out-of-range'],
    ['a negative id', hello(V1, -1n, 'a:1'), 'out-of-range'],
    ['an empty address', hello(V1, 1n, ''), 'unreasonable-length'],
    ['a negative length', hello(V1, 1n, '', -1), 'unreasonable-length'],
    ['a length of 2049', hello(V1, 1n, '', 2049), 'unreasonable-length'],
    ['a length without end', hello(V1, 1n, '', 0x7fffffff), 'unreasonable-length'],
    ['no port', hello(V1, 1n, 'host'), 'malformed'],
    ['an empty port', hello(V1, 1n, 'host:'), 'malformed'],
    ['an empty host', hello(V1, 1n, ':1'), 'malformed'],
    ['port 0', hello(V1, 1n, 'host:0'), 'malformed'],
    ['port 65536', hello(V1, 1n, 'host:65536'), 'malformed'],
    ['a negative port', hello(V1, 1n, 'host:-1'), 'malformed'],
    ['a hexadecimal port', hello(V1, 1n, 'host:0x1'), 'malformed'],
    ['two ports', hello(V1, 1n, 'host:1:2'), 'malformed'],
    ['IPv6 without brackets', hello(V1, 1n, '::1:3888'), 'malformed'],
    ['a bracket that does not close', hello(V1, 1n, '[::1:3888'), 'malformed'],
    ['a blank in the host', hello(V1, 1n, 'a b:1'), 'malformed'],
    ['a NUL in the host', hello(V1, 1n, 'a\0b:1'), 'malformed'],
    ['an empty second address', hello(V2, 1n, 'a:1|'), 'malformed'],
  ];
  test.each(refused)('with %s is refused', (_what, bytes, code) => {
    expect(codeOf(() => read(bytes))).toBe(code);
  });

  test('is written as 3.5 and later read it', () => {
    expect(writeElectionHello(258, { host: '::1', port: 3888 }).toString('hex')).toBe(
      'ffffffffffff000000000000000001020000000a5b3a3a315d3a33383838',
    );
    expect(codeOf(() => writeElectionHello(1, { host: 'x'.repeat(2044), port: 3888 }))).toBe('unencodable');
    expect(codeOf(() => writeElectionHello(2 ** 53, { host: 'x', port: 1 }))).toBe('unencodable');
  });
});

describe('a notification', () => {
  const vote: Notification = {
    state: 'following',
    leader: 3,
    zxid: 2 ** 32 + 9,
    electionEpoch: 4,
    peerEpoch: 1,
    version: 2,
    config: Buffer.from('version=0'),
  };

  test('has its fields where the protocol puts them', () => {
    const hex = `00000001 0000000000000003 0000000100000009 0000000000000004 0000000000000001 00000002 00000009 ${Buffer.from('version=0').toString('hex')}`;
    expect(writeNotification(vote).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(readNotification(writeNotification(vote))).toEqual(vote);
    const old = writeNotification({ ...vote, config: null });
    expect(old.toString('hex')).toBe(`${hex.replaceAll(' ', '').slice(0, 72)}00000001`);
    expect(readNotification(old)).toEqual({ ...vote, version: 0, config: null });
  });

  test('of somebody without a vote, and at the edge of what is exact', () => {
    for (const number of [NO_VOTE, 0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      const all = { ...vote, leader: number, zxid: number, electionEpoch: number, peerEpoch: number };
      expect(readNotification(writeNotification(all))).toEqual(all);
    }
    expect(writeNotification({ ...vote, leader: NO_VOTE }).readBigInt64BE(4)).toBe(-(2n ** 63n));
    // The doubles next to NO_VOTE are far away, but 64-bit numbers are not: none of them may be taken for it.
    for (const near of [-(2n ** 63n) + 1n, -(2n ** 63n) + 511n, 2n ** 63n - 1n, 2n ** 53n, -(2n ** 53n)]) {
      const bytes = writeNotification(vote);
      bytes.writeBigInt64BE(near, 4);
      expect([near, codeOf(() => readNotification(bytes))]).toEqual([near, 'out-of-range']);
    }
    expect(codeOf(() => writeNotification({ ...vote, leader: 2 ** 53 }))).toBe('unencodable');
  });

  test('in all states and no other', () => {
    for (const state of ['looking', 'following', 'leading', 'observing'] as const) {
      expect(readNotification(writeNotification({ ...vote, state })).state).toBe(state);
    }
    for (const state of [4, -1, 0x7fffffff]) {
      const bytes = writeNotification(vote);
      bytes.writeInt32BE(state);
      expect(codeOf(() => readNotification(bytes))).toBe('malformed');
    }
  });

  test('of every age', () => {
    const bytes = writeNotification(vote);
    const { state, leader, zxid, electionEpoch, peerEpoch } = vote;
    const old = { state, leader, zxid, electionEpoch, config: null };
    expect(readNotification(bytes.subarray(0, 28))).toEqual({ ...old, peerEpoch: 1, version: 0 });
    expect(readNotification(bytes.subarray(0, 40))).toEqual({ ...old, peerEpoch, version: 0 });
    // Without a peer epoch it is that of the zxid, whatever follows it.
    bytes.writeInt32BE(7, 12);
    expect(readNotification(bytes.subarray(0, 28)).peerEpoch).toBe(7);
    expect(readNotification(bytes).peerEpoch).toBe(1);
    bytes.writeInt32BE(1, 36);
    expect(readNotification(bytes)).toMatchObject({ version: 1, config: null, peerEpoch });
    bytes.writeInt32BE(3, 36);
    expect(readNotification(Buffer.concat([bytes, Buffer.from('later')]))).toMatchObject({
      version: 3,
      config: vote.config,
    });
  });

  test.each([
    ['shorter than any', 27, null, 'truncated'],
    ['between two forms', 29, null, 'truncated'],
    ['without the version that it should have', 39, null, 'truncated'],
    ['without the length of its configuration', 43, null, 'truncated'],
    ['with a configuration of no length', 53, -1, 'unreasonable-length'],
    ['with a configuration of negative length', 53, -2, 'unreasonable-length'],
    ['with a configuration longer than it', 53, 10, 'truncated'],
    ['with a configuration longer than any message', 53, 0x7fffffff, 'unreasonable-length'],
  ])('%s is garbled', (_what, length, configLength, code) => {
    const bytes = writeNotification(vote);
    if (configLength !== null) bytes.writeInt32BE(configLength, 40);
    expect(codeOf(() => readNotification(bytes.subarray(0, length)))).toBe(code);
  });

  test('goes onto the wire with its length, within the limits', () => {
    expect(frameElectionMessage(Buffer.from('ab')).toString('hex')).toBe('000000026162');
    expect(frameElectionMessage(Buffer.alloc(ELECTION_MESSAGE_BYTES_MAX)).length).toBe(524_292);
    expect(codeOf(() => frameElectionMessage(Buffer.alloc(0)))).toBe('unencodable');
    expect(codeOf(() => frameElectionMessage(Buffer.alloc(ELECTION_MESSAGE_BYTES_MAX + 1)))).toBe(
      'unencodable',
    );
  });
});

test('rubbish on the election port is a WireFault, or something said', async () => {
  const links = readQuorumRecording().links.filter(({ port }) => port === 'election');
  await withSeed('test/wire/election.test.ts', (rng) => {
    let faults = 0;
    let said = 0;
    for (let run = 0; run < 20_000; run++) {
      const good = bytesOf(rng.pick(links), '>').subarray(0, 600);
      const bytes = rng.chance(10) ? rng.bytes(rng.below(100)) : mutate(rng, good);
      const stream = new ElectionStream('>');
      try {
        for (const chunk of chunked(rng, bytes)) stream.push(chunk);
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault;
        faults++;
      }
      said += stream.notifications.length;
      if (stream.pendingBytes > bytes.length) throw new Error('holds more than came');
      try {
        readNotification(mutate(rng, good.subarray(39)));
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault;
      }
    }
    expect(faults).toBeGreaterThan(1000);
    expect(said).toBeGreaterThan(1000);
  });
});
