import { agreement } from './agreement.ts';
import { discarded } from './discarded.ts';
import { globalPrimaryOrder } from './global-primary-order.ts';
import { integrity } from './integrity.ts';
import { localPrimaryOrder } from './local-primary-order.ts';
import { primaryIntegrity } from './primary-integrity.ts';
import { totalOrder } from './total-order.ts';
import type { ZabCheck, ZabRun } from './zab-run.ts';

export const zabChecks: Readonly<Record<string, ZabCheck>> = {
  Integrity: integrity,
  Agreement: agreement,
  TotalOrder: totalOrder,
  LocalPrimaryOrder: localPrimaryOrder,
  GlobalPrimaryOrder: globalPrimaryOrder,
  PrimaryIntegrity: primaryIntegrity,
  Discarded: discarded,
};

/** Every property of Zab that the run breaks, a line each. */
export function checkZab(run: ZabRun): string[] {
  return Object.entries(zabChecks).flatMap(([name, check]) => check(run).map((why) => `${name}: ${why}`));
}
