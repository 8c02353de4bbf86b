import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './statistics.ts';

const TMPFS_MAGIC = 0x0102_1994;
const SYNCS = 50;

/** A temporary directory that goes with this process, however it ends. */
export async function temporaryDirectory(parent: string, prefix: string): Promise<string> {
  const path = await mkdtemp(join(parent, prefix));
  process.once('exit', () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

/** Where the servers' data goes: directories of their own, on a real disk, removed at the end. */
export class Workspace {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async create(parent: string | null): Promise<Workspace> {
    const above = parent ?? tmpdir();
    await mkdir(above, { recursive: true });
    return new Workspace(await temporaryDirectory(above, 'zookit-bench-'));
  }

  get root(): string {
    return this.#root;
  }

  directory(): Promise<string> {
    return mkdtemp(join(this.#root, 'server-'));
  }

  remove(directory: string): Promise<void> {
    return rm(directory, { recursive: true, force: true });
  }

  /** Whether files here are in memory, where a sync costs nothing. */
  async isInMemory(): Promise<boolean> {
    return (await statfs(this.#root)).type === TMPFS_MAGIC;
  }

  /** What appending 4 KiB and fdatasync take here, the median. */
  async syncUs(): Promise<number> {
    const path = join(this.#root, 'sync-probe');
    const file = await open(path, 'w');
    const page = Buffer.alloc(4096, 1);
    const times: number[] = [];
    for (let i = 0; i < SYNCS; i++) {
      await file.write(page);
      const startMs = performance.now();
      await file.datasync();
      times.push((performance.now() - startMs) * 1000);
    }
    await file.close();
    await rm(path);
    return median(times);
  }
}
