import { readdirSync, readFileSync, statSync } from 'node:fs';
import { arch, freemem, homedir, hostname, platform, release, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';

/** Facts about process and machine for the admin commands. Each is read when asked for and blocks for microseconds. */

/** Name and value pairs as `envi` shows them: ZooKeeper's names where the thing exists here. */
export function environment(): [string, string][] {
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)}MB`;
  return [
    ['host.name', hostname()],
    ['node.version', process.version],
    ['node.home', process.execPath],
    ['os.name', platform() === 'linux' ? 'Linux' : platform()],
    ['os.arch', arch() === 'x64' ? 'amd64' : arch()],
    ['os.version', release()],
    ['user.name', userName()],
    ['user.home', homedir()],
    ['user.dir', process.cwd()],
    ['os.memory.free', mebibytes(freemem())],
    ['os.memory.max', mebibytes(totalmem())],
    ['os.memory.total', mebibytes(totalmem())],
  ];
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? '<NA>');
  }
}

/** Open files of this process and its limit; null where the system has no /proc. */
export function fileDescriptors(): { open: number; max: number } | null {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    const max = limit === undefined || limit === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(limit);
    return { open: readdirSync('/proc/self/fd').length, max };
  } catch {
    return null;
  }
}

/** Sum of the lengths of the files in a directory, not of those below; 0 when it cannot be read. */
export function directoryBytes(directory: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isFile()) bytes += sizeOf(join(directory, entry.name));
    }
  } catch {
    return bytes;
  }
  return bytes;
}

/** A file may be purged between listing and looking. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
