import {
  ConnectionLossError,
  type NodeData,
  NoNodeError,
  type OperationOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';

/** What Curator's Revoker writes into a node whose owner is to give the lock back. */
const REVOKE_MESSAGE = Buffer.from('__REVOKE__');

/** Whether somebody has asked for the node back. What it was created with does not count. */
export function isRevoked({ data, stat }: NodeData): boolean {
  return stat.version > 0 && data !== null && REVOKE_MESSAGE.equals(data);
}

/**
 * Asks whoever owns a lock's node to give the lock back, as Curator's Revoker does: writes `__REVOKE__` into it. `path` is the
 * node's, from `participants` or `inspect`; the node's own data is lost. False if there is no such node any more.
 *
 * It is a request: nothing happens unless the owner listens (`onRevoke`, Java's `makeRevocable`), and when it does, it decides
 * itself when to release. NoAuthError, and the signal's reason.
 */
export async function revoke(
  client: ZooKeeperClient,
  path: string,
  options?: OperationOptions,
): Promise<boolean> {
  for (;;) {
    try {
      // As it stands, whatever this client compresses: the owner compares bytes.
      await client.set(path, REVOKE_MESSAGE, { compressed: false, signal: options?.signal });
      return true;
    } catch (error) {
      if (error instanceof NoNodeError) return false;
      // Asking twice is asking once; the next request waits for another connection.
      if (!(error instanceof ConnectionLossError)) throw error;
    }
  }
}
