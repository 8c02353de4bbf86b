import { deviants, inWords, keyOf, nameOf, type Process, type ZabCheck } from './zab-run.ts';

/** Total order: where a process delivers a before b, whoever delivers b delivers a before it. */
export const totalOrder: ZabCheck = (run) => {
  const found: string[] = [];
  for (const one of deviants(run)?.others ?? []) {
    for (const other of run.processes) {
      if (one === other) continue;
      const why = fault(one, other) ?? fault(other, one);
      if (why !== null) found.push(why);
    }
  }
  return found;
};

function fault(one: Process, other: Process): string | null {
  const places = new Map(other.delivered.map((transaction, i) => [keyOf(transaction), i]));
  let earlier = one.delivered[0];
  let highest = -1;
  let missing: (typeof one.delivered)[number] | null = null;
  for (const transaction of one.delivered) {
    const place = places.get(keyOf(transaction));
    if (place === undefined) missing ??= transaction;
    else if (missing !== null || place < highest) {
      const before = missing ?? earlier!;
      return `${nameOf(one)} delivers ${inWords(before)} before ${inWords(transaction)}, ${nameOf(other)} does not`;
    } else [highest, earlier] = [place, transaction];
  }
  return null;
}
