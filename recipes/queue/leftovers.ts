import {
  type Acl,
  RequestTooLargeError,
  type Transaction,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { type ItemNotes, type Packed, packItems } from './items.ts';
import { ITEM_PREFIX, type Naming } from './names.ts';

/** The first item of a node that could not be handled. */
export interface Trouble<T> {
  /** Its place among the items of the node; those before it are handled. */
  readonly at: number;
  readonly item: T | undefined;
  readonly attempt: number;
  readonly error: unknown;
  /** False if its bytes are no item, so that there is no use in trying again. */
  readonly readable: boolean;
}

/** What a handler has left of a node: the items from the one that failed on. */
export interface Unhandled<T> {
  readonly name: string;
  readonly data: Uint8Array | null;
  /** Null if the data are no items. */
  readonly packed: Packed | null;
  readonly trouble: Trouble<T>;
}

/** What is to become of the items of a node that were not handled. */
export interface Leftovers {
  /** Whether the item that failed is set aside; otherwise it goes back into the queue with the rest. */
  readonly poison: boolean;
  /** What goes back into the queue; null if nothing does. */
  readonly rest: Buffer | null;
  /** Adds the creation of all. */
  add(transaction: Transaction<readonly unknown[]>): Transaction<readonly unknown[]>;
  /** Adds the creation of the one that is set aside. */
  addPoison(transaction: Transaction<readonly unknown[]>): Transaction<readonly unknown[]>;
}

/** Characters of an error's message that are kept with an item that was set aside. */
const ERROR_CHARS_MAX = 1000;

/** Says of a node that is set aside that it is none of Curator's encoding. */
const raw: ItemNotes = { attempts: 1, raw: true };

interface Place {
  readonly client: ZooKeeperClient;
  readonly path: string;
  readonly poisonPath: string;
  readonly naming: Naming;
  readonly attemptsMax: number;
  readonly acl: readonly Acl[] | undefined;
}

/**
 * Sets aside all that was not handled, for items that are too large for a transaction that also deletes them: the node has to be
 * deleted afterwards, and who dies in between leaves them in both places. False if not even that fits a request.
 */
export async function shelve<T>(
  place: Place,
  { name, data, packed, trouble: { at, attempt } }: Unhandled<T>,
): Promise<boolean> {
  const path = childPath(place.poisonPath, prefixOf(place, name));
  const items = packed?.items.slice(at);
  const counted = items ? packItems(items, { attempts: attempt }) : packItems([data ?? Buffer.alloc(0)], raw);
  for (const bytes of [counted, items ? packItems(items) : data]) {
    try {
      await place.client.create(path, bytes, { mode: 'persistent-sequential', acl: place.acl });
      return true;
    } catch (error) {
      if (!(error instanceof RequestTooLargeError)) throw error;
    }
  }
  return false;
}

/** Adds that the items from a certain one on go back into the queue as they are. */
export function addRest(
  place: Place,
  name: string,
  { items }: Packed,
  at: number,
  transaction: Transaction<readonly unknown[]>,
): Transaction<readonly unknown[]> {
  const options = { mode: 'persistent-sequential', acl: place.acl } as const;
  return transaction.create(
    childPath(place.path, prefixOf(place, name)),
    packItems(items.slice(at)),
    options,
  );
}

function prefixOf(place: Place, name: string): string {
  return place.naming.parse(name)?.prefix ?? ITEM_PREFIX;
}

/** Decides about the items from the one that failed on: it is set aside after `attemptsMax` failures; the others go back. */
export function leftoversOf<T>(
  place: Place,
  { name, data, packed, trouble: { at, attempt, error, readable } }: Unhandled<T>,
): Leftovers {
  const prefix = prefixOf(place, name);
  const options = { mode: 'persistent-sequential', acl: place.acl } as const;
  const poison = !readable || attempt >= place.attemptsMax;
  const items = packed?.items.slice(at) ?? [];
  const notes: ItemNotes = {
    attempts: attempt,
    error: String(error).slice(0, ERROR_CHARS_MAX),
    failedAtMs: place.client.ports.wallMs(),
  };
  const back = poison ? items.slice(1) : items;
  const rest = back.length === 0 ? null : packItems(back, poison ? {} : { attempts: attempt });
  const addPoison = (transaction: Transaction<readonly unknown[]>): Transaction<readonly unknown[]> => {
    if (!poison) return transaction;
    const aside =
      packed === null
        ? packItems([data ?? Buffer.alloc(0)], { ...notes, raw: true })
        : packItems(items.slice(0, 1), notes);
    return transaction.create(childPath(place.poisonPath, prefix), aside, options);
  };
  return {
    poison,
    rest,
    addPoison,
    add: (transaction) => {
      const begun = addPoison(transaction);
      return rest === null ? begun : begun.create(childPath(place.path, prefix), rest, options);
    },
  };
}
