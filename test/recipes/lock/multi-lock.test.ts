import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  AcquireTimeoutError,
  InterProcessMultiLock,
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreMutex,
} from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { parentOf } from '../../../wire/path.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { ended, expectNoWatches, untilChildren } from './helpers.ts';

describe('InterProcessMultiLock', () => {
  let server: TestServer;
  let client: ZooKeeperClient;
  let other: ZooKeeperClient;
  let number = 0;
  /** A mutex, a write lock and a semaphore's mutex below one directory. */
  const locksOf = (zk: ZooKeeperClient) => [
    new InterProcessMutex(zk, `/multi${number}/a`),
    new InterProcessReadWriteLock(zk, `/multi${number}/b`).writeLock,
    new InterProcessSemaphoreMutex(zk, `/multi${number}/c`),
  ];
  const free = async () => {
    for (const lock of locksOf(other)) await (await lock.acquire({ timeoutMs: 30_000 })).release();
  };

  beforeAll(async () => {
    server = await TestServer.start();
    client = await connect(server.connectString);
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await client.close();
    await other.close();
    await server.close();
  });

  test('holds all of its locks, in the order given, and releases them in reverse', async () => {
    number++;
    const locks = locksOf(client);
    const multi = new InterProcessMultiLock(locks);
    expect(multi.path).toBe(`/multi${number}/a, /multi${number}/b, /multi${number}/c`);
    const deleted: string[] = [];
    const lease = await multi.acquire();
    expect(lease.leases.map(({ path }) => parentOf(path))).toEqual([
      `/multi${number}/a`,
      `/multi${number}/b`,
      `/multi${number}/c/leases`,
    ]);
    const tokens = lease.leases.map(({ fencingToken }) => fencingToken);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(lease.fencingToken).toBe(tokens[2]);
    expect([lease.held, lease.signal.aborted]).toEqual([true, false]);
    for (const lock of locksOf(other)) {
      await expect(lock.acquire({ timeoutMs: 0 })).rejects.toThrow(AcquireTimeoutError);
    }
    await using _watch = await other.addWatch(
      `/multi${number}`,
      ({ type, path }) => {
        if (type === 'deleted') deleted.push(path);
      },
      { recursive: true },
    );
    await Promise.all([lease.release(), lease.release()]);
    await other.sync();
    const order = deleted.filter((path) => lease.leases.some((each) => each.path === path));
    expect(order).toEqual(lease.leases.map(({ path }) => path).reverse());
    expect(lease.signal.reason).toMatchObject({ reason: 'released' });
    expect([lease.held, lease.safeForMs()]).toEqual([false, 0]);
    await free();
    expectNoWatches(client);
  });

  test('what cannot be had as a whole is given back', async () => {
    for (const busy of [0, 1, 2]) {
      number++;
      const held = await locksOf(other)[busy]!.acquire();
      const multi = new InterProcessMultiLock(locksOf(client));
      await expect(multi.acquire({ timeoutMs: 0 })).rejects.toMatchObject({
        code: 'AcquireTimeout',
        path: `/multi${number}/${'abc'[busy]}`,
      });
      await expect(multi.acquire({ timeoutMs: 20 })).rejects.toThrow(AcquireTimeoutError);
      const stop = new AbortController();
      const waiting = multi.acquire({ signal: stop.signal });
      await untilChildren(client, parentOf(held.path), 2);
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      await held.release();
      await free();
    }
    expectNoWatches(client);
  });

  test('who loses one of the locks while waiting for another does not wait on', async () => {
    number++;
    const held = await locksOf(other)[1]!.acquire();
    const waiting = new InterProcessMultiLock(locksOf(client)).acquire();
    await untilChildren(client, parentOf(held.path), 2);
    const [first] = await new InterProcessMutex(client, `/multi${number}/a`).participants();
    const refused = expect(waiting).rejects.toMatchObject({ code: 'LeaseEnded', reason: 'deleted' });
    await other.delete(first!);
    await refused;
    await held.release();
    await free();
    expectNoWatches(client);
  });

  test('ends with the first of its leases', async () => {
    number++;
    const lease = await new InterProcessMultiLock(locksOf(client)).acquire();
    const { signal } = lease;
    await other.delete(lease.leases[1]!.path);
    expect(await ended(lease)).toMatchObject({ reason: 'deleted', path: lease.leases[1]!.path });
    expect([signal.aborted, lease.held]).toEqual([true, false]);
    await lease.release();
    await free();
  });

  test('is in doubt when one of its connections is', async () => {
    number++;
    const cable = new Cuttable();
    await using shaky = await connect(server.connectString, { ports: cable.ports });
    const lease = await new InterProcessMultiLock([
      ...locksOf(client).slice(0, 2),
      locksOf(shaky)[2]!,
    ]).acquire();
    const { signal } = lease;
    cable.cut();
    expect(signal.reason).toMatchObject({ reason: 'in-doubt' });
    expect(lease.leases.map(({ held }) => held)).toEqual([true, true, false]);
    const released = lease.release();
    // What hangs does not keep the others.
    await (await locksOf(other)[0]!.acquire({ timeoutMs: 30_000 })).release();
    cable.mend();
    await released;
    await free();
  });

  test('nests', async () => {
    number++;
    const [a, b, c] = locksOf(client);
    const lease = await new InterProcessMultiLock([new InterProcessMultiLock([a!, b!]), c!]).acquire();
    expect(lease.held).toBe(true);
    await lease.release();
    await free();
  });

  test('of no locks, or of one lock twice, is refused', () => {
    const [a, b] = locksOf(client);
    expect(() => new InterProcessMultiLock([])).toThrow(RangeError);
    expect(() => new InterProcessMultiLock([a!, b!, a!])).toThrow(TypeError);
  });
});
