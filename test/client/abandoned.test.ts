import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';

describe('a stream of changes that is abandoned leaves no watch', () => {
  let server: TestServer;
  let client: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    client = await connect(server.connectString);
    await client.create('/a');
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });
  const watched = () => client.checkWatches('/a', 'any');
  const nothing = async () => {
    expect(client.watchCounts().persistent).toEqual({ paths: 0, listeners: 0 });
    expect(await watched()).toBe(false);
  };

  test('by break', async () => {
    for await (const change of client.watch('/a')) {
      expect(change.type).toBe('resync');
      expect(await watched()).toBe(true);
      break;
    }
    await nothing();
  });

  test('by a throw', async () => {
    const loop = async () => {
      for await (const { type } of client.watch('/a')) throw new Error(type);
    };
    await expect(loop()).rejects.toThrow('resync');
    await nothing();
  });

  test('by a return before it began, while it begins, and twice', async () => {
    const never = client.watch('/a');
    await never.return();
    expect(await never.next()).toEqual({ done: true, value: undefined });
    const early = client.watch('/a');
    const first = early.next();
    await Promise.all([early.return(), early.return()]);
    expect(await first).toEqual({ done: true, value: undefined });
    await client.sync();
    await client.sync();
    await nothing();
  });

  test('by a signal: before it began, while it begins, and later', async () => {
    const aborted = client.watch('/a', { signal: AbortSignal.abort() });
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    for (const wait of [false, true]) {
      const stop = new AbortController();
      const stream = client.watch('/a', { signal: stop.signal });
      const first = stream.next();
      if (wait) await first;
      const waiting = wait ? [stream.next(), stream.next()] : [first];
      stop.abort();
      for (const each of waiting) expect(await each).toEqual({ done: true, value: undefined });
      await client.sync();
      await client.sync();
      await nothing();
    }
  });

  test('while another stream and a listener on the same path go on', async () => {
    const heard: string[] = [];
    const watch = await client.addWatch('/a', ({ type }) => heard.push(type));
    const kept = client.watch('/a');
    expect((await kept.next()).value?.type).toBe('resync');
    for await (const _ of client.watch('/a')) break;
    const next = kept.next();
    await client.set('/a', 'changed');
    expect((await next).value?.type).toBe('dataChanged');
    expect(heard).toEqual(['dataChanged']);
    await Promise.all([watch.remove(), kept.return()]);
    await nothing();
  });

  test('by the end of the client', async () => {
    const zk = await connect(server.connectString);
    const stream = zk.watch('/a');
    await stream.next();
    const waiting = stream.next();
    await zk.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect(zk.watch('/a').next()).rejects.toMatchObject({ code: 'Closed', path: '/a' });
  });
});

test('an error below a chroot names the chroot, which may be what is missing', async () => {
  await using server = await TestServer.start();
  await using client = await connect(`${server.connectString}/app`);
  await expect(client.create('/a')).rejects.toThrow(
    'create /a: no such node (below the chroot /app) [NoNode]',
  );
  await expect(client.transaction().set('/a', '').commit()).rejects.toThrow(
    'set /a: no such node (below the chroot /app)',
  );
  await using plain = await connect(server.connectString);
  await expect(plain.get('/a')).rejects.toThrow('get /a: no such node [NoNode]');
});
