import { type NodeData, NoNodeError, NotReadOnlyError, type ZooKeeperClient } from '../client/index.ts';
import { pause } from '../client/retrying.ts';
import { isOver, isRefusedForNow, mayRepeat } from './repeat.ts';
import { unless } from './until.ts';

/** Several nodes as they were at one moment, in the order of their paths; null where there was none. */
export type Snapshot = readonly (NodeData | null)[];

/** A node's data and Stat, or null if there is none. */
export async function getOrNull(
  client: ZooKeeperClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<NodeData | null> {
  try {
    return await client.get(path, { signal });
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}

/** Several nodes in one request, so that a transaction over them is seen whole or not at all. */
export async function readAll(
  client: ZooKeeperClient,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  if (paths.length === 1) return [await getOrNull(client, paths[0]!, signal)];
  const results = await client.multiRead(
    paths.map((path) => ({ get: path })),
    { signal },
  );
  return results.map((result) => {
    if (result.ok) return result.value;
    if (result.error instanceof NoNodeError) return null;
    throw result.error;
  });
}

const ASK_AGAIN_MS = 200;

/** Waits until the server has what was committed. One without a quorum cannot, and what it has is all there is. */
async function catchUp(client: ZooKeeperClient, path: string, signal: AbortSignal): Promise<void> {
  try {
    await client.sync(path, { signal });
  } catch (error) {
    if (!(error instanceof NotReadOnlyError)) throw error;
  }
}

/** Whether a server that lags behind answered: it had an older state of some node than one that was seen already. */
export function isStale(snapshot: Snapshot, seen: readonly number[]): boolean {
  return snapshot.some((node, i) => node !== null && node.stat.mzxid < (seen[i] ?? 0));
}

/**
 * Follows nodes: what they are now, and again after changes, for as long as the consumer asks. Who asks late gets the newest state,
 * not each one in between. Goes on over connections and sessions, and never from a state to an older one. Ends when the signal
 * aborts or the client is closed; throws what else a read rejects with. No watch is left behind.
 */
export async function* follow(
  client: ZooKeeperClient,
  paths: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Snapshot, undefined> {
  const watching = new AbortController();
  const armed = new Set<string>();
  let wake: () => void = () => {};
  let session: bigint | null = null;
  let seen: readonly number[] = [];

  const arm = async (path: string): Promise<void> => {
    if (armed.has(path)) return;
    armed.add(path);
    const watch = (): void => {
      armed.delete(path);
      wake();
    };
    try {
      await client.exists(path, { watch, watchSignal: watching.signal, signal });
    } catch (error) {
      armed.delete(path);
      throw error;
    }
  };
  const look = async (): Promise<Snapshot> => {
    for (;;) {
      const at = client.sessionId;
      // A new session may begin at a server that has not seen what an earlier one showed us.
      if (session !== null && at !== session) await catchUp(client, paths[0]!, signal);
      // The watches first, so that nothing that comes after the read is missed.
      await Promise.all(paths.map(arm));
      const snapshot = await readAll(client, paths, signal);
      if (session !== null && client.sessionId !== at) continue;
      session = client.sessionId;
      return snapshot;
    }
  };

  try {
    for (;;) {
      const change = new Promise<void>((resolve) => {
        wake = resolve;
      });
      try {
        const snapshot = await look();
        if (!isStale(snapshot, seen)) {
          seen = snapshot.map((node, i) => node?.stat.mzxid ?? seen[i] ?? 0);
          yield snapshot;
        }
        await unless(change, signal);
      } catch (error) {
        if (signal.aborted || isOver(error)) return undefined;
        if (mayRepeat(error)) continue;
        if (!isRefusedForNow(error)) throw error;
        await pause(client.ports, ASK_AGAIN_MS, signal).catch(() => {});
      }
    }
  } finally {
    watching.abort();
  }
}
