import { decode } from '../../wire/codec.ts';
import { errorName } from '../../wire/errors.ts';
import { EventType } from '../../wire/events.ts';
import { counterOf, epochOf } from '../../wire/ids.ts';
import { NO_VOTE, type Notification } from '../../wire/notification.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../wire/quorum.ts';
import {
  RevalidateReply,
  RevalidateRequest,
  readAckEpoch,
  readForwardedRequest,
  readPingReply,
} from '../../wire/quorum-payloads.ts';
import { type LoggedTxn, readLoggedTxn, type SimpleTxn } from '../../wire/txn.ts';

/** Names of sessions whose clients have heard of them, so that stories need not show ids. */
export type SessionNames = ReadonlyMap<bigint, string>;

/** `epoch:counter`. */
export function zxidText(zxid: number): string {
  return zxid < 0 ? String(zxid) : `${epochOf(zxid)}:${counterOf(zxid)}`;
}

function sessionText(id: bigint, names: SessionNames): string {
  return names.get(id) ?? 'a new session';
}

const eventNames = new Map<number, string>(
  Object.entries(EventType).map(([name, type]) => [type, name.replace(/^Node/, '')]),
);

export function eventText(type: number, path: string): string {
  return `event ${eventNames.get(type) ?? type} ${path}`;
}

function simpleText(txn: SimpleTxn): string {
  if (txn.type === OpCode.error) return `error ${errorName(txn.body.err)}`;
  return 'path' in txn.body ? `${opName(txn.type)} ${txn.body.path}` : opName(txn.type);
}

export function transactionText({ header, txn }: LoggedTxn, names: SessionNames): string {
  switch (txn.type) {
    case OpCode.createSession:
      return `createSession ${sessionText(header.clientId, names)}`;
    case OpCode.closeSession: {
      const paths = txn.body.paths2Delete ?? [];
      return ['closeSession', sessionText(header.clientId, names), ...paths].join(' ');
    }
    case OpCode.multi:
      return `multi (${txn.body.map(simpleText).join(', ')})`;
    default:
      return simpleText(txn);
  }
}

const proposalText = (data: Buffer | null, names: SessionNames): string =>
  data === null ? 'nothing' : transactionText(readLoggedTxn(data), names);

/** A quorum packet, with what it carries. `isToLeader` tells the two kinds of REVALIDATE apart. */
export function packetText(packet: QuorumPacket, isToLeader: boolean, names: SessionNames): string {
  const { type, zxid, data } = packet;
  const name = quorumPacketName(type);
  switch (type) {
    case QuorumPacketType.FOLLOWERINFO:
    case QuorumPacketType.OBSERVERINFO:
      return `${name} acceptedEpoch ${epochOf(zxid)}`;
    case QuorumPacketType.LEADERINFO:
      return `${name} epoch ${epochOf(zxid)}`;
    case QuorumPacketType.ACKEPOCH:
      return `${name} last ${zxidText(zxid)} currentEpoch ${readAckEpoch(data)}`;
    case QuorumPacketType.PROPOSAL:
    case QuorumPacketType.INFORM:
      return `${name} ${zxidText(zxid)} ${proposalText(data, names)}`;
    case QuorumPacketType.REQUEST: {
      const { sessionId, type: op } = readForwardedRequest(data);
      return `${name} ${opName(op)} of ${sessionText(sessionId, names)}`;
    }
    case QuorumPacketType.REVALIDATE: {
      if (data === null) return name;
      if (isToLeader) return `${name} ${sessionText(decode(RevalidateRequest, data).sessionId, names)}`;
      const { sessionId, valid } = decode(RevalidateReply, data);
      return `${name} ${sessionText(sessionId, names)} ${valid ? 'lives' : 'is gone'}`;
    }
    case QuorumPacketType.PING: {
      const touched: string[] = [];
      if (isToLeader) readPingReply(data, (id) => touched.push(sessionText(id, names)));
      return [name, ...touched].join(' ');
    }
    case QuorumPacketType.UPTODATE:
    case QuorumPacketType.SYNC:
      return name;
    default:
      return `${name} ${zxidText(zxid)}`;
  }
}

/** An election message: who should lead, and why; or who does. */
export function voteText({ state, leader, zxid, peerEpoch, electionEpoch }: Notification): string {
  if (leader === NO_VOTE) return `${state}, no vote`;
  return `${state} ${leader} (epoch ${peerEpoch}, last ${zxidText(zxid)}, round ${electionEpoch})`;
}
