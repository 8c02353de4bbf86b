import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ServerConfig } from '../core/config.ts';
import { NodeFiles } from '../core/io/node-files.ts';
import { makeDurableDirectory } from '../core/storage/file-names.ts';
import { ConfigError, type ParsedConfig, parseZooCfg } from '../core/zoo-cfg.ts';

/**
 * Reads a zoo.cfg from disk. Relative paths in it count from the working directory, as for Apache ZooKeeper. Throws
 * `ConfigError` for whatever makes it unusable.
 */
export function readConfig(path: string): ParsedConfig {
  const { config, warnings } = parseZooCfg(readRequired(path), path, readIfThere);
  const resolved = { ...config, dataDir: resolve(config.dataDir), dataLogDir: resolve(config.dataLogDir) };
  return { config: resolved, warnings };
}

/** A data directory is not there and may not be made, or is something else. */
export class DataDirectoryError extends Error {
  readonly code = 'data-directory';

  constructor(message: string) {
    super(message);
    this.name = 'DataDirectoryError';
  }
}

/**
 * Makes the data directories unless that is switched off, and checks that they and what is in them can be written, so that a
 * server does not find out at the first write. Throws `DataDirectoryError` or a system's error. Returns the configuration to
 * go on with: it has one name for both directories where they are the same under two.
 */
export function prepareDirectories(config: ServerConfig): ServerConfig {
  const { dataDir, dataLogDir } = config;
  for (const directory of new Set([dataDir, dataLogDir])) {
    if (!isDirectory(directory)) {
      if (!config.dataDirAutocreate) {
        throw new DataDirectoryError(
          `${directory} does not exist: make it, or take out datadir.autocreate=false`,
        );
      }
      makeDurableDirectory(new NodeFiles(), directory);
    }
    assertUsable(directory);
    const contents = `${directory}/version-2`;
    if (isDirectory(contents)) assertUsable(contents);
  }
  return isSame(dataDir, dataLogDir) ? { ...config, dataLogDir: dataDir } : config;
}

/** False if there is nothing of that name. */
function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === false) {
    throw new DataDirectoryError(`${path} is not a directory: set dataDir and dataLogDir to directories`);
  }
  return found !== undefined;
}

function assertUsable(directory: string): void {
  accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [statSync(one, { bigint: true }), statSync(other, { bigint: true })];
  return a.dev === b.dev && a.ino === b.ino;
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
    // A dataDir that is no directory is found when the directories are prepared.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw new ConfigError([`${path}: ${(error as Error).message}`]);
  }
}
