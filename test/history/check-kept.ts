import { faultAt } from './check-reads.ts';
import type { History, Seen, Tree } from './history.ts';
import { stateInWords, type Timeline } from './timeline.ts';

/**
 * No acknowledged write is lost: what each server shows in the end is what the acknowledged writes left, but for writes without an answer
 * that came after. And all show the same. Returns what is wrong, in words.
 */
export function checkKept(history: History, timeline: Timeline): string[] {
  const violations: string[] = [];
  const [first] = history.trees;
  for (const [server, tree] of history.trees) {
    for (const path of timeline.paths) {
      const why = faultAt(path, tree.get(path) ?? null, Number.POSITIVE_INFINITY, timeline);
      if (why !== null) violations.push(`the last look at ${server}: ${path}: ${why}`);
    }
    if (server !== first![0])
      violations.push(...differences(first![1], tree).map((d) => `${first![0]} and ${server}: ${d}`));
  }
  return violations;
}

/** Where two trees differ. */
export function differences(one: Tree, other: Tree): string[] {
  const found: string[] = [];
  for (const path of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(path) ?? null, other.get(path) ?? null];
    if (!isEqual(a, b)) found.push(`${path} is ${stateInWords(a)}, and ${stateInWords(b)}`);
  }
  return found;
}

function isEqual(one: Seen | null, other: Seen | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.data === other.data &&
    one.version === other.version &&
    one.czxid === other.czxid &&
    one.mzxid === other.mzxid &&
    one.ephemeralOwner === other.ephemeralOwner
  );
}
