import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../wire/bytes.ts';
import { decode, encode } from '../../wire/codec.ts';
import { writeElectionHello } from '../../wire/election-hello.ts';
import { formatEnsemble, parseEnsemble } from '../../wire/ensemble-config.ts';
import { WireFault } from '../../wire/fault.ts';
import { frameElectionMessage, readNotification, writeNotification } from '../../wire/notification.ts';
import {
  LearnerInfo,
  type QuorumPacket,
  QuorumPacketType,
  RevalidateReply,
  RevalidateRequest,
  readAckEpoch,
  readForwardedRequest,
  readLeaderInfo,
  readPingReply,
  writeAckEpoch,
  writeForwardedRequest,
  writeLeaderInfo,
  writePingReply,
  writeQuorumPacket,
} from '../../wire/quorum.ts';
import { readLoggedTxn, writeLoggedTxn } from '../../wire/txn.ts';
import { bytesOf, readQuorumRecording } from '../golden/quorum-recording.ts';
import {
  ElectionStream,
  notificationLine,
  packetLine,
  SessionNames,
  snapshotLine,
} from '../golden/quorum-story.ts';
import { QuorumStream, type StreamItem } from '../kit/quorum-stream.ts';
import { type ExpectedLink, expectedElection, expectedQuorum } from './quorum-expected.ts';

const WAYS = ['>', '<'] as const;
const { links } = readQuorumRecording();
const quorumLinks = links.filter(({ port }) => port === 'quorum');
/** Links that went down before a word was said have nothing to tell. */
const electionLinks = links.filter((link) => link.port === 'election' && bytesOf(link, '<').length > 0);

const quorumStreams = quorumLinks.flatMap((link) =>
  WAYS.map((way) => ({ name: `${link.opener}${way}${link.acceptor}`, way, bytes: bytesOf(link, way) })),
);
const electionStreams = electionLinks.flatMap((link) =>
  WAYS.map((way) => ({ name: `${link.opener}${way}${link.acceptor}`, way, bytes: bytesOf(link, way) })),
);

function quorumItems(bytes: Buffer, step = bytes.length): StreamItem[] {
  const stream = new QuorumStream();
  for (let at = 0; at < bytes.length; at += step) stream.push(bytes.subarray(at, at + step));
  expect(stream.isWhole).toBe(true);
  return stream.items;
}

function written(items: readonly StreamItem[]): Buffer {
  const writer = new ByteWriter();
  for (const item of items) {
    if ('packet' in item) writeQuorumPacket(writer, item.packet);
    else writer.writeRaw(item.snapshot);
  }
  return writer.finish();
}

test('every packet of an ensemble without reconfiguration is in the recording', () => {
  const seen = new Set(
    quorumStreams.flatMap(({ bytes }) =>
      quorumItems(bytes).flatMap((item) => ('packet' in item ? [item.packet.type] : [])),
    ),
  );
  const reconfiguration: number[] = [QuorumPacketType.COMMITANDACTIVATE, QuorumPacketType.INFORMANDACTIVATE];
  expect(Object.values(QuorumPacketType).filter((type) => !seen.has(type))).toEqual(reconfiguration);
});

function linkOf(from: typeof links, { opener, acceptor, nth }: ExpectedLink) {
  return from.filter((link) => link.opener === opener && link.acceptor === acceptor)[nth]!;
}

