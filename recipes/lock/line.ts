import {
  NoNodeError,
  type WatchEvent,
  type WatchedReadOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { Bell } from '../bell.ts';
import { wouldWait } from '../patience.ts';
import { untilWritable } from '../writable.ts';
import type { LockDecision } from './decide.ts';
import { NOT_NEEDED } from './own-node.ts';
import { abandon, assertSession, makePlaceAndLook, type Place, type PlaceOptions } from './place.ts';

/** Decides from the names in a directory how the node `ours` stands. */
export type Decide = (names: readonly string[], ours: string) => LockDecision;

/** What it takes besides being the first. */
export interface Claim {
  /** Asked of who is first. False if there is reason to look at the line again; throws `wouldWait` if it must not wait and would have to. */
  confirm(signal: AbortSignal | undefined, wait: boolean): Promise<boolean>;
  /** Takes the place of `Place.giveBack`, also for a place that was not won. */
  giveBack(): Promise<void>;
}

export interface LineOptions extends PlaceOptions {
  readonly decide: Decide;
  readonly claim?: ((place: Place) => Claim) | undefined;
}

/**
 * Stands in a line that a decision rules, and returns when it says that the lock is held. However it ends otherwise, no node of the
 * attempt stays. Watches one node besides its own.
 *
 * Rejects with the signal's reason, with `SessionExpiredError` if the session ends, and with `wouldWait` if `wait` is false and others
 * are first.
 */
export async function standInLine(
  client: ZooKeeperClient,
  options: LineOptions,
  signal: AbortSignal | undefined,
  wait: boolean,
): Promise<Place> {
  for (;;) {
    const { place: made, names } = await makePlaceAndLook(client, options, signal);
    const claim = options.claim?.(made);
    const place = claim === undefined ? made : { ...made, giveBack: () => claim.giveBack() };
    try {
      if (await itsTurn(client, options, place, names, claim, signal, wait)) return place;
    } catch (error) {
      abandon(client, place);
      throw error;
    }
    // Somebody deleted our node while it waited: back to the end of the line.
    place.node.stop();
  }
}

/** Resolves with true when the place holds the lock, with false when its node is not there any more. */
async function itsTurn(
  client: ZooKeeperClient,
  { directory, decide }: LineOptions,
  place: Place,
  first: readonly string[] | null,
  claim: Claim | undefined,
  signal: AbortSignal | undefined,
  wait: boolean,
): Promise<boolean> {
  for (let seen = first; ; seen = null) {
    const fresh = seen !== null && client.state !== 'readonly' && client.sessionId === place.sessionId;
    const names = fresh ? seen : await namesInSession(client, directory, [place], { signal }, wait);
    const decision = decide(names!, nameOf(place.node.path));
    if (decision.kind === 'gone') return false;
    if (decision.kind === 'waiting') {
      if (!wait) throw wouldWait;
      const gone = await change(client, childPath(directory, decision.on), place, signal);
      if (!gone || decision.next !== true) continue;
    }
    if (claim === undefined || (await claim.confirm(signal, wait))) return true;
  }
}

/**
 * The names in the directory of places of one session, as a server with a quorum has them while that session lives. Throws
 * `wouldWait` if it must not wait for such a server.
 */
export async function namesInSession(
  client: ZooKeeperClient,
  directory: string,
  places: readonly Place[],
  options: WatchedReadOptions,
  wait: boolean,
): Promise<string[]> {
  for (;;) {
    if (client.state === 'readonly' && !wait) throw wouldWait;
    await untilWritable(client, options.signal);
    for (const place of places) assertSession(client, place);
    const names = await childrenIfAny(client, directory, options);
    for (const place of places) assertSession(client, place);
    // Asked again on a connection to a server without a quorum, which may not hear of our session's end.
    if (client.state !== 'readonly') return names;
  }
}

/** The names in a directory; none if somebody removed it with everything in it. */
export async function childrenIfAny(
  client: ZooKeeperClient,
  directory: string,
  options: WatchedReadOptions | undefined,
): Promise<string[]> {
  try {
    return await client.children(directory, options);
  } catch (error) {
    if (error instanceof NoNodeError) return [];
    throw error;
  }
}

/**
 * Resolves when there is reason to look again: the node has changed or is gone, our own is, or a watch has ended. With true if that node
 * is gone and our own was still there at that moment: where it is watched, a server tells both in order on one connection.
 */
async function change(
  client: ZooKeeperClient,
  path: string,
  { node }: Place,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { connections } = client;
  const bell = new Bell();
  const watching = new AbortController();
  let gone = false;
  const watch = ({ type }: WatchEvent): void => {
    gone = type === 'deleted';
    bell.ring();
  };
  node.onDeleted = bell.ring;
  try {
    if (node.deleted) return false;
    // Reading data rather than asking for existence leaves no watch behind when the node has just gone.
    await client.get(path, { watch, watchSignal: watching.signal, signal });
    await bell.rung(signal);
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error;
    gone = true;
  } finally {
    node.onDeleted = () => {};
    watching.abort(NOT_NEEDED);
  }
  return gone && node.watched && client.connections === connections;
}
