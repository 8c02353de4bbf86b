import { onAbort } from './aborts.ts';
import type { ClientContext } from './context.ts';
import { type AddWatchOptions, addWatch, type Watch } from './watch-ops.ts';
import type { WatchEvent } from './watches.ts';

export interface WatchStreamOptions extends AddWatchOptions {
  /** Changes kept for a consumer that is slower than they come; when more come they give way to one `resync`. Default 10,000. */
  readonly bufferMax?: number | undefined;
}

const BUFFER_MAX_DEFAULT = 10_000;

type Waiter = {
  readonly resolve: (result: IteratorResult<WatchEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Changes of a node, and with `recursive` of everything below, as an async iterable. The watch is set when iteration begins and
 * removed when it ends.
 *
 * The first item is `resync`: the watch is in place, read now. It comes again whenever changes may have been missed: after a
 * reconnect, in a new session, when the consumer was too slow. The iteration ends when the signal aborts, the client is closed
 * or the watch is removed; it throws if the watch cannot be set.
 */
export class WatchStream implements AsyncIterableIterator<WatchEvent, undefined> {
  readonly #context: ClientContext;
  readonly #path: string;
  readonly #options: WatchStreamOptions;
  readonly #bufferMax: number;
  #started = false;
  #done = false;
  #failure: { readonly error: unknown } | null = null;
  #events: WatchEvent[] = [];
  #waiters: Waiter[] = [];
  #watch: Watch | null = null;
  #release: () => void = () => {};

  constructor(context: ClientContext, path: string, options: WatchStreamOptions = {}) {
    this.#context = context;
    this.#path = path;
    this.#options = options;
    this.#bufferMax = options.bufferMax ?? BUFFER_MAX_DEFAULT;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    if (!this.#started) this.#start();
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#failure !== null) {
      const { error } = this.#failure;
      this.#failure = null;
      return Promise.reject(error);
    }
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#started = true;
    this.#finish();
    await this.#watch?.remove();
    return { done: true, value: undefined };
  }

  #start(): void {
    this.#started = true;
    const { signal, recursive } = this.#options;
    if (signal?.aborted === true) {
      this.#finish();
      return;
    }
    if (signal !== undefined) this.#release = onAbort(signal, () => this.#finish());
    addWatch(this.#context, this.#path, (event) => this.#push(event), { recursive }).then(
      (watch) => {
        this.#watch = watch;
        if (this.#done) watch.remove().catch(() => {});
        else this.#push({ type: 'resync', path: this.#path, zxid: null });
      },
      (error: unknown) => {
        if (!this.#done) this.#failure = { error };
        this.#finish();
      },
    );
  }

  #push(event: WatchEvent): void {
    if (this.#done) return;
    if (event.type === 'ended') {
      this.#finish();
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: event });
      return;
    }
    if (event.type === 'resync' || this.#events.length >= this.#bufferMax) {
      // What comes before a resync is covered by it.
      this.#events = [{ type: 'resync', path: this.#path, zxid: null }];
    } else {
      this.#events.push(event);
    }
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#release();
    this.#watch?.remove().catch(() => {});
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (this.#failure === null) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(this.#failure.error);
    }
    if (waiters.length > 0) this.#failure = null;
  }
}
