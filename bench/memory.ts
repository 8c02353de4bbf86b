import type { LoadGenerator } from './load.ts';
import { type Memory, memoryOf } from './memory-of.ts';
import { type BenchServer, type ServerKind, startServerProcess } from './server.ts';

/** Live heap per znode of 100 bytes that Apache ZooKeeper 3.8 was measured to take, where no jcmd is there to measure it. */
export const JAVA_REFERENCE_BYTES = 468;

export interface MemoryFigures {
  readonly znodes: number;
  /** Growth while the znodes came, per znode; null where it could not be read. */
  readonly livePerZnode: number | null;
  readonly residentPerZnode: number | null;
  readonly before: Memory;
  readonly after: Memory;
  readonly createsPerSecond: number;
}

/** Names in the tree that the load makes are as in the other measurements: /bench/n00042/c123456-4711. */
const FILL = { connections: 32, outstanding: 64 };
/** Room for the znodes and for what the JVM needs to move them about; it is not what is measured. */
export const MEMORY_HEAP = '3g';

/** Fills a server on this directory and measures its growth. The directory is left filled, the server stopped in order. */
export async function measureMemory(
  kind: ServerKind,
  directory: string,
  znodes: number,
  load: LoadGenerator,
): Promise<MemoryFigures> {
  const server = await startServerProcess({ kind, directory, javaHeap: MEMORY_HEAP, probe: true });
  try {
    await warmUp(server, load);
    const before = await memoryOf(server);
    const { opsPerSecond } = await load.run({
      ports: [server.port],
      operation: 'create',
      ...FILL,
      seconds: 0,
      warmupSeconds: 0,
      operations: znodes,
    });
    const after = await memoryOf(server);
    return {
      znodes,
      livePerZnode: perZnode(before.liveBytes, after.liveBytes, znodes),
      residentPerZnode: perZnode(before.residentBytes, after.residentBytes, znodes),
      before,
      after,
      createsPerSecond: opsPerSecond,
    };
  } finally {
    await server.stop('SIGTERM');
  }
}

/** Code that is compiled and buffers that stay are not the znodes' cost. */
async function warmUp(server: BenchServer, load: LoadGenerator): Promise<void> {
  const options = { ports: [server.port], ...FILL, seconds: 0, warmupSeconds: 0, operations: 10_000 };
  await load.run({ ...options, operation: 'set' });
}

function perZnode(before: number | null, after: number | null, znodes: number): number | null {
  return before === null || after === null ? null : (after - before) / znodes;
}
