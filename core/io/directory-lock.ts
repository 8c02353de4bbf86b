import { statSync } from 'node:fs';
import { createServer } from 'node:net';

/** Another live process holds the directory. */
export class DirectoryInUseError extends Error {
  readonly code = 'directory-in-use';
  readonly directory: string;

  constructor(directory: string) {
    super(
      `${directory}: another server works in this directory; stop it, or give this one a dataDir of its own`,
    );
    this.name = 'DirectoryInUseError';
    this.directory = directory;
  }
}

export interface DirectoryLock {
  release(): void;
}

/** Holds several directories as `lockDirectory` does, all or none. One that is named twice, under whatever names, is held once. */
export async function lockDirectories(directories: readonly string[]): Promise<DirectoryLock> {
  const held: DirectoryLock[] = [];
  const release = (): void => {
    for (const lock of held.splice(0)) lock.release();
  };
  const seen = new Set<string>();
  try {
    for (const directory of directories) {
      const { dev, ino } = statSync(directory, { bigint: true });
      if (seen.has(`${dev}-${ino}`)) continue;
      seen.add(`${dev}-${ino}`);
      held.push(await lockDirectory(directory));
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/**
 * Holds a directory against a second server on the same machine until `release` or the end of the process, however it ends.
 * The directory must exist. Rejects with `DirectoryInUseError`.
 *
 * The lock is a name in Linux's abstract socket space made from device and inode: the kernel takes it back when the process
 * dies, so none is ever stale, and nothing is written to the directory. Not promised: servers in different network
 * namespaces (containers) or on different machines do not see each other's; elsewhere than on Linux there is no lock.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  if (process.platform !== 'linux') return { release() {} };
  const { dev, ino } = statSync(directory, { bigint: true });
  const holder = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    holder.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new DirectoryInUseError(directory) : error);
    });
    holder.listen(`\0zookit-directory-${dev}-${ino}`, resolve);
  });
  holder.unref();
  return {
    release() {
      holder.close();
    },
  };
}
