import { NO_VOTE, type Notification, type ServerState } from '../../wire/notification.ts';
import type { ServerId } from './quorum.ts';

/** Who should lead, and why: the history that this server is said to have. */
export interface Vote {
  readonly leader: ServerId;
  /** Last transaction that the leader has logged. */
  readonly zxid: number;
  /** Epoch of the leader: its `currentEpoch`, and once it leads, the one that it leads. */
  readonly peerEpoch: number;
  /** The round in which the vote was given. */
  readonly electionEpoch: number;
}

/** A vote, and what the server that sent it was doing. */
export interface HeardVote extends Vote {
  readonly state: ServerState;
  readonly version: number;
}

/** What an observer says in place of a vote. Everybody's vote is better. */
export const noVote = { leader: NO_VOTE, zxid: NO_VOTE, peerEpoch: NO_VOTE } as const;

/** ZooKeeper's order of votes: the later epoch, in it the longer history, between equals the larger id. */
export function isGreater(one: Omit<Vote, 'electionEpoch'>, other: Omit<Vote, 'electionEpoch'>): boolean {
  if (one.peerEpoch !== other.peerEpoch) return one.peerEpoch > other.peerEpoch;
  if (one.zxid !== other.zxid) return one.zxid > other.zxid;
  return one.leader > other.leader;
}

/** Whether two votes of servers that are looking are the same. */
export function isSameVote(one: Vote, other: Vote): boolean {
  return (
    one.leader === other.leader &&
    one.zxid === other.zxid &&
    one.electionEpoch === other.electionEpoch &&
    one.peerEpoch === other.peerEpoch
  );
}

/**
 * Whether two servers that follow or lead belong together: the same leader in the same epoch. Their zxids and rounds may differ,
 * since some were elected with it and others came later (ZOOKEEPER-1805). A server older than 3.4.6 (version 0) never moves
 * its vote on to the epoch that is led, so its epoch says nothing.
 */
export function isSameEnsemble(one: HeardVote, other: HeardVote): boolean {
  if (one.leader !== other.leader) return false;
  return one.version > 0 !== other.version > 0 || one.peerEpoch === other.peerEpoch;
}

export function heardVote(notification: Notification): HeardVote {
  const { state, leader, zxid, electionEpoch, peerEpoch, version } = notification;
  return { state, leader, zxid, electionEpoch, peerEpoch, version };
}

const VERSION_LINE = /(?:^|\n)version=([0-9a-fA-F]{1,16})\s*$/;

/** Version of a configuration's text (its last line, in hex); -1 where it says none. */
export function configVersionOf(config: Buffer): number {
  const tail = config.toString('latin1', Math.max(0, config.length - 64));
  const match = VERSION_LINE.exec(tail);
  return match === null ? -1 : Number.parseInt(match[1]!, 16);
}
