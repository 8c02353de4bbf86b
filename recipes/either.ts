import { onAbort } from '../client/aborts.ts';

/**
 * Does work whose signal aborts as soon as one of two does, with its reason. Unlike `AbortSignal.any` it leaves nothing behind at a signal
 * that is used for long.
 */
export async function withEither<T>(
  first: AbortSignal,
  second: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  first.throwIfAborted();
  if (second === undefined) return work(first);
  second.throwIfAborted();
  const stop = new AbortController();
  const releases = [first, second].map((signal) => onAbort(signal, () => stop.abort(signal.reason)));
  try {
    return await work(stop.signal);
  } finally {
    for (const release of releases) release();
  }
}
