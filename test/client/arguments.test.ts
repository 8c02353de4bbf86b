import { describe, expect, test } from 'vitest';
import type { Data, ZooKeeperClient } from '../../client/index.ts';
import { connected, failureOf } from './scripted.ts';

/** What TypeScript keeps out and JavaScript does not. */
const wrong = <T>(value: unknown) => value as T;

describe('arguments that the protocol cannot carry are refused before anything is sent', () => {
  const cases: [string, (client: ZooKeeperClient) => Promise<unknown>][] = [
    ...[1.5, Number.NaN, 2 ** 31, -(2 ** 31) - 1, wrong<number>('3'), wrong<number>(null)].flatMap(
      (version): [string, (client: ZooKeeperClient) => Promise<unknown>][] => [
        [`set with version ${String(version)}`, (zk) => zk.set('/a', '', { version })],
        [`delete with version ${String(version)}`, (zk) => zk.delete('/a', { version })],
        [`setAcl with version ${String(version)}`, (zk) => zk.setAcl('/a', [], { version })],
        [`check of version ${String(version)}`, async (zk) => zk.transaction().check('/a', version).commit()],
        [
          `a transaction's set with version ${String(version)}`,
          async (zk) => zk.transaction().set('/a', '', { version }).commit(),
        ],
      ],
    ),
    ...[7, undefined, {}, [1], true].flatMap(
      (data): [string, (client: ZooKeeperClient) => Promise<unknown>][] => [
        [`set to ${typeof data}`, (zk) => zk.set('/a', wrong<Data>(data))],
        [
          `a transaction's set to ${typeof data}`,
          async (zk) => zk.transaction().set('/a', wrong<Data>(data)).commit(),
        ],
      ],
    ),
    ['create with a number', (zk) => zk.create('/a', wrong<Data>(7))],
    ['a path that is no text', (zk) => zk.get(wrong<string>(undefined))],
    ['an ACL that is none', (zk) => zk.setAcl('/a', wrong([{ perms: 31 }]))],
  ];

  test.each(cases)('%s', async (_, start) => {
    const { world, client } = await connected();
    const error = await failureOf(start(client));
    expect(error).toMatchObject({ code: 'BadArguments' });
    await world.turn();
    expect(world.link.take()).toEqual([]);
  });

  test.each(cases)('%s, without a connection', async (_, start) => {
    const { world, client } = await connected();
    await world.link.close();
    const settled = failureOf(start(client));
    const good = client.exists('/good');
    good.catch(() => {});
    await world.advance(100);
    await world.link.grant({ sessionId: 0x1234n, timeOut: 30_000 });
    expect(world.link.take().length).toBe(1);
    expect(await settled).toMatchObject({ code: 'BadArguments' });
  });
});
