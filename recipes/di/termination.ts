import process from 'node:process';
import type { Scope } from '../scope.ts';

/** A signal by which a process is asked to end. */
export type TerminationSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/**
 * Closes the scope when the process is asked to end, and lets it end then by the same signal, as if nobody had listened. A second
 * signal ends it at once. Where the program listens too, how it ends is left to the program.
 */
export function closeOnSignals(
  scope: Scope,
  signals: readonly TerminationSignal[] = ['SIGTERM', 'SIGINT'],
): void {
  const listener = (signal: NodeJS.Signals): void => {
    stop();
    const others = process.listenerCount(signal) > 0;
    const end = (): void => {
      if (!others) process.kill(process.pid, signal);
    };
    // What did not close is gone with the process.
    scope.close().then(end, end);
  };
  const stop = (): void => {
    for (const signal of signals) process.off(signal, listener);
  };
  for (const signal of signals) process.on(signal, listener);
  scope.onClose('signals', stop);
}
