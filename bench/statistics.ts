/** The middle value; the mean of the two in the middle for an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `read` of each item, in order, leaving out what is not there. */
export function present<Item>(
  items: readonly Item[],
  read: (item: Item) => number | null | undefined,
): number[] {
  return items.map(read).filter((value) => value !== null && value !== undefined);
}
