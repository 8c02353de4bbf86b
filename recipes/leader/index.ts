export type { Schedule } from './due-times.ts';
export { ElectionClosedError } from './errors.ts';
export { LeaderLatch, type LeaderLatchOptions } from './latch.ts';
export type { ElectionParticipant } from './participants.ts';
export type { CatchUp, Guarantee } from './plan.ts';
export type { RunRecord, RunState } from './run-record.ts';
export { ScheduledLeaderTask, type ScheduledLeaderTaskOptions, type ScheduledRun } from './scheduled-task.ts';
export { LeaderSelector, type LeaderSelectorOptions } from './selector.ts';
export type { ErrorPolicy } from './term.ts';
