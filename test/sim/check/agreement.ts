import {
  deviants,
  inWords,
  keyOf,
  nameOf,
  type Process,
  type Transaction,
  type ZabCheck,
} from './zab-run.ts';

/** Agreement: where one process delivers a and another b, one of them delivers both. */
export const agreement: ZabCheck = (run) => {
  const found: string[] = [];
  for (const one of deviants(run)?.others ?? []) {
    for (const other of run.processes) {
      const a = lackOf(other, one);
      const b = lackOf(one, other);
      if (a === null || b === null) continue;
      found.push(
        `${nameOf(one)} delivers ${inWords(a)} and not ${inWords(b)}, ${nameOf(other)} the other way round`,
      );
    }
  }
  return found;
};

/** Something that the first lacks of what the second delivers. */
function lackOf({ delivered }: Process, other: Process): Transaction | null {
  const keys = new Set(delivered.map(keyOf));
  return other.delivered.find((transaction) => !keys.has(keyOf(transaction))) ?? null;
}
