import { onAbort } from '../../client/aborts.ts';
import {
  type Acl,
  type Data,
  NoNodeError,
  SessionExpiredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { nameOf } from '../../wire/path.ts';
import { wouldWait } from '../patience.ts';
import { decideLock } from './decide.ts';
import { HolderRecord } from './delay.ts';
import { OwnNode } from './own-node.ts';

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

/** A place that was won: the node that stands for it, watched. */
export interface Place {
  readonly node: OwnNode;
  /** Zxid of the node's creation, which only grows from holder to holder. */
  readonly czxid: number;
  /** The session that the node belongs to. */
  readonly sessionId: bigint;
  /**
   * Gives the place back, however often the connection breaks; resolves when the node is gone. Called once, after `node.stop`.
   * Default: a guaranteed delete of the node.
   */
  readonly giveBack?: (() => Promise<void>) | undefined;
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
  const prefix = directory === '/' ? '/' : `${directory}/`;
  const { path, stat } = await client.create(prefix + marker, data, {
    mode: 'ephemeral-sequential',
    protected: true,
    // The server removes a container that is empty, and with it the record of a holder that died.
    parents: lockDelayMs === undefined ? 'container' : 'persistent',
    acl,
    signal,
  });
  const node = new OwnNode(client, path);
  const record = lockDelayMs === undefined ? null : new HolderRecord(client, directory, nameOf(path));
  const giveBack = async (): Promise<void> => {
    // Both in one write. Who is next may see the node go first: it then waits for the record, not for the delay.
    await Promise.all([record?.clear(), client.delete(path, { guaranteed: true })]);
  };
  try {
    for (;;) {
      if (client.sessionId !== stat.ephemeralOwner) throw sessionEnded(path);
      const names = await childrenIfAny(client, directory, signal);
      // What a later session reads says nothing about a node of an earlier one, which is about to vanish.
      if (client.sessionId !== stat.ephemeralOwner) throw sessionEnded(path);
      const decision = decideLock(names, nameOf(path), marker);
      if (decision.kind === 'gone') {
        node.stop();
        return null;
      }
      if (decision.kind === 'waiting') {
        if (!wait) throw wouldWait;
        await change(client, prefix + decision.on, node, signal);
      } else if (record === null || (await record.write(node, lockDelayMs!, signal, wait))) {
        return { node, czxid: stat.czxid, sessionId: stat.ephemeralOwner, giveBack };
      }
    }
  } catch (error) {
    node.stop();
    giveBack().catch(() => {});
    throw error;
  }
}

/** Names in the directory; none if somebody has deleted it. */
async function childrenIfAny(
  client: ZooKeeperClient,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  try {
    return await client.children(directory, { signal });
  } catch (error) {
    if (error instanceof NoNodeError) return [];
    throw error;
  }
}

function sessionEnded(path: string): SessionExpiredError {
  return new SessionExpiredError({ operation: 'acquire', path }, 'not-applied');
}

/** Resolves when there is reason to look again: the node has changed or is gone, ours is, or a watch has ended. */
async function change(
  client: ZooKeeperClient,
  path: string,
  own: OwnNode,
  signal: AbortSignal | undefined,
): Promise<void> {
  const watching = new AbortController();
  let release = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      if (signal !== undefined) release = onAbort(signal, () => reject(signal.reason));
      own.onDeleted = resolve;
      if (own.deleted) resolve();
      // Reading data rather than asking for existence leaves no watch behind when the node has just gone.
      client
        .get(path, { watch: () => resolve(), watchSignal: watching.signal, signal })
        .catch((error: unknown) => (error instanceof NoNodeError ? resolve() : reject(error)));
    });
  } finally {
    own.onDeleted = () => {};
    release();
    watching.abort();
  }
}
