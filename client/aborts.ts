interface Watchers {
  readonly runs: Set<() => void>;
  readonly listener: () => void;
}

const bySignal = new WeakMap<AbortSignal, Watchers>();

/**
 * Runs a function when a signal aborts, unless the answer was called before; a signal that has aborted runs nothing. However many
 * wait for the same signal, it has one listener of ours: Node warns of a leak when there are more than ten.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  let watchers = bySignal.get(signal);
  if (watchers === undefined) {
    const runs = new Set<() => void>();
    const listener = (): void => {
      bySignal.delete(signal);
      for (const each of runs) each();
    };
    watchers = { runs, listener };
    bySignal.set(signal, watchers);
    signal.addEventListener('abort', listener, { once: true });
  }
  // The same function may wait more than once.
  const own = (): void => run();
  const { runs, listener } = watchers;
  runs.add(own);
  return () => {
    if (!runs.delete(own) || runs.size > 0) return;
    signal.removeEventListener('abort', listener);
    if (bySignal.get(signal)?.runs === runs) bySignal.delete(signal);
  };
}
