export { ElectionClosedError } from './errors.ts';
export { LeaderLatch, type LeaderLatchOptions } from './latch.ts';
export type { ElectionParticipant } from './participants.ts';
export { LeaderSelector, type LeaderSelectorOptions } from './selector.ts';
export type { ErrorPolicy } from './term.ts';
