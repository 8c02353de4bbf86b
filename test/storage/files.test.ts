import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import { NodeFiles } from '../../core/io/node-files.ts';
import type { Files } from '../../core/ports.ts';
import { makeDurableDirectory } from '../../core/storage/file-names.ts';
import { FileWindow } from '../../core/storage/file-window.ts';
import { Rng, withSeed } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

let temp: TempDirectory;
beforeEach(async () => {
  temp = await tempDirectory();
});
afterEach(() => temp[Symbol.asyncDispose]());

interface Made {
  readonly files: Files;
  readonly root: string;
  run(): void;
}

const kinds: Record<string, () => Made> = {
  NodeFiles: () => ({ files: new NodeFiles(), root: temp.path, run() {} }),
  MemoryFiles: () => ({ files: new MemoryFiles(), root: '/mem', run() {} }),
  SimulatedFiles: () => {
    const files = new SimulatedFiles(new Rng(1));
    return { files, root: '/sim', run: () => files.run() };
  },
};

/** The three file systems behave alike: what is proven on the simulated one holds on the real one. */
describe.each(Object.keys(kinds))('%s', (kind) => {
  let made: Made;
  beforeEach(() => {
    made = (kinds[kind] as () => Made)();
    made.files.makeDirectory(`${made.root}/a/b`);
  });

  test('directories', () => {
    const { files, root } = made;
    files.makeDirectory(`${root}/a/b`);
    files.open(`${root}/a/file`, 'create').close();
    expect(files.list(`${root}/a`).sort()).toEqual(['b', 'file']);
    expect(files.list(`${root}/a/b`)).toEqual([]);
    expect([files.exists(`${root}/a`), files.exists(`${root}/a/file`), files.exists(`${root}/x`)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(() => files.list(`${root}/nowhere`)).toThrow(/ENOENT/);
    files.syncDirectory(`${root}/a`);
  });

  test('files that are missing', () => {
    const { files, root } = made;
    for (const mode of ['read', 'edit'] as const)
      expect(() => files.open(`${root}/x`, mode)).toThrow(/ENOENT.*\/x/);
    expect(() => files.open(`${root}/nowhere/x`, 'create')).toThrow(/ENOENT/);
    expect(() => files.remove(`${root}/x`)).toThrow(/ENOENT/);
    expect(() => files.rename(`${root}/x`, `${root}/y`)).toThrow(/ENOENT/);
  });

  test('create empties, rename replaces, remove removes', () => {
    const { files, root } = made;
    files.open(`${root}/x`, 'create').writeNow(Buffer.from('one'), 0);
    files.open(`${root}/y`, 'create').writeNow(Buffer.from('twofold'), 0);
    files.rename(`${root}/y`, `${root}/x`);
    expect(files.open(`${root}/x`, 'read').size()).toBe(7);
    expect(files.exists(`${root}/y`)).toBe(false);
    expect(files.open(`${root}/x`, 'create').size()).toBe(0);
    files.remove(`${root}/x`);
    expect(files.exists(`${root}/x`)).toBe(false);
  });

  test('a write beyond the end leaves zeros, a truncated part comes back as zeros', () => {
    const file = made.files.open(`${made.root}/x`, 'create');
    file.writeNow(Buffer.from('abc'), 0);
    file.writeNow(Buffer.from('z'), 70_000);
    expect(file.size()).toBe(70_001);
    const all = Buffer.alloc(80_000, 1);
    expect(file.read(all, 0)).toBe(70_001);
    expect(all.subarray(0, 4).toString('latin1')).toBe('abc\0');
    expect(all.subarray(3, 70_000).every((byte) => byte === 0)).toBe(true);
    file.truncate(1);
    file.writeNow(Buffer.from('q'), 40);
    expect(file.read(all, 0)).toBe(41);
    expect(all.subarray(0, 41).toString('latin1')).toBe(`a${'\0'.repeat(39)}q`);
    expect(file.read(all, 41)).toBe(0);
    expect(file.read(all, 400)).toBe(0);
    file.datasyncNow();
    file.close();
  });

  test('writes and syncs report in a later turn', async () => {
    const file = made.files.open(`${made.root}/x`, 'create');
    const reports: string[] = [];
    const both = new Promise<void>((resolve) => {
      file.write(Buffer.alloc(300_000, 5), 10, (error) => {
        reports.push(`written ${error}`);
        file.datasync((syncError) => {
          reports.push(`synced ${syncError}`);
          resolve();
        });
        made.run();
      });
    });
    expect(reports).toEqual([]);
    made.run();
    await both;
    expect(reports).toEqual(['written null', 'synced null']);
    expect(file.size()).toBe(300_010);
    file.close();
  });

  test('reads give what was written, whatever the offsets', async () => {
    await withSeed('test/storage/files.test.ts', (rng) => {
      const file = made.files.open(`${made.root}/x`, 'create');
      let model = Buffer.alloc(0);
      for (let i = 0; i < 300; i++) {
        const at = rng.below(60_000);
        if (rng.chance(10)) {
          const cut = Buffer.alloc(at);
          model.copy(cut, 0, 0, at);
          model = cut;
          file.truncate(at);
        } else {
          const bytes = rng.bytes(rng.below(3000));
          if (bytes.length === 0) continue;
          const grown = Buffer.alloc(Math.max(model.length, at + bytes.length));
          model.copy(grown);
          bytes.copy(grown, at);
          model = grown;
          file.writeNow(bytes, at);
        }
        const from = rng.below(60_000);
        const into = Buffer.alloc(rng.below(5000));
        const count = file.read(into, from);
        expect(count).toBe(Math.max(0, Math.min(into.length, model.length - from)));
        expect(into.subarray(0, count).equals(model.subarray(from, from + count))).toBe(true);
      }
      expect(file.size()).toBe(model.length);
      file.close();
    });
  });
});

test('errors of the real disk name the file', async () => {
  const file = new NodeFiles().open('/dev/full', 'edit');
  expect(() => file.writeNow(Buffer.alloc(10), 0)).toThrow(/ENOSPC.*'\/dev\/full'/);
  const error = await new Promise<Error | null>((resolve) => file.write(Buffer.alloc(10), 0, resolve));
  expect(error?.message).toMatch(/ENOSPC.*'\/dev\/full'/);
  file.close();
});

test('a file without a name does not become durable: no start would find what is in it', async () => {
  const files = new NodeFiles();
  const path = temp.at('x');
  const file = files.open(path, 'create');
  const synced = () => new Promise<Error | null>((resolve) => file.datasync(resolve));
  file.writeNow(Buffer.from('abc'), 0);
  expect(await synced()).toBeNull();
  files.remove(path);
  expect((await synced())?.message).toContain(`${path}: the file was removed while`);
  file.close();
});

test('errors of reading name the file', () => {
  const file = new NodeFiles().open(temp.path, 'read');
  expect(() => file.read(Buffer.alloc(10), 0)).toThrow(`'${temp.path}'`);
  file.close();
});

test('a window on a file can be moved back', () => {
  const files = new MemoryFiles();
  files.makeDirectory('/d');
  const bytes = new Rng(1).bytes(3 << 20);
  const file = files.open('/d/x', 'create');
  file.writeNow(bytes, 0);
  const window = new FileWindow(file);
  for (const at of [0, 2 << 20, 1_500_000, 5, 2_999_999, 2_999_000]) {
    expect(window.load(at, 300)).toBe(300);
    expect(window.bytes.subarray(window.index, window.index + 300)).toEqual(bytes.subarray(at, at + 300));
  }
  expect(window.load(bytes.length - 7, 300)).toBe(7);
});

test('the parent of a directory that is there need not be readable, but has to be synced if it is', () => {
  const files = new MemoryFiles();
  files.makeDirectory('/d/data');
  const failing = (code: string): Files => ({
    list: (path) => files.list(path),
    open: (path, mode) => files.open(path, mode),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    exists: (path) => files.exists(path),
    makeDirectory: (path) => files.makeDirectory(path),
    syncDirectory: (path) => {
      if (path === '/d') throw Object.assign(new Error(code), { code });
    },
  });
  expect(() => makeDurableDirectory(failing('EIO'), '/d/data/version-2')).toThrow('EIO');
  expect(files.exists('/d/data/version-2')).toBe(false);
  makeDurableDirectory(failing('EACCES'), '/d/data/version-2');
  expect(files.exists('/d/data/version-2')).toBe(true);
});

describe('the simulated disk', () => {
  const outcomes = (body: (files: SimulatedFiles) => string): Set<string> => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const files = new SimulatedFiles(new Rng(seed));
      files.makeDirectory('/d');
      files.syncDirectory('/');
      seen.add(body(files));
    }
    return seen;
  };
  const contents = (files: SimulatedFiles): string => {
    if (!files.exists('/d/x')) return 'gone';
    const file = files.open('/d/x', 'read');
    const all = Buffer.alloc(file.size());
    file.read(all, 0);
    return [0, 512, 1024]
      .map((at) => (at >= all.length ? '-' : all[at] === 0 ? '0' : String.fromCharCode(all[at] as number)))
      .join('');
  };
  const threeSectors = Buffer.concat(['a', 'b', 'c'].map((letter) => Buffer.alloc(512, letter)));

  test('loses, keeps or tears what was not synced, in any combination', () => {
    const seen = outcomes((files) => {
      const file = files.open('/d/x', 'create');
      files.syncDirectory('/d');
      file.writeNow(threeSectors, 0);
      files.crash();
      return contents(files);
    });
    for (const outcome of ['---', 'a--', '0b-', '00c', 'a0c', '0bc', 'abc', 'ab-'])
      expect(seen).toContain(outcome);
    expect(seen).not.toContain('gone');
  });

  test('keeps what was synced', () => {
    const seen = outcomes((files) => {
      const file = files.open('/d/x', 'create');
      files.syncDirectory('/d');
      file.writeNow(threeSectors, 0);
      file.datasync(() => {});
      files.run();
      file.writeNow(Buffer.alloc(512, 'B'), 512);
      files.crash();
      return contents(files);
    });
    expect([...seen].sort()).toEqual(['aBc', 'abc']);
  });

  test('loses, keeps or brings back names whose directory was not synced', () => {
    const created = outcomes((files) => {
      files.open('/d/x', 'create').datasyncNow();
      files.crash();
      return contents(files);
    });
    expect([...created].sort()).toEqual(['---', 'gone']);
    const removed = outcomes((files) => {
      files.open('/d/x', 'create');
      files.syncDirectory('/d');
      files.remove('/d/x');
      files.crash();
      return contents(files);
    });
    expect([...removed].sort()).toEqual(['---', 'gone']);
  });

  test('after a sync that failed, keeps showing what it never writes', () => {
    const seen = outcomes((files) => {
      const file = files.open('/d/x', 'create');
      files.syncDirectory('/d');
      file.writeNow(threeSectors, 0);
      files.planFault({ action: 'datasync', code: 'EIO' });
      file.datasync(() => {});
      files.run();
      expect(contents(files)).toBe('abc');
      file.datasyncNow();
      files.crash();
      return contents(files);
    });
    expect(seen).toContain('0b-');
    expect(seen).toContain('---');
  });

  test('a directory made durably survives with all that is in it', () => {
    const seen = outcomes((files) => {
      makeDurableDirectory(files, '/d/one/two');
      const file = files.open('/d/one/two/x', 'create');
      file.datasyncNow();
      files.syncDirectory('/d/one/two');
      files.crash();
      return files.exists('/d/one/two/x') ? 'there' : 'gone';
    });
    expect([...seen]).toEqual(['there']);
    const careless = outcomes((files) => {
      files.makeDirectory('/d/one/two');
      files.open('/d/one/two/x', 'create').datasyncNow();
      files.syncDirectory('/d/one/two');
      files.crash();
      return files.exists('/d/one/two/x') ? 'there' : 'gone';
    });
    expect([...careless].sort()).toEqual(['gone', 'there']);
  });

  test('a directory whose maker was killed before it synced is made durable by the next', () => {
    for (const left of ['/d/one', '/d/one/two']) {
      const seen = outcomes((files) => {
        if (left === '/d/one/two') makeDurableDirectory(files, '/d/one');
        files.makeDirectory(left);
        files.kill();
        makeDurableDirectory(files, '/d/one/two');
        files.open('/d/one/two/x', 'create').datasyncNow();
        files.syncDirectory('/d/one/two');
        files.crash();
        return files.exists('/d/one/two/x') ? 'there' : 'gone';
      });
      expect([...seen]).toEqual(['there']);
    }
  });

  test('a directory is made from the top down: a failure leaves nothing behind whose name is not synced', () => {
    for (const after of [0, 1, 2]) {
      const files = new SimulatedFiles(new Rng(1));
      files.planFault({ action: 'syncDirectory', code: 'EIO', after });
      expect(() => makeDurableDirectory(files, '/a/b/c')).toThrow('EIO');
      expect(['/a', '/a/b', '/a/b/c'].filter((path) => files.exists(path))).toHaveLength(after + 1);
    }
  });
});
