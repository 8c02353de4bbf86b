import type { Latency, LoadResult } from '../load.ts';

/** Counts what replies took; the part of load.c's report that is arithmetic. */
export class Tally {
  readonly #readsUs: number[] = [];
  readonly #writesUs: number[] = [];
  readonly #countedFromMs: number;
  #gapMaxMs = 0;
  #lastReplyMs: number;

  /** Replies before `countedFromMs` are warm-up. */
  constructor(countedFromMs: number) {
    this.#countedFromMs = countedFromMs;
    this.#lastReplyMs = countedFromMs;
  }

  count(isRead: boolean, sentMs: number, atMs: number): void {
    if (atMs < this.#countedFromMs) return;
    this.#gapMaxMs = Math.max(this.#gapMaxMs, atMs - this.#lastReplyMs);
    this.#lastReplyMs = atMs;
    (isRead ? this.#readsUs : this.#writesUs).push((atMs - sentMs) * 1000);
  }

  result(errors: number, endMs: number): LoadResult {
    const all = [...this.#readsUs, ...this.#writesUs];
    const seconds = Math.max(0, endMs - this.#countedFromMs) / 1000;
    return {
      operations: all.length,
      errors,
      seconds,
      opsPerSecond: seconds > 0 ? all.length / seconds : 0,
      gapMaxMs: this.#gapMaxMs,
      all: latency(all),
      reads: latency(this.#readsUs),
      writes: latency(this.#writesUs),
    };
  }
}

function latency(samplesUs: readonly number[]): Latency | null {
  if (samplesUs.length === 0) return null;
  const sorted = Float64Array.from(samplesUs).sort();
  const at = (fraction: number): number => sorted[Math.floor(sorted.length * fraction)]!;
  return { count: sorted.length, p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) };
}
