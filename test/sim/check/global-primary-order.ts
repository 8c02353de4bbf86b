import { epochOf, inWords, nameOf, type ZabCheck } from './zab-run.ts';

/** Global primary order: a process that delivers what two primaries broadcast delivers that of the earlier epoch first. */
export const globalPrimaryOrder: ZabCheck = ({ processes }) => {
  const found: string[] = [];
  for (const process of processes) {
    const { delivered } = process;
    for (const [i, transaction] of delivered.entries()) {
      const before = delivered[i - 1];
      if (before === undefined || epochOf(before) <= epochOf(transaction)) continue;
      found.push(`${nameOf(process)} delivers ${inWords(transaction)} after ${inWords(before)}`);
    }
  }
  return found;
};
