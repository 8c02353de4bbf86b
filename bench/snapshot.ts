import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadGenerator, LoadResult } from './load.ts';
import { MEMORY_HEAP } from './memory.ts';
import { type BenchServer, type ServerKind, startServerProcess } from './server.ts';

export interface SnapshotFigures {
  /** From the start of a process on the filled directory to its first session: recovery. */
  readonly recoveryMs: number;
  readonly snapshotBytes: number;
  /** From the first sign of the snapshot to its last byte, seen from outside. */
  readonly snapshotMs: number;
  /** Longest time between two answers to a client that pings without a pause: with nothing else going on, and around a snapshot. */
  readonly idleGapMs: number;
  readonly snapshotGapMs: number;
  /** Longest time between two acknowledged sets of the eight clients that set all the while, one at a time each. */
  readonly setGapMs: number;
}

const POLL_MS = 10;
/** A snapshot that has not grown for so long is complete. */
const STILL_MS = 500;
const SNAPSHOT_WITHIN_MS = 180_000;

/**
 * Starts a server on a filled directory and makes it take a snapshot by writing until it does, while one client pings without a
 * pause: the longest time without an answer is how long the snapshot stops the server.
 */
export async function measureSnapshot(
  kind: ServerKind,
  directory: string,
  snapCount: number,
  idleSeconds: number,
  load: LoadGenerator,
): Promise<SnapshotFigures> {
  const lines = [`snapCount=${snapCount}`];
  const server = await startServerProcess({ kind, directory, lines, javaHeap: MEMORY_HEAP });
  try {
    const idle = await ping(server, load, idleSeconds).result;
    const before = await snapshotsOf(server);
    const pings = ping(server, load, 0);
    const sets = load.start({ ...steady(server, 0), operation: 'set', connections: 8 });
    const seen = await watchSnapshot(server, before.names);
    sets.stop();
    pings.stop();
    const [pinged, set]: LoadResult[] = await Promise.all([pings.result, sets.result]);
    return {
      recoveryMs: server.startMs,
      snapshotBytes: seen.bytes,
      snapshotMs: seen.elapsedMs,
      idleGapMs: idle.gapMaxMs,
      snapshotGapMs: pinged!.gapMaxMs,
      setGapMs: set!.gapMaxMs,
    };
  } finally {
    await server.stop();
  }
}

function steady(server: BenchServer, seconds: number) {
  return { ports: [server.port], connections: 1, outstanding: 1, seconds, warmupSeconds: 0.1 };
}

function ping(server: BenchServer, load: LoadGenerator, seconds: number) {
  return load.start({ ...steady(server, seconds), operation: 'ping' });
}

interface Snapshots {
  readonly names: ReadonlySet<string>;
  readonly bytes: ReadonlyMap<string, number>;
}

/** Snapshots of a server, those under way included, under whatever name. */
async function snapshotsOf(server: BenchServer): Promise<Snapshots> {
  const directory = join(server.dataDir, 'version-2');
  const bytes = new Map<string, number>();
  for (const name of await readdir(directory)) {
    if (!name.includes('snapshot.')) continue;
    // A name that is gone by now has just been replaced by the snapshot's own.
    const size = await stat(join(directory, name)).catch(() => null);
    if (size !== null) bytes.set(name, size.size);
  }
  return { names: new Set(bytes.keys()), bytes };
}

/** Waits until a snapshot that was not there before has come into being and grows no more. */
async function watchSnapshot(
  server: BenchServer,
  before: ReadonlySet<string>,
): Promise<{ bytes: number; elapsedMs: number }> {
  const deadline = performance.now() + SNAPSHOT_WITHIN_MS;
  let startMs = 0;
  let changedMs = 0;
  let bytes = -1;
  while (bytes < 0 || performance.now() - changedMs < STILL_MS) {
    if (server.child.hasEnded) throw new Error(`the server ended: ${server.child.output}`);
    if (performance.now() > deadline) throw new Error(`no snapshot within ${SNAPSHOT_WITHIN_MS} ms`);
    await sleep(POLL_MS);
    const found = [...(await snapshotsOf(server)).bytes].filter(([name]) => !before.has(name));
    if (found.length === 0) continue;
    const size = Math.max(...found.map(([, length]) => length));
    if (bytes < 0) startMs = performance.now();
    if (size !== bytes) changedMs = performance.now();
    bytes = size;
  }
  return { bytes, elapsedMs: changedMs - startMs };
}
