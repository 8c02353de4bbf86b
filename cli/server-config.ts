import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ServerConfig } from '../core/config.ts';
import { ConfigError, ensembleFault, type ParsedConfig, parseZooCfg } from '../core/zoo-cfg.ts';

/**
 * Reads a zoo.cfg from disk. Relative paths in it count from the working directory, as for Apache ZooKeeper. Throws
 * `ConfigError` for whatever makes it unusable.
 */
export function readConfig(path: string): ParsedConfig {
  const { config, warnings } = parseZooCfg(readRequired(path), path, readIfThere);
  const fault = ensembleFault(config);
  if (fault !== null) throw new ConfigError([`${path}: ${fault}`]);
  const resolved = { ...config, dataDir: resolve(config.dataDir), dataLogDir: resolve(config.dataLogDir) };
  return { config: resolved, warnings };
}

/** A data directory is not there and may not be made. */
export class MissingDirectoryError extends Error {
  readonly code = 'directory-missing';

  constructor(directory: string) {
    super(`${directory} does not exist: make it, or take out datadir.autocreate=false`);
    this.name = 'MissingDirectoryError';
  }
}

/** Makes the data directories unless that is switched off, and checks that they can be written. Throws `MissingDirectoryError` or a system's error. */
export function prepareDirectories(config: ServerConfig): void {
  for (const directory of new Set([config.dataDir, config.dataLogDir])) {
    if (!existsSync(directory)) {
      if (!config.dataDirAutocreate) {
        throw new MissingDirectoryError(directory);
      }
      mkdirSync(directory, { recursive: true });
    }
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  }
}

function readRequired(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ConfigError([`${path}: no such file; give the path of a zoo.cfg`]);
    if (code === 'EISDIR')
      throw new ConfigError([`${path}: is a directory; give the path of a zoo.cfg in it`]);
    if (code === 'EACCES') throw new ConfigError([`${path}: not readable by this user`]);
    throw new ConfigError([`${path}: ${message}`]);
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ConfigError([`${path}: ${(error as Error).message}`]);
  }
}
