import type { Notification, ServerState } from '../../wire/notification.ts';
import type { QuorumVerifier, ServerId } from './quorum.ts';
import type { Vote } from './vote.ts';

export interface ElectionParts {
  readonly serverId: ServerId;
  /** Who votes. A server that is not among them is an observer: it asks, learns who leads, and counts for nothing. */
  readonly quorum: QuorumVerifier;
  /** Text of this server's configuration, sent along with every notification; null sends none. */
  readonly config: Buffer | null;
  /** What is said is said again after this long without a decision, then after twice as long, and so on. */
  readonly minIntervalMs?: number;
  readonly maxIntervalMs?: number;
  /** How long a quorum that agrees waits for a better vote of somebody who has not spoken. */
  readonly finalizeWaitMs?: number;
}

/**
 * What the election asks of its surroundings. `decided` and `voterLooking` are the last thing that a call does and may call the
 * election themselves; the others may not, but for
 * `updateConfig` in `configSeen`.
 */
export interface ElectionEffects {
  /** Queues a notification; a newer one to the same server may take the place of one that has not left. */
  send(to: ServerId, notification: Notification): void;
  /** Looking is over: the server leads, follows or observes `vote.leader`. */
  decided(vote: Vote, state: Exclude<ServerState, 'looking'>): void;
  /**
   * A voter looks for a leader while this server leads: it may have just started, or have left us (ZOOKEEPER-3109: a leader that
   * still waits for followers need not wait for that one).
   */
  voterLooking(voter: ServerId): void;
  /** Another server's configuration is newer than ours, or than one told of earlier. The bytes are the receiver's own. */
  configSeen(config: Buffer): void;
}

/** What a server knows of its own history when it begins to look: the last transaction in its log, and its `currentEpoch`. */
export interface OwnHistory {
  readonly lastZxid: number;
  readonly currentEpoch: number;
}
