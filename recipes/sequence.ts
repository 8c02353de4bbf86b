/**
 * The number that the server put behind a sequential name: the signed 32-bit integer after the last `marker`, or null if the name
 * has no marker or no such number behind it.
 */
export function sequenceOf(name: string, marker: string): number | null {
  const at = name.lastIndexOf(marker);
  if (at < 0) return null;
  const text = name.slice(at + marker.length);
  // Ten characters, as servers print it: 0000000007, -000000005.
  if (!/^(\d{10}|-\d{9,10})$/.test(text)) return null;
  const value = Number(text);
  return value === (value | 0) ? value : null;
}

/**
 * The order in which two sequential nodes were created. After 2^31 creations the number goes on below zero; the difference of two
 * numbers in 32 bits still tells which is the later one. (Java's Curator compares text and gets that one moment wrong.)
 */
export function compareSequences(a: number, b: number): number {
  return (a - b) | 0;
}

/** The names that carry a sequence number behind `marker`, oldest first; others are not part of the recipe and left out. */
export function sortBySequence(names: readonly string[], marker: string): string[] {
  const numbered: { name: string; sequence: number }[] = [];
  for (const name of names) {
    const sequence = sequenceOf(name, marker);
    if (sequence !== null) numbered.push({ name, sequence });
  }
  return numbered.sort((a, b) => compareSequences(a.sequence, b.sequence)).map(({ name }) => name);
}
