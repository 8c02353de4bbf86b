import type { ZooKeeperClient } from '../../client/index.ts';
import { pause as pauseFor } from '../../client/retrying.ts';

const PAUSE_MS = 200;

/** Leaves a server in peace for a while that has refused something for the moment. */
export function pause(client: ZooKeeperClient): Promise<void> {
  return pauseFor(client.ports, PAUSE_MS, undefined);
}
