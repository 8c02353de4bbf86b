import { constants } from 'node:os';
import type { ServerConfig } from '../core/config.ts';

/** Why a server did not start or cannot go on, in words that name the thing and the remedy. */
export function explainServerError(error: unknown, config: ServerConfig): string {
  if (!(error instanceof Error)) return String(error);
  const system = error as NodeJS.ErrnoException;
  // Node has no name for an exceeded quota.
  switch (system.errno === -constants.errno.EDQUOT ? 'EDQUOT' : system.code) {
    case 'EADDRINUSE':
      return `${listening(config)} is in use: stop the other program, or set another clientPort`;
    case 'EADDRNOTAVAIL':
      return `clientPortAddress=${config.clientPortAddress ?? ''} is not an address of this machine: set one that it has, or leave the line out to listen on all`;
    case 'ENOTFOUND':
      return `clientPortAddress=${config.clientPortAddress ?? ''} cannot be resolved: set an address of this machine, or leave the line out to listen on all`;
    case 'EACCES':
    case 'EPERM':
      return system.syscall === 'listen'
        ? `${listening(config)} is not permitted to this user: ports below 1024 need privileges; set a higher clientPort`
        : `${place(system, config)} is not permitted to this user: change its owner or mode, or set another directory`;
    case 'EROFS':
      return `${place(system, config)} is on a file system mounted read-only: set a directory that can be written`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space is left for ${place(system, config)}: free some (autopurge.purgeInterval removes old snapshots and logs), or set another directory`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${place(system, config)} is not a directory: set dataDir and dataLogDir to directories`;
    case 'ENOENT':
      return `${place(system, config)} does not exist`;
    case 'EMFILE':
    case 'ENFILE':
      return 'the process may not open more files: raise its limit (ulimit -n)';
    case 'EIO':
      return `the disk failed at ${place(system, config)}: ${error.message}`;
    default:
      return error.message;
  }
}

function listening(config: ServerConfig): string {
  return `port ${config.clientPort} on ${config.clientPortAddress ?? 'all addresses'}`;
}

function place(error: NodeJS.ErrnoException, config: ServerConfig): string {
  return error.path ?? `a file in ${config.dataDir}`;
}
