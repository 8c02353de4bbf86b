import { waitFor } from '../../client/guaranteed.ts';
import {
  type Acl,
  BadVersionError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type Stat,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { mayRepeat } from '../repeat.ts';

/** How often somebody else may change the node between two steps. */
export const ROUNDS_MAX = 64;

/** Whether a step failed because the node was changed after it had been looked at. */
export function hasChanged(error: unknown): boolean {
  const failure = error instanceof MultiError ? error.failure : error;
  return (
    failure instanceof NoNodeError || failure instanceof BadVersionError || failure instanceof NodeExistsError
  );
}

/** Puts another node in the place of one that was seen, in one step: nobody can come between, and watchers see it go and come. */
export async function replaceNode(
  client: ZooKeeperClient,
  path: string,
  seen: Stat,
  data: Uint8Array,
  options: { readonly mode: 'ephemeral' | 'persistent'; readonly acl: readonly Acl[] | undefined },
): Promise<void> {
  await client.transaction().delete(path, { version: seen.version }).create(path, data, options).commit();
}

/**
 * Puts an ephemeral node of this session in the place of one that is there and is not. True if it made one; false if there was
 * nothing to replace. Who aborts it leaves no node behind: one that is made nevertheless is deleted.
 */
export async function takeOver(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
  acl: readonly Acl[] | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  signal?.throwIfAborted();
  const making = take(client, path, data, acl, signal);
  try {
    return await waitFor(making, signal);
  } catch (error) {
    making.then((made) => (made ? removeOwn(client, path) : undefined)).catch(() => {});
    throw error;
  }
}

/** Deletes a node in the background, if it is of this session. */
export async function removeOwn(client: ZooKeeperClient, path: string): Promise<void> {
  const stat = await client.exists(path);
  if (stat?.ephemeralOwner === client.sessionId) await client.delete(path, { guaranteed: true });
}

async function take(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
  acl: readonly Acl[] | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let tried = false;
  for (let round = 1; ; round++) {
    try {
      const stat = await client.exists(path);
      if (stat === null || stat.ephemeralOwner === client.sessionId) return tried && stat !== null;
      // Not before this: what has been tried has to be known.
      signal?.throwIfAborted();
      tried = true;
      await replaceNode(client, path, stat, data, { mode: 'ephemeral', acl });
      return true;
    } catch (error) {
      if (round >= ROUNDS_MAX || !(hasChanged(error) || mayRepeat(error))) {
        throw error instanceof MultiError ? error.failure : error;
      }
    }
  }
}
