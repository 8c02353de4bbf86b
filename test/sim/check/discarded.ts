import { epochOf, inWords, keyOf, nameOf, type ZabCheck } from './zab-run.ts';

/**
 * What a primary does not begin with is discarded: no process of its epoch or of a later one delivers anything more of the epochs
 * before. So nothing that was discarded comes back, and nothing that was delivered goes.
 */
export const discarded: ZabCheck = ({ processes }) => {
  const found: string[] = [];
  for (const primary of processes) {
    if (!primary.isPrimary) continue;
    const begins = primary.delivered.filter((transaction) => epochOf(transaction) < primary.epoch);
    const kept = new Set(begins.map(keyOf));
    for (const process of processes) {
      if (process.epoch < primary.epoch) continue;
      const old = process.delivered.filter((transaction) => epochOf(transaction) < primary.epoch);
      const more = old.find((transaction) => !kept.has(keyOf(transaction)));
      if (more !== undefined) {
        found.push(`${nameOf(process)} delivers ${inWords(more)}, which ${nameOf(primary)} had discarded`);
      } else if (old.length < begins.length) {
        const has = new Set(old.map(keyOf));
        const lost = begins.find((transaction) => !has.has(keyOf(transaction)))!;
        found.push(`${nameOf(process)} lacks ${inWords(lost)}, which ${nameOf(primary)} began with`);
      }
    }
  }
  return found;
};
