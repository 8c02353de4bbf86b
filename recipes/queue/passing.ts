import type { ZooKeeperClient } from '../../client/index.ts';
import { pause as pauseFor } from '../../client/retrying.ts';
import { isRefusedForNow, mayRepeat } from '../repeat.ts';

const PAUSE_MS = 200;

/** What passes: when there is a connection again, which the next request waits for, or in a while. */
export function isTransient(error: unknown): boolean {
  return mayRepeat(error) || isRefusedForNow(error);
}

/** Leaves a server in peace for a while that has refused something for the moment. */
export function pause(client: ZooKeeperClient): Promise<void> {
  return pauseFor(client.ports, PAUSE_MS, undefined);
}
