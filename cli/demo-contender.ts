/**
 * One process of the demonstration: stands in line for the lock, holds it until it is told to release, and stands in line
 * again. Started by `demo.ts` with the connect string as its argument.
 */
import { connect } from '../client/index.ts';
import { InterProcessMutex } from '../recipes/index.ts';
import { DEMO_LOCK, DEMO_SESSION_TIMEOUT_MS, type FromContender, type ToContender } from './demo-messages.ts';

const stopping = new AbortController();
let release: () => void = () => {};
process.on('message', (message: ToContender) => {
  if (message === 'release') release();
  else stopping.abort();
});
// Without its parent there is nobody to tell.
process.on('disconnect', () => process.exit(0));
// The parent hears of Ctrl-C as well, and stops its contenders in order.
process.on('SIGINT', () => {});

function tell(message: FromContender): void {
  process.send?.(message);
}

async function contend(connectString: string): Promise<void> {
  const { signal } = stopping;
  await using client = await connect(connectString, { sessionTimeoutMs: DEMO_SESSION_TIMEOUT_MS, signal });
  const mutex = new InterProcessMutex(client, DEMO_LOCK);
  while (!signal.aborted) {
    const lease = await mutex.acquire({ signal });
    const told = new Promise<void>((resolve) => {
      release = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    tell({ type: 'acquired', fencingToken: lease.fencingToken });
    await told;
    await lease.release();
    tell({ type: 'released' });
  }
}

contend(process.argv[2] ?? '')
  .catch((error: unknown) => {
    if (!stopping.signal.aborted) tell({ type: 'failed', message: String(error) });
  })
  .finally(() => process.disconnect());
