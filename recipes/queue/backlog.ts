import { compareItems, type ItemName, type Naming } from './names.ts';

/** How far from the head a consumer begins at most, when others keep taking what it tries. */
const SPREAD_MAX = 64;

/** What a consumer may do next. */
export type Next =
  /** Try this item. */
  | { readonly kind: 'take'; readonly name: string }
  /** Nothing is due before so many milliseconds have passed. */
  | { readonly kind: 'later'; readonly afterMs: number }
  /** There is nothing that this consumer could try. */
  | { readonly kind: 'none' };

/**
 * The items that a consumer knows of and has not tried yet, in order. A consumer that is alone takes the first; one that finds that
 * others were quicker chooses among a few at the head, twice as many each time, so that many do not all fight for the same one.
 */
export class Backlog {
  readonly #naming: Naming;
  #items: ItemName[] = [];
  #spread = 1;

  constructor(naming: Naming) {
    this.#naming = naming;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Replaces what is known: the items that are there, without those that somebody has in hand. */
  fill(names: readonly string[], inHand: (name: string) => boolean): void {
    const items: ItemName[] = [];
    for (const name of names) {
      const item = inHand(name) ? null : this.#naming.parse(name);
      if (item !== null) items.push(item);
    }
    this.#items = items.sort(compareItems);
  }

  /** Takes the next one out. `below` draws a number from 0 to less than its argument. */
  next(nowMs: number, below: (bound: number) => number): Next {
    const first = this.#items[0];
    if (first === undefined) return { kind: 'none' };
    if (first.dueAtMs > nowMs) return { kind: 'later', afterMs: first.dueAtMs - nowMs };
    let due = 1;
    const most = Math.min(this.#spread, this.#items.length);
    while (due < most && this.#items[due]!.dueAtMs <= nowMs) due++;
    const at = due === 1 ? 0 : below(due);
    return { kind: 'take', name: this.#items.splice(at, 1)[0]!.name };
  }

  /** Whether the one tried last was had. */
  tried(had: boolean): void {
    this.#spread = had ? Math.max(1, this.#spread >> 1) : Math.min(SPREAD_MAX, this.#spread * 2);
  }
}
