import type { QuorumPacket } from '../../wire/quorum.ts';
import type { InlineReader } from '../../wire/quorum-reader.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import type { LoggedBytes } from '../storage/contract.ts';
import type { ServerId } from './quorum.ts';

/** A learner gets the history from a leader: a follower has a vote in it, an observer has none. */
export type LearnerKind = 'follower' | 'observer';

/** A transaction on its way from the leader. */
export interface Received extends LoggedBytes {
  readonly logged: LoggedTxn;
}

/** The two numbers that outlive a crash (`acceptedEpoch`, `currentEpoch`); setting one returns when it is durable. */
export interface Epochs {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  setAcceptedEpoch(epoch: number): void;
  setCurrentEpoch(epoch: number): void;
}

export interface LearnerParts {
  readonly kind: LearnerKind;
  readonly serverId: ServerId;
  readonly epochs: Epochs;
  /** Last transaction in the log. All of it is durable and applied when the role begins. */
  readonly lastZxid: number;
  /**
   * Set after `truncate` has failed, until a snapshot of a leader is on disk: the log is of no use to begin from. To a leader whose
   * epoch is new to this server its end is named all the same, as it may be all that is left of what was committed; only to one
   * whose epoch was accepted before, so that the answer is no promise, can the learner pretend to have nothing.
   */
  readonly needsSnapshot?: boolean;
  /** Version of the configuration that this server knows. */
  readonly configVersion: number;
}

/** What a learner asks of its surroundings, in the order in which it must happen. All but `persistSnapshot` act at once. */
export interface LearnerEffects {
  send(packet: QuorumPacket): void;
  /** The role is over; the server looks for a leader again. Called once, and nothing is asked afterwards. */
  fail(reason: string): void;
  /** Appends to the log; `Learner.durable` is told when it is on disk. */
  log(received: Received): void;
  /** Applies a committed transaction. */
  commit(received: Received): void;
  /** Cuts everything after `zxid` from log and tree, durably. False if that cannot be done: `LearnerParts.needsSnapshot`. */
  truncate(zxid: number): boolean;
  /** Empties the tree and returns what fills it from the leader's stream. */
  receiveSnapshot(zxid: number): InlineReader;
  /**
   * Makes durable what `receiveSnapshot` filled and what was committed on top of it, so that nothing of the old log follows it, and
   * calls `done` in a later turn. Until then the disk has the old history; should the role end earlier, the tree in memory is
   * worth nothing, and `done` does nothing.
   */
  persistSnapshot(done: () => void): void;
  /** The learner is up to date: clients may come. */
  serve(): void;
  /** The sessions that something was heard from since the last call. */
  takeTouched(): Iterable<readonly [sessionId: bigint, timeoutMs: number]>;
  /** The leader's answer to a session that came from another server. */
  revalidated(sessionId: bigint, valid: boolean): void;
  /** The leader's answer to the oldest sync that was sent. */
  synced(): void;
}
