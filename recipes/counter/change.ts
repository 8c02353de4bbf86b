import { onAbort } from '../../client/aborts.ts';

/** What a change took. Changes that were made in one write share it. */
export interface AtomicStats {
  readonly optimisticTries: number;
  readonly optimisticMs: number;
  readonly promotedTries: number;
  readonly promotedMs: number;
}

/** The new bytes in place of the present ones (null: no node); null to leave them. */
export type Make = (present: Buffer | null) => Buffer | null | Promise<Buffer | null>;

export interface RawResult {
  /** False if `make` left the value, or others were faster each time. */
  readonly succeeded: boolean;
  readonly stats: AtomicStats;
}

/** A change that somebody waits for. */
export class Change {
  readonly make: Make;
  readonly #settled: (change: Change) => void;
  readonly #resolve: (result: RawResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #release: () => void;
  settled = false;
  /** Whether there was something to write when it was made last. */
  wrote = false;

  constructor(
    make: Make,
    signal: AbortSignal | undefined,
    resolve: (result: RawResult) => void,
    reject: (error: unknown) => void,
    settled: (change: Change) => void,
  ) {
    this.make = make;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#settled = settled;
    this.#release = signal === undefined ? () => {} : onAbort(signal, () => this.fail(signal.reason));
  }

  finish(written: boolean, stats: AtomicStats): void {
    if (this.settled) return;
    this.#end();
    this.#resolve({ succeeded: written && this.wrote, stats });
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.settled = true;
    this.#release();
    this.#settled(this);
  }
}
