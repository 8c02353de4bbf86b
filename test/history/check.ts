import { checkEphemerals } from './check-ephemerals.ts';
import { checkKept } from './check-kept.ts';
import { checkReads } from './check-reads.ts';
import { checkWrites } from './check-writes.ts';
import type { History } from './history.ts';
import { Timeline } from './timeline.ts';

/** How many violations a report shows of each kind. */
const SHOWN_MAX = 10;

/** Everything that is wrong with a history, in words, a line each; empty if nothing is. */
export function checkHistory(history: History): string[] {
  const timeline = new Timeline(history);
  const found = {
    'acknowledged writes are kept': checkKept(history, timeline),
    'writes are linearizable': checkWrites(history, timeline),
    'sessions never go back': checkReads(history, timeline),
    'ephemeral nodes are gone if and only if their session has ended': checkEphemerals(history, timeline),
  };
  return Object.entries(found).flatMap(([property, violations]) => {
    const rest = violations.length - SHOWN_MAX;
    return [
      ...violations.slice(0, SHOWN_MAX).map((violation) => `${property}: ${violation}`),
      ...(rest > 0 ? [`${property}: ${rest} more`] : []),
    ];
  });
}
