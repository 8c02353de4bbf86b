import type { Files, OpenFile } from '../../core/ports.ts';

/** Power went. Nothing that the code under test does afterwards may reach the disk. */
export class PowerLoss extends Error {}

/**
 * The same files, for code that runs in one go: throws `PowerLoss` in place of the change after `changes` of them. What is
 * then on the disk is for `SimulatedFiles.crash` to say.
 */
export function losingPowerAfter(files: Files, changes: number): Files {
  let left = changes;
  const change = (): void => {
    if (left-- <= 0) throw new PowerLoss('power went');
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
