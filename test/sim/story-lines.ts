import { QuorumPacketType } from '../../wire/quorum.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import { packetText, type SessionNames, transactionText, voteText, zxidText } from './story-words.ts';
import type { TraceEvent } from './trace.ts';

/** What a story shows beside the rest. */
export interface Shown {
  readonly votes: boolean;
  readonly pings: boolean;
}

/** What stories say of an event; null for what they leave out. `leaderOf` tells who leads on a connection between two. */
export function lineOf(
  event: TraceEvent,
  shown: Shown,
  names: SessionNames,
  isLeader: (server: number) => boolean,
): string | null {
  switch (event.kind) {
    case 'packet': {
      if (event.packet.type === QuorumPacketType.PING && !shown.pings) return null;
      return `${event.from} > ${event.to} ${packetText(event.packet, isLeader(event.to), names)}`;
    }
    case 'vote':
      return shown.votes ? `${event.from} > ${event.to} ${voteText(event.notification)}` : null;
    case 'connected':
      return `${event.server}: connected to ${event.leader}`;
    case 'disconnected':
      return `${event.server}: loses the connection to ${event.leader}`;
    case 'role':
      return `${event.server}: ${event.mode}${event.serves ? ', serves clients' : ''}`;
    case 'log': {
      // Of all others it is seen by the packet that it came in.
      if (!isLeader(event.server)) return null;
      return `${event.server}: proposes ${zxidText(event.zxid)} ${transactionText(readLoggedTxn(event.bytes), names)}`;
    }
    case 'durable':
      return `${event.server}: disk has ${zxidText(event.zxid)}`;
    case 'apply':
      return `${event.server}: ${event.isCommitted ? 'commits' : 'applies'} ${zxidText(event.zxid)}`;
    case 'history': {
      if (event.from !== null)
        return `${event.server}: has the tree of ${event.from}, ${zxidText(event.zxid)}`;
      return `${event.server}: has ${zxidText(event.zxid)} from its disk`;
    }
    case 'epochs':
      return `${event.server}: acceptedEpoch ${event.accepted}, currentEpoch ${event.current}`;
    default:
      return null;
  }
}
