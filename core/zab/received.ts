import { WireFault } from '../../wire/fault.ts';
import { formatZxid } from '../../wire/ids.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../wire/quorum.ts';
import { readActivation } from '../../wire/quorum-payloads.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import type { Fifo } from '../fifo.ts';
import { follows } from '../storage/replay.ts';
import type { Received } from './learner-types.ts';
import { RoleFailure } from './role-failure.ts';

/** The transaction in a PROPOSAL or an INFORM. */
export function receivedOf(packet: QuorumPacket): Received {
  const { type, zxid, data } = packet;
  if (data === null) throw unusable(packet, 'holds no transaction');
  try {
    const bytes = type === QuorumPacketType.INFORMANDACTIVATE ? readActivation(data).proposal : data;
    const logged = readLoggedTxn(bytes);
    if (logged.header.zxid === zxid) return { zxid, bytes, logged };
    throw unusable(packet, `holds the transaction ${formatZxid(logged.header.zxid)}`);
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault;
    throw unusable(packet, `cannot be read: ${fault.message}`);
  }
}

function unusable({ type, zxid }: QuorumPacket, reason: string): RoleFailure {
  return new RoleFailure(`${quorumPacketName(type)} ${formatZxid(zxid)} ${reason}`);
}

/** Transactions come without gaps: the next one, or the first of a newer epoch (ZOOKEEPER-4925). */
export function assertFollows(zxid: number, last: number): void {
  if (follows(zxid, last)) return;
  throw new RoleFailure(
    `the leader proposes ${formatZxid(zxid)} after ${formatZxid(last)}: something is missing`,
  );
}

/** What is committed next is what was proposed first. */
export function takeCommitted(proposed: Fifo<Received>, zxid: number): Received {
  const received = proposed.head;
  if (received === undefined || received.zxid !== zxid) {
    const expected = received === undefined ? 'nothing' : formatZxid(received.zxid);
    throw new RoleFailure(`the leader commits ${formatZxid(zxid)}, but ${expected} is next`);
  }
  proposed.shift();
  return received;
}
