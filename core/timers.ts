/** The way to time: callbacks in later turns. Real timers in production, the simulator's queue in simulation. */
export interface Scheduler {
  /** Once this turn's input has been read. */
  endOfTurn(callback: () => void): void;
  after(delayMs: number, callback: () => void): { cancel(): void };
}

/** Timers that all end together. */
export class Timers {
  readonly #scheduler: Scheduler;
  readonly #timers = new Set<{ cancel(): void }>();
  #stopped = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  endOfTurn(callback: () => void): void {
    this.#scheduler.endOfTurn(() => {
      if (!this.#stopped) callback();
    });
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    if (this.#stopped) return { cancel() {} };
    const timer = this.#scheduler.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#stopped) callback();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  every(intervalMs: number, callback: () => void): void {
    this.after(intervalMs, () => {
      callback();
      this.every(intervalMs, callback);
    });
  }

  /** Nothing is called any more. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
