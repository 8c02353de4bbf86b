import type { Acl, Data, ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { wouldWait } from '../patience.ts';
import { decideLock } from './decide.ts';
import { HolderRecord } from './delay.ts';
import { change, childrenIfAny } from './line.ts';
import { assertSession, makePlace, type Place } from './place.ts';

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
 * often the connection breaks.
 *
 * Rejects with the signal's reason, with `SessionExpiredError` if the session ends, with `wouldWait` if `wait` is false and others
 * are first.
 */
export async function contend(
  client: ZooKeeperClient,
  options: ContenderOptions,
  signal: AbortSignal | undefined,
  wait = true,
): Promise<Place> {
  for (;;) {
    const place = await contendOnce(client, options, signal, wait);
    // Somebody deleted our node while it waited: back to the end of the queue.
    if (place !== null) return place;
  }
}

async function contendOnce(
  client: ZooKeeperClient,
  options: ContenderOptions,
  signal: AbortSignal | undefined,
  wait: boolean,
): Promise<Place | null> {
  const { directory, marker, data, acl, lockDelayMs } = options;
  const place = await makePlace(
    client,
    {
      directory,
      name: marker,
      mode: 'ephemeral-sequential',
      // The server removes a container that is empty, and with it the record of a holder that died.
      parents: lockDelayMs === undefined ? 'container' : 'persistent',
      data,
      acl,
    },
    signal,
  );
  const { node } = place;
  const { path } = node;
  const record = lockDelayMs === undefined ? null : new HolderRecord(client, directory, nameOf(path));
  const giveBack = async (): Promise<void> => {
    // Both in one write. Who is next may see the node go first: it then waits for the record, not for the delay.
    await Promise.all([record?.clear(), client.delete(path, { guaranteed: true })]);
  };
  try {
    for (;;) {
      assertSession(client, place);
      const names = await childrenIfAny(client, directory, signal);
      assertSession(client, place);
      const decision = decideLock(names, nameOf(path), marker);
      if (decision.kind === 'gone') {
        node.stop();
        return null;
      }
      if (decision.kind === 'waiting') {
        if (!wait) throw wouldWait;
        await change(client, childPath(directory, decision.on), place, signal);
      } else if (record === null || (await record.write(node, lockDelayMs!, signal, wait))) {
        return { ...place, giveBack };
      }
    }
  } catch (error) {
    node.stop();
    giveBack().catch(() => {});
    throw error;
  }
}
