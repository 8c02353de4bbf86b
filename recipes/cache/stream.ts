import { onAbort } from '../../client/aborts.ts';

type Waiter<T> = (result: IteratorResult<T, undefined>) => void;

/**
 * What one subscriber has still to hear, as an async iterable. It begins with the first `next`; `end`, the signal or leaving the
 * loop ends it. When more than `bufferMax` items wait, all of them give way to one `overflow`.
 */
export class ItemStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #begin: (stream: ItemStream<T>) => () => void;
  readonly #overflow: T;
  readonly #bufferMax: number;
  readonly #signal: AbortSignal | undefined;
  #items: T[] = [];
  #waiters: Waiter<T>[] = [];
  #started = false;
  #done = false;
  #unsubscribe: () => void = () => {};
  #release: () => void = () => {};

  /** `begin` subscribes, and answers with what unsubscribes. */
  constructor(
    begin: (stream: ItemStream<T>) => () => void,
    overflow: T,
    bufferMax: number,
    signal: AbortSignal | undefined,
  ) {
    if (!(Number.isInteger(bufferMax) && bufferMax > 0)) {
      throw new RangeError(`bufferMax must be a positive integer, not ${bufferMax}`);
    }
    this.#begin = begin;
    this.#overflow = overflow;
    this.#bufferMax = bufferMax;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#started) this.#start();
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#started = true;
    this.#items = [];
    this.end();
    return { done: true, value: undefined };
  }

  push(item: T): void {
    if (this.#done) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter({ done: false, value: item });
    else if (this.#items.length < this.#bufferMax) this.#items.push(item);
    else this.#items = [this.#overflow];
  }

  /** No more items come; those that wait are still handed out. */
  end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#release();
    this.#unsubscribe();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter({ done: true, value: undefined });
  }

  #start(): void {
    this.#started = true;
    if (this.#signal?.aborted === true) {
      this.end();
      return;
    }
    if (this.#signal !== undefined) this.#release = onAbort(this.#signal, () => this.end());
    const unsubscribe = this.#begin(this);
    if (this.#done) unsubscribe();
    else this.#unsubscribe = unsubscribe;
  }
}

/** The same items, each made into another. */
export function mapped<T, U>(
  items: AsyncIterableIterator<T, undefined>,
  map: (item: T) => U,
): AsyncIterableIterator<U, undefined> {
  const translated = ({ done, value }: IteratorResult<T, undefined>): IteratorResult<U, undefined> =>
    done === true ? { done, value: undefined } : { done: false, value: map(value as T) };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => translated(await items.next()),
    return: async () => {
      await items.return?.();
      return { done: true, value: undefined };
    },
  };
}
