import { NoNodeError, type OperationOptions, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { sortBySequence } from '../sequence.ts';
import { isRevoked } from './revoke.ts';

/** Somebody who stands in the line of a lock, holder or not. */
export interface Participant {
  /** The node that stands for it. */
  readonly path: string;
  /** Zxid of the node's creation: the fencing token of its lease, once it holds the lock. */
  readonly fencingToken: number;
  /** The session that the node belongs to, as the server's `cons` and `dump` have it (`formatSessionId`). */
  readonly sessionId: bigint;
  /** When it asked for the lock: milliseconds since 1970, by the clock of the server that led then. */
  readonly sinceMs: number;
  /** When the node's data was last written, by the same kind of clock; the same as `sinceMs` unless somebody wrote. */
  readonly changedMs: number;
  /** The node's data; null where it has none. */
  readonly data: Buffer | null;
  /** Whether somebody has asked for the lock back. */
  readonly revoked: boolean;
}

export interface Inspection {
  /** The first in line, at most `leases` of them. */
  readonly holders: readonly Participant[];
  /** The others, in the order in which their turn comes. */
  readonly waiters: readonly Participant[];
}

/** Nodes that are asked for at once. */
const BATCH = 256;

/**
 * Who holds the lock and who waits for it, from the sequential nodes with `marker` in their names below a directory. It is read
 * node by node and so not of one moment: who leaves meanwhile is left out. Everybody's absence is an empty line, not an error. A
 * first in line with `lockDelayMs` may still have to wait.
 */
export async function inspectLine(
  client: ZooKeeperClient,
  directory: string,
  marker: string,
  leases: number,
  options?: OperationOptions,
): Promise<Inspection> {
  const paths = await lineOf(client, directory, marker, options);
  const line: Participant[] = [];
  for (let at = 0; at < paths.length; at += BATCH) {
    const batch = paths.slice(at, at + BATCH).map((path) => participant(client, path, options));
    for (const each of await Promise.all(batch)) if (each !== null) line.push(each);
  }
  return { holders: line.slice(0, leases), waiters: line.slice(leases) };
}

/** Paths of the sequential nodes with `marker` in their names, oldest first; none where there is no directory. */
export async function lineOf(
  client: ZooKeeperClient,
  directory: string,
  marker: string,
  options?: OperationOptions,
): Promise<string[]> {
  try {
    const names = await client.children(directory, options);
    return sortBySequence(names, marker).map((name) => childPath(directory, name));
  } catch (error) {
    if (error instanceof NoNodeError) return [];
    throw error;
  }
}

async function participant(
  client: ZooKeeperClient,
  path: string,
  options: OperationOptions | undefined,
): Promise<Participant | null> {
  try {
    const node = await client.get(path, { signal: options?.signal });
    const { czxid, ephemeralOwner, ctime, mtime } = node.stat;
    return {
      path,
      fencingToken: czxid,
      sessionId: ephemeralOwner,
      sinceMs: ctime,
      changedMs: mtime,
      data: node.data,
      revoked: isRevoked(node),
    };
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}
