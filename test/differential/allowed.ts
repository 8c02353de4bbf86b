import { isDeepStrictEqual } from 'node:util';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { Answer } from './answer.ts';
import type { Step } from './step.ts';

/** A difference between Apache ZooKeeper 3.8.0 (left) and zookit (right) that is meant, and why. */
export interface AllowedDifference {
  /** Also the heading of its section in docs/divergence.md. */
  readonly id: string;
  readonly reason: string;
  matches(step: Step, left: Answer, right: Answer): boolean;
}

/** Whether the answers are the same but for the fields named. */
function sameBut(left: Answer, right: Answer, ...fields: (keyof Answer)[]): boolean {
  const without = (answer: Answer): unknown => {
    const copy: Partial<Record<keyof Answer, unknown>> = { ...answer };
    for (const field of fields) delete copy[field];
    return copy;
  };
  return isDeepStrictEqual(without(left), without(right));
}

function isRequest(step: Step, type: number): boolean {
  return (step.do === 'request' || step.do === 'raw') && step.type === type;
}

export const allowedDifferences: readonly AllowedDifference[] = [
  {
    id: 'unreadable-write-takes-no-zxid',
    reason:
      '3.8 gives a write that it cannot read a place in the order of transactions; zookit refuses it before it has one.',
    matches: (_step, left, right) =>
      left.err === ErrorCode.MarshallingError &&
      left.isNewZxid === true &&
      right.isNewZxid === false &&
      sameBut(left, right, 'isNewZxid'),
  },
  {
    id: 'check-watches-knows-whose',
    reason:
      '3.8 finds a watch of any connection when it is asked for one of the asking connection, and fails at a path that is none; 3.9 does neither.',
    matches: (step, left, right) =>
      isRequest(step, OpCode.checkWatches) &&
      (left.err === ErrorCode.Ok || left.err === ErrorCode.MarshallingError) &&
      right.err === ErrorCode.NoWatcher &&
      sameBut(left, right, 'err', 'body'),
  },
  {
    id: 'empty-path-is-the-root',
    reason:
      'Apache ZooKeeper keeps its root under two names, / and the empty one, and mixes them up: it counts the root among its own descendants. To zookit they are one node.',
    matches: (step, left, right) =>
      step.do === 'request' &&
      step.type === OpCode.getAllChildrenNumber &&
      step.body.path === '' &&
      sameBut(left, right, 'body') &&
      totalOf(left) === totalOf(right) + 1,
  },
];

function totalOf(answer: Answer): number {
  return (answer.body as { totalNumber: number } | undefined)?.totalNumber ?? Number.NaN;
}

/** The entries that cover a difference: one for a single request, as many as it takes for a burst. Null if it is not covered. */
export function allowancesFor(step: Step, left: Answer, right: Answer): readonly AllowedDifference[] | null {
  if (step.do !== 'burst') {
    const found = allowedDifferences.find((allowed) => allowed.matches(step, left, right));
    return found === undefined ? null : [found];
  }
  if (!sameBut(left, right, 'stream') || left.stream?.length !== right.stream?.length) return null;
  const found: AllowedDifference[] = [];
  let at = 0;
  for (const [index, one] of (left.stream ?? []).entries()) {
    const other = right.stream?.[index];
    const request = step.requests[at];
    if ('err' in one) at++;
    if (isDeepStrictEqual(one, other)) continue;
    if (!('err' in one) || other === undefined || !('err' in other) || request === undefined) return null;
    const inner = allowancesFor(
      request,
      { outcome: 'reply', events: [], ...one },
      { outcome: 'reply', events: [], ...other },
    );
    if (inner === null) return null;
    found.push(...inner);
  }
  return found;
}
