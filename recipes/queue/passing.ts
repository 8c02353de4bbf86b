import { NotReadOnlyError, type ZooKeeperClient } from '../../client/index.ts';
import { pause as pauseFor } from '../../client/retrying.ts';
import { isRefusedForNow, mayRepeat } from '../repeat.ts';

const PAUSE_MS = 200;

/** Whether an operation was refused by what is so for the moment only: by a server that has too much to do, or no quorum. */
export function isRefused(error: unknown): boolean {
  return isRefusedForNow(error) || error instanceof NotReadOnlyError;
}

/** What passes: when there is a connection again, which the next request waits for, or in a while. */
export function isTransient(error: unknown): boolean {
  return mayRepeat(error) || isRefused(error);
}

/** Leaves a server in peace for a while that has refused something for the moment. */
export function pause(client: ZooKeeperClient): Promise<void> {
  return pauseFor(client.ports, PAUSE_MS, undefined);
}
