import { onAbort } from '../client/aborts.ts';
import type { WatchEvent, WatchedReadOptions } from '../client/index.ts';
import { wouldWait } from './patience.ts';

/**
 * Reads with a one-shot watch, again whenever the watch fires or ends, until `decide` answers with something other than undefined.
 * No watch is left behind. With `wait` false it throws `wouldWait` instead of waiting. Rejects with whatever the read or `decide`
 * rejects with, and with the signal's reason.
 */
export async function until<T, R>(
  read: (options: WatchedReadOptions) => Promise<T>,
  decide: (value: T) => R | undefined | Promise<R | undefined>,
  signal: AbortSignal | undefined,
  wait = true,
): Promise<R> {
  for (;;) {
    const watching = new AbortController();
    let fired: (event?: WatchEvent) => void = () => {};
    const change = new Promise<void>((resolve) => {
      fired = () => resolve();
    });
    try {
      const watch = (event: WatchEvent): void => fired(event);
      const value = await read({ watch, watchSignal: watching.signal, signal });
      const decision = await decide(value);
      if (decision !== undefined) return decision;
      if (!wait) throw wouldWait;
      await unless(change, signal);
    } finally {
      watching.abort();
    }
  }
}

/** Waits for something; rejects with the signal's reason if that aborts first. */
export function unless<T>(change: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return change;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const release = onAbort(signal, () => reject(signal.reason));
    change.finally(release).then(resolve, reject);
  });
}
