import { compareSequences } from '../sequence.ts';

/** What the name of an item says. */
export interface ItemName {
  readonly name: string;
  /** All before the sequence number: what an item is created with. */
  readonly prefix: string;
  readonly sequence: number;
  /** The lowest comes first; among equals, the one put first. */
  readonly rank: number;
  /** When it may be taken: milliseconds since 1970; 0 for at once. */
  readonly dueAtMs: number;
}

/** How one kind of queue names its items. The names are Curator's. */
export interface Naming {
  /** What the name says; null if it is not that of an item. */
  parse(name: string): ItemName | null;
  /** Whether an item that is put later may come before those that are there. */
  readonly overtaking: boolean;
}

export const ITEM_PREFIX = 'queue-';

/** The order in which items are taken. */
export function compareItems(a: ItemName, b: ItemName): number {
  return a.rank - b.rank || compareSequences(a.sequence, b.sequence);
}

function naming(rankOf: (middle: string) => number, isTime = false, overtaking = false): Naming {
  return {
    overtaking,
    parse(name) {
      if (!name.startsWith(ITEM_PREFIX)) return null;
      // As servers print it: 0000000007, -000000005, -2147483648.
      const digits = /(?:-\d{9}|-?\d{10})$/.exec(name.slice(ITEM_PREFIX.length))?.[0];
      const sequence = Number(digits);
      if (digits === undefined || sequence !== (sequence | 0)) return null;
      const prefix = name.slice(0, -digits.length);
      const rank = rankOf(prefix.slice(ITEM_PREFIX.length));
      return { name, prefix, sequence, rank, dueAtMs: isTime ? rank : 0 };
    },
  };
}

/** `queue-NNNNNNNNNN`. */
export const plainNames: Naming = naming(() => 0);

/** `queue-|<id>|NNNNNNNNNN`. */
export const idNames: Naming = naming(() => 0);

/** What stands for the id in a name, which can hold neither of two characters. */
export function idPart(id: string): string {
  return `|${id.replace(/[/|]/g, '_')}|`;
}

/** The id in the name of an item, as `idPart` wrote it; null if it has none. */
export function idIn(item: ItemName): string | null {
  return /\|([^|]*)\|/.exec(item.prefix)?.[1] ?? null;
}

const PRIORITY_MISSING = -(2 ** 33);

/** `queue-<priority>NNNNNNNNNN`. Java's Curator drops the priority of an item that it puts back, which makes it the first. */
export const priorityNames: Naming = naming(
  (middle) => {
    if (!/^[01][0-9A-F]{8}$/.test(middle)) return PRIORITY_MISSING;
    return Number.parseInt(middle.slice(1), 16) - (middle.startsWith('0') ? 2 ** 32 : 0);
  },
  false,
  true,
);

/** A digit for the sign and the number in two's complement, so that text sorts as numbers do. */
export function priorityPart(priority: number): string {
  const hex = (priority >>> 0).toString(16).toUpperCase().padStart(8, '0');
  return (priority >= 0 ? '1' : '0') + hex;
}

/** `queue-|<time in hex>|NNNNNNNNNN`. Java's Curator drops the time of an item that it puts back, which makes it due. */
export const delayNames: Naming = naming(
  (middle) => {
    const hex = /^\|([0-9A-F]{1,13})\|$/.exec(middle)?.[1];
    return hex === undefined ? 0 : Number.parseInt(hex, 16);
  },
  true,
  true,
);

export function delayPart(dueAtMs: number): string {
  return `|${dueAtMs.toString(16).toUpperCase().padStart(8, '0')}|`;
}
