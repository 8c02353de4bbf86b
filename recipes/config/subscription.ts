import { onAbort } from '../../client/aborts.ts';
import { callListener } from '../../client/listeners.ts';

/**
 * A stream that its consumer ends: by leaving the loop, by the signal, or by `return`, also while a `next` is waiting. Nothing is
 * asked of the server before the first `next`. One consumer only.
 */
export class Subscription<T> implements AsyncIterableIterator<T, undefined> {
  readonly #stop = new AbortController();
  readonly #items: AsyncGenerator<T, undefined>;

  constructor(
    source: (signal: AbortSignal) => AsyncGenerator<T, undefined>,
    signal: AbortSignal | undefined,
  ) {
    this.#items = bounded(source, this.#stop, signal);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#stop.abort();
    return this.#items.return(undefined);
  }
}

async function* bounded<T>(
  source: (signal: AbortSignal) => AsyncGenerator<T, undefined>,
  stop: AbortController,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, undefined> {
  if (signal?.aborted === true) return undefined;
  const release = signal === undefined ? () => {} : onAbort(signal, () => stop.abort(signal.reason));
  try {
    return yield* source(stop.signal);
  } finally {
    release();
  }
}

export interface ListenOptions {
  /** Ends the subscription, as the function that it is answered with does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called once when the subscription has ended by itself: null because the client was closed, otherwise with what made it impossible
   * (`NoAuthError`, for example). Without it such an error is an uncaught exception.
   */
  readonly onEnd?: ((error: unknown) => void) | undefined;
}

/** Hands each item of a stream to a listener; the answer ends that, and nothing is called after it. */
export function listen<T>(
  subscribe: (signal: AbortSignal) => Subscription<T>,
  listener: (item: T) => void,
  { signal, onEnd }: ListenOptions,
): () => void {
  const stop = new AbortController();
  if (signal?.aborted === true) stop.abort();
  const release = signal === undefined ? () => {} : onAbort(signal, () => stop.abort());
  const ended = (error: unknown): void => {
    release();
    if (stop.signal.aborted) return;
    if (onEnd !== undefined) callListener(onEnd, error);
    else if (error !== null) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  const run = async (): Promise<void> => {
    for await (const item of subscribe(stop.signal)) {
      if (!stop.signal.aborted) callListener(listener, item);
    }
  };
  run().then(() => ended(null), ended);
  return () => stop.abort();
}
