import type { Scheduler } from '../timers.ts';

/** Turns and timers of Node's event loop. */
export const nodeScheduler: Scheduler = {
  endOfTurn: (callback) => void setImmediate(callback),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
