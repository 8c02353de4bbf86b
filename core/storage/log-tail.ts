import { counterOf, epochOf } from '../../wire/ids.ts';
import type { FileWindow } from './file-window.ts';
import {
  ENTRY_BYTES_MAX,
  ENTRY_BYTES_MIN,
  ENTRY_HEAD_BYTES,
  ENTRY_OVERHEAD_BYTES,
  LOG_BATCH_BYTES_MAX,
  LOG_HEADER_BYTES,
  readEntryAt,
} from './log-format.ts';

/** Disks write whole sectors: after a crash each is either as before the write or as after it. */
const SECTOR_BYTES = 512;
/** The checksum's high half is zero in every entry, so that many zeros at its start say nothing. */
const ALWAYS_ZERO_BYTES = 4;

/** What lies behind the last intact entry of a log. */
export type LogTail =
  /** Nothing but zeros. */
  | { readonly kind: 'end' }
  /** The remains of a write that no sync followed. `bytes` is the length up to the last byte that is not zero. */
  | { readonly kind: 'torn'; readonly bytes: number; readonly laterEntries: number }
  /** Something that no crash can have left. */
  | { readonly kind: 'corrupt'; readonly reason: string };

/**
 * Tells what a crash leaves at the end of a log from damage to what was already safe.
 *
 * A transaction is acknowledged after the sync behind its write. The log is written in batches of at most
 * `LOG_BATCH_BYTES_MAX` (a longer entry goes alone), onto zeros or beyond the end of the file, and no batch is begun before
 * the last one is synced. Hence a crash can disturb the last batch only; in it any set of sectors may be missing, so that
 * intact entries may well follow a broken one. Each rule below follows:
 *
 * 1. Behind the last intact entry everything is zero: the end of the log.
 * 2. An intact entry ends more than a batch behind the break: the break was synced, and has been damaged since.
 * 3. The broken entry overlaps a missing sector, that is, one that is zero from where the entry or the sector begins: the
 *    last batch, torn. Nothing in it was acknowledged, except if the damage is a zeroed sector in the last 256 KiB of the
 *    log, which looks the same; so whoever cuts the tail says how much went.
 * 4. The entry stops half way and only zeros follow (the process died while it wrote): torn as well.
 * 5. Otherwise all of the entry was written and is wrong: damaged, even if it is the last one.
 *
 * `at` is the offset of the break, `lastZxid` the zxid before it.
 */
export function judgeTail(window: FileWindow, at: number, lastZxid: number): LogTail {
  const lastNonZero = window.lastNonZero(at);
  if (lastNonZero === -1) return { kind: 'end' };
  const later = findLaterEntries(window, at + 1, lastNonZero, lastZxid);
  const torn: LogTail = { kind: 'torn', bytes: lastNonZero + 1 - at, laterEntries: later.count };
  const damagedBeforeOthers: LogTail = {
    kind: 'corrupt',
    reason: `an entry is unreadable, but the one at byte ${later.at} is intact`,
  };
  if (later.end > at + LOG_BATCH_BYTES_MAX) return damagedBeforeOthers;
  const headEnd = at + (at === 0 ? LOG_HEADER_BYTES : ENTRY_HEAD_BYTES);
  if (hasMissingSector(window, at, headEnd)) return torn;
  const extent = readExtent(window, at);
  // The length was written as it stands, so the next entry would begin behind it.
  if (later.count > 0 && later.at < extent) return damagedBeforeOthers;
  if (hasMissingSector(window, at, extent)) return torn;
  if (later.count > 0) return damagedBeforeOthers;
  if (lastNonZero < extent - 1) return torn;
  if (at === 0) return { kind: 'corrupt', reason: 'it does not begin with the header of a transaction log' };
  return { kind: 'corrupt', reason: 'all of the last entry is there, but its length or checksum is wrong' };
}

/** Where the broken entry ends, as far as its length field can be believed. */
function readExtent(window: FileWindow, at: number): number {
  if (at === 0) return LOG_HEADER_BYTES;
  const head = at + ENTRY_HEAD_BYTES;
  if (window.load(at, ENTRY_HEAD_BYTES) < ENTRY_HEAD_BYTES) return head;
  const length = window.bytes.readInt32BE(window.index + 8);
  return length < ENTRY_BYTES_MIN || length > ENTRY_BYTES_MAX ? head : at + ENTRY_OVERHEAD_BYTES + length;
}

function hasMissingSector(window: FileWindow, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const sectorEnd = at - (at % SECTOR_BYTES) + SECTOR_BYTES;
    const tellsNothing = at === from && sectorEnd - at <= ALWAYS_ZERO_BYTES;
    if (!tellsNothing && window.isZero(at, sectorEnd)) return true;
    at = sectorEnd;
  }
  return false;
}

interface LaterEntries {
  readonly count: number;
  /** Offset of the first. */
  readonly at: number;
  /** Where the last one that was looked at ends; 0 if there is none. */
  readonly end: number;
}

/**
 * Looks for intact entries anywhere between `from` and `lastNonZero`, stopping at the first that ends beyond one batch. Only
 * called for a broken log, so it may be slow: a few nanoseconds a byte.
 */
function findLaterEntries(
  window: FileWindow,
  from: number,
  lastNonZero: number,
  lastZxid: number,
): LaterEntries {
  let count = 0;
  let first = 0;
  let end = 0;
  for (let at = from; at + ENTRY_OVERHEAD_BYTES <= lastNonZero + 1; at++) {
    if (window.load(at, ENTRY_HEAD_BYTES) < ENTRY_HEAD_BYTES) break;
    const { bytes, index } = window;
    if ((bytes[index] as number) !== 0 || bytes.readInt32BE(index) !== 0) continue;
    const length = bytes.readInt32BE(index + 8);
    if (length < ENTRY_BYTES_MIN || at + ENTRY_HEAD_BYTES + length > lastNonZero) continue;
    const entry = readEntryAt(window, at);
    if (entry === null || !couldFollow(entry.zxid, lastZxid, at - from)) continue;
    if (count === 0) first = at;
    count += 1;
    end = entry.end;
    if (end > from + LOG_BATCH_BYTES_MAX) break;
    at = end - 1;
  }
  return { count, at: first, end };
}

/**
 * Whether `zxid` may be logged `distance` bytes behind the entry after `lastZxid`. What looks like an entry may be the image of
 * one in a node's data: its zxid lies behind, or further ahead than entries have room in between.
 */
function couldFollow(zxid: number, lastZxid: number, distance: number): boolean {
  if (zxid <= lastZxid) return false;
  const ahead = epochOf(zxid) === epochOf(lastZxid) ? zxid - lastZxid : counterOf(zxid);
  return ahead <= 2 + distance / (ENTRY_OVERHEAD_BYTES + ENTRY_BYTES_MIN);
}
