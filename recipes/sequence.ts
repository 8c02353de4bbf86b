import { NodeExistsError, type ZooKeeperClient } from '../client/index.ts';
import { nameOf, parentOf } from '../wire/path.ts';
import { SequenceExhaustedError } from './errors.ts';

/** A server whose count of a directory has come to it gives it out again and again. */
const LAST_SEQUENCE = 2 ** 31 - 1;

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
 * The order in which two sequential nodes were created. The last number is 2147483647: later nodes have that one too, or, made while
 * others were under way, one that went on below zero, which the difference in 32 bits still tells to be later than those before the
 * last. Among those later ones the numbers tell no order: see `refuseExhausted`. (Java's Curator compares text, to which a number below
 * zero is the first.)
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

/**
 * Throws `SequenceExhaustedError` for a node, just made, whose number may be given out again, and deletes it in the background.
 * Where the order decides who holds something nobody must stand there with such a number: others can come in before him.
 */
export function refuseExhausted(client: ZooKeeperClient, path: string, marker: string): void {
  const sequence = sequenceOf(nameOf(path), marker);
  if (sequence === null || (sequence >= 0 && sequence < LAST_SEQUENCE)) return;
  client.delete(path, { guaranteed: true }).catch(() => {});
  throw new SequenceExhaustedError(parentOf(path));
}

/** The error of the creation of a sequential node without protection: that it exists means that its number was given out before. */
export function exhaustedIfExists(error: unknown, directory: string): unknown {
  return error instanceof NodeExistsError ? new SequenceExhaustedError(directory, error) : error;
}
