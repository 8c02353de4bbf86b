import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DiskLog } from '../../core/io/disk-log.ts';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { NodeFiles } from '../../core/io/node-files.ts';
import { silentLogger } from '../../core/ports.ts';
import { type Recovered, recover } from '../../core/storage/recovery.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { encode } from '../../wire/codec.ts';
import { CreateMode } from '../../wire/create-mode.ts';
import { type Acl, OPEN_ACL, StatPersisted } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { sessionPassword } from '../../wire/password.ts';
import { readLoggedTxn, type Txn, writeLoggedTxn } from '../../wire/txn.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { RawClient } from '../kit/raw-client.ts';
import { FixedSource, type RecordedNode, RecordedState } from '../kit/recorded-state.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

const present = javaZooKeeper() !== null;
if (!present)
  process.stdout.write('test/interop/storage.test.ts: skipped, Apache ZooKeeper is not installed\n');

const files = new NodeFiles();
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const timeMs = Date.now();
const alive = 0x100_0000_0000_0001n;
const gone = 0x100_0000_0000_0002n;
const openAcl = [...OPEN_ACL] as Acl[];
const readAcl: Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const digestAcl: Acl[] = [{ perms: 31, id: { scheme: 'digest', id: 'bob:LkcTRHZLIVhdWA4GtAnJaTIUrmE=' } }];

function node(path: string, data: string | null, aclId: number, stat: Partial<StatPersisted>): RecordedNode {
  const zeros = {
    czxid: 0,
    mzxid: 0,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    pzxid: 0,
  };
  return {
    path,
    data: data === null ? null : Buffer.from(data),
    aclId,
    stat: encode(StatPersisted, { ...zeros, ...stat }),
  };
}

/** Digest of a node as servers compute it: over path, data and the persisted stat in an order of its own. */
function nodeDigest({ path, data, stat }: RecordedNode): bigint {
  const ordered = Buffer.alloc(60);
  stat.copy(ordered, 0, 0, 16);
  stat.copy(ordered, 16, 52, 60);
  stat.copy(ordered, 24, 16, 52);
  return path.startsWith('/zookeeper/')
    ? 0n
    : BigInt(crc32(Buffer.concat([Buffer.from(path), data ?? Buffer.alloc(0), ordered])));
}

function recovered(dataDir: string): { recovered: Recovered; state: RecordedState } {
  const directory = join(dataDir, 'version-2');
  const state = new RecordedState();
  const options = {
    snapshotDirectory: directory,
    logDirectory: directory,
    snapshotTrustEmpty: false,
    logger: silentLogger,
  };
  return { recovered: recover(files, options, state), state };
}

