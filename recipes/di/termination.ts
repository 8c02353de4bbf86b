import process from 'node:process';
import type { Scope } from '../scope.ts';

/** A signal by which a process is asked to end. */
export type TerminationSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** What is to be closed at each signal. All of it hears of one at once: nothing ends the process while some of it is still closing. */
const bySignal = new Map<TerminationSignal, Set<Scope>>();

/**
 * Closes the scope when the process is asked to end, and lets it end then by the same signal, as if nobody had listened, when all
 * that is to be closed at that signal has closed. A second signal ends it at once. Where the program listens too, how it ends is left
 * to the program.
 */
export function closeOnSignals(
  scope: Scope,
  signals: readonly TerminationSignal[] = ['SIGTERM', 'SIGINT'],
): void {
  for (const signal of signals) {
    const scopes = bySignal.get(signal);
    if (scopes !== undefined) {
      scopes.add(scope);
      continue;
    }
    bySignal.set(signal, new Set([scope]));
    process.on(signal, onSignal);
  }
}

/** The scope is closed, or closing on account of a signal. */
export function ignoreSignals(scope: Scope): void {
  for (const [signal, scopes] of [...bySignal]) {
    if (!scopes.delete(scope) || scopes.size > 0) continue;
    bySignal.delete(signal);
    process.off(signal, onSignal);
  }
}

function onSignal(signal: NodeJS.Signals): void {
  const scopes = [...(bySignal.get(signal as TerminationSignal) ?? [])];
  for (const scope of scopes) ignoreSignals(scope);
  const others = process.listenerCount(signal) > 0;
  // What did not close is gone with the process.
  void Promise.allSettled(scopes.map((scope) => scope.close())).then(() => {
    if (!others) process.kill(process.pid, signal);
  });
}
