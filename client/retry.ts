import type { Random } from './ports.ts';

/** How attempts are spaced: exponential growth from `baseMs` up to `maxMs`, with jitter. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

export const defaultBackoff: BackoffPolicy = { baseMs: 100, maxMs: 5_000 };

/**
 * Delay before attempt `round` (0 is the first repetition): the exponential delay, of which the upper half is left to chance,
 * so that clients that lost the same server do not come back in step.
 */
export function backoffMs(round: number, policy: BackoffPolicy, random: Random): number {
  const full = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(round, 30));
  const half = Math.floor(full / 2);
  return half + random.below(full - half + 1);
}
