import type { QuorumPacket } from '../../wire/quorum.ts';
import type { ForwardedRequest } from '../../wire/quorum-payloads.ts';
import type { LoggedBytes } from '../storage/contract.ts';
import type { Epochs } from './learner-types.ts';
import type { QuorumVerifier, ServerId } from './quorum.ts';

/** The leader's end of a learner's connection. */
export interface LearnerLink {
  /** Sends in order. What `packet` holds is copied or stays unchanged. */
  send(packet: QuorumPacket): void;
  /**
   * Sends bytes that are no packet, chunk by chunk as the connection takes them, and calls `done` after the last; packets sent
   * meanwhile follow behind. For the snapshot after a SNAP.
   */
  stream(chunks: Iterator<Buffer>, done: () => void): void;
  /** Ends the connection. What is sent afterwards goes nowhere. */
  close(reason: string): void;
}

/**
 * What a learner's history lacks of the leader's (`LearnerHandler.syncFollower`): how it begins, and the committed transactions
 * that follow.
 */
export type SyncStart = {
  /** DIFF: the last transaction that will be sent. TRUNC: where the log is cut. SNAP: the last one that is surely in the tree. */
  readonly zxid: number;
  readonly transactions: Iterable<LoggedBytes>;
} & (
  | {
      readonly kind: 'diff' | 'trunc';
      /** Transactions before those, read from the log files as the connection takes them. */
      readonly logged?: Iterable<LoggedBytes> | undefined;
    }
  /** The tree comes as a stream, before the transactions. */
  | { readonly kind: 'snap'; readonly chunks: Iterator<Buffer> }
);

export interface LeaderParts {
  readonly serverId: ServerId;
  readonly quorum: QuorumVerifier;
  readonly epochs: Epochs;
  /** Last transaction in the log. All of it is durable and applied when the role begins. */
  readonly lastZxid: number;
  /** Text of the configuration, for NEWLEADER. */
  readonly config: Buffer;
  readonly configVersion: number;
  readonly tickTimeMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
}

/** What is under way from this leader: `LeaderBroadcast`. */
export interface Broadcast {
  readonly lastProposed: number;
  readonly lastCommitted: number;
  /** Proposed and not committed, oldest first. */
  outstanding(): Iterable<LoggedBytes>;
  /** A server has everything up to this zxid on its disk. */
  processAck(from: ServerId, zxid: number): void;
  /** What a server has acknowledged so far counts no more: it may be about to cut some of it off its log. */
  forgetAcks(from: ServerId): void;
}

/** What a leader asks of its surroundings, in the order in which it must happen. */
export interface LeaderEffects {
  /** The role is over; the server looks for a leader again. Called once, and nothing is asked afterwards. */
  fail(reason: string): void;
  /** A quorum has the leader's history: proposals may be made, from the first zxid of this epoch on. */
  serve(epoch: number): Broadcast;
  /**
   * How to bring a learner to the committed history, as it is now. Where this, or what is logged as it is read, throws
   * `StorageError`, the learner is sent away, and should be offered something else when it comes again.
   */
  syncStart(learnerZxid: number, cutsSnapshots: boolean): SyncStart;
  /**
   * A client of a learner asks for a write. Whatever the client wrote, this must not throw: a learner forwards it unread, and
   * its connection is not to pay for it.
   */
  request(from: ServerId, request: ForwardedRequest, packet: QuorumPacket): void;
  /** A learner has heard from a session. */
  touch(sessionId: bigint, timeoutMs: number): void;
  /** A session has come to a learner from elsewhere. Returns whether it lives; from now on it is that learner's. */
  revalidate(learner: ServerId, sessionId: bigint, timeoutMs: number): boolean;
}
