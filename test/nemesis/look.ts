import { connect, NoNodeError } from '../../client/index.ts';
import type { Recorder, Seen, Tree } from '../history/history.ts';
import { eventually } from '../kit/processes.ts';
import { type ClusterServer, connectStringOf } from './cluster.ts';
import type { Worker } from './worker.ts';

/** Sessions that nobody uses any more have expired by then, many times over. */
const EXPIRY_LIMIT_MS = 60_000;
/** How often a last look may be disturbed by a session that expires during it. */
const LOOKS_MAX = 20;

/** Options of clients that are to get their answer, however busy the machine is. */
export const patience = { sessionTimeoutMs: 60_000, connectTimeoutMs: 120_000 };

/** What one server shows of a node and its children, after it has caught up with the leader. */
export async function look(server: ClusterServer, root: string): Promise<Tree> {
  await using client = await connect(connectStringOf([server]), patience);
  await client.sync(root);
  const tree = new Map<string, Seen>();
  const paths = [root, ...(await client.children(root)).map((name) => `${root}/${name}`)];
  // A node may go while it is looked for, with its session.
  const nodes = await Promise.all(paths.map((path) => client.get(path).catch(nullIfGone)));
  for (const [i, node] of nodes.entries()) {
    if (node === null) continue;
    const path = paths[i]!;
    const { data, stat } = node;
    const { version, czxid, mzxid, ephemeralOwner } = stat;
    tree.set(path, { path, data: data?.toString() ?? '', version, czxid, mzxid, ephemeralOwner });
  }
  return tree;
}

function nullIfGone(error: unknown): null {
  if (error instanceof NoNodeError) return null;
  throw error;
}

/**
 * The last look at all servers, when no client writes any more: waits until sessions that have ended are gone from the trees, which is
 * where ephemeral nodes change last. A session that ends while the servers are looked at makes the look worth nothing: then again.
 */
export async function lookAtAll(
  servers: readonly ClusterServer[],
  root: string,
  history: Recorder,
  workers: readonly Worker[],
): Promise<void> {
  const stale = (tree: Tree): string[] =>
    [...tree.values()]
      .filter(({ ephemeralOwner }) => ephemeralOwner !== 0n)
      .filter(({ ephemeralOwner }) => history.sessions.get(ephemeralOwner)?.state !== 'open')
      .map(({ path }) => path);
  for (let round = 0; round < LOOKS_MAX; round++) {
    await eventually(
      'nodes of sessions that have ended go',
      async () => stale(await look(servers[0]!, root)).length === 0,
      EXPIRY_LIMIT_MS,
    );
    const before = sessionsOf(history);
    for (const server of servers) history.trees.set(`s${server.id}`, await look(server, root));
    await Promise.all(workers.map((worker) => worker.prove()));
    if (sessionsOf(history) === before) return;
  }
  throw new Error(`sessions went on expiring during ${LOOKS_MAX} looks at the servers`);
}

function sessionsOf({ sessions }: Recorder): string {
  return [...sessions.values()].map(({ id, state }) => `${id} ${state}`).join();
}
