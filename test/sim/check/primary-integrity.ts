import { epochOf, inWords, keyOf, nameOf, type Transaction, type ZabCheck } from './zab-run.ts';

/**
 * Primary integrity: before a primary broadcasts anything, it has delivered all that any process ever delivers of earlier epochs. And
 * there is one primary in an epoch.
 */
export const primaryIntegrity: ZabCheck = ({ processes }) => {
  const found: string[] = [];
  const everDelivered = new Map<string, Transaction>();
  for (const { delivered } of processes) {
    for (const transaction of delivered) everDelivered.set(keyOf(transaction), transaction);
  }
  const primaries = new Map<number, number>();
  for (const process of processes) {
    if (!process.isPrimary) continue;
    const { server, epoch, broadcasts, delivered } = process;
    const other = primaries.get(epoch);
    if (other !== undefined) found.push(`epoch ${epoch} has two primaries, servers ${other} and ${server}`);
    primaries.set(epoch, server);
    const [first] = broadcasts;
    if (first === undefined) continue;
    const before = new Set(delivered.slice(0, first.deliveredBefore).map(keyOf));
    for (const [key, transaction] of everDelivered) {
      if (epochOf(transaction) >= epoch || before.has(key)) continue;
      found.push(`${nameOf(process)} broadcasts without having delivered ${inWords(transaction)}`);
      break;
    }
  }
  return found;
};
