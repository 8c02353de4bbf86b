import { symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DirectoryInUseError, lockDirectories, lockDirectory } from '../../core/io/directory-lock.ts';
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

  it('holds several directories, all or none', async () => {
    await using a = await tempDirectory();
    await using b = await tempDirectory();
    await symlink(a.path, b.at('a'));
    const both = await lockDirectories([a.path, b.at('a'), b.path]);
    await expect(lockDirectory(a.path)).rejects.toThrow(DirectoryInUseError);
    await expect(lockDirectory(b.path)).rejects.toThrow(DirectoryInUseError);
    both.release();
    const second = await lockDirectory(b.path);
    await expect(lockDirectories([a.path, b.path])).rejects.toThrow(`${b.path}: another server works`);
    (await lockDirectory(a.path)).release();
    second.release();
  });

  it('needs the directory', async () => {
    await using temp = await tempDirectory();
    await expect(lockDirectory(temp.at('none'))).rejects.toThrow('ENOENT');
  });
});
