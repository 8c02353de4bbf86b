import type { Acl, ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { pause } from '../leader/election.ts';
import { recipePath } from '../paths.ts';
import { isOver } from '../repeat.ts';
import { IdsUnavailableError } from './errors.ts';
import { isOverwritten, Reservation } from './reservation.ts';
import { packSnowflake, SnowflakeTicks, WORKERS_MAX } from './snowflake-bits.ts';
import { WorkerId } from './worker-id.ts';

export interface SnowflakeOptions {
  /** What the times of ids count from, in milliseconds since 1970. Everybody must say the same. Default the beginning of 2020. */
  readonly epochMs?: number | undefined;
  /** How many worker numbers there are, at most 1,024, which is the default. Everybody must say the same. */
  readonly max?: number | undefined;
  /** For how long ids can be made after a write on the server; it writes twice in that time. Default 10,000. */
  readonly reserveMs?: number | undefined;
  /** Gives up `start`. */
  readonly signal?: AbortSignal | undefined;
  /** ACL of everything that is created. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

const EPOCH_MS = Date.UTC(2020, 0, 1);
const RESERVE_MS = 10_000;
const AGAIN_MS = 1_000;

/** A worker number, for as long as it is held. */
interface Term {
  readonly worker: WorkerId;
  readonly reservation: Reservation;
  readonly ticks: SnowflakeTicks;
}

/**
 * Makes ids of 64 bits that nobody else makes with the same path, without asking the server for each: a time, a worker number that
 * is leased, and a count. They grow in each process, and roughly over all.
 */
export class Snowflake implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #options: SnowflakeOptions;
  readonly #epochMs: number;
  readonly #reserveMs: number;
  readonly #closing = new AbortController();
  #term: Term | null = null;
  #failure: unknown;
  #running: Promise<void> = Promise.resolve();

  private constructor(client: ZooKeeperClient, path: string, options: SnowflakeOptions) {
    const { epochMs = EPOCH_MS, max = WORKERS_MAX, reserveMs = RESERVE_MS } = options;
    this.path = recipePath('ids', path);
    if (!Number.isSafeInteger(epochMs))
      throw new RangeError(`ids: epochMs must be an integer, not ${epochMs}`);
    if (!Number.isSafeInteger(max) || max < 1 || max > WORKERS_MAX) {
      throw new RangeError(`ids: max must be an integer from 1 to ${WORKERS_MAX}, not ${max}`);
    }
    if (!(reserveMs >= 100)) throw new RangeError(`ids: reserveMs must be at least 100, not ${reserveMs}`);
    this.#client = client;
    this.#options = options;
    this.#epochMs = epochMs;
    this.#reserveMs = reserveMs;
  }

  /**
   * Leases a worker number and starts. Later on another is leased whenever the one held is in doubt. Rejects with the signal's
   * reason, and with whatever an operation may end with.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    options: SnowflakeOptions = {},
  ): Promise<Snowflake> {
    const ids = new Snowflake(client, path, options);
    const term = await ids.#begin(options.signal);
    ids.#term = term;
    const onEnd = (): void => ids.#closing.abort();
    client.on('end', onEnd);
    ids.#running = ids.#run(term).finally(() => client.off('end', onEnd));
    return ids;
  }

  /** The worker number; null while none is held. */
  get worker(): number | null {
    return this.#term !== null && this.#term.worker.safeForMs() > 0 ? this.#term.worker.number : null;
  }

  /**
   * The next id. Throws `IdsUnavailableError` while no worker number is held for sure: when the connection is lost, the process was
   * stopped for long, or the time reserved is used up by more than 4,096 ids a millisecond.
   */
  next(): bigint {
    const term = this.#term;
    if (this.#closing.signal.aborted) throw new IdsUnavailableError(this.path, 'closed');
    if (term === null || term.worker.safeForMs() <= 0) {
      throw new IdsUnavailableError(this.path, 'no-worker', this.#failure);
    }
    const tick = term.ticks.next(this.#nowMs(), term.reservation.untilMs);
    if (tick === null) throw new IdsUnavailableError(this.path, 'not-reserved', this.#failure);
    return packSnowflake({ ...tick, worker: term.worker.number });
  }

  /** Gives the worker number back. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #begin(signal: AbortSignal | undefined): Promise<Term> {
    const { max = WORKERS_MAX, acl } = this.#options;
    const worker = await WorkerId.lease(this.#client, this.path, { max, acl, signal });
    try {
      const reservation = new Reservation(this.#client, childPath(this.path, `mark-${worker.number}`), acl);
      for (;;) {
        const fromMs = Math.max(this.#nowMs(), await reservation.read(signal));
        try {
          await reservation.write(fromMs + this.#reserveMs, signal);
          return { worker, reservation, ticks: new SnowflakeTicks(fromMs) };
        } catch (error) {
          if (!isOverwritten(error)) throw error;
        }
      }
    } catch (error) {
      await worker.release();
      throw error;
    }
  }

  /** Term after term, until it is closed. */
  async #run(first: Term): Promise<void> {
    const { signal } = this.#closing;
    for (let term: Term | null = first; ; ) {
      if (term !== null) await this.#serve(term);
      this.#term = null;
      if (signal.aborted) return;
      term = null;
      try {
        term = await this.#begin(signal);
        this.#term = term;
        this.#failure = undefined;
      } catch (error) {
        this.#failure = error;
        if (signal.aborted || isOver(error)) return;
        await pause(this.#client, AGAIN_MS, signal);
      }
    }
  }

  /** Extends the reservation until the lease ends or a write fails; then gives the number back. */
  async #serve({ worker, reservation, ticks }: Term): Promise<void> {
    const stop = AbortSignal.any([worker.signal, this.#closing.signal]);
    try {
      while (!stop.aborted) {
        await pause(this.#client, this.#reserveMs / 2, stop);
        const untilMs = Math.max(this.#nowMs(), ticks.unusedMs) + this.#reserveMs;
        if (!stop.aborted && untilMs > reservation.untilMs) await reservation.write(untilMs, stop);
      }
      // What was not used may be used by the next holder; the clocks then need not run ahead.
      if (!worker.signal.aborted) await reservation.write(Math.max(ticks.unusedMs, 1), undefined);
    } catch (error) {
      this.#failure = error;
    }
    this.#term = null;
    await worker.release().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  #nowMs(): number {
    return Math.max(1, Math.floor(this.#client.ports.wallMs()) - this.#epochMs);
  }
}
