import type { ProbeAnswer } from './memory-of.ts';

// Loaded into a server's process by `node --expose-gc --import`, with an IPC channel: collects garbage at each message and
// answers with what is left. It does not keep the process alive.
process.on('message', () => {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heapUsed, external } satisfies ProbeAnswer);
});
process.channel?.unref();