describe('what learners and leaders say', () => {
  const names = new SessionNames();
  /** Pings are a matter of time; they have a test of their own. */
  const isPing = (item: StreamItem): boolean =>
    'packet' in item && item.packet.type === QuorumPacketType.PING;
  const linesOf = (link: (typeof links)[number], way: '>' | '<'): string[] =>
    quorumItems(bytesOf(link, way))
      .filter((item) => !isPing(item))
      .map((item) => ('packet' in item ? packetLine(way, item.packet, names) : snapshotLine(item.snapshot)));

  // Not test.each with one test a link: sessions are named across all of them.
  test('is what the protocol says', () => {
    for (const expected of expectedQuorum) {
      const link = linkOf(quorumLinks, expected);
      expect([expected.what, linesOf(link, '>')]).toEqual([expected.what, expected.said]);
      expect([expected.what, linesOf(link, '<')]).toEqual([expected.what, expected.heard]);
    }
  });

  test.each(quorumStreams)('$name is written back to the same bytes', ({ bytes }) => {
    expect(written(quorumItems(bytes)).equals(bytes)).toBe(true);
  });

  test('a learner answers pings with the zxid it was asked with, and names sessions or has empty data', () => {
    const lines = quorumStreams.flatMap(({ way, bytes }) => {
      const own = new SessionNames();
      return quorumItems(bytes).flatMap((item) =>
        'packet' in item && isPing(item) ? [`${way} ${packetLine(way, item.packet, own)}`] : [],
      );
    });
    expect(
      lines.filter((line) => !/^< PING 0x[12]0000000\w$|^> PING 0x[12]0000000\w touched \(.*\)$/.test(line)),
    ).toEqual([]);
    expect(lines).toContain('> PING 0x100000000 touched ()');
    expect(lines.some((line) => /^> PING 0x10000000\w touched \(s1@[14] 10000 ms\b.*\)$/.test(line))).toBe(
      true,
    );
  });
});

/** What a packet's data says, written again. Null for packets without data. */
function rewritten(way: '>' | '<', { type, data }: QuorumPacket): Buffer | null {
  if (data === null) return null;
  const writer = new ByteWriter();
  switch (type) {
    case QuorumPacketType.FOLLOWERINFO:
    case QuorumPacketType.OBSERVERINFO:
      return encode(LearnerInfo, decode(LearnerInfo, data));
    case QuorumPacketType.LEADERINFO:
      return writeLeaderInfo(readLeaderInfo(data));
    case QuorumPacketType.ACKEPOCH:
      return writeAckEpoch(readAckEpoch(data));
    case QuorumPacketType.NEWLEADER:
      return Buffer.from(formatEnsemble(parseEnsemble(data.toString())));
    case QuorumPacketType.PROPOSAL:
    case QuorumPacketType.INFORM:
      writeLoggedTxn(writer, readLoggedTxn(data));
      return writer.finish();
    case QuorumPacketType.REQUEST:
      writeForwardedRequest(writer, readForwardedRequest(data));
      return writer.finish();
    case QuorumPacketType.REVALIDATE:
      return way === '>'
        ? encode(RevalidateRequest, decode(RevalidateRequest, data))
        : encode(RevalidateReply, decode(RevalidateReply, data));
    case QuorumPacketType.PING: {
      const touched: [bigint, number][] = [];
      readPingReply(data, (sessionId, timeoutMs) => touched.push([sessionId, timeoutMs]));
      return writePingReply(touched);
    }
    default:
      throw new Error(`packet ${type} has data that nobody expects`);
  }
}

/** Their data may end early: learners of long ago say less, and of a text that ends early test/wire/ensemble-config.test.ts knows. */
const anyLength: number[] = [
  QuorumPacketType.FOLLOWERINFO,
  QuorumPacketType.OBSERVERINFO,
  QuorumPacketType.NEWLEADER,
];

describe('what is inside packets', () => {
  const packets = quorumStreams.flatMap(({ way, bytes }) =>
    quorumItems(bytes).flatMap((item) => ('packet' in item ? [{ way, packet: item.packet }] : [])),
  );

  test('is written back to the same bytes', () => {
    for (const { way, packet } of packets) {
      expect([packet.type, rewritten(way, packet)?.toString('hex')]).toEqual([
        packet.type,
        packet.data?.toString('hex'),
      ]);
    }
  });

  test('truncated anywhere is a fault, or what remains says less', () => {
    let faults = 0;
    for (const { way, packet } of packets) {
      if (packet.data === null || anyLength.includes(packet.type)) continue;
      for (let length = 0; length < packet.data.length; length++) {
        try {
          const less = rewritten(way, { ...packet, data: packet.data.subarray(0, length) })!;
          expect(less.equals(packet.data)).toBe(false);
        } catch (fault) {
          if (!(fault instanceof WireFault)) throw fault;
          faults++;
        }
      }
    }
    expect(faults).toBeGreaterThan(500);
  });
});

