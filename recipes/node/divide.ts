/** Which member has which item. */
export type Division = ReadonlyMap<string, string>;

/**
 * Divides items among members, so that no two differ by more than one item, and as few items as possible change hands against the
 * division before. The same arguments, in whatever order, give the same division. Without members nobody has anything.
 */
export function divide(items: readonly string[], members: readonly string[], before: Division): Division {
  if (members.length === 0) return new Map();
  const keeps = new Map<string, string[]>(members.map((member) => [member, []]));
  const free: string[] = [];
  for (const item of [...new Set(items)].sort()) {
    const kept = keeps.get(before.get(item) ?? '');
    if (kept === undefined) free.push(item);
    else kept.push(item);
  }
  const total = [...keeps.values()].reduce((sum, kept) => sum + kept.length, free.length);
  const least = Math.floor(total / keeps.size);
  let more = total % keeps.size;
  // Those who have most keep most: a larger share for them costs no move.
  const byCount = [...keeps].sort(([a, has], [b, also]) => also.length - has.length || (a < b ? -1 : 1));
  const shares = byCount.map(([member, kept]) => {
    const share = more-- > 0 ? least + 1 : least;
    free.push(...kept.splice(share));
    return { member, kept, share };
  });
  free.sort();
  const division = new Map<string, string>();
  for (const { member, kept, share } of shares) {
    for (const item of [...kept, ...free.splice(0, share - kept.length)]) division.set(item, member);
  }
  return division;
}
