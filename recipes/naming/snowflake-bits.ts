/** Bits of an id: 41 of milliseconds, 10 of a worker number, 12 of a count. The sign stays 0. */
const WORKER_BITS = 10n;
const COUNT_BITS = 12n;

export const WORKERS_MAX = 2 ** 10;
const COUNT_MAX = 2 ** 12;
const TIME_MAX_MS = 2 ** 41;

/** What an id is made of. */
export interface SnowflakeParts {
  /** Milliseconds since the epoch of the generator. */
  readonly timeMs: number;
  readonly worker: number;
  readonly count: number;
}

export function packSnowflake({ timeMs, worker, count }: SnowflakeParts): bigint {
  return (BigInt(timeMs) << (WORKER_BITS + COUNT_BITS)) | (BigInt(worker) << COUNT_BITS) | BigInt(count);
}

/** The parts of an id. */
export function parseSnowflake(id: bigint): SnowflakeParts {
  return {
    timeMs: Number(id >> (WORKER_BITS + COUNT_BITS)),
    worker: Number((id >> COUNT_BITS) & BigInt(WORKERS_MAX - 1)),
    count: Number(id & BigInt(COUNT_MAX - 1)),
  };
}

/**
 * The time and count of ids, which only grow: where the clock goes back, or stands still for more ids than a millisecond holds, the
 * time of the ids goes on without it.
 */
export class SnowflakeTicks {
  #timeMs: number;
  #count = -1;

  /** No id gets an earlier time than `fromMs`. */
  constructor(fromMs: number) {
    this.#timeMs = fromMs;
  }

  /** The earliest time that no id has had. */
  get unusedMs(): number {
    return this.#count < 0 ? this.#timeMs : this.#timeMs + 1;
  }

  /** The next one, before `untilMs`; null if there is none. */
  next(nowMs: number, untilMs: number): { readonly timeMs: number; readonly count: number } | null {
    let [timeMs, count] = [this.#timeMs, this.#count + 1];
    if (nowMs > timeMs) [timeMs, count] = [nowMs, 0];
    else if (count === COUNT_MAX) [timeMs, count] = [timeMs + 1, 0];
    if (timeMs >= untilMs || timeMs >= TIME_MAX_MS) return null;
    this.#timeMs = timeMs;
    this.#count = count;
    return { timeMs, count };
  }
}
