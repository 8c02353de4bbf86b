import type { Clock } from '../../core/ports.ts';
import type { Scheduler } from '../../core/timers.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when it is told, and the callbacks that wait for it. */
export class VirtualTime implements Clock, Scheduler {
  #nowMs: number;
  /** How far the wall is ahead of the monotonic clock; tests may let it jump. */
  wallOffsetMs = 1_700_000_000_000;
  #timers: Timer[] = [];
  #turn: (() => void)[] = [];
  #order = 0;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#nowMs + this.wallOffsetMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback);
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer: Timer = { atMs: this.#nowMs + delayMs, order: this.#order++, callback };
    this.#timers.push(timer);
    const cancel = (): void => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
    return { cancel };
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  /** Ends the turn: what waits for its end runs, and what that adds. */
  endTurn(): void {
    for (let next = this.#turn.shift(); next !== undefined; next = this.#turn.shift()) next();
  }

  /** Moves the clock on; each timer that comes due has a turn of its own, at its own time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.callback();
      this.endTurn();
    }
    this.#nowMs = untilMs;
  }

  /** Forgets all that waits, as when a process dies. The clock goes on. */
  forget(): void {
    this.#timers = [];
    this.#turn = [];
  }

  /** Lets time pass without any timer running, as when a process is stopped; timers are late afterwards. */
  pause(ms: number): void {
    this.#nowMs += ms;
  }

  #next(untilMs: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (
        best === undefined ||
        timer.atMs < best.atMs ||
        (timer.atMs === best.atMs && timer.order < best.order)
      ) {
        best = timer;
      }
    }
    return best;
  }
}
