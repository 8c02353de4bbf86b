import type { LearnerLink } from './leader-types.ts';
import type { LearnerKind } from './learner-types.ts';
import type { ServerId } from './quorum.ts';

/** What the leader waits for from a learner, in this order; `active` once it was told that it is up to date. */
export type HandlerPhase = 'info' | 'epoch' | 'agreement' | 'acknowledgement' | 'active' | 'closed';

/** One learner's connection as the leader sees it. */
export class LearnerHandler {
  readonly link: LearnerLink;
  phase: HandlerPhase = 'info';
  kind: LearnerKind = 'follower';
  /** From FOLLOWERINFO or OBSERVERINFO; -1 before. */
  serverId: ServerId = -1;
  /** Last transaction in its log, from ACKEPOCH. */
  lastZxid = 0;
  /** When anything was heard from it, on the monotonic clock. */
  heardMs: number;
  /** A proposal that was sent and not acknowledged yet, and since when; 0 for none. */
  #awaitedZxid = 0;
  #awaitedSinceMs = 0;
  #lastForwarded = 0;

  constructor(link: LearnerLink, nowMs: number) {
    this.link = link;
    this.heardMs = nowMs;
  }

  /** Whether proposals and commits are sent to it. */
  get isForwarding(): boolean {
    return this.phase === 'acknowledgement' || this.phase === 'active';
  }

  forwarded(zxid: number, nowMs: number): void {
    this.#lastForwarded = zxid;
    if (this.#awaitedZxid !== 0) return;
    this.#awaitedZxid = zxid;
    this.#awaitedSinceMs = nowMs;
  }

  acknowledged(zxid: number, nowMs: number): void {
    if (zxid < this.#awaitedZxid) return;
    this.#awaitedZxid = zxid < this.#lastForwarded ? this.#lastForwarded : 0;
    this.#awaitedSinceMs = nowMs;
  }

  /** Since when it owes the acknowledgement of a proposal, in milliseconds; 0 if it owes none. */
  owesForMs(nowMs: number): number {
    return this.#awaitedZxid === 0 ? 0 : nowMs - this.#awaitedSinceMs;
  }
}
