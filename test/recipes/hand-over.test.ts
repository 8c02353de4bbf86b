import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { InterProcessMutex, type Lease } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';

describe('a lease handed over', () => {
  let server: TestServer;
  let client: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    client = await connect(server.connectString);
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  test('is one of the same lock, not of one below it or beside it', async () => {
    const below = await new InterProcessMutex(client, '/locks/a').acquire();
    for (const path of ['/locks', '/', '/locks/a/b', '/lock', '/locks/ab']) {
      await expect(new InterProcessMutex(client, path).acquire({ lease: below })).rejects.toThrow(
        `lease: of ${below.path}, not of a mutex in ${path}`,
      );
    }
    await below.release();
    const top = await new InterProcessMutex(client, '/').acquire();
    await (await new InterProcessMutex(client, '/').acquire({ lease: top })).release();
    await top.release();
  });

  test('of another client is refused', async () => {
    await using other = await connect(server.connectString);
    const lease = await new InterProcessMutex(client, '/other').acquire();
    await expect(new InterProcessMutex(other, '/other').acquire({ lease })).rejects.toThrow(TypeError);
    await lease.release();
  });

  test('obeys a signal that has aborted', async () => {
    const mutex = new InterProcessMutex(client, '/signal');
    const lease = await mutex.acquire();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(mutex.acquire({ lease, signal })).rejects.toThrow('too late');
    await lease.release();
    expect(await client.exists(lease.path)).toBeNull();
  });

  test('keeps the lock in every order of releases, and gives it back with the last', async () => {
    const orders = (items: number[]): number[][] =>
      items.length === 0
        ? [[]]
        : items.flatMap((item) =>
            orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
          );
    const mutex = new InterProcessMutex(client, '/orders');
    for (const order of orders([0, 1, 2, 3])) {
      const first = await mutex.acquire();
      const leases: Lease[] = [first];
      for (let i = 1; i < 4; i++) leases.push(await mutex.acquire({ lease: leases[i >> 1]! }));
      for (const [n, at] of order.entries()) {
        expect(await client.exists(first.path)).not.toBeNull();
        await leases[at]!.release();
        for (const [i, lease] of leases.entries()) {
          expect(lease.signal.aborted).toBe(order.indexOf(i) <= n);
        }
      }
      expect(await client.exists(first.path)).toBeNull();
      await expect(mutex.acquire({ lease: first })).rejects.toMatchObject({ reason: 'released' });
    }
  });

  test('while the last one is being released is too late', async () => {
    const mutex = new InterProcessMutex(client, '/race');
    const lease = await mutex.acquire();
    const released = lease.release();
    await expect(mutex.acquire({ lease })).rejects.toMatchObject({ code: 'LeaseEnded', reason: 'released' });
    await released;
  });
});

test('a signal that is used for many acquisitions does not gather anything', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const mutex = new InterProcessMutex(client, '/many');
  const stop = new AbortController();
  const listened: string[] = [];
  const { addEventListener, removeEventListener } = stop.signal;
  let listeners = 0;
  let listenersMax = 0;
  stop.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listened.push(args[0]);
    listenersMax = Math.max(listenersMax, ++listeners);
    addEventListener.apply(stop.signal, args);
  };
  stop.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(stop.signal, args);
  };
  const dependants = () =>
    Object.getOwnPropertySymbols(stop.signal)
      .filter((symbol) => String(symbol).includes('Dependant'))
      .map(
        (symbol) => (stop.signal as unknown as Record<symbol, Set<unknown> | undefined>)[symbol]?.size ?? 0,
      );
  for (let i = 0; i < 300; i++) {
    await (await mutex.acquire({ signal: stop.signal, timeoutMs: 3_600_000 })).release();
  }
  expect(listeners).toBe(0);
  expect(listenersMax).toBeLessThanOrEqual(1);
  for (const size of dependants()) expect(size).toBe(0);
});
