import type { DueTimes } from './due-times.ts';
import type { RunRecord } from './run-record.ts';

/** What becomes of a run that began and whose end nobody recorded. */
export type Guarantee = 'at-most-once' | 'at-least-once';

/** What becomes of runs that were due while nobody led, or while an earlier one still went on. */
export type CatchUp = 'none' | 'last' | 'all';

export interface Situation {
  /** The latest run that was recorded. */
  readonly record: RunRecord;
  readonly nowMs: number;
  /** Since when this process has led with nothing else to do. */
  readonly readySinceMs: number;
  readonly guarantee: Guarantee;
  readonly catchUp: CatchUp;
  /** Whether this process recorded the beginning and surely has not begun. */
  readonly unstarted: boolean;
}

export type Plan =
  | { readonly kind: 'run'; readonly dueMs: number; readonly attempt: number }
  /** Null if there will be no further run. */
  | { readonly kind: 'wait'; readonly untilMs: number | null };

/** What a leader does now. Due times never go back behind the one that was recorded last, whatever its clock says. */
export function planRun(times: DueTimes, situation: Situation): Plan {
  const { record, nowMs, readySinceMs, guarantee, catchUp, unstarted } = situation;
  if (record.state === 'begun') {
    if (unstarted) return { kind: 'run', dueMs: record.dueMs, attempt: record.attempt };
    if (guarantee === 'at-least-once') {
      return { kind: 'run', dueMs: record.dueMs, attempt: record.attempt + 1 };
    }
  }
  const first = times.after(catchUp === 'none' ? Math.max(record.dueMs, readySinceMs - 1) : record.dueMs);
  if (first === null || first > nowMs) return { kind: 'wait', untilMs: first };
  const dueMs = catchUp === 'last' ? (times.upTo(nowMs) ?? first) : first;
  return { kind: 'run', dueMs, attempt: 1 };
}
