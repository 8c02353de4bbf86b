import { onAbort } from '../../client/aborts.ts';
import {
  type Acl,
  BadVersionError,
  type Codec,
  NoNodeError,
  RequestTooLargeError,
  ResponseTooLargeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { childPath } from '../../wire/path.ts';
import type { Receipts } from '../receipts.ts';
import { isRefusedForNow } from '../repeat.ts';
import { ItemHold } from './hold.ts';
import { attemptsIn, type Packed, unpackItems } from './items.ts';
import { addRest, leftoversOf, shelve, type Trouble, type Unhandled } from './leftovers.ts';
import type { Naming } from './names.ts';
import type { Handler, ItemFailure } from './options.ts';
import { isTransient, pause } from './passing.ts';

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

/**
 * What became of an attempt at an item: dealt with, in somebody else's hand, gone before we came, given back as it was, or left where
 * it is because nothing can be done about it.
 */
export type Worked = 'done' | 'elsewhere' | 'gone' | 'back' | 'stuck';

/** What tells a consumer to take nothing more, and what also ends the work in hand. */
export interface WorkSignals {
  readonly stopping: AbortSignal;
  readonly cutShort: AbortSignal;
  /** Called when the handler is done and only the server has still to be told: another item may be taken in the same write. */
  handled(): void;
}

/** The directories may be deleted between two steps; that often in a row means that something else is wrong. */
const ROUNDS_MAX = 16;

/** Handles an item under its lock: it comes again unless it is dealt with. */
export async function workWithLock<T>(
  place: Workplace<T>,
  lockPath: string,
  name: string,
  { stopping, cutShort, handled }: WorkSignals,
): Promise<Worked> {
  const { client, acl } = place;
  const path = childPath(place.path, name);
  const paths = { item: path, lock: childPath(lockPath, name) };
  const taken = await unlessTooLarge(place, path, () =>
    withDirectories(place, () => ItemHold.take(client, paths, { acl, signal: stopping })),
  );
  if (typeof taken === 'string') return taken;
  const { hold, data } = taken;
  const abort = (): void => hold.abort(cutShort.reason);
  const unlisten = onAbort(cutShort, abort);
  try {
    if (cutShort.aborted) abort();
    const { packed, trouble } = await handle(place, path, data, hold.signal, hold.fencingToken);
    if (trouble === null) {
      const finishing = hold.finish((transaction) => transaction);
      handled();
      await finishing;
    } else if (hold.signal.aborted) {
      // What rejects because it was told to end has not failed.
      if (packed !== null && trouble.at > 0) await keepRest(place, hold, name, packed, trouble.at);
      else await hold.release();
      return 'back';
    } else {
      const failed = { name, data, packed, trouble };
      const became = await giveBack(place, hold, failed);
      if (hold.lost) return 'back';
      report(place, path, trouble, became === 'poison');
      if (became === 'stuck') return 'stuck';
    }
    return hold.lost ? 'back' : 'done';
  } catch (error) {
    await hold.release();
    throw error;
  } finally {
    unlisten();
  }
}

/** Gives items back without those that are done. */
async function keepRest<T>(
  place: Workplace<T>,
  hold: ItemHold,
  name: string,
  packed: Packed,
  at: number,
): Promise<void> {
  try {
    await hold.finish((transaction) => addRest(place, name, packed, at, transaction));
  } catch (error) {
    if (!(error instanceof RequestTooLargeError)) throw error;
    await hold.release();
  }
}

/** Puts back into the queue, or sets aside, what was not handled of an item in hand. */
async function giveBack<T>(
  place: Workplace<T>,
  hold: ItemHold,
  failed: Unhandled<T>,
): Promise<'queue' | 'poison' | 'stuck'> {
  const leftovers = leftoversOf(place, failed);
  try {
    await withDirectories(place, () => hold.finish((transaction) => leftovers.add(transaction)));
    return leftovers.poison ? 'poison' : 'queue';
  } catch (error) {
    if (!(error instanceof RequestTooLargeError)) throw error;
  }
  if (!(await withDirectories(place, () => shelve(place, failed)))) {
    await hold.release();
    return 'stuck';
  }
  await hold.finish((transaction) => transaction);
  return 'poison';
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
    const read = await unlessTooLarge(place, path, () => client.get(path, { signal: stopping }));
    if (read === 'stuck') return read;
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
    const failed = { name, data: rest, packed, trouble };
    // What was told to end is not to begin with the next.
    const became = await setAside(once, failed, cutShort.aborted);
    report(once, path, trouble, became !== 'lost');
    if (became !== 'first') return 'done';
    rest = leftoversOf(once, failed).rest;
    if (rest === null) return 'done';
  }
}

/** Sets aside the first of what was not handled and is in the queue no more, or all of it; `lost` if no request can hold it. */
async function setAside<T>(
  place: Workplace<T>,
  failed: Unhandled<T>,
  all: boolean,
): Promise<'first' | 'all' | 'lost'> {
  const leftovers = leftoversOf(place, failed);
  const first = () => place.receipts.apply((transaction) => leftovers.addPoison(transaction));
  for (let whole = all; ; ) {
    try {
      if (whole) return (await withDirectories(place, () => shelve(place, failed))) ? 'all' : 'lost';
      await withDirectories(place, first);
      return 'first';
    } catch (error) {
      if (error instanceof RequestTooLargeError) whole = true;
      // There is no other copy of it: twice on the shelf is better than lost.
      else if (!isTransient(error)) throw error;
      if (isRefusedForNow(error)) await pause(place.client);
    }
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
    if (at > 0 && signal.aborted) {
      return { packed, trouble: { at, item: undefined, attempt, error: signal.reason, readable: true } };
    }
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

/** Work that reads an item: if that is too large for an answer it is reported, and stays where it is. */
async function unlessTooLarge<T, R>(
  place: Workplace<T>,
  path: string,
  work: () => Promise<R>,
): Promise<R | 'stuck'> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ResponseTooLargeError)) throw error;
    report(place, path, { item: undefined, attempt: 1, error }, false);
    return 'stuck';
  }
}

function report<T>(
  place: Workplace<T>,
  path: string,
  { item, error, attempt }: Pick<Trouble<T>, 'item' | 'error' | 'attempt'>,
  poison: boolean,
): void {
  if (place.onFailure === undefined) return;
  callListener(place.onFailure, { item, path, error, attempt, poison });
}
