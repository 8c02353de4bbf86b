import { type Session, SessionTracker } from './tracker.ts';

/**
 * Sessions on a learner: it ends none, but tells the leader at each ping which of them it has heard from
 * (LearnerSessionTracker).
 */
export class TouchTable extends SessionTracker {
  #touched = new Map<bigint, number>();

  override touch(session: Session): void {
    this.#touched.set(session.id, session.timeoutMs);
  }

  /** The sessions that something was heard from since the last call. */
  takeTouched(): Iterable<readonly [sessionId: bigint, timeoutMs: number]> {
    const touched = this.#touched;
    this.#touched = new Map();
    return touched;
  }
}
