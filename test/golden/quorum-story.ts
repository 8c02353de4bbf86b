import { ByteReader } from '../../wire/bytes.ts';
import { decode } from '../../wire/codec.ts';
import { type ElectionHello, ElectionHelloReader } from '../../wire/election-hello.ts';
import { FrameReader } from '../../wire/frame.ts';
import { formatZxid } from '../../wire/ids.ts';
import {
  ELECTION_MESSAGE_BYTES_MAX,
  NO_VOTE,
  type Notification,
  readNotification,
} from '../../wire/notification.ts';
import { opName } from '../../wire/opcodes.ts';
import {
  LearnerInfo,
  type QuorumPacket,
  QuorumPacketType,
  quorumPacketName,
  RevalidateReply,
  RevalidateRequest,
  readAckEpoch,
  readForwardedRequest,
  readLeaderInfo,
  readPingReply,
} from '../../wire/quorum.ts';
import { readLoggedTxn } from '../../wire/txn.ts';

/** Names sessions in the order in which they are met, so that a story reads the same in every recording. */
export class SessionNames {
  readonly #names = new Map<bigint, string>();

  of(sessionId: bigint): string {
    const known = this.#names.get(sessionId);
    if (known !== undefined) return known;
    const name = `s${this.#names.size + 1}@${BigInt.asUintN(64, sessionId) >> 56n}`;
    this.#names.set(sessionId, name);
    return name;
  }
}

/** Ports are chosen anew for each recording. */
export function withoutPorts(config: string): string {
  return config.replaceAll(/:\d{2,5}\b/g, ':*');
}

/** One line that says everything that a packet says, but for clocks, digests and ports. `way` is `>` from the learner. */
export function packetLine(way: '>' | '<', packet: QuorumPacket, names: SessionNames): string {
  const zxid = packet.zxid === -1 ? '-1' : formatZxid(packet.zxid);
  const authinfo = packet.authinfo?.map(({ scheme, id }) => `${scheme}:${id}`).join(',');
  const parts = [quorumPacketName(packet.type), zxid, payloadText(way, packet, names)];
  if (authinfo !== undefined) parts.push(`[${authinfo}]`);
  return parts.filter((part) => part !== '').join(' ');
}

function payloadText(way: '>' | '<', { type, data }: QuorumPacket, names: SessionNames): string {
  switch (type) {
    case QuorumPacketType.FOLLOWERINFO:
    case QuorumPacketType.OBSERVERINFO: {
      const { serverid, protocolVersion, configVersion } = decode(LearnerInfo, data!);
      return `server ${serverid} protocol 0x${protocolVersion.toString(16)} config ${configVersion}`;
    }
    case QuorumPacketType.LEADERINFO:
      return `protocol 0x${readLeaderInfo(data).toString(16)}`;
    case QuorumPacketType.ACKEPOCH:
      return `epoch ${readAckEpoch(data)}`;
    case QuorumPacketType.NEWLEADER:
      return withoutPorts(data!.toString()).replaceAll('\n', ' ');
    case QuorumPacketType.PROPOSAL:
    case QuorumPacketType.INFORM:
      return txnText(data!, names);
    case QuorumPacketType.REQUEST: {
      const { sessionId, cxid, type: op, body } = readForwardedRequest(data);
      return `${names.of(sessionId)} cxid ${cxid} ${opName(op)} of ${body.length} bytes`;
    }
    case QuorumPacketType.REVALIDATE: {
      if (way === '>') {
        const { sessionId, timeout } = decode(RevalidateRequest, data!);
        return `${names.of(sessionId)} timeout ${timeout}`;
      }
      const { sessionId, valid } = decode(RevalidateReply, data!);
      return `${names.of(sessionId)} ${valid ? 'valid' : 'invalid'}`;
    }
    case QuorumPacketType.PING:
      return data === null ? '' : pingText(data, names);
    default:
      return data === null ? '' : `data of ${data.length} bytes`;
  }
}

function txnText(data: Buffer, names: SessionNames): string {
  const { header, txn, digest } = readLoggedTxn(data);
  const path = 'path' in txn.body ? ` ${txn.body.path}` : '';
  const digested = digest === null ? 'without digest' : `digest ${digest.version}`;
  return `${names.of(header.clientId)} cxid ${header.cxid} zxid ${formatZxid(header.zxid)} ${opName(header.type)}${path} ${digested}`;
}

function pingText(data: Buffer, names: SessionNames): string {
  const touched: string[] = [];
  readPingReply(data, (sessionId, timeoutMs) => touched.push(`${names.of(sessionId)} ${timeoutMs} ms`));
  return `touched (${touched.join(', ')})`;
}

/** What one end said on an election link. The opener begins with a hello. */
export class ElectionStream {
  readonly notifications: Notification[] = [];
  readonly messages: Buffer[] = [];
  readonly #hello: ElectionHelloReader | null;
  readonly #frames = new FrameReader(ELECTION_MESSAGE_BYTES_MAX);

  constructor(way: '>' | '<') {
    this.#hello = way === '>' ? new ElectionHelloReader() : null;
  }

  get hello(): ElectionHello | null {
    return this.#hello?.hello ?? null;
  }

  get pendingBytes(): number {
    return this.#frames.pendingBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    if (this.#hello !== null && this.#hello.hello === null) {
      start = this.#hello.push(chunk);
      if (start === -1) return;
    }
    this.#frames.push(chunk.subarray(start), (bytes, from, to) => {
      const message = Buffer.from(bytes.subarray(from, to));
      this.messages.push(message);
      this.notifications.push(readNotification(message));
    });
  }
}

/** One line that says everything that a notification says, but for ports. */
export function notificationLine(notification: Notification): string {
  const { state, leader, zxid, electionEpoch, peerEpoch, version, config } = notification;
  const text = config === null ? 'none' : withoutPorts(config.toString()).replaceAll('\n', ' ');
  const vote =
    leader === NO_VOTE && zxid === NO_VOTE && peerEpoch === NO_VOTE
      ? 'no vote'
      : `leader ${leader} zxid ${formatZxid(zxid)} epoch ${peerEpoch}`;
  return `${state} round ${electionEpoch}: ${vote} v${version} ${text}`;
}

/** The snapshot's first two counts are enough to know that the stream is where we think it is. */
export function snapshotLine(snapshot: Buffer): string {
  const reader = new ByteReader(snapshot);
  return `snapshot with ${reader.readInt()} sessions`;
}
