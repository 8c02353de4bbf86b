import { sortBySequence } from '../sequence.ts';

/** How a contender stands. */
export type LockDecision =
  /** Ours is among the first: the lock is held. */
  | { readonly kind: 'held' }
  /** The lock is free for us no earlier than when the node `on` is gone. */
  | { readonly kind: 'waiting'; readonly on: string }
  /** Our node is not there any more. */
  | { readonly kind: 'gone' };

/**
 * Decides a lock from the names in its directory: the `leases` oldest nodes hold it, and each of the others waits for the one that
 * is `leases` places before it, so that a release wakes exactly one. With one lease that is the predecessor.
 */
export function decideLock(names: readonly string[], ours: string, marker: string, leases = 1): LockDecision {
  const sorted = sortBySequence(names, marker);
  const at = sorted.indexOf(ours);
  if (at < 0) return { kind: 'gone' };
  return at < leases ? { kind: 'held' } : { kind: 'waiting', on: sorted[at - leases]! };
}
