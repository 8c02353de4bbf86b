import { sortBySequence } from '../sequence.ts';

/** How a contender stands. */
export type LockDecision =
  /** Ours is the first: the lock is held. */
  | { readonly kind: 'held' }
  /** The lock is free for us no earlier than when the node `on` is gone; with `next`, at that moment, if ours is still there. */
  | { readonly kind: 'waiting'; readonly on: string; readonly next?: boolean }
  /** Our node is not there any more. */
  | { readonly kind: 'gone' };

/**
 * Decides a lock from the names in its directory: the oldest node holds it, and each of the others waits for the one before it, so
 * that a release wakes exactly one.
 */
export function decideLock(names: readonly string[], ours: string, marker: string): LockDecision {
  const sorted = sortBySequence(names, marker);
  const at = sorted.indexOf(ours);
  if (at < 0) return { kind: 'gone' };
  return at === 0 ? { kind: 'held' } : { kind: 'waiting', on: sorted[at - 1]!, next: at === 1 };
}
