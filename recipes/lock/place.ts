import { type Acl, type Data, SessionExpiredError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import type { Place } from './contender.ts';
import { OwnNode } from './own-node.ts';

export interface PlaceOptions {
  /** Where the node is made; containers are made where it does not exist. */
  readonly directory: string;
  /** The node's name without the protection before it and the number behind it. */
  readonly name: string;
  readonly mode: 'ephemeral' | 'ephemeral-sequential';
  readonly data: Data;
  readonly acl: readonly Acl[] | undefined;
}

/** Makes a node that stands for somebody, and watches it. It is there when this resolves, and not there when this rejects. */
export async function makePlace(
  client: ZooKeeperClient,
  { directory, name, mode, data, acl }: PlaceOptions,
  signal: AbortSignal | undefined,
): Promise<Place> {
  const { path, stat } = await client.create(childPath(directory, name), data, {
    mode,
    protected: true,
    parents: 'container',
    acl,
    signal,
  });
  return { node: new OwnNode(client, path), czxid: stat.czxid, sessionId: stat.ephemeralOwner };
}

/** Deletes the node of a place that is not wanted any more, in the background and however often the connection breaks. */
export function abandon(client: ZooKeeperClient, { node }: Place): void {
  node.stop();
  client.delete(node.path, { guaranteed: true }).catch(() => {});
}

/** What a later session reads says nothing about a node of an earlier one, which is about to vanish. */
export function assertSession(client: ZooKeeperClient, place: Place): void {
  if (client.sessionId === place.sessionId) return;
  throw new SessionExpiredError({ operation: 'acquire', path: place.node.path }, 'not-applied');
}
