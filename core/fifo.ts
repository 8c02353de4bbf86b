/** Taken items are forgotten together, once there are as many and they are half of the array. */
const COMPACT_AFTER = 64;

/** First in, first out, in constant time however long it gets: an array's `shift` moves what is behind. */
export class Fifo<T> implements Iterable<T> {
  #items: T[] = [];
  /** Items before this index have been taken. */
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** The oldest, undefined if there is none. */
  get head(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the oldest off; undefined if there is none. */
  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (this.length === 0) return undefined;
    this.#first++;
    if (this.#first === this.#items.length) {
      this.#items = [];
      this.#first = 0;
    } else if (this.#first >= COMPACT_AFTER && this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Oldest first, as they are at the time of the call. */
  toArray(): T[] {
    return this.#items.slice(this.#first);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.toArray()[Symbol.iterator]();
  }
}