describe('a quorum link that comes in pieces', () => {
  test.each(quorumStreams)('$name split in two at every offset gives the same packets', ({ bytes }) => {
    const count = quorumItems(bytes).length;
    for (let at = 1; at < bytes.length; at++) {
      const stream = new QuorumStream();
      stream.push(bytes.subarray(0, at));
      stream.push(bytes.subarray(at));
      if (stream.items.length !== count || !stream.isWhole || !written(stream.items).equals(bytes)) {
        throw new Error(`split at ${at}: other packets`);
      }
    }
  });

  test.each([1, 2, 3, 5, 7, 11, 13, 16, 64, 1000])('cut every %i bytes gives the same packets', (step) => {
    for (const { bytes } of quorumStreams) expect(written(quorumItems(bytes, step)).equals(bytes)).toBe(true);
  });

  test.each(quorumStreams)('$name truncated anywhere waits for the rest', ({ bytes }) => {
    const whole = quorumItems(bytes);
    const ends = new Set<number>([0]);
    let end = 0;
    for (const item of whole) {
      end += written([item]).length;
      // A SNAP is no place to end: its snapshot has to follow.
      if (!('packet' in item && item.packet.type === QuorumPacketType.SNAP)) ends.add(end);
    }
    for (let length = 0; length <= bytes.length; length++) {
      const stream = new QuorumStream();
      stream.push(bytes.subarray(0, length));
      expect([length, stream.isWhole]).toEqual([length, ends.has(length)]);
      if (stream.isWhole && !written(stream.items).equals(bytes.subarray(0, length))) {
        throw new Error(`the first ${length} bytes give other packets`);
      }
    }
  });
});

describe('elections', () => {
  // Which link it was is a matter of time: two servers may have had several.
  test.each(expectedElection)('$what', ({ opener, acceptor, said, heard }) => {
    const between = electionLinks.filter((link) => link.opener === opener && link.acceptor === acceptor);
    const spoken = between.map((link) => {
      const [from, to] = WAYS.map((way) => {
        const stream = new ElectionStream(way);
        stream.push(bytesOf(link, way));
        return stream;
      });
      expect(from!.hello).toEqual({
        sid: opener,
        addresses: [{ host: '127.0.0.1', port: expect.any(Number) }],
      });
      return {
        said: from!.notifications.map(notificationLine),
        heard: to!.notifications.map(notificationLine),
      };
    });
    expect(spoken).toContainEqual({ said, heard });
  });

  test.each(electionStreams)('$name is written back to the same bytes', ({ way, bytes }) => {
    const stream = new ElectionStream(way);
    stream.push(bytes);
    const again = stream.notifications.map((notification) =>
      frameElectionMessage(writeNotification(notification)),
    );
    if (stream.hello !== null)
      again.unshift(writeElectionHello(stream.hello.sid!, stream.hello.addresses[0]!));
    expect(Buffer.concat(again).toString('hex')).toBe(bytes.toString('hex'));
  });

  test.each(electionStreams)('$name split in two at every offset says the same', ({ way, bytes }) => {
    const whole = new ElectionStream(way);
    whole.push(bytes);
    for (let at = 1; at < bytes.length; at++) {
      const stream = new ElectionStream(way);
      stream.push(bytes.subarray(0, at));
      stream.push(bytes.subarray(at));
      if (!Buffer.concat(stream.messages).equals(Buffer.concat(whole.messages)))
        throw new Error(`split at ${at}`);
      expect(stream.hello).toEqual(whole.hello);
      expect(stream.pendingBytes).toBe(0);
    }
  });

  test('a notification truncated anywhere is a fault, or one of the older forms', () => {
    const message = electionStreams.flatMap(({ way, bytes }) => {
      const stream = new ElectionStream(way);
      stream.push(bytes);
      return stream.messages;
    })[0]!;
    const whole = readNotification(message);
    for (let length = 0; length < message.length; length++) {
      const cut = message.subarray(0, length);
      if (length === 28 || length === 40) {
        expect(readNotification(cut)).toEqual({ ...whole, version: 0, config: null });
      } else {
        expect(() => readNotification(cut)).toThrow(WireFault);
      }
    }
  });

  test('the configuration in it is written back to the same text', () => {
    for (const { way, bytes } of electionStreams) {
      const stream = new ElectionStream(way);
      stream.push(bytes);
      for (const { config } of stream.notifications) {
        expect(formatEnsemble(parseEnsemble(config!.toString()))).toBe(config!.toString());
      }
    }
  });
});