async function writeSnapshot(directory: string, zxid: number, nodes: RecordedNode[]): Promise<void> {
  const snapshots = new DiskSnapshots(files, {
    snapshotDirectory: directory,
    logDirectory: directory,
    logger: silentLogger,
  });
  const digest = nodes.reduce((sum, one) => sum + nodeDigest(one), 0n);
  const acls: [number, Acl[]][] = [
    [1, openAcl],
    [2, digestAcl],
  ];
  const sessions: [bigint, number][] = [
    [alive, 30_000],
    [gone, 30_000],
  ];
  const source = new FixedSource(zxid, { sessions, acls, nodes }, { zxid, version: 2, digest });
  await new Promise<void>((resolve, reject) => {
    snapshots.write(source, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Appends one transaction for each of `txns`, and leaves the log as a crash would: with its preallocated zeros. */
async function writeLog(directory: string, firstZxid: number, txns: readonly [bigint, Txn][]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const last = firstZxid + txns.length - 1;
    const log = new DiskLog(
      files,
      directory,
      {
        preAllocSizeBytes: 1 << 20,
        forceSync: true,
        fsyncWarningThresholdMs: 60_000,
        clock,
        logger: silentLogger,
      },
      { durable: (zxid) => zxid === last && resolve(), failed: reject },
    );
    for (const [index, [clientId, txn]] of txns.entries()) {
      const zxid = firstZxid + index;
      const writer = new ByteWriter();
      writeLoggedTxn(writer, {
        header: { clientId, cxid: index, zxid, time: timeMs, type: txn.type },
        txn,
        digest: null,
      });
      log.append(zxid, writer.finish());
      if (index === 4) log.roll();
    }
    log.flush();
  });
}

const { create, setData, setACL, multi, closeSession, createContainer, createTTL } = OpCode;
const createTxn = (path: string, data: string, acl: Acl[], ephemeral: boolean, parentCVersion: number) =>
  ({ type: create, body: { path, data: Buffer.from(data), acl, ephemeral, parentCVersion } }) as const;

const snapshotNodes = [
  node('', '', -1, { cversion: 3, pzxid: 4 }),
  node('/a', 'first', 1, { czxid: 2, mzxid: 2, ctime: timeMs, mtime: timeMs, pzxid: 2 }),
  node('/e-alive', null, 1, {
    czxid: 3,
    mzxid: 3,
    ctime: timeMs,
    mtime: timeMs,
    ephemeralOwner: alive,
    pzxid: 3,
  }),
  node('/secret', 'hidden', 2, { czxid: 4, mzxid: 4, ctime: timeMs, mtime: timeMs, pzxid: 4 }),
  node('/zookeeper', '', -1, { cversion: 0 }),
  node('/zookeeper/config', '', 1, { aversion: -1 }),
  node('/zookeeper/quota', '', -1, {}),
];

const loggedTxns: readonly [bigint, Txn][] = [
  [alive, createTxn('/b', 'bee', openAcl, false, 4)],
  [alive, createTxn('/e-too', 'mine', openAcl, true, 5)],
  [gone, createTxn('/e-gone', 'theirs', openAcl, true, 6)],
  [
    alive,
    {
      type: multi,
      body: [
        createTxn('/m', 'em', openAcl, false, 7),
        { type: setData, body: { path: '/a', data: Buffer.from('second'), version: 1 } },
      ],
    },
  ],
  [alive, { type: setACL, body: { path: '/b', acl: readAcl, version: 1 } }],
  [alive, { type: OpCode.error, body: { err: ErrorCode.NoNode } }],
  [gone, { type: closeSession, body: { paths2Delete: ['/e-gone'] } }],
  [
    alive,
    { type: createContainer, body: { path: '/c', data: Buffer.alloc(0), acl: openAcl, parentCVersion: 8 } },
  ],
  [
    alive,
    {
      type: createTTL,
      body: { path: '/ttl', data: Buffer.from('t'), acl: openAcl, parentCVersion: 9, ttl: 3_600_000 },
    },
  ],
  [alive, createTxn('/c/kid', 'kid', openAcl, false, 1)],
];

async function ours(temp: TempDirectory): Promise<string> {
  const directory = temp.at('data', 'version-2');
  mkdirSync(directory, { recursive: true });
  await writeSnapshot(directory, 5, snapshotNodes);
  await writeLog(directory, 6, loggedTxns);
  return temp.at('data');
}

async function get(client: RawClient, path: string): Promise<string | null> {
  const { data } = await client.call(OpCode.getData, { path, watch: false });
  return data === null ? null : Buffer.from(data).toString();
}

describe.skipIf(!present)('Apache ZooKeeper on a directory of ours', () => {
  test('shows the same nodes, ACLs and sessions, and what it writes comes back to us', async () => {
    await using temp = await tempDirectory();
    const dataDir = await ours(temp);
    {
      await using java = await JavaServer.start({ dataDir, properties: ['zookeeper.digest.enabled=true'] });
      await using client = await RawClient.connect({
        port: java.port,
        sessionId: alive,
        password: sessionPassword(alive),
      });
      expect(client.sessionId).toBe(alive);
      const { children } = await client.call(OpCode.getChildren, { path: '/', watch: false });
      expect([...(children ?? [])].sort()).toEqual([
        'a',
        'b',
        'c',
        'e-alive',
        'e-too',
        'm',
        'secret',
        'ttl',
        'zookeeper',
      ]);
      expect(
        await Promise.all(
          ['/a', '/b', '/m', '/e-too', '/e-alive', '/c/kid'].map((path) => get(client, path)),
        ),
      ).toEqual(['second', 'bee', 'em', 'mine', null, 'kid']);
      const b = await client.call(OpCode.getACL, { path: '/b' });
      expect([b.acl, b.stat.aversion, b.stat.czxid]).toEqual([readAcl, 1, 6]);
      const a = await client.call(OpCode.exists, { path: '/a', watch: false });
      expect(a.stat).toMatchObject({ version: 1, mzxid: 9, czxid: 2, ctime: timeMs, mtime: timeMs });
      expect((await client.ask(OpCode.getData, { path: '/secret', watch: false })).err).toBe(
        ErrorCode.NoAuth,
      );
      const dump = await fourLetterWord(java.port, 'dump');
      expect(dump).toMatch(/\/e-alive/);
      expect(dump).not.toMatch(/\/e-gone/);
      expect(java.child.output).not.toMatch(/digests are not matching|Digests are not matching/i);

      await client.call(OpCode.create, {
        path: '/from-java',
        data: Buffer.from('j'),
        acl: openAcl,
        flags: CreateMode.persistent,
      });
      await java.stop('SIGKILL');
    }
    const { recovered: back, state } = recovered(dataDir);
    expect(back).toMatchObject({ snapshot: { zxid: 15 }, zxid: 16, transactions: 1 });
    expect(state.txns[0]?.logged.txn).toMatchObject({ type: create, body: { path: '/from-java' } });
    expect(state.sessions).toEqual([[alive, 30_000]]);
    expect(state.nodes.map(({ path }) => path)).toContain('/c/kid');
  });

  test('starts on a log whose torn tail we cut off', async () => {
    await using temp = await tempDirectory();
    const dataDir = await ours(temp);
    const path = join(dataDir, 'version-2', 'log.b');
    // In the middle of the last entry, whose first bytes stay.
    truncateSync(path, readFileSync(path).lastIndexOf('kid'));
    expect(recovered(dataDir).recovered).toMatchObject({ zxid: 14, torn: [{ path }] });
    await using java = await JavaServer.start({ dataDir });
    await using client = await RawClient.connect({ port: java.port });
    expect(await get(client, '/ttl')).toBe('t');
    expect((await client.ask(OpCode.exists, { path: '/c/kid', watch: false })).err).toBe(ErrorCode.NoNode);
    await client.close();
  });
});

describe.skipIf(!present)('a directory of Apache ZooKeeper', () => {
  async function work(port: number, name: string): Promise<RawClient> {
    const client = await RawClient.connect({ port, timeoutMs: 30_000 });
    const body = (path: string, flags: number) => ({ path, data: Buffer.from(path), acl: openAcl, flags });
    await client.call(OpCode.create, body(`/${name}`, CreateMode.persistent));
    for (let i = 0; i < 20; i++)
      await client.call(OpCode.create2, body(`/${name}/s-`, CreateMode['persistent-sequential']));
    await client.call(OpCode.create, body(`/${name}/ephemeral`, CreateMode.ephemeral));
    await client.call(OpCode.createContainer, body(`/${name}/container`, CreateMode.container));
    await client.call(OpCode.createTTL, {
      ...body(`/${name}/ttl`, CreateMode['persistent-with-ttl']),
      ttl: 3_600_000,
    });
    await client.call(OpCode.setACL, { path: `/${name}/ttl`, acl: readAcl, version: -1 });
    await client.call(OpCode.setData, { path: `/${name}`, data: null, version: 0 });
    await client.multi([
      { type: OpCode.create, body: body(`/${name}/multi`, CreateMode.persistent) },
      { type: OpCode.setData, body: { path: `/${name}/multi`, data: Buffer.from('again'), version: 0 } },
      { type: OpCode.delete, body: { path: `/${name}/multi`, version: 1 } },
    ]);
    await client.multi([{ type: OpCode.check, body: { path: `/${name}`, version: 99 } }]);
    expect((await client.ask(OpCode.delete, { path: '/nowhere', version: -1 })).err).toBe(ErrorCode.NoNode);
    return client;
  }

  test('is read to its last transaction after SIGKILL, each of which is written again byte by byte', async () => {
    await using java = await JavaServer.start();
    await using temp = await tempDirectory();
    const first = await work(java.port, 'one');
    await first.close();
    await using second = await work(java.port, 'two');
    const lastZxid = second.lastZxid;
    java.child.process.kill('SIGKILL');
    await java.child.exited;
    cpSync(java.dataDir, temp.path, { recursive: true });
    const { recovered: found, state } = recovered(temp.path);
    expect(found).toMatchObject({ zxid: lastZxid, snapshot: { zxid: 0 }, torn: [] });
    expect(state.zxids).toEqual(Array.from({ length: lastZxid }, (_, index) => index + 1));
    for (const { logged, bytes } of state.txns) {
      const writer = new ByteWriter();
      writeLoggedTxn(writer, readLoggedTxn(bytes));
      expect(writer.finish().equals(bytes), `transaction ${logged.header.zxid}`).toBe(true);
    }
  });

  test('with many snapshots and logs is read from any of them on', async () => {
    await using java = await JavaServer.start({ properties: ['zookeeper.snapCount=20'] });
    await using temp = await tempDirectory();
    const clients = [
      await work(java.port, 'one'),
      await work(java.port, 'two'),
      await work(java.port, 'three'),
    ];
    const lastZxid = clients.at(-1)?.lastZxid ?? 0;
    java.child.process.kill('SIGKILL');
    await java.child.exited;
    for (const client of clients) await client.closed;
    cpSync(java.dataDir, temp.path, { recursive: true });
    const directory = temp.at('version-2');
    const snapshots = readdirSync(directory).filter((name) => name.startsWith('snapshot.'));
    expect(snapshots.length).toBeGreaterThan(3);
    for (let left = snapshots.length; left > 0; left--) {
      const { recovered: found } = recovered(temp.path);
      expect(found.zxid).toBe(lastZxid);
      const { snapshot } = found;
      if (snapshot === null) throw new Error('recovered without a snapshot');
      expect(found.transactions).toBe(lastZxid - snapshot.zxid);
      files.remove(snapshot.path);
    }
    expect(() => recovered(temp.path)).toThrow('there are transactions, but no snapshot');
  });
});
