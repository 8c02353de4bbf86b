import { type Acl, type Data, SessionExpiredError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { refuseExhausted } from '../sequence.ts';
import { OwnNode } from './own-node.ts';

/** Who gives a place back within so many milliseconds pays for no watch on its node. */
const WATCH_WITHIN_MS = 50;

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

export interface PlaceOptions {
  /** Where the node is made. */
  readonly directory: string;
  /** The node's name without the protection before it and the number behind it. */
  readonly name: string;
  readonly mode: 'ephemeral' | 'ephemeral-sequential';
  /** What is made of the directories that do not exist. Default containers. */
  readonly parents?: 'container' | 'persistent' | undefined;
  readonly data: Data;
  readonly acl: readonly Acl[] | undefined;
}

/**
 * Makes a node that stands for somebody, and watches it. It is there when this resolves, and not there, or about to go, when this
 * rejects: also with `SequenceExhaustedError` where a sequential node would have no order.
 */
export async function makePlace(
  client: ZooKeeperClient,
  { directory, name, mode, parents = 'container', data, acl }: PlaceOptions,
  signal: AbortSignal | undefined,
): Promise<Place> {
  const { path, stat } = await client.create(childPath(directory, name), data, {
    mode,
    protected: true,
    parents,
    acl,
    signal,
  });
  if (mode === 'ephemeral-sequential') refuseExhausted(client, path, name);
  const node = new OwnNode(client, path, { watchWithinMs: WATCH_WITHIN_MS });
  return { node, czxid: stat.czxid, sessionId: stat.ephemeralOwner };
}

/**
 * The same, and the names in the directory at a moment after that: asked for in the same write, they cost no time. Null where that
 * failed, as it does where the directory had to be made first.
 */
export async function makePlaceAndLook(
  client: ZooKeeperClient,
  options: PlaceOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly place: Place; readonly names: readonly string[] | null }> {
  const making = makePlace(client, options, signal);
  const looking = client.children(options.directory, { signal }).catch(() => null);
  const place = await making;
  const names = await looking;
  // Without our node they are from before it, as when a lost creation was sent again after them.
  return { place, names: names?.includes(nameOf(place.node.path)) === true ? names : null };
}

/** Deletes the node of a place that is not wanted any more, in the background and however often the connection breaks. */
export function abandon(client: ZooKeeperClient, place: Place): void {
  place.node.stop();
  giveBack(client, place).catch(() => {});
}

/** Gives a place back, after `node.stop`; resolves when its node is gone. */
export function giveBack(client: ZooKeeperClient, place: Place): Promise<void> {
  return place.giveBack?.() ?? client.delete(place.node.path, { guaranteed: true });
}

/** What a later session reads says nothing about a node of an earlier one, which is about to vanish. */
export function assertSession(client: ZooKeeperClient, place: Place): void {
  if (client.sessionId === place.sessionId) return;
  throw new SessionExpiredError({ operation: 'acquire', path: place.node.path }, 'not-applied');
}
