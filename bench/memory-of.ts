import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { outputOf } from './process.ts';
import type { BenchServer } from './server.ts';

/** What the probe in zookit's process says: the collected heap, and the buffers outside of it. */
export interface ProbeAnswer {
  readonly heapUsed: number;
  readonly external: number;
}

export interface Memory {
  /** Live objects after a full garbage collection, buffers included; null where no tool tells. */
  readonly liveBytes: number | null;
  /** What the process occupies; null where /proc does not tell. */
  readonly residentBytes: number | null;
}

/** Collects the garbage of a server and reads what is left. A zookit server must have been started with `probe`. */
export async function memoryOf(server: BenchServer): Promise<Memory> {
  const liveBytes =
    server.kind === 'java' ? await javaLiveBytes(server.child.pid) : await nodeLiveBytes(server);
  return { liveBytes, residentBytes: await residentBytes(server.child.pid) };
}

async function nodeLiveBytes(server: BenchServer): Promise<number> {
  const answered = once(server.child.process, 'message');
  server.child.process.send('collect');
  const [{ heapUsed, external }] = (await answered) as [ProbeAnswer];
  return heapUsed + external;
}

/** The histogram counts live objects only, for which the JVM collects first; its last line is the total. */
async function javaLiveBytes(pid: number): Promise<number | null> {
  const histogram = await outputOf('jcmd', [String(pid), 'GC.class_histogram']);
  const total = /^Total\s+\d+\s+(\d+)\s*$/m.exec(histogram ?? '');
  return total === null ? null : Number(total[1]);
}

/** What a process occupies; null where /proc does not tell. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}
