export type Vote = 'yes' | 'no';
export type Decision = 'commit' | 'rollback';

/** How a transaction stands, as it is written. */
export interface CommitState {
  /** 3: everybody has to confirm that the commit is coming before it is decided. */
  readonly phases: 2 | 3;
  readonly participants: readonly string[];
  readonly votes: ReadonlyMap<string, Vote>;
  /** Why those who voted no did so, where they said. */
  readonly objections: ReadonlyMap<string, string>;
  /** Whether everybody has been told that all have voted yes (three phases). */
  readonly precommitted: boolean;
  /** Who has confirmed that (three phases). */
  readonly ready: ReadonlySet<string>;
  /** Written once and never changed. */
  readonly decision: Decision | null;
  /** Who has carried out the decision. */
  readonly done: ReadonlySet<string>;
  /** Whether somebody still wants to read the outcome. */
  readonly asked: boolean;
}

export type CoordinatorAction =
  | { readonly kind: 'wait' }
  | { readonly kind: 'precommit' }
  | { readonly kind: 'decide'; readonly decision: Decision; readonly reason: string | null }
  | { readonly kind: 'remove' };

/** What a coordinator does next; `late` if what it waits for, votes or confirmations, has taken too long. */
export function coordinate(state: CommitState, late: boolean): CoordinatorAction {
  const { participants, votes, ready, done } = state;
  if (state.decision !== null) {
    const over = participants.every((id) => done.has(id)) && !state.asked;
    return over ? { kind: 'remove' } : { kind: 'wait' };
  }
  const against = participants.find((id) => votes.get(id) === 'no');
  if (against !== undefined) {
    const objection = state.objections.get(against);
    return rollback(`${against} voted no${objection === undefined ? '' : `: ${objection}`}`);
  }
  const unvoted = participants.filter((id) => !votes.has(id));
  if (unvoted.length > 0)
    return late ? rollback(`no vote of ${unvoted.join(', ')} in time`) : { kind: 'wait' };
  if (state.phases === 2) return { kind: 'decide', decision: 'commit', reason: null };
  if (!state.precommitted) return { kind: 'precommit' };
  const unready = participants.filter((id) => !ready.has(id));
  if (unready.length === 0) return { kind: 'decide', decision: 'commit', reason: null };
  return late ? rollback(`not confirmed by ${unready.join(', ')} in time`) : { kind: 'wait' };
}

function rollback(reason: string): CoordinatorAction {
  return { kind: 'decide', decision: 'rollback', reason };
}

export type ParticipantAction = 'wait' | 'prepare' | 'confirm' | 'commit' | 'rollback' | 'over';

/** What a participant does next. Once it has voted it does nothing but what was decided. */
export function participate(state: CommitState, id: string): ParticipantAction {
  if (state.done.has(id)) return 'over';
  if (state.decision !== null) return state.decision;
  if (!state.votes.has(id)) return 'prepare';
  return state.precommitted && !state.ready.has(id) ? 'confirm' : 'wait';
}
