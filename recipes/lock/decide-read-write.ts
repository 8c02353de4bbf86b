import { compareSequences, sequenceOf } from '../sequence.ts';
import type { LockDecision } from './decide.ts';

/** What a node of a read-write lock asks for. */
export type LockSide = 'read' | 'write';

/** What stands before the number in the names of nodes. Curator's. */
export const READ_MARKER = '__READ__';
export const WRITE_MARKER = '__WRIT__';

interface Contender {
  readonly name: string;
  readonly side: LockSide;
  readonly sequence: number;
}

function contenderOf(name: string): Contender | null {
  const read = sequenceOf(name, READ_MARKER);
  if (read !== null) return { name, side: 'read', sequence: read };
  const write = sequenceOf(name, WRITE_MARKER);
  return write === null ? null : { name, side: 'write', sequence: write };
}

/** What the node asks for; null if it is none of a read-write lock. */
export function sideOf(name: string): LockSide | null {
  return contenderOf(name)?.side ?? null;
}

/**
 * The line, oldest first. A writer that took the read lock as well has a reader's node with its own number, which stands right behind
 * it: who waits for the writer then waits for that reader too.
 */
function inLine(names: readonly string[]): Contender[] {
  return names
    .map(contenderOf)
    .filter((contender) => contender !== null)
    .sort(
      (a, b) =>
        compareSequences(a.sequence, b.sequence) ||
        Number(a.side === 'read') - Number(b.side === 'read') ||
        (a.name < b.name ? -1 : 1),
    );
}

/** The names of a read-write lock's nodes in their order, all or those of one side. */
export function sortReadWrite(names: readonly string[], side?: LockSide): string[] {
  return inLine(names)
    .filter((contender) => side === undefined || contender.side === side)
    .map(({ name }) => name);
}

/**
 * Decides a read-write lock from the names in its directory. A writer holds it when nobody stands before it, and waits for the node
 * right before its own. A reader holds it when no writer has a lower number, and waits for the last writer that has: while
 * that one is there, nothing that happens further ahead can let the reader in.
 */
export function decideReadWrite(names: readonly string[], ours: string): LockDecision {
  const line = inLine(names);
  const at = line.findIndex(({ name }) => name === ours);
  const own = line[at];
  if (own === undefined) return { kind: 'gone' };
  const before =
    own.side === 'write'
      ? line[at - 1]
      : line.findLast(
          ({ side, sequence }, i) =>
            i < at && side === 'write' && compareSequences(sequence, own.sequence) < 0,
        );
  return before === undefined ? { kind: 'held' } : { kind: 'waiting', on: before.name };
}
