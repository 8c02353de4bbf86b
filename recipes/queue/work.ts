import { onAbort } from '../../client/aborts.ts';
import {
  type Acl,
  BadVersionError,
  type Codec,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { childPath } from '../../wire/path.ts';
import type { Receipts } from '../receipts.ts';
import { ItemHold } from './hold.ts';
import { attemptsIn, type Packed, unpackItems } from './items.ts';
import { type Leftovers, leftoversOf, type Trouble } from './leftovers.ts';
import type { Naming } from './names.ts';
import type { Handler, ItemFailure } from './options.ts';

/** What one consumer does with items. */
export interface Workplace<T> {
  readonly client: ZooKeeperClient;
  readonly path: string;
  readonly poisonPath: string;
  readonly naming: Naming;
  readonly codec: Codec<T>;
  readonly attemptsMax: number;
  readonly acl: readonly Acl[] | undefined;
  readonly receipts: Receipts;
  readonly handler: Handler<T>;
  readonly onFailure: ((failure: ItemFailure<T>) => void) | undefined;
  /** Makes the directories. */
  prepare(signal?: AbortSignal): Promise<void>;
}

/** What became of an attempt at an item: dealt with, in somebody else's hand, gone before we came, or given back as it was. */
export type Worked = 'done' | 'elsewhere' | 'gone' | 'back';

/** What tells a consumer to take nothing more, and what also ends the work in hand. */
export interface WorkSignals {
  readonly stopping: AbortSignal;
  readonly cutShort: AbortSignal;
}

/** The directories may be deleted between two steps; that often in a row means that something else is wrong. */
const ROUNDS_MAX = 16;

/** Handles an item under its lock: it comes again unless it is dealt with. */
export async function workWithLock<T>(
  place: Workplace<T>,
  lockPath: string,
  name: string,
  { stopping, cutShort }: WorkSignals,
): Promise<Worked> {
  const { client, acl } = place;
  const path = childPath(place.path, name);
  const taken = await withDirectories(place, () =>
    ItemHold.take(client, { item: path, lock: childPath(lockPath, name) }, { acl, signal: stopping }),
  );
  if (typeof taken === 'string') return taken;
  const { hold, data } = taken;
  const abort = (): void => hold.abort(cutShort.reason);
  const unlisten = onAbort(cutShort, abort);
  try {
    if (cutShort.aborted) abort();
    const { packed, trouble } = await handle(place, path, data, hold.signal, hold.fencingToken);
    if (trouble === null) {
      await hold.finish((transaction) => transaction);
    } else if (hold.signal.aborted) {
      // What rejects because it was told to end has not failed.
      await hold.release();
      return 'back';
    } else {
      const leftovers = leftoversOf(place, name, data, packed, trouble);
      await withDirectories(place, () => hold.finish((transaction) => leftovers.add(transaction)));
      if (!hold.lost) report(place, path, trouble, leftovers);
    }
    return hold.lost ? 'back' : 'done';
  } catch (error) {
    await hold.release();
    throw error;
  } finally {
    unlisten();
  }
}

/** Deletes an item and then handles it: it never comes again. One that fails is set aside. */
export async function workWithoutLock<T>(
  place: Workplace<T>,
  name: string,
  { stopping, cutShort }: WorkSignals,
): Promise<Worked> {
  const { client } = place;
  const path = childPath(place.path, name);
  let data: Buffer | null;
  try {
    const read = await client.get(path, { signal: stopping });
    data = read.data;
    const { version } = read.stat;
    // Not given up half-way: an item that was deleted is to be handled.
    await place.receipts.apply((transaction) => transaction.delete(path, { version }));
  } catch (error) {
    if (error instanceof NoNodeError) return 'gone';
    if (error instanceof BadVersionError) return 'back';
    throw error;
  }
  const once = { ...place, attemptsMax: 1 };
  for (let rest: Buffer | null = data; ; ) {
    const { packed, trouble } = await handle(once, path, rest, cutShort, 0);
    if (trouble === null) return 'done';
    const leftovers = leftoversOf(once, name, rest, packed, trouble);
    await withDirectories(place, () =>
      place.receipts.apply((transaction) => leftovers.addPoison(transaction)),
    );
    report(once, path, trouble, leftovers);
    if (leftovers.rest === null) return 'done';
    rest = leftovers.rest;
  }
}

/** Gives the items of a node to the handler, one after the other, up to the first that it fails on. */
async function handle<T>(
  place: Workplace<T>,
  path: string,
  data: Uint8Array | null,
  signal: AbortSignal,
  fencingToken: number,
): Promise<{ readonly packed: Packed | null; readonly trouble: Trouble<T> | null }> {
  let packed: Packed;
  try {
    packed = unpackItems(data);
  } catch (error) {
    return { packed: null, trouble: { at: 0, item: undefined, attempt: 1, error, readable: false } };
  }
  for (const [at, encoded] of packed.items.entries()) {
    const attempt = at === 0 ? attemptsIn(packed.notes) + 1 : 1;
    let item: T | undefined;
    let readable = false;
    try {
      item = await place.codec.decode(encoded);
      readable = true;
      await place.handler(item, { signal, path, attempt, fencingToken });
    } catch (error) {
      return { packed, trouble: { at, item, attempt, error, readable } };
    }
  }
  return { packed, trouble: null };
}

/** Work that may find that a directory of the queue is missing. */
async function withDirectories<T, R>(place: Workplace<T>, work: () => Promise<R>): Promise<R> {
  for (let round = 1; ; round++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NoNodeError) || round >= ROUNDS_MAX) throw error;
      await place.prepare();
    }
  }
}

function report<T>(place: Workplace<T>, path: string, trouble: Trouble<T>, leftovers: Leftovers): void {
  if (place.onFailure === undefined) return;
  const { item, error, attempt } = trouble;
  callListener(place.onFailure, { item, path, error, attempt, poison: leftovers.poison });
}
