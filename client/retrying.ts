import { onAbort } from './aborts.ts';
import type { ClientPorts } from './ports.ts';
import { isRetryable, type RetryPolicy } from './retry-policies.ts';
import { nodePorts } from './tcp.ts';

export interface RetryOptions {
  /** Ends the waiting for the next try: the promise rejects with its reason. The work itself takes it where it wants to. */
  readonly signal?: AbortSignal | undefined;
  /** Which failures are worth another try. Default `isRetryable`. */
  readonly retryable?: ((error: unknown) => boolean) | undefined;
  /** Clock and chance; for tests. */
  readonly ports?: Pick<ClientPorts, 'random' | 'monotonicMs' | 'after'> | undefined;
}

/**
 * Does work, again as long as it fails in a way that is worth another try and the policy allows. `work` is told how often it has
 * been tried before. Rejects with the last failure, as it is, when the policy gives up.
 */
export async function retry<T>(
  policy: RetryPolicy,
  work: (retries: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { signal, retryable = isRetryable, ports = nodePorts } = options;
  const begunMs = ports.monotonicMs();
  for (let retries = 0; ; retries++) {
    signal?.throwIfAborted();
    try {
      return await work(retries);
    } catch (error) {
      if (signal?.aborted === true || !retryable(error)) throw error;
      const failure = { retries, elapsedMs: ports.monotonicMs() - begunMs, error };
      const delayMs = policy.delayMs(failure, ports.random);
      if (delayMs === null) throw error;
      await pause(ports, delayMs, signal);
    }
  }
}

/** Waits; rejects with the signal's reason if it aborts first. Nothing is left behind. */
export function pause(
  ports: Pick<ClientPorts, 'after'>,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const cancel = ports.after(delayMs, () => {
      release();
      resolve();
    });
    const release =
      signal === undefined
        ? () => {}
        : onAbort(signal, () => {
            cancel();
            reject(signal.reason);
          });
  });
}
