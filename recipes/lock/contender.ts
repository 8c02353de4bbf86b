import type { Acl, Data, ZooKeeperClient } from '../../client/index.ts';
import { nameOf } from '../../wire/path.ts';
import { decideLock } from './decide.ts';
import { HolderRecord } from './delay.ts';
import { type Claim, standInLine } from './line.ts';
import type { Place } from './place.ts';

export interface ContenderOptions {
  /** Directory of the lock; made of containers where it does not exist. */
  readonly directory: string;
  /** What stands before the sequence number in the names of nodes. */
  readonly marker: string;
  readonly data: Data;
  readonly acl: readonly Acl[] | undefined;
  /** How long nobody gets the lock after a holder went without a release. Default not at all. */
  readonly lockDelayMs?: number | undefined;
}

/**
 * Queues up for a lock and returns when it is held. Whatever else happens, the node that stood in the queue is deleted, however
 * often the connection breaks. Rejects as `standInLine` does.
 */
export function contend(
  client: ZooKeeperClient,
  { directory, marker, data, acl, lockDelayMs }: ContenderOptions,
  signal: AbortSignal | undefined,
  wait = true,
): Promise<Place> {
  const line = {
    directory,
    name: marker,
    mode: 'ephemeral-sequential',
    data,
    acl,
    decide: (names: readonly string[], ours: string) => decideLock(names, ours, marker),
  } as const;
  if (lockDelayMs === undefined) return standInLine(client, line, signal, wait);
  const claim = ({ node }: Place): Claim => {
    const record = new HolderRecord(client, directory, nameOf(node.path));
    return {
      confirm: (until, mayWait) => record.write(node, lockDelayMs, until, mayWait),
      // Both in one write. Who is next may see the node go first: it then waits for the record, not for the delay.
      giveBack: async () => {
        await Promise.all([record.clear(), client.delete(node.path, { guaranteed: true })]);
      },
    };
  };
  // The server removes a container that is empty, and with it the record of a holder that died.
  return standInLine(client, { ...line, parents: 'persistent', claim }, signal, wait);
}
