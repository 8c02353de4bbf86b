/** Name of the node that says that the barrier has been entered. */
export const READY = 'ready';

/** The members among the names in a double barrier's directory, in the order that all of them see. */
export function membersOf(names: readonly string[]): string[] {
  return names.filter((name) => name !== READY).sort();
}

/** Whether a member that has put its node there may go in, is the one to open for all, or has to wait. */
export function decideEnter(names: readonly string[], memberCount: number): 'entered' | 'open' | 'wait' {
  if (names.includes(READY)) return 'entered';
  return membersOf(names).length >= memberCount ? 'open' : 'wait';
}

/**
 * Whether a `ready` is left over from members who have all died: none of those who are there, the one who asks among them, is older
 * than it. (Java's Curator goes in all the same.)
 */
export function isLeftOver(readyCzxid: number, memberCzxids: readonly number[]): boolean {
  return !memberCzxids.some((czxid) => czxid < readyCzxid);
}

/** What a member that wants to leave has to do next. */
export type LeaveDecision =
  /** Nobody else is there: delete the own node, if it is there, and go. */
  | { readonly kind: 'last' }
  /** Wait until the node `on` is gone; the own one goes first unless the others wait for it. */
  | { readonly kind: 'wait'; readonly on: string; readonly keepsOwn: boolean };

/**
 * Decides from the names in the directory: the lowest member keeps its node and waits for the highest, the others delete theirs and
 * wait for the lowest, so that each departure wakes one member, and the last one all.
 */
export function decideLeave(names: readonly string[], ours: string): LeaveDecision {
  const members = membersOf(names);
  const others = members.filter((name) => name !== ours);
  if (others.length === 0) return { kind: 'last' };
  const keepsOwn = members[0] === ours;
  return { kind: 'wait', on: keepsOwn ? others.at(-1)! : others[0]!, keepsOwn };
}

/** How often a latch has still to be counted down. */
export function decideRemaining(names: readonly string[], prefix: string, count: number): number {
  return Math.max(0, count - names.filter((name) => name.startsWith(prefix)).length);
}
