import type { ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { Bell } from '../bell.ts';
import { wouldWait } from '../patience.ts';
import { sortBySequence } from '../sequence.ts';
import { contend } from './contender.ts';
import { Hold } from './lease.ts';
import { namesInSession } from './line.ts';
import type { LockOptions } from './lock.ts';
import type { Place } from './place.ts';
import { abandon, makePlace } from './place.ts';

/** How many permits there are, where that may change: what a `SharedCount` is. */
export interface PermitCount {
  readonly value: number;
  /** Calls the listener after every change; the answer ends that. */
  onChange(listener: () => void): () => void;
}

/** Names below a semaphore's path. Curator's. */
const LOCKS = 'locks';
export const LEASES = 'leases';
const LOCK_MARKER = 'lock-';
export const LEASE_MARKER = 'lease-';

export interface PermitOptions extends LockOptions {
  /** Path of the semaphore. */
  readonly path: string;
  readonly limit: PermitCount;
}

/** How those who ask for permits stand. */
export type PermitDecision = 'held' | 'waiting' | 'gone';

/**
 * Decides whether nodes of ours hold permits: all of them are among the `limit` oldest. The number of holders never exceeds the limit,
 * as a node only ever moves to the front. Curator asks for no more than `limit` nodes in all, which implies it; nodes that wait
 * behind ours do not keep us from our permits.
 */
export function decidePermits(
  names: readonly string[],
  ours: readonly string[],
  limit: number,
): PermitDecision {
  const sorted = sortBySequence(names, LEASE_MARKER);
  const positions = ours.map((name) => sorted.indexOf(name));
  if (positions.includes(-1)) return 'gone';
  return positions.every((at) => at < limit) ? 'held' : 'waiting';
}

/**
 * Takes permits of a semaphore, all or none: one asker at a time stands at the gate, makes its nodes and waits until all of them hold.
 * However it ends otherwise, no node of the attempt stays.
 *
 * With `wait` false it does not stand in line but looks whether permits are free, and throws `wouldWait` if not. Rejects with the
 * signal's reason, and with `SessionExpiredError` if the session ends.
 */
export async function takePermits(
  client: ZooKeeperClient,
  options: PermitOptions,
  count: number,
  signal: AbortSignal,
  wait: boolean,
): Promise<Place[]> {
  if (!wait) return takeAtGate(client, options, count, signal, false);
  const { path, data = '', acl } = options;
  const gate = { directory: childPath(path, LOCKS), marker: LOCK_MARKER, data, acl };
  const hold = new Hold(client, await contend(client, gate, signal));
  try {
    return await takeAtGate(client, options, count, signal, true);
  } finally {
    // Should the gate be lost meanwhile, two may wait at it: their nodes still hold in their order.
    hold.giveUp();
  }
}

async function takeAtGate(
  client: ZooKeeperClient,
  options: PermitOptions,
  count: number,
  signal: AbortSignal,
  wait: boolean,
): Promise<Place[]> {
  for (;;) {
    const places = await makeAll(client, options, count, signal);
    try {
      if (await untilHeld(client, options, places, signal, wait)) return places;
    } catch (error) {
      for (const place of places) abandon(client, place);
      throw error;
    }
    // Somebody deleted a node of ours while it waited: once more from the end of the line.
    for (const place of places) abandon(client, place);
  }
}

/** Makes the nodes, all or none. */
async function makeAll(
  client: ZooKeeperClient,
  { path, data = '', acl }: PermitOptions,
  count: number,
  signal: AbortSignal,
): Promise<Place[]> {
  const node = {
    directory: childPath(path, LEASES),
    name: LEASE_MARKER,
    mode: 'ephemeral-sequential',
    data,
    acl,
  } as const;
  const made = await Promise.allSettled(Array.from({ length: count }, () => makePlace(client, node, signal)));
  const places = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = made.find((result) => result.status === 'rejected');
  if (failed === undefined) return places;
  for (const place of places) abandon(client, place);
  throw failed.reason;
}

/** Resolves with true when all of the places hold permits, with false when one's node is not there any more. */
async function untilHeld(
  client: ZooKeeperClient,
  { path, limit }: PermitOptions,
  places: readonly Place[],
  signal: AbortSignal,
  wait: boolean,
): Promise<boolean> {
  const ours = places.map(({ node }) => nameOf(node.path));
  for (;;) {
    const bell = new Bell();
    const watching = new AbortController();
    const unsubscribe = limit.onChange(bell.ring);
    for (const { node } of places) node.onDeleted = bell.ring;
    try {
      const watch = wait ? { watch: bell.ring, watchSignal: watching.signal } : {};
      const options = { ...watch, signal };
      // None if somebody removed the directory with everything in it.
      const names = await namesInSession(client, childPath(path, LEASES), places, options, wait);
      const decision = decidePermits(names, ours, limit.value);
      if (decision !== 'waiting') return decision === 'held';
      if (!wait) throw wouldWait;
      await bell.rung(signal);
    } finally {
      for (const { node } of places) node.onDeleted = () => {};
      unsubscribe();
      watching.abort();
    }
  }
}
