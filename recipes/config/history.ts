import { childPath, sequenceSuffix } from '../../wire/path.ts';
import { compareSequences, sequenceOf, sortBySequence } from '../sequence.ts';

/** The child of a config's node that its history is kept below. */
export const HISTORY = 'history';

/** What stands before a version's number in the names of entries. */
const MARKER = 'v-';

export function historyOf(path: string): string {
  return childPath(path, HISTORY);
}

export function entryName(version: number): string {
  return MARKER + sequenceSuffix(version);
}

/** The versions among the names, newest first. */
export function versionsOf(names: readonly string[]): number[] {
  return sortBySequence(names, MARKER)
    .map((name) => sequenceOf(name, MARKER)!)
    .reverse();
}

/** What is kept of a version, as JSON in the entry's node. */
export interface HistoryRecord {
  /** Tells whose entry it is when the answer to a publication was lost. */
  readonly id: string;
  readonly by: string | null;
  /** The version whose value was published again. */
  readonly rollbackTo?: number;
  /** When it was set, where the entry was made later than that. */
  readonly atMs?: number;
  readonly value: unknown;
}

export function writeRecord(record: HistoryRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** The record in an entry's data; null if it is none of ours. */
export function readRecord(data: Buffer | null): HistoryRecord | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(data ?? ''));
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || !('value' in parsed)) return null;
  const { id, by, rollbackTo, atMs, value } = parsed as Record<string, unknown>;
  return {
    id: typeof id === 'string' ? id : '',
    by: typeof by === 'string' ? by : null,
    ...(typeof rollbackTo === 'number' ? { rollbackTo } : {}),
    ...(typeof atMs === 'number' ? { atMs } : {}),
    value,
  };
}

export interface HistoryPlan {
  /** Whether the version that is replaced has no entry yet, because somebody set the node by other means. */
  readonly preserve: boolean;
  /** Names of entries to delete first. */
  readonly drop: readonly string[];
}

/** Decides what becomes of a history when version `next` follows `current` and `max` entries are to remain, the new one included. */
export function planHistory(
  names: readonly string[],
  current: number | null,
  next: number,
  max: number,
): HistoryPlan {
  const sorted = sortBySequence(names, MARKER);
  // Entries of versions that are yet to come are somebody's mistake; they would be in the way.
  const past = sorted.filter((name) => compareSequences(sequenceOf(name, MARKER)!, next) < 0);
  const preserve = current !== null && max > 1 && !past.includes(entryName(current));
  const room = max - 1 - (preserve ? 1 : 0);
  const keep = new Set(room === 0 ? [] : past.slice(-room));
  return { preserve, drop: sorted.filter((name) => !keep.has(name)) };
}

/** Whether there may have been an entry of a version, older than the present one, that others have dropped: the oldest go first. */
export function isDropped(names: readonly string[], version: number, current: number): boolean {
  if (compareSequences(version, current) >= 0) return false;
  return !versionsOf(names).some((kept) => compareSequences(kept, version) < 0);
}
