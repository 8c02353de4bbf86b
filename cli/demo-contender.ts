/**
 * One process of the demonstration: stands in line for the lock, holds it until it is told to release, and stands in line
 * again. Started by `demo.ts` with the connect string as its argument.
 */
import { connect, UnansweredError, type ZooKeeperClient } from '../client/index.ts';
import { InterProcessMutex, type Lease, LeaseEndedError } from '../recipes/index.ts';
import { DEMO_LOCK, DEMO_SESSION_TIMEOUT_MS, type FromContender, type ToContender } from './demo-messages.ts';

const stopping = new AbortController();
let release: (inLine: number) => void = () => {};
process.on('message', (message: ToContender) => {
  if (message === 'stop') stopping.abort();
  else release(message.releaseWhenInLine);
});
// Without its parent there is nobody to tell.
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);
// The parent hears of Ctrl-C as well, and stops its contenders in order.
process.on('SIGINT', () => {});

function tell(message: FromContender): void {
  process.send?.(message);
}

/** Resolves when so many stand in line, or at once when the signal aborts. */
async function untilInLine(client: ZooKeeperClient, count: number, signal: AbortSignal): Promise<void> {
  for await (const _ of client.watch(DEMO_LOCK, { signal })) {
    if ((await client.children(DEMO_LOCK)).length >= count) return;
  }
}

/** A server that dies may take the connection along in the very moment of winning: that attempt was given up, so it asks again. */
async function acquire(mutex: InterProcessMutex, signal: AbortSignal): Promise<Lease> {
  for (;;) {
    try {
      return await mutex.acquire({ signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof LeaseEndedError || error instanceof UnansweredError))
        throw error;
    }
  }
}

async function contend(connectString: string): Promise<void> {
  const { signal } = stopping;
  await using client = await connect(connectString, { sessionTimeoutMs: DEMO_SESSION_TIMEOUT_MS, signal });
  const mutex = new InterProcessMutex(client, DEMO_LOCK);
  while (!signal.aborted) {
    const lease = await acquire(mutex, signal);
    const told = new Promise<number>((resolve) => {
      release = resolve;
      signal.addEventListener('abort', () => resolve(0), { once: true });
    });
    tell({ type: 'acquired', fencingToken: lease.fencingToken });
    await untilInLine(client, await told, signal);
    await lease.release();
    tell({ type: 'released' });
  }
}

contend(process.argv[2] ?? '')
  .catch((error: unknown) => {
    if (!stopping.signal.aborted) tell({ type: 'failed', message: String(error) });
  })
  .finally(() => process.disconnect());
