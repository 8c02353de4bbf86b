import { cp } from 'node:fs/promises';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { connect, type WatchEvent, type ZooKeeperClient } from '../../client/index.ts';
import { defaultConfig } from '../../core/config.ts';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { NodeFiles } from '../../core/io/node-files.ts';
import { silentLogger } from '../../core/ports.ts';
import { startServer } from '../../core/server.ts';
import { TreeSnapshot } from '../../core/tree/snapshot-view.ts';
import { DataTree } from '../../core/tree/tree.ts';
import {
  InterProcessMutex,
  SequenceExhaustedError,
  SimpleDistributedQueue,
  UniqueIds,
} from '../../recipes/index.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { SimpleTxn } from '../../wire/txn.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { tempDirectory } from '../kit/temp.ts';

const LAST = 2 ** 31 - 1;
const files = new NodeFiles();

/**
 * Writes the data of a server with the node `/d` and the container `/locks`, which have had so many children; one is still in
 * the container, which would go without it.
 */
async function writeData(dataDir: string, children: number): Promise<void> {
  const tree = new DataTree({ extendedTypes: true, digestEnabled: true, hashSeed: 1 });
  const apply = (txn: SimpleTxn): void => {
    const zxid = tree.lastProcessedZxid + 1;
    tree.apply({ header: { clientId: 1n, cxid: 0, zxid, time: 1_000, type: txn.type }, txn, digest: null });
  };
  const node = { data: Buffer.alloc(0), acl: [...OPEN_ACL] };
  const persistent = (path: string, parentCVersion: number): void =>
    apply({ type: OpCode.create, body: { ...node, path, ephemeral: false, parentCVersion } });
  persistent('/d', -1);
  persistent('/d/first', children);
  apply({ type: OpCode.createContainer, body: { ...node, path: '/locks', parentCVersion: -1 } });
  persistent('/locks/other', children);
  const directory = `${dataDir}/version-2`;
  files.makeDirectory(directory);
  const snapshots = new DiskSnapshots(files, {
    snapshotDirectory: directory,
    logDirectory: directory,
    logger: silentLogger,
  });
  await new Promise<void>((resolve, reject) =>
    snapshots.write(new TreeSnapshot(tree), (error) => (error === null ? resolve() : reject(error))),
  );
}

/** Creates and deletes one after the other, and tells what came of it and how the directory looks then. */
async function tell(client: ZooKeeperClient): Promise<unknown[]> {
  const told: unknown[] = [];
  const sequential = { mode: 'persistent-sequential' } as const;
  const steps: (() => Promise<unknown>)[] = [
    () => client.create('/d/n-', '', sequential),
    () => client.create('/d/n-', '', sequential),
    () => client.create('/d/n-', '', sequential),
    () => client.create('/d/other-', '', sequential),
    () => client.create('/d/ephemeral', '', { mode: 'ephemeral' }),
    () => client.create('/d/container', '', { mode: 'container' }),
    () => client.delete('/d/ephemeral'),
    () => client.transaction().create('/d/m-', '', sequential).create('/d/m-', '', sequential).commit(),
    () => client.create('/d/m-', '', sequential),
    () => client.delete('/d/n-2147483647'),
  ];
  for (const step of steps) {
    const outcome = await step().then(
      (value) => inspect(value).match(/-?-\d{9,10}/g) ?? 'done',
      (error: { code: string }) => error.code,
    );
    const stat = await client.exists('/d');
    told.push([outcome, stat?.cversion, stat?.pzxid, stat?.numChildren]);
  }
  return told;
}

describe.skipIf(javaZooKeeper() === null)('past the last sequence number', () => {
  test('zookit gives the names and Stats that Apache ZooKeeper gives', async () => {
    await using temp = await tempDirectory('zookit-sequence-');
    const [ours, theirs] = [temp.at('ours'), temp.at('theirs')];
    await writeData(ours, LAST - 1);
    await cp(ours, theirs, { recursive: true });
    const server = await startServer(
      {
        ...defaultConfig,
        dataDir: ours,
        dataLogDir: ours,
        clientPort: 0,
        clientPortAddress: '127.0.0.1',
        extendedTypesEnabled: true,
      },
      { logger: silentLogger },
    );
    let told: unknown[];
    try {
      await using client = await connect(`127.0.0.1:${server.address.port}`);
      told = await tell(client);
    } finally {
      await server.close();
    }
    await using java = await JavaServer.start({ dataDir: theirs });
    await using client = await connect(java.connectString);
    expect(told).toEqual(await tell(client));
    expect(told.map((step) => (step as unknown[])[0])).toEqual([
      ['-2147483646'],
      ['-2147483647'],
      'NodeExists',
      ['-2147483647'],
      'done',
      'done',
      'done',
      ['-2147483647', '--2147483648'],
      'NodeExists',
      'done',
    ]);
  });

  test('Apache ZooKeeper gives out its last number again and again, and no recipe relies on it', async () => {
    await using temp = await tempDirectory('zookit-sequence-');
    const dataDir = temp.at('data');
    await writeData(dataDir, LAST);
    await using server = await JavaServer.start({ dataDir });
    await using client = await connect(server.connectString);
    await using second = await connect(server.connectString);

    const ids = new UniqueIds(client, '/d');
    for (let i = 0; i < 2; i++) {
      await expect(ids.next()).rejects.toMatchObject({ code: 'IdsUnavailable', reason: 'exhausted' });
    }

    const queue = new SimpleDistributedQueue(client, '/d');
    await queue.offer(Buffer.from('a'));
    await expect(queue.offer(Buffer.from('b'))).rejects.toThrow(SequenceExhaustedError);
    expect((await queue.poll())?.toString()).toBe('a');
    await queue.close();

    const contenders = [client, second].map((each) => new InterProcessMutex(each, '/locks'));
    const outcomes = await Promise.allSettled(
      contenders.map((mutex) => mutex.acquire({ timeoutMs: 30_000 })),
    );
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([
      expect.objectContaining({ code: 'SequenceExhausted', path: '/locks' }),
      expect.objectContaining({ code: 'SequenceExhausted', path: '/locks' }),
    ]);

    // Once it is empty the server removes the container, and the next one counts from 0.
    const gone = new Promise<void>((resolve, reject) => {
      const watch = ({ type }: WatchEvent): void => {
        if (type === 'deleted') resolve();
      };
      client.exists('/locks', { watch }).catch(reject);
    });
    await client.delete('/locks/other');
    await gone;
    await using lease = await contenders[0]!.acquire({ timeoutMs: 30_000 });
    expect(lease.held).toBe(true);
    await expect(contenders[1]!.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
  });
});
