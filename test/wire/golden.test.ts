import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../wire/bytes.ts';
import { type Codec, decode, encode } from '../../wire/codec.ts';
import {
  readConnectRequest,
  readConnectResponse,
  writeConnectRequest,
  writeConnectResponse,
} from '../../wire/connect.ts';
import { EventType, KeeperState, WatcherEvent } from '../../wire/events.ts';
import { WireFault } from '../../wire/fault.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { MultiReply, MultiRequest } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { sessionPassword } from '../../wire/password.ts';
import { ReplyHeader, replyCodecs } from '../../wire/replies.ts';
import { RequestHeader, requestCodecs } from '../../wire/requests.ts';
import { type Exchange, readRecording } from '../golden/recording.ts';
import { framed } from '../kit/raw-client.ts';
import { expectedByLabel } from './golden-expected.ts';

const { exchanges } = readRecording();
const bytesOf = (hex: string | null): Buffer => Buffer.from(hex ?? '', 'hex');
const handshakes = exchanges.filter(({ type }) => type === null);
const events = exchanges.filter(({ type }) => type === OpCode.notification);
const calls = exchanges.filter(({ type }) => type !== null && type !== OpCode.notification);

const isMulti = (type: number | null): boolean => type === OpCode.multi || type === OpCode.multiRead;

function requestCodec(type: number | null): Codec<unknown> {
  if (isMulti(type)) return MultiRequest as Codec<unknown>;
  return requestCodecs[type as keyof typeof requestCodecs] as Codec<unknown>;
}

function replyCodec(type: number | null): Codec<unknown> {
  if (isMulti(type)) return MultiReply as Codec<unknown>;
  return replyCodecs[type as keyof typeof replyCodecs] as Codec<unknown>;
}

/** A frame's decoder: it must take the whole frame, and give back a value that encodes to the same bytes. */
function decodeFrame(exchange: Exchange, end: 'request' | 'reply', frame: Buffer): unknown {
  if (exchange.type === null) {
    const reader = new ByteReader(frame);
    const value = end === 'request' ? readConnectRequest(reader) : readConnectResponse(reader);
    expect(reader.remaining).toBe(0);
    return value;
  }
  const reader = new ByteReader(frame);
  if (end === 'request') {
    RequestHeader.read(reader);
    return decode(requestCodec(exchange.type), frame.subarray(reader.pos));
  }
  const { err } = ReplyHeader.read(reader);
  if (exchange.type === OpCode.notification) return decode(WatcherEvent, frame.subarray(reader.pos));
  if (err !== 0) {
    expect(reader.remaining).toBe(0);
    return { err };
  }
  return decode(replyCodec(exchange.type), frame.subarray(reader.pos));
}

/** Lists that are promised in no order become sorted ones on both sides. */
function comparable(actual: unknown, expected: unknown): [unknown, unknown] {
  const list = (expected as { children?: { unordered?: string[] } } | null)?.children?.unordered;
  if (list === undefined) return [actual, expected];
  const children = [...(actual as { children: string[] }).children].sort();
  return [{ children }, { children: [...list].sort() }];
}

test('the recording holds every operation that a client can send, and nothing is left unexplained', () => {
  const recorded = new Set(calls.map(({ type }) => type));
  const serverOnly: number[] = [
    OpCode.notification,
    OpCode.deleteContainer,
    OpCode.createSession,
    OpCode.error,
  ];
  // Apache ZooKeeper's client sends a check in a multi only, and sasl only with a login context.
  const neverSentAlone: number[] = [OpCode.check, OpCode.sasl];
  const missing = Object.values(OpCode).filter(
    (code) => !recorded.has(code) && !serverOnly.includes(code) && !neverSentAlone.includes(code),
  );
  expect(missing).toEqual([]);
  const severalExchanges = ['setWatches', 'setWatches2'];
  const unexplained = calls.filter(
    ({ label }) => !(label in expectedByLabel) && !severalExchanges.includes(label),
  );
  expect(unexplained).toEqual([]);
});

describe('requests as Apache ZooKeeper\u2019s client sends them', () => {
  test.each(calls)('$label ($type)', (exchange) => {
    const frame = bytesOf(exchange.request);
    const header = RequestHeader.read(new ByteReader(frame));
    expect(header.type).toBe(exchange.type);
    const body = decodeFrame(exchange, 'request', frame);
    const expected = expectedByLabel[exchange.label];
    if (expected !== undefined) expect(body).toEqual(expected.request);
    const written = Buffer.concat([encode(RequestHeader, header), encode(requestCodec(exchange.type), body)]);
    expect(written.toString('hex')).toBe(exchange.request);
  });
});

describe('replies as Apache ZooKeeper\u2019s server sends them', () => {
  test.each(calls)('$label ($type)', (exchange) => {
    const frame = bytesOf(exchange.reply);
    const header = ReplyHeader.read(new ByteReader(frame));
    const body = decodeFrame(exchange, 'reply', frame);
    const expected = expectedByLabel[exchange.label];
    if (expected !== undefined) {
      const [actual, wanted] = comparable(
        body,
        expected.err === undefined ? expected.reply : { err: expected.err },
      );
      if (wanted === null) expect(actual).toBeNull();
      else expect(actual).toMatchObject(wanted as object);
    }
    const written = Buffer.concat([
      encode(ReplyHeader, header),
      header.err === 0 ? encode(replyCodec(exchange.type), body) : Buffer.alloc(0),
    ]);
    expect(written.toString('hex')).toBe(exchange.reply);
  });
});

