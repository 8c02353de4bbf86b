import { describe, expect, test } from 'vitest';
import { type CommitState, coordinate, participate, type Vote } from '../../../recipes/transaction/state.ts';

function stateOf(
  changes: Partial<CommitState> & { readonly yes?: string; readonly no?: string },
): CommitState {
  const { yes = '', no = '', ...rest } = changes;
  const votes = new Map<string, Vote>([...yes].map((id) => [id, 'yes']));
  for (const id of no) votes.set(id, 'no');
  return {
    phases: 2,
    participants: ['a', 'b'],
    votes,
    objections: new Map(),
    precommitted: false,
    ready: new Set(),
    decision: null,
    done: new Set(),
    asked: false,
    ...rest,
  };
}

const rollback = (reason: string) => ({ kind: 'decide', decision: 'rollback', reason });
const commit = { kind: 'decide', decision: 'commit', reason: null };

describe('a coordinator', () => {
  test.each([
    ['waits for votes', stateOf({ yes: 'a' }), false, { kind: 'wait' }],
    ['decides to commit when all have voted yes', stateOf({ yes: 'ab' }), false, commit],
    ['also when the last vote came late', stateOf({ yes: 'ab' }), true, commit],
    ['decides to roll back at the first no', stateOf({ no: 'b' }), false, rollback('b voted no')],
    [
      'and says why',
      stateOf({ no: 'b', objections: new Map([['b', 'sold out']]) }),
      false,
      rollback('b voted no: sold out'),
    ],
    ['names who did not vote in time', stateOf({ yes: 'a' }), true, rollback('no vote of b in time')],
    ['3: tells everybody first', stateOf({ phases: 3, yes: 'ab' }), false, { kind: 'precommit' }],
    [
      '3: waits for confirmations',
      stateOf({ phases: 3, yes: 'ab', precommitted: true, ready: new Set('a') }),
      false,
      { kind: 'wait' },
    ],
    [
      '3: names who did not confirm in time',
      stateOf({ phases: 3, yes: 'ab', precommitted: true, ready: new Set('a') }),
      true,
      rollback('not confirmed by b in time'),
    ],
    [
      '3: decides to commit when all have confirmed',
      stateOf({ phases: 3, yes: 'ab', precommitted: true, ready: new Set('ab') }),
      true,
      commit,
    ],
    ['decides once', stateOf({ yes: 'ab', decision: 'rollback' }), true, { kind: 'wait' }],
    [
      'waits until all have done it',
      stateOf({ decision: 'commit', done: new Set('a') }),
      true,
      { kind: 'wait' },
    ],
    [
      'and nobody asks',
      stateOf({ decision: 'commit', done: new Set('ab'), asked: true }),
      true,
      { kind: 'wait' },
    ],
    ['and then removes it', stateOf({ decision: 'commit', done: new Set('ab') }), false, { kind: 'remove' }],
  ])('%s', (_, state, late, action) => {
    expect(coordinate(state, late)).toEqual(action);
  });

  test('never decides to commit without every vote, whatever else is written', () => {
    for (const yes of ['', 'a', 'b', 'ab']) {
      for (const no of ['', 'a', 'b']) {
        for (const phases of [2, 3] as const) {
          for (const ready of ['', 'a', 'ab']) {
            const state = stateOf({ phases, yes, no, precommitted: ready !== '', ready: new Set(ready) });
            const action = coordinate(state, true);
            const may = yes === 'ab' && no === '' && (phases === 2 || ready === 'ab');
            expect(action.kind === 'decide' && action.decision === 'commit').toBe(may);
          }
        }
      }
    }
  });
});

describe('a participant', () => {
  test.each([
    ['prepares before it votes', stateOf({}), 'prepare'],
    ['waits after it has voted', stateOf({ yes: 'a' }), 'wait'],
    ['also against it', stateOf({ no: 'a' }), 'wait'],
    ['3: confirms', stateOf({ phases: 3, yes: 'ab', precommitted: true }), 'confirm'],
    ['3: once', stateOf({ phases: 3, yes: 'ab', precommitted: true, ready: new Set('a') }), 'wait'],
    ['commits when that is decided', stateOf({ decision: 'commit' }), 'commit'],
    ['rolls back when that is, also without having voted', stateOf({ decision: 'rollback' }), 'rollback'],
    ['is done once', stateOf({ decision: 'commit', done: new Set('a') }), 'over'],
  ])('%s', (_, state, action) => {
    expect(participate(state, 'a')).toBe(action);
  });
});
