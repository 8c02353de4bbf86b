import { onAbort } from '../client/aborts.ts';
import type { ZooKeeperClient } from '../client/index.ts';

/**
 * Waits while the only server that answers is one without a quorum: what it shows may be long out of date, so that nobody can be told
 * to be first by it. Returns at once where the client has ended. Rejects with the signal's reason.
 */
export async function untilWritable(client: ZooKeeperClient, signal: AbortSignal | undefined): Promise<void> {
  while (client.state === 'readonly' && !client.ended) await nextState(client, signal);
}

function nextState(client: ZooKeeperClient, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      client.off('state', done).off('end', done);
    };
    const done = (): void => {
      release();
      stop();
      resolve();
    };
    const release =
      signal === undefined
        ? () => {}
        : onAbort(signal, () => {
            stop();
            reject(signal.reason);
          });
    client.on('state', done).on('end', done);
  });
}
