import {
  type Acl,
  BadVersionError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { isInterrupted } from '../interrupted.ts';

/** How often somebody else may change the node between two steps. */
const ROUNDS_MAX = 64;

/**
 * Puts an ephemeral node of this session in the place of one that is there and is not, in one step, so that nobody can come between
 * and watchers see it go and come. True if it made one; false if there was nothing to replace.
 */
export async function takeOver(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
  acl: readonly Acl[] | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let round = 1; ; round++) {
    try {
      const stat = await client.exists(path, { signal });
      if (stat === null || stat.ephemeralOwner === client.sessionId) return round > 1 && stat !== null;
      await client
        .transaction()
        .delete(path, { version: stat.version })
        .create(path, data, { mode: 'ephemeral', acl })
        .commit({ signal });
      return true;
    } catch (error) {
      if (round >= ROUNDS_MAX) throw error;
      if (error instanceof MultiError) {
        const { failure } = error;
        const changed =
          failure instanceof NoNodeError ||
          failure instanceof BadVersionError ||
          failure instanceof NodeExistsError;
        if (!changed) throw failure;
      } else if (!isInterrupted(error)) throw error;
    }
  }
}
