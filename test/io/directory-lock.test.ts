import { symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DirectoryInUseError, lockDirectory } from '../../core/io/directory-lock.ts';
import { tempDirectory } from '../kit/temp.ts';

describe.runIf(process.platform === 'linux')('the lock on a directory', () => {
  it('is held once, under whatever name, until it is released', async () => {
    await using temp = await tempDirectory();
    await using link = await tempDirectory();
    await symlink(temp.path, link.at('other-name'));
    const lock = await lockDirectory(temp.path);
    await expect(lockDirectory(temp.path)).rejects.toThrow(DirectoryInUseError);
    await expect(lockDirectory(link.at('other-name'))).rejects.toThrow(
      'another server works in this directory',
    );
    lock.release();
    (await lockDirectory(link.at('other-name'))).release();
  });

  it('does not hold other directories', async () => {
    await using a = await tempDirectory();
    await using b = await tempDirectory();
    const locks = [await lockDirectory(a.path), await lockDirectory(b.path)];
    for (const lock of locks) lock.release();
  });

  it('needs the directory', async () => {
    await using temp = await tempDirectory();
    await expect(lockDirectory(temp.at('none'))).rejects.toThrow('ENOENT');
  });
});
