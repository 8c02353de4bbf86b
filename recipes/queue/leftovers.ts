import type { Acl, Transaction, ZooKeeperClient } from '../../client/index.ts';
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

interface Place {
  readonly client: ZooKeeperClient;
  readonly path: string;
  readonly poisonPath: string;
  readonly naming: Naming;
  readonly attemptsMax: number;
  readonly acl: readonly Acl[] | undefined;
}

/** Decides about the items from the one that failed on: it is set aside after `attemptsMax` failures; the others go back. */
export function leftoversOf<T>(
  place: Place,
  name: string,
  data: Uint8Array | null,
  packed: Packed | null,
  { at, attempt, error, readable }: Trouble<T>,
): Leftovers {
  const prefix = place.naming.parse(name)?.prefix ?? ITEM_PREFIX;
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
