export type { CommitOutcome, WaitFor } from './asker.ts';
export type { CommitOptions, RunOptions } from './atomic-commit.ts';
export { OutcomeUnknownError } from './errors.ts';
export type { ParticipantHandlers, ThreePhaseHandlers, TransactionPart } from './participant.ts';
export type { Decision, Vote } from './state.ts';
export { ThreePhaseCommit, type ThreePhaseCommitOptions } from './three-phase.ts';
export { TwoPhaseCommit, type TwoPhaseCommitOptions } from './two-phase.ts';
