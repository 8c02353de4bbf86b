import { ByteWriter } from '../../wire/bytes.ts';
import { makeZxid } from '../../wire/ids.ts';
import { type QuorumPacket, QuorumPacketType, writeQuorumPacket } from '../../wire/quorum.ts';
import type { LoggedBytes } from '../storage/contract.ts';
import { StorageError } from '../storage/errors.ts';
import type { LearnerLink, SyncStart } from './leader-types.ts';

const packet = (type: number, zxid: number, data: Buffer | null = null): QuorumPacket => ({
  type,
  zxid,
  data,
  authinfo: null,
});

export const packets = {
  proposal: ({ zxid, bytes }: LoggedBytes) => packet(QuorumPacketType.PROPOSAL, zxid, bytes),
  commit: (zxid: number) => packet(QuorumPacketType.COMMIT, zxid),
  inform: ({ zxid, bytes }: LoggedBytes) => packet(QuorumPacketType.INFORM, zxid, bytes),
  newLeader: (epoch: number, config: Buffer) =>
    packet(QuorumPacketType.NEWLEADER, makeZxid(epoch, 0), config),
  upToDate: () => packet(QuorumPacketType.UPTODATE, -1),
  ping: (lastProposed: number) => packet(QuorumPacketType.PING, lastProposed),
  sync: () => packet(QuorumPacketType.SYNC, 0),
  revalidate: (data: Buffer) => packet(QuorumPacketType.REVALIDATE, -1, data),
  leaderInfo: (epoch: number, data: Buffer) => packet(QuorumPacketType.LEADERINFO, makeZxid(epoch, 0), data),
};

/** Bytes of logged transactions that are read and sent in one go. */
const CHUNK_BYTES = 128 * 1024;

/** PROPOSAL and COMMIT of each transaction, in chunks as they go over the connection. */
function* packed(transactions: Iterable<LoggedBytes>): Generator<Buffer, void, void> {
  const writer = new ByteWriter(CHUNK_BYTES);
  for (const transaction of transactions) {
    writeQuorumPacket(writer, packets.proposal(transaction));
    writeQuorumPacket(writer, packets.commit(transaction.zxid));
    if (writer.pos < CHUNK_BYTES) continue;
    yield writer.view();
    writer.renew(CHUNK_BYTES);
  }
  if (writer.pos > 0) yield writer.view();
}

/** Tells of each chunk that is asked for. Where history cannot be read after all, that ends the connection. */
function watched(chunks: Iterator<Buffer>, progress: () => void, link: LearnerLink): Iterator<Buffer> {
  return {
    next() {
      progress();
      try {
        return chunks.next();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        link.close(unreadable(error));
        return { done: true, value: undefined };
      }
    },
    return: (value) => chunks.return?.(value) ?? { done: true, value },
  };
}

/** Why a learner is sent away, to be offered something else when it comes again. */
export function unreadable({ message }: StorageError): string {
  return `the history for it cannot be read: ${message}`;
}

/**
 * The leader's part of synchronization (LeaderSyncFollower): what brings a learner from its own history to the leader's, then
 * NEWLEADER, then what is proposed and not committed. All of it is queued in one step, so that no proposal can fall in between;
 * whatever is proposed or committed later follows behind (StartForwarding).
 *
 * NEWLEADER stands before what is not committed, where Apache ZooKeeper puts it last: a follower takes up those proposals only
 * after it has acknowledged NEWLEADER in any case, and followers of 3.8.0 drop the ones that came before it, to fail at their
 * commits (ZOOKEEPER-4394), or acknowledge them before NEWLEADER (4685).
 *
 * `progress` is called whenever the connection takes some of a snapshot or of the log files.
 */
export function synchronize(
  link: LearnerLink,
  start: SyncStart,
  outstanding: Iterable<LoggedBytes>,
  newLeader: QuorumPacket,
  progress: () => void,
): void {
  switch (start.kind) {
    case 'snap':
      link.send(packet(QuorumPacketType.SNAP, start.zxid));
      link.stream(watched(start.chunks, progress, link), progress);
      break;
    case 'trunc':
    case 'diff': {
      const { TRUNC, DIFF } = QuorumPacketType;
      link.send(packet(start.kind === 'trunc' ? TRUNC : DIFF, start.zxid));
      if (start.logged !== undefined) link.stream(watched(packed(start.logged), progress, link), progress);
      break;
    }
  }
  for (const transaction of start.transactions) {
    link.send(packets.proposal(transaction));
    link.send(packets.commit(transaction.zxid));
  }
  link.send(newLeader);
  for (const proposal of outstanding) link.send(packets.proposal(proposal));
}