describe('watch events', () => {
  const expected: Record<string, { type: number; path: string }> = {
    'event-created': { type: EventType.NodeCreated, path: '/w' },
    'event-data-changed': { type: EventType.NodeDataChanged, path: '/w' },
    'event-children-changed': { type: EventType.NodeChildrenChanged, path: '/w' },
    'event-deleted': { type: EventType.NodeChildrenChanged, path: '/w' },
  };

  test('are all there', () => {
    expect(events.map(({ label }) => label).sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(events)('$label', (exchange) => {
    const frame = bytesOf(exchange.reply);
    const header = ReplyHeader.read(new ByteReader(frame));
    expect(header).toEqual({ xid: ReservedXid.notification, zxid: -1, err: 0 });
    const event = decodeFrame(exchange, 'reply', frame) as WatcherEvent;
    expect(event).toEqual({ state: KeeperState.SyncConnected, ...expected[exchange.label] });
    const written = Buffer.concat([encode(ReplyHeader, header), encode(WatcherEvent, event)]);
    expect(written.toString('hex')).toBe(exchange.reply);
  });
});

describe('watches armed again after a reconnect', () => {
  test.each([
    ['setWatches', OpCode.setWatches, {}],
    ['setWatches2', OpCode.setWatches2, { persistentWatches: [], persistentRecursiveWatches: ['/r'] }],
  ])('%s', (label, type, more) => {
    const group = exchanges.filter((exchange) => exchange.label === label);
    expect(group.map((exchange) => exchange.type)).toEqual([OpCode.auth, type]);
    const body = decodeFrame(group[1]!, 'request', bytesOf(group[1]!.request));
    expect(body).toMatchObject({
      dataWatches: ['/w'],
      existWatches: ['/later'],
      childWatches: [],
      ...more,
    });
  });
});

describe('handshakes', () => {
  test.each(handshakes)('$request', ({ request, reply }) => {
    const asked = readConnectRequest(new ByteReader(bytesOf(request)));
    expect(writeConnectRequest(asked).toString('hex')).toBe(request);
    const answered = readConnectResponse(new ByteReader(bytesOf(reply)));
    expect(writeConnectResponse(answered).toString('hex')).toBe(reply);
    // The password of every recorded session is the one that its id gives.
    expect(sessionPassword(answered.sessionId)).toEqual(Buffer.from(answered.passwd ?? []));
    expect(answered.readOnly).toBe(asked.readOnly);
  });

  test('with and without the read-only byte, new and resumed, are among them', () => {
    const asked = handshakes.map(({ request }) => readConnectRequest(new ByteReader(bytesOf(request))));
    expect(asked.some(({ readOnly }) => readOnly === null)).toBe(true);
    expect(asked.some(({ readOnly }) => readOnly === false)).toBe(true);
    expect(asked.some(({ sessionId }) => sessionId === 0n)).toBe(true);
    expect(asked.some(({ sessionId, lastZxidSeen }) => sessionId !== 0n && lastZxidSeen > 0)).toBe(true);
  });
});

describe('a frame that is not whole', () => {
  const frames = exchanges.flatMap((exchange) =>
    (['request', 'reply'] as const)
      .filter((end) => exchange[end] !== null)
      .map((end) => ({ exchange, end, frame: bytesOf(exchange[end]) })),
  );

  test('every truncation is a WireFault, and nothing else', () => {
    let tried = 0;
    for (const { exchange, end, frame } of frames) {
      const whole = JSON.stringify(decodeFrame(exchange, end, frame), asText);
      for (let length = 0; length < frame.length; length++) {
        tried++;
        const cut = frame.subarray(0, length);
        let value: unknown;
        try {
          value = decodeFrame(exchange, end, cut);
        } catch (fault) {
          if (!(fault instanceof WireFault)) throw fault;
          continue;
        }
        // Only the byte that old clients leave out may be missing.
        expect([exchange.label, end, length]).toEqual(['connect', end, frame.length - 1]);
        expect(JSON.stringify(value, asText)).not.toBe(whole);
      }
    }
    expect(tried).toBeGreaterThan(4000);
  });

  test('every split into two chunks gives the same frame', () => {
    for (const { frame } of frames) {
      const stream = Buffer.concat([framed(frame), framed(Buffer.from([7]))]);
      for (let at = 0; at <= stream.length; at++) {
        const reader = new FrameReader();
        const got: string[] = [];
        for (const chunk of [stream.subarray(0, at), stream.subarray(at)]) {
          reader.push(chunk, (bytes, start, end) => got.push(bytes.toString('hex', start, end)));
        }
        expect(got).toEqual([frame.toString('hex'), '07']);
        expect(reader.pendingBytes).toBe(0);
      }
    }
  });

  test('all frames in one stream, fed byte by byte or at once, come out whole and in order', () => {
    const stream = Buffer.concat(frames.map(({ frame }) => framed(frame)));
    for (const step of [1, 3, 4, 5, 1000, stream.length]) {
      const reader = new FrameReader();
      const got: string[] = [];
      for (let at = 0; at < stream.length; at += step) {
        reader.push(stream.subarray(at, at + step), (bytes, start, end) =>
          got.push(bytes.toString('hex', start, end)),
        );
      }
      expect(got).toEqual(frames.map(({ frame }) => frame.toString('hex')));
    }
  });
});

function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
