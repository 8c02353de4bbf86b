import {
  type Data,
  MultiError,
  NoNodeError,
  type Stat,
  type VersionOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { FencedOutError } from './errors.ts';

/**
 * Sets a node's data if the lock is still held: in one transaction with the check that the lock's node exists, so that the server
 * decides, whatever this process believes. No node of an earlier lock is ever taken for it, as their names are unique.
 *
 * The lease must be of a lock on the same ensemble, seen through the same chroot. Rejects with `FencedOutError` if the lock's node
 * is gone; otherwise as `client.set` does, a lost answer (`outcome: 'unknown'`) included.
 */
export async function fencedSet(
  client: ZooKeeperClient,
  lease: { readonly path: string; readonly fencingToken: number },
  path: string,
  data: Data,
  { version = -1, signal }: VersionOptions = {},
): Promise<Stat> {
  try {
    const transaction = client.transaction().check(lease.path, -1).set(path, data, { version });
    const [, stat] = await transaction.commit({ signal });
    return stat;
  } catch (error) {
    if (!(error instanceof MultiError)) throw error;
    if (error.index !== 0) throw error.failure;
    if (error.failure instanceof NoNodeError) throw new FencedOutError(path, lease.fencingToken, null, error);
    throw error.failure;
  }
}
