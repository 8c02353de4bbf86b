import type { LearnerLink } from './leader-types.ts';
import type { LearnerKind } from './learner-types.ts';
import type { ServerId } from './quorum.ts';

/** What the leader waits for from a learner, in this order; `active` once it has acknowledged NEWLEADER. */
export type HandlerPhase = 'info' | 'epoch' | 'agreement' | 'acknowledgement' | 'active' | 'closed';

/** One learner's connection as the leader sees it. */
export class LearnerHandler {
  readonly link: LearnerLink;
  phase: HandlerPhase = 'info';
  kind: LearnerKind = 'follower';
  /** From FOLLOWERINFO or OBSERVERINFO; -1 before. */
  serverId: ServerId = -1;
  /** Whether it removes snapshots too when it cuts its history back: Apache ZooKeeper does not. */
  cutsSnapshots = false;
  /** Last transaction in its log, from ACKEPOCH. */
  lastZxid = 0;
  /** When anything was heard from it, on the monotonic clock. */
  heardMs: number;
  /** A proposal that was sent and not acknowledged yet, and since when; 0 for none. */
  #awaitedZxid = 0;
  #awaitedSinceMs = 0;
  /** The last proposal that was sent; 0 once it is acknowledged. */
  #lastForwarded = 0;

  constructor(link: LearnerLink, nowMs: number) {
    this.link = link;
    this.heardMs = nowMs;
  }

  /** Whether proposals and commits are sent to it. */
  get isForwarding(): boolean {
    return this.phase === 'acknowledgement' || this.phase === 'active';
  }

  /** A proposal is sent to it. What comes during synchronization is acknowledged after it, so the time runs from its end. */
  forwarded(zxid: number, nowMs: number): void {
    this.#lastForwarded = zxid;
    if (this.phase === 'active') this.#await(zxid, nowMs);
  }

  /** It was told that it is up to date. */
  toldUpToDate(nowMs: number): void {
    this.heardMs = nowMs;
    if (this.#lastForwarded !== 0) this.#await(this.#lastForwarded, nowMs);
  }

  #await(zxid: number, nowMs: number): void {
    if (this.#awaitedZxid !== 0) return;
    this.#awaitedZxid = zxid;
    this.#awaitedSinceMs = nowMs;
  }

  acknowledged(zxid: number, nowMs: number): void {
    if (zxid >= this.#lastForwarded) this.#lastForwarded = 0;
    if (this.#awaitedZxid === 0 || zxid < this.#awaitedZxid) return;
    this.#awaitedZxid = this.#lastForwarded;
    this.#awaitedSinceMs = nowMs;
  }

  /** For how long it has owed the acknowledgement of a proposal, in milliseconds; 0 if it owes none. */
  owesForMs(nowMs: number): number {
    return this.#awaitedZxid === 0 ? 0 : nowMs - this.#awaitedSinceMs;
  }
}
