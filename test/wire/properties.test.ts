import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../wire/bytes.ts';
import { type Codec, decode, encode } from '../../wire/codec.ts';
import {
  readConnectRequest,
  readConnectResponse,
  writeConnectRequest,
  writeConnectResponse,
} from '../../wire/connect.ts';
import { WatcherEvent } from '../../wire/events.ts';
import { WireFault } from '../../wire/fault.ts';
import { FrameReader } from '../../wire/frame.ts';
import {
  type MultiOp,
  MultiReply,
  MultiRequest,
  type MultiResult,
  multiReadOps,
  multiWriteOps,
} from '../../wire/multi.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { ReplyHeader, replyCodecs } from '../../wire/replies.ts';
import { RequestHeader, requestCodecs } from '../../wire/requests.ts';
import { type LoggedTxn, readLoggedTxn, type SimpleTxn, type Txn, writeLoggedTxn } from '../../wire/txn.ts';
import { readRecording } from '../golden/recording.ts';
import { framed } from '../kit/raw-client.ts';
import { type Rng, withSeed } from '../kit/seed.ts';

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const exact = fc.maxSafeInteger();
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value));
const nullableBytes = fc.option(bytes);
// Characters of the basic plane without surrogates: the others are refused, which has a test of its own.
const character = fc
  .integer({ min: 0, max: 0xffff - 0x800 })
  .map((code) => String.fromCharCode(code < 0xd800 ? code : code + 0x800));
const text = fc
  .oneof(
    fc.string({ maxLength: 12 }),
    fc.array(character, { maxLength: 8 }).map((all) => all.join('')),
  )
  .filter((value) => !/[\ud800-\udfff]/.test(value));
const nullableText = fc.option(text);
const names = fc.option(fc.array(text, { maxLength: 4 }));
const acl = fc.option(
  fc.array(fc.record({ perms: int, id: fc.record({ scheme: nullableText, id: nullableText }) }), {
    maxLength: 3,
  }),
);
const stat = fc.record({
  czxid: exact,
  mzxid: exact,
  ctime: exact,
  mtime: exact,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: exact,
});
const create = fc.record({ path: text, data: nullableBytes, acl, flags: int });
const createTTL = fc.record({ path: text, data: nullableBytes, acl, flags: int, ttl: exact });
const versioned = fc.record({ path: text, version: int });
const watched = fc.record({ path: text, watch: fc.boolean() });
const path = fc.record({ path: nullableText });
const typed = fc.record({ path: text, type: int });
const setData = fc.record({ path: text, data: nullableBytes, version: int });
const watchLists = { relativeZxid: exact, dataWatches: names, existWatches: names, childWatches: names };
const nothing = fc.constant(null);

const requestValues: Readonly<Record<keyof typeof requestCodecs, fc.Arbitrary<unknown>>> = {
  [OpCode.create]: create,
  [OpCode.create2]: create,
  [OpCode.createContainer]: create,
  [OpCode.createTTL]: createTTL,
  [OpCode.delete]: versioned,
  [OpCode.deleteContainer]: fc.record({ path: nullableBytes }),
  [OpCode.exists]: watched,
  [OpCode.getData]: watched,
  [OpCode.setData]: setData,
  [OpCode.getACL]: path,
  [OpCode.setACL]: fc.record({ path: text, acl, version: int }),
  [OpCode.getChildren]: watched,
  [OpCode.getChildren2]: watched,
  [OpCode.sync]: path,
  [OpCode.ping]: nothing,
  [OpCode.check]: versioned,
  [OpCode.reconfig]: fc.record({
    joiningServers: nullableText,
    leavingServers: nullableText,
    newMembers: nullableText,
    curConfigId: exact,
  }),
  [OpCode.checkWatches]: typed,
  [OpCode.removeWatches]: typed,
  [OpCode.auth]: fc.record({ type: int, scheme: nullableText, auth: nullableBytes }),
  [OpCode.setWatches]: fc.record(watchLists),
  [OpCode.setWatches2]: fc.record({
    ...watchLists,
    persistentWatches: names,
    persistentRecursiveWatches: names,
  }),
  [OpCode.sasl]: fc.record({ token: nullableBytes }),
  [OpCode.getEphemerals]: path,
  [OpCode.getAllChildrenNumber]: path,
  [OpCode.addWatch]: fc.record({ path: text, mode: int }),
  [OpCode.whoAmI]: nothing,
  [OpCode.createSession]: fc.record({ timeOut: int }),
  [OpCode.closeSession]: nothing,
};

