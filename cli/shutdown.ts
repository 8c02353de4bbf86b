/** How long a close may take before the process ends without it. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Signals that come this soon after the first are its echo: a terminal signals the whole group of processes, and npm passes on
 * what it got itself.
 */
const ECHO_MS = 250;

/** Status of a process ended by a signal, as shells count it. */
const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

export type ClosingSignal = keyof typeof SIGNAL_STATUS;

/**
 * Runs `close` at the first of these signals and then ends the process with status 0. A second signal ends it at once, as
 * does a close that fails or hangs, with another status.
 */
export function closeOnSignal(
  close: (signal: string) => Promise<void>,
  signals: readonly ClosingSignal[] = ['SIGINT', 'SIGTERM'],
): void {
  let closingSince: number | null = null;
  const onSignal = (signal: ClosingSignal): void => {
    if (closingSince !== null) {
      if (performance.now() - closingSince > ECHO_MS) process.exit(SIGNAL_STATUS[signal]);
      return;
    }
    closingSince = performance.now();
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
    close(signal).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of signals) process.on(signal, onSignal);
}
