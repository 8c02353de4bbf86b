import type { Files, OpenFile } from '../../core/ports.ts';

/** Power went. Nothing that the code under test does afterwards may reach the disk. */
export class PowerLoss extends Error {}

/**
 * The same files, for code that runs in one go: throws `PowerLoss` in place of the change after `changes` of them. What is
 * then on the disk is for `SimulatedFiles.crash` to say.
 */
export function losingPowerAfter(files: Files, changes: number): Files {
  return losingPower(files, { changesLeft: changes, lost() {} });
}

export interface PowerSupply {
  /** How many changes the disk still takes; may be set at any time. */
  changesLeft: number;
  /** Told at each change that does not happen any more, before the throw. */
  lost(): void;
}

/** The same, for power that may go at a time that is not known at the start. */
export function losingPower(files: Files, power: PowerSupply): Files {
  const change = (): void => {
    if (power.changesLeft-- > 0) return;
    power.lost();
    throw new PowerLoss('power went');
  };
  const wrap = (file: OpenFile): OpenFile => ({
    path: file.path,
    size: () => file.size(),
    read: (into, at) => file.read(into, at),
    write: (bytes, at, done) => {
      change();
      file.write(bytes, at, done);
    },
    writeNow: (bytes, at) => {
      change();
      file.writeNow(bytes, at);
    },
    datasync: (done) => {
      change();
      file.datasync(done);
    },
    datasyncNow: () => {
      change();
      file.datasyncNow();
    },
    truncate: (length) => {
      change();
      file.truncate(length);
    },
    close: () => file.close(),
  });
  return {
    list: (directory) => files.list(directory),
    makeDirectory: (directory) => {
      change();
      files.makeDirectory(directory);
    },
    exists: (path) => files.exists(path),
    open: (path, mode) => {
      if (mode === 'create') change();
      return wrap(files.open(path, mode));
    },
    rename: (from, to) => {
      change();
      files.rename(from, to);
    },
    remove: (path) => {
      change();
      files.remove(path);
    },
    syncDirectory: (directory) => {
      change();
      files.syncDirectory(directory);
    },
  };
}