const statOnly = fc.record({ stat });
const replyValues: Readonly<Record<keyof typeof replyCodecs, fc.Arbitrary<unknown>>> = {
  [OpCode.create]: fc.record({ path: text }),
  [OpCode.create2]: fc.record({ path: text, stat }),
  [OpCode.createContainer]: fc.record({ path: text, stat }),
  [OpCode.createTTL]: fc.record({ path: text, stat }),
  [OpCode.delete]: nothing,
  [OpCode.exists]: statOnly,
  [OpCode.getData]: fc.record({ data: nullableBytes, stat }),
  [OpCode.setData]: statOnly,
  [OpCode.getACL]: fc.record({ acl, stat }),
  [OpCode.setACL]: statOnly,
  [OpCode.getChildren]: fc.record({ children: names }),
  [OpCode.getChildren2]: fc.record({ children: names, stat }),
  [OpCode.sync]: fc.record({ path: text }),
  [OpCode.ping]: nothing,
  [OpCode.check]: statOnly,
  [OpCode.reconfig]: fc.record({ data: nullableBytes, stat }),
  [OpCode.checkWatches]: nothing,
  [OpCode.removeWatches]: nothing,
  [OpCode.auth]: nothing,
  [OpCode.setWatches]: nothing,
  [OpCode.setWatches2]: nothing,
  [OpCode.sasl]: fc.record({ token: nullableBytes }),
  [OpCode.getEphemerals]: fc.record({ children: names }),
  [OpCode.getAllChildrenNumber]: fc.record({ totalNumber: int }),
  [OpCode.addWatch]: fc.record({ err: int }),
  [OpCode.whoAmI]: fc.record({
    clientInfo: fc.option(fc.array(fc.record({ authScheme: text, user: nullableText }), { maxLength: 3 })),
  }),
  [OpCode.closeSession]: nothing,
};

const multiRequest = fc.array(
  fc.oneof(
    ...[...multiWriteOps, ...multiReadOps].map((type) =>
      requestValues[type].map((body) => ({ type, body }) as MultiOp),
    ),
  ),
  { maxLength: 5 },
);
const multiReplyTypes = [
  OpCode.create,
  OpCode.create2,
  OpCode.delete,
  OpCode.setData,
  OpCode.getData,
  OpCode.getChildren,
] as const;
const multiReply = fc.array(
  fc.oneof(
    ...multiReplyTypes.map((type) => replyValues[type].map((body) => ({ type, body }) as MultiResult)),
    fc.constant<MultiResult>({ type: OpCode.check, body: null }),
    int.map((err): MultiResult => ({ type: OpCode.error, body: { err } })),
  ),
  { maxLength: 5 },
);

function roundTrip<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => {
      const encoded = encode(codec, value);
      expect(encoded.length).toBeGreaterThanOrEqual(codec.bytesMin);
      const decoded = decode(codec, encoded);
      expect(decoded).toEqual(value);
      expect(encode(codec, decoded)).toEqual(encoded);
    }),
    { numRuns: 60 },
  );
}

