import { waitFor } from '../../client/guaranteed.ts';
import {
  type Acl,
  ConnectionLossError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath, nameOf, parentOf, sequenceSuffix } from '../../wire/path.ts';
import { mayRepeat, repeatedly } from '../repeat.ts';
import { compareSequences } from '../sequence.ts';
import { removeOwn } from './take-over.ts';

/**
 * Makes an ephemeral node `<path>NNNNNNNNNN`, named as Curator's discovery names it: without the protection that would tell our own
 * node from others when the answer is lost. Then its data tell: `data` must be unlike those of any other node of this session. Who
 * aborts it leaves no node behind.
 */
export async function makeSequential(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
  acl: readonly Acl[] | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  signal?.throwIfAborted();
  const making = make(client, path, data, acl);
  try {
    return await waitFor(making, signal);
  } catch (error) {
    making.then((made) => removeOwn(client, made)).catch(() => {});
    throw error;
  }
}

async function make(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
  acl: readonly Acl[] | undefined,
): Promise<string> {
  const shared = { parents: 'container', acl } as const;
  // Chosen by the server, as long as that does.
  let suffix: string | null = null;
  for (;;) {
    try {
      const created =
        suffix === null
          ? await client.create(path, data, { ...shared, mode: 'ephemeral-sequential' })
          : await client.create(path + suffix, data, { ...shared, mode: 'ephemeral' });
      return created.path;
    } catch (error) {
      // A directory that was removed and made again counts from 0, and somebody may have come back under a number from before.
      if (error instanceof NodeExistsError) suffix = await repeatedly(() => nextSuffix(client, path));
      else if (!mayRepeat(error)) throw error;
      else if (error instanceof ConnectionLossError && error.outcome === 'unknown') {
        const found = await repeatedly(() => find(client, path, data));
        if (found !== null) return found;
      }
    }
  }
}

/** The node of this session with the data; null if there is none. */
async function find(client: ZooKeeperClient, path: string, data: Uint8Array): Promise<string | null> {
  // Another server may lag behind the one that was asked to create.
  await client.sync(parentOf(path));
  for (const { name } of await numbered(client, path)) {
    const at = childPath(parentOf(path), name);
    const node = await client.get(at).catch((error: unknown) => {
      if (error instanceof NoNodeError) return null;
      throw error;
    });
    if (node?.stat.ephemeralOwner === client.sessionId && node.data?.equals(data) === true) return at;
  }
  return null;
}

/** The number behind all that are there. */
async function nextSuffix(client: ZooKeeperClient, path: string): Promise<string> {
  await client.sync(parentOf(path));
  const numbers = (await numbered(client, path)).map(({ sequence }) => sequence);
  const last = numbers.reduce((a, b) => (compareSequences(a, b) < 0 ? b : a), -1);
  return sequenceSuffix((last + 1) | 0);
}

/** The nodes of that name with a number behind it. */
async function numbered(
  client: ZooKeeperClient,
  path: string,
): Promise<{ readonly name: string; readonly sequence: number }[]> {
  const id = nameOf(path);
  const names = await client.children(parentOf(path)).catch((error: unknown) => {
    if (error instanceof NoNodeError) return [];
    throw error;
  });
  return names
    .filter((name) => name.startsWith(id) && /^(\d{10}|-\d{9,10})$/.test(name.slice(id.length)))
    .map((name) => ({ name, sequence: Number(name.slice(id.length)) }));
}
