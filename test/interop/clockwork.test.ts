import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { AddWatchMode, EventType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { OurServer } from '../kit/our-server.ts';
import { RawClient } from '../kit/raw-client.ts';
import { tempDirectory } from '../kit/temp.ts';

const acl = [...OPEN_ACL];
const CHECK_INTERVAL_MS = 200;
const TICK_MS = 500;

interface Running extends AsyncDisposable {
  readonly port: number;
}

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built[Symbol.dispose]());

const servers: readonly (readonly [name: string, installed: boolean, start: () => Promise<Running>])[] = [
  [
    'Apache ZooKeeper',
    javaZooKeeper() !== null,
    () =>
      JavaServer.start({
        tickTimeMs: TICK_MS,
        properties: [`znode.container.checkIntervalMs=${CHECK_INTERVAL_MS}`],
      }),
  ],
  [
    'zookit',
    true,
    async () => {
      const home = await tempDirectory('zookit-clockwork-');
      const server = await OurServer.start({
        main: built.main,
        directory: home.path,
        configLines: [`tickTime=${TICK_MS}`, `znode.container.checkIntervalMs=${CHECK_INTERVAL_MS}`],
      });
      return {
        port: server.port,
        async [Symbol.asyncDispose]() {
          await server[Symbol.asyncDispose]();
          await home[Symbol.asyncDispose]();
        },
      };
    },
  ],
];

async function create(client: RawClient, path: string, flags: number, ttl?: number): Promise<void> {
  const common = { path, data: null, acl, flags };
  if (ttl !== undefined) await client.call(OpCode.createTTL, { ...common, ttl });
  else await client.call(flags === 4 ? OpCode.createContainer : OpCode.create, common);
}

/** Watches everything from here on, so that no deletion is missed however soon it comes. */
async function watchAll(client: RawClient): Promise<void> {
  await client.call(OpCode.addWatch, { path: '/', mode: AddWatchMode.persistentRecursive });
}

async function isThere(client: RawClient, path: string): Promise<boolean> {
  return (await client.ask(OpCode.exists, { path, watch: false })).err === ErrorCode.Ok;
}

/** The paths whose deletion was told, once there are so many. */
async function deletions(client: RawClient, count: number): Promise<string[]> {
  for (let heard = count; ; heard++) {
    const events = await client.events(heard);
    const gone = events.filter(({ type }) => type === EventType.NodeDeleted);
    if (gone.length >= count) return gone.map(({ path }) => path);
  }
}

// What a clock decides, the same on both.
describe.each(servers)('%s', (_name, installed, start) => {
  test.skipIf(!installed)('removes containers that have been used and are empty, and no others', async () => {
    await using server = await start();
    await using client = await RawClient.connect({ port: server.port });
    for (const path of ['/used', '/unused', '/full', '/outer', '/outer/inner']) await create(client, path, 4);
    for (const path of ['/used/a', '/full/a', '/outer/inner/a']) await create(client, path, 0);
    await watchAll(client);
    await client.call(OpCode.delete, { path: '/used/a', version: -1 });
    await client.call(OpCode.delete, { path: '/outer/inner/a', version: -1 });
    const gone = (await deletions(client, 5)).filter((path) => !path.endsWith('/a'));
    expect([...gone].sort()).toEqual(['/outer', '/outer/inner', '/used']);
    expect(gone.indexOf('/outer/inner')).toBeLessThan(gone.indexOf('/outer'));
    expect(await isThere(client, '/unused')).toBe(true);
    expect(await isThere(client, '/full')).toBe(true);
  });

  test.skipIf(!installed)(
    'removes nodes whose TTL has passed since they changed, unless they have children',
    async () => {
      await using server = await start();
      await using client = await RawClient.connect({ port: server.port });
      await watchAll(client);
      await create(client, '/late', 5, 3_600_000);
      await create(client, '/parent', 5, 1500);
      await create(client, '/parent/child', 0);
      await create(client, '/changed', 5, 2500);
      await create(client, '/soon', 5, 800);
      expect(await deletions(client, 1)).toEqual(['/soon']);
      // Its time starts anew with a change, so that it outlives what would have been its end.
      const changed = await client.call(OpCode.setData, { path: '/changed', data: null, version: -1 });
      client.takeIncoming();
      expect(await deletions(client, 1)).toEqual(['/changed']);
      const after = await client.call(OpCode.setData, { path: '/late', data: null, version: -1 });
      expect(after.stat.mtime - changed.stat.mtime).toBeGreaterThanOrEqual(2400);
      expect(await isThere(client, '/parent')).toBe(true);
      client.takeIncoming();
      await client.call(OpCode.delete, { path: '/parent/child', version: -1 });
      expect(await deletions(client, 2)).toEqual(['/parent/child', '/parent']);
    },
  );

  test.skipIf(!installed)('ends sessions whose clients are silent, and only those', async () => {
    await using server = await start();
    await using watcher = await RawClient.connect({ port: server.port, timeoutMs: 10_000 });
    await watchAll(watcher);
    await create(watcher, '/watcher', 1);
    const silent = await RawClient.connect({ port: server.port, timeoutMs: 2 * TICK_MS });
    await create(silent, '/silent', 1);
    const gone = await RawClient.connect({ port: server.port, timeoutMs: 2 * TICK_MS });
    await create(gone, '/gone', 1);
    expect(silent.response.timeOut).toBe(2 * TICK_MS);
    await gone.drop();
    const ended = await deletions(watcher, 2);
    expect([...ended].sort()).toEqual(['/gone', '/silent']);
    await silent.closed;
    const again = await gone.resume({ port: server.port });
    expect(again.sessionId).toBe(0n);
    expect(again.response.timeOut).toBe(0);
    await again.closed;
    expect(await isThere(watcher, '/watcher')).toBe(true);
  });

  test.skipIf(!installed)('keeps a session whose client comes back in time, with its nodes', async () => {
    await using server = await start();
    const client = await RawClient.connect({ port: server.port, timeoutMs: 4 * TICK_MS });
    await create(client, '/kept', 1);
    let connection = client;
    for (let times = 0; times < 4; times++) {
      await connection.drop();
      connection = await connection.resume({ port: server.port, timeoutMs: 4 * TICK_MS });
      expect(connection.sessionId).toBe(client.sessionId);
      expect(await isThere(connection, '/kept')).toBe(true);
    }
    await connection.close();
  });
});