describe('what is written is read back', () => {
  test.each(Object.entries(requestCodecs))('request %s', (type, codec) => {
    roundTrip(codec as Codec<unknown>, requestValues[Number(type) as keyof typeof requestCodecs]);
  });
  test.each(Object.entries(replyCodecs))('reply %s', (type, codec) => {
    roundTrip(codec as Codec<unknown>, replyValues[Number(type) as keyof typeof replyCodecs]);
  });
  test('headers, multis and events', () => {
    roundTrip(RequestHeader, fc.record({ xid: int, type: int }));
    roundTrip(ReplyHeader, fc.record({ xid: int, zxid: exact, err: int }));
    roundTrip(MultiRequest, multiRequest);
    roundTrip(MultiReply, multiReply);
    roundTrip(WatcherEvent, fc.record({ type: int, state: int, path: text }));
  });
  test('handshakes, with and without the read-only byte', () => {
    const common = { protocolVersion: int, timeOut: int, sessionId: long, passwd: nullableBytes };
    const readOnly = fc.option(fc.boolean());
    fc.assert(
      fc.property(fc.record({ ...common, lastZxidSeen: exact, readOnly }), (value) => {
        expect(readConnectRequest(new ByteReader(writeConnectRequest(value)))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(fc.record({ ...common, readOnly }), (value) => {
        expect(readConnectResponse(new ByteReader(writeConnectResponse(value)))).toEqual(value);
      }),
    );
  });
});

const txnBodies: Readonly<Record<SimpleTxn['type'], fc.Arbitrary<unknown>>> = {
  [OpCode.create]: fc.record({
    path: text,
    data: nullableBytes,
    acl,
    ephemeral: fc.boolean(),
    parentCVersion: int,
  }),
  [OpCode.create2]: fc.record({
    path: text,
    data: nullableBytes,
    acl,
    ephemeral: fc.boolean(),
    parentCVersion: int,
  }),
  [OpCode.createContainer]: fc.record({ path: text, data: nullableBytes, acl, parentCVersion: int }),
  [OpCode.createTTL]: fc.record({ path: text, data: nullableBytes, acl, parentCVersion: int, ttl: exact }),
  [OpCode.delete]: fc.record({ path: text }),
  [OpCode.deleteContainer]: fc.record({ path: text }),
  [OpCode.setData]: setData,
  [OpCode.reconfig]: setData,
  [OpCode.setACL]: fc.record({ path: text, acl, version: int }),
  [OpCode.check]: versioned,
  [OpCode.createSession]: fc.record({ timeOut: int }),
  [OpCode.closeSession]: fc.record({ paths2Delete: fc.array(text, { maxLength: 3 }) }),
  [OpCode.error]: fc.record({ err: int }),
};
const simpleTypes = Object.values(OpCode).filter((type): type is SimpleTxn['type'] => type in txnBodies);
const simpleTxn = fc.oneof(
  ...simpleTypes.map((type) => txnBodies[type].map((body) => ({ type, body }) as SimpleTxn)),
);
const anyTxn: fc.Arbitrary<Txn> = fc.oneof(
  { weight: 4, arbitrary: simpleTxn },
  {
    weight: 1,
    arbitrary: fc.array(simpleTxn, { maxLength: 4 }).map((body): Txn => ({ type: OpCode.multi, body })),
  },
);
const logged: fc.Arbitrary<LoggedTxn> = fc
  .tuple(
    anyTxn,
    fc.record({ clientId: long, cxid: int, zxid: exact, time: exact }),
    fc.option(fc.record({ version: fc.constant(2), treeDigest: long })),
  )
  .map(([txn, header, digest]) => ({ header: { ...header, type: txn.type }, txn, digest }));

describe('transactions', () => {
  test('of every type, with a digest and without, are read back', () => {
    fc.assert(
      fc.property(logged, (value) => {
        const writer = new ByteWriter();
        writeLoggedTxn(writer, value);
        expect(readLoggedTxn(writer.finish())).toEqual(value);
      }),
      { numRuns: 2000 },
    );
  });

  test('a session\u2019s end that does not say which nodes ended (logs older than 3.6)', () => {
    for (const digest of [null, { version: 2, treeDigest: -5n }]) {
      const value: LoggedTxn = {
        header: { clientId: 7n, cxid: 1, zxid: 2, time: 3, type: OpCode.closeSession },
        txn: { type: OpCode.closeSession, body: { paths2Delete: null } },
        digest,
      };
      const writer = new ByteWriter();
      writeLoggedTxn(writer, value);
      expect(readLoggedTxn(writer.finish())).toEqual(value);
    }
  });
});

describe('what cannot be represented', () => {
  test('surrogates are refused, alone and in pairs, in each place of a string', () => {
    for (const value of ['\ud800', 'a\udfff', '/😀', 'ä\ud83d']) {
      expect(() => new ByteWriter().writeString(value)).toThrow(WireFault);
    }
  });
  test('unsafe integers are refused when written and when read as exact', () => {
    expect(() => new ByteWriter().writeLongExact(2 ** 53)).toThrow(WireFault);
    expect(() => new ByteWriter().writeLongExact(0.5)).toThrow(WireFault);
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      const writer = new ByteWriter();
      writer.writeLong(value);
      expect(() => new ByteReader(writer.finish()).readLongExact()).toThrow(WireFault);
    }
  });
  test('null and empty are two things', () => {
    for (const value of [null, Buffer.alloc(0)]) {
      const request = { path: '/a', data: value, version: 0 };
      expect(
        decode(requestCodecs[OpCode.setData], encode(requestCodecs[OpCode.setData], request)).data,
      ).toEqual(value);
    }
    for (const value of [null, '']) {
      expect(
        decode(requestCodecs[OpCode.sync], encode(requestCodecs[OpCode.sync], { path: value })).path,
      ).toBe(value);
    }
  });
});

/** Everything that reads bytes from a stranger. */
const decoders: readonly (readonly [string, (bytes: Buffer) => unknown])[] = [
  ...Object.entries(requestCodecs).map(
    ([type, codec]) =>
      [`request ${opName(Number(type))}`, (input: Buffer) => decode(codec as Codec<unknown>, input)] as const,
  ),
  ...Object.entries(replyCodecs).map(
    ([type, codec]) =>
      [`reply ${opName(Number(type))}`, (input: Buffer) => decode(codec as Codec<unknown>, input)] as const,
  ),
  ['multi request', (input) => decode(MultiRequest, input)],
  ['multi reply', (input) => decode(MultiReply, input)],
  ['event', (input) => decode(WatcherEvent, input)],
  ['connect request', (input) => readConnectRequest(new ByteReader(input))],
  ['connect response', (input) => readConnectResponse(new ByteReader(input))],
  ['transaction', readLoggedTxn],
  ['frames', (input) => new FrameReader(4096).push(input, () => {})],
];

/** Bytes that are wrong in the ways that hurt: lengths that lie, bits that flip, ends that lack. */
function mutate(rng: Rng, good: Buffer): Buffer {
  const bytes = Buffer.from(good);
  for (let times = rng.between(1, 3); times > 0 && bytes.length > 0; times--) {
    const at = rng.below(bytes.length);
    switch (rng.below(4)) {
      case 0:
        bytes[at] = rng.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.below(8));
        break;
      case 2:
        if (at + 4 <= bytes.length) {
          bytes.writeInt32BE(rng.pick([-1, -2, 0, 1, 0x7fffffff, -0x80000000, 0xfffff, bytes.length]), at);
        }
        break;
      default:
        return Buffer.concat([bytes.subarray(0, at), rng.bytes(rng.below(6))]);
    }
  }
  return bytes;
}

test('random and mutated bytes yield a value or a WireFault, never anything else', () =>
  withSeed('test/wire/properties.test.ts', (rng) => {
    const golden = readRecording().exchanges.flatMap(({ request, reply }) =>
      [request, reply].filter((hex): hex is string => hex !== null).map((hex) => Buffer.from(hex, 'hex')),
    );
    let faults = 0;
    for (let round = 0; round < 4000; round++) {
      const frame = rng.chance(25) ? rng.bytes(rng.below(80)) : mutate(rng, rng.pick(golden));
      const input = rng.chance(50)
        ? frame.subarray(Math.min(8, frame.length))
        : rng.chance(50)
          ? frame.subarray(Math.min(16, frame.length))
          : framed(frame);
      for (const [name, read] of decoders) {
        try {
          read(input);
        } catch (fault) {
          if (!(fault instanceof WireFault)) {
            throw new Error(`${name} of ${input.toString('hex')} threw ${String(fault)}`, { cause: fault });
          }
          faults++;
        }
      }
    }
    expect(faults).toBeGreaterThan(10_000);
  }));
