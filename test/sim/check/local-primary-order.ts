import { inWords, keyOf, nameOf, type ZabCheck } from './zab-run.ts';

/** Local primary order: where a primary broadcasts a before b, whoever delivers b delivers a before it. */
export const localPrimaryOrder: ZabCheck = ({ processes }) => {
  const found: string[] = [];
  for (const primary of processes) {
    const { broadcasts } = primary;
    const places = new Map(broadcasts.map(({ transaction }, i) => [keyOf(transaction), i]));
    if (places.size === 0) continue;
    for (const process of processes) {
      let next = 0;
      for (const transaction of process.delivered) {
        const place = places.get(keyOf(transaction));
        if (place === undefined) continue;
        if (place !== next) {
          const lacking = broadcasts[next]?.transaction;
          const what = lacking === undefined ? 'again' : `before ${inWords(lacking)}`;
          found.push(
            `${nameOf(process)} delivers ${inWords(transaction)} ${what}, unlike ${nameOf(primary)}`,
          );
          break;
        }
        next++;
      }
    }
  }
  return found;
};
