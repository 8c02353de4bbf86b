import { inWords, keyOf, nameOf, type ZabCheck } from './zab-run.ts';

/** Integrity: whatever is delivered was broadcast by a primary, and each process delivers it once. */
export const integrity: ZabCheck = ({ processes }) => {
  const found: string[] = [];
  const broadcast = new Set<string>();
  for (const { broadcasts } of processes) {
    for (const { transaction } of broadcasts) broadcast.add(keyOf(transaction));
  }
  const told = new Set<string>();
  for (const process of processes) {
    const seen = new Set<string>();
    for (const transaction of process.delivered) {
      const key = keyOf(transaction);
      if (seen.has(key)) found.push(`${nameOf(process)} delivers ${inWords(transaction)} twice`);
      seen.add(key);
      if (broadcast.has(key) || told.has(key)) continue;
      told.add(key);
      found.push(`${nameOf(process)} delivers ${inWords(transaction)}, which nobody broadcast`);
    }
  }
  return found;
};
