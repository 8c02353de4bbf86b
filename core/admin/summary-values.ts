import { formatAverage, formatWhole } from './format.ts';
import type { Summary } from './summary.ts';

/** The five lines that `mntr` has for a series of numbers. */
export function summaryValues(name: string, values: Summary): [name: string, value: string][] {
  return [
    [`avg_${name}`, formatAverage(values.average)],
    [`min_${name}`, formatWhole(values.min)],
    [`max_${name}`, formatWhole(values.max)],
    [`cnt_${name}`, formatWhole(values.count)],
    [`sum_${name}`, formatWhole(values.sum)],
  ];
}
