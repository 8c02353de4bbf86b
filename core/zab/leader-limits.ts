import type { LeaderParts } from './leader-types.ts';
import type { LearnerHandler } from './learner-handler.ts';
import { RoleFailure } from './role-failure.ts';

type Ticks = Pick<LeaderParts, 'tickTimeMs' | 'initLimitTicks' | 'syncLimitTicks'>;

/** How long a leader waits for whom, in ZooKeeper's limits. All times are milliseconds on the monotonic clock. */
export class LeaderLimits {
  readonly #initMs: number;
  readonly #syncMs: number;
  #stepSinceMs: number;

  constructor({ tickTimeMs, initLimitTicks, syncLimitTicks }: Ticks, nowMs: number) {
    this.#initMs = initLimitTicks * tickTimeMs;
    this.#syncMs = syncLimitTicks * tickTimeMs;
    this.#stepSinceMs = nowMs;
  }

  /** The epoch is chosen, or agreed on: what comes next has its own time. */
  beginStep(nowMs: number): void {
    this.#stepSinceMs = nowMs;
  }

  /** Each step has initLimit: until the epoch is chosen, until it is agreed on, and until a quorum has the history. */
  assertStepInTime(nowMs: number): void {
    if (nowMs - this.#stepSinceMs <= this.#initMs) return;
    throw new RoleFailure(`no quorum of followers within initLimit, ${this.#initMs} ms`);
  }

  /**
   * Why a learner is given up; null if it is not. It may be silent for syncLimit once it was told that it is up to date, and for
   * initLimit longer before: Apache ZooKeeper's learners answer no pings until then.
   */
  reasonToDrop(handler: LearnerHandler, isServing: boolean, nowMs: number): string | null {
    const isUpToDate = handler.phase === 'active' && isServing;
    const silentMs = nowMs - handler.heardMs;
    if (silentMs > this.#syncMs + (isUpToDate ? 0 : this.#initMs))
      return `it has been silent for ${silentMs} ms`;
    return handler.owesForMs(nowMs) > this.#syncMs ? 'it acknowledges no proposals' : null;
  }
}
