import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../../core/io/memory-files.ts';
import { silentLogger } from '../../../core/ports.ts';
import { recover } from '../../../core/storage/recovery.ts';
import { TreeDigest } from '../../../core/tree/digest.ts';
import { TreeRestorer } from '../../../core/tree/restore.ts';
import { DataTree } from '../../../core/tree/tree.ts';
import { withSeed } from '../../kit/seed.ts';

const options = { extendedTypes: true, digestEnabled: true, hashSeed: 7 };

/** A directory as Apache ZooKeeper left it. */
function goldenFiles(names: readonly string[]): MemoryFiles {
  const files = new MemoryFiles();
  files.makeDirectory('/data/version-2');
  for (const name of names) {
    const file = files.open(`/data/version-2/${name}`, 'create');
    file.writeNow(readFileSync(new URL(`../../golden/storage/${name}`, import.meta.url)), 0);
    file.close();
  }
  return files;
}

describe('digests are those of Apache ZooKeeper', () => {
  test('an empty tree', () => {
    expect(new DataTree(options).digest.toBigInt()).toBe(0x51c6d660n);
  });

  test.each([[['snapshot.0', 'log.1']], [['snapshot.8']], [['snapshot.0', 'snapshot.8', 'log.1']]])(
    'after every transaction of %j',
    (names) => {
      const restorer = new TreeRestorer(options, silentLogger);
      const directory = '/data/version-2';
      const recovered = recover(
        goldenFiles(names),
        {
          snapshotDirectory: directory,
          logDirectory: directory,
          snapshotTrustEmpty: false,
          logger: silentLogger,
        },
        restorer,
      );
      expect(recovered.zxid).toBeGreaterThanOrEqual(8);
      expect(restorer.mismatches).toBe(0);
      expect(restorer.finish().store.count).toBeGreaterThan(4);
    },
  );

  test('a wrong one is noticed', () => {
    const restorer = new TreeRestorer(options, silentLogger);
    const directories = { snapshotDirectory: '/data/version-2', logDirectory: '/data/version-2' };
    const sink = Object.create(restorer) as TreeRestorer;
    const bend = { done: false };
    sink.txn = (logged) => {
      const { digest } = logged;
      const bent =
        digest === null || bend.done
          ? logged
          : { ...logged, digest: { ...digest, treeDigest: digest.treeDigest + 1n } };
      bend.done ||= digest !== null;
      restorer.txn(bent);
    };
    for (const name of ['session', 'acl', 'node', 'snapshotLoaded', 'reset'] as const) {
      Object.defineProperty(sink, name, { value: restorer[name].bind(restorer) });
    }
    recover(
      goldenFiles(['snapshot.0', 'log.1']),
      { ...directories, snapshotTrustEmpty: false, logger: silentLogger },
      sink,
    );
    expect(bend.done).toBe(true);
    expect(restorer.mismatches).toBe(1);
  });
});

test('a tree digest is the sum modulo 2^64', async () => {
  await withSeed('test/core/tree/digest.test.ts', (rng) => {
    const digest = new TreeDigest();
    let sum = 0n;
    for (let step = 0; step < 5000; step++) {
      const part = rng.chance(20) ? 0xffff_ffff : rng.next();
      if (rng.chance(50)) {
        digest.add(part);
        sum += BigInt(part);
      } else {
        digest.subtract(part);
        sum -= BigInt(part);
      }
      expect(digest.toBigInt()).toBe(BigInt.asUintN(64, sum));
      expect(digest.toLong()).toBe(BigInt.asIntN(64, sum));
      expect(digest.equalsLong(BigInt.asIntN(64, sum))).toBe(true);
      expect(digest.equalsLong(BigInt.asIntN(64, sum + 1n))).toBe(false);
    }
  });
});
