import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { InterProcessMutex } from '../../../recipes/index.ts';
import { readRecord, recordOf } from '../../../recipes/lock/delay.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';

const DELAY_MS = 300;
/** Longer than any test. */
const FOR_EVER_MS = 86_400_000;

test('the record of a holder is read as it was written, and other data says nothing', () => {
  expect(readRecord(Buffer.from(recordOf('_c_a-lock-0000000001')), '_c_a-lock-0000000001')).toEqual({
    kind: 'ours',
  });
  expect(readRecord(Buffer.from(recordOf('_c_a-lock-0000000001')), '_c_b-lock-0000000002')).toEqual({
    kind: 'abandoned',
    by: '_c_a-lock-0000000001',
  });
  for (const data of [null, Buffer.alloc(0), Buffer.from('10.0.0.1'), Buffer.from('__REVOKE__')]) {
    expect(readRecord(data, 'a')).toEqual({ kind: 'free' });
  }
});

describe('lockDelayMs when sessions and connections are lost', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start({ tickTimeMs: 100 });
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  const untilInLine = async (mutex: InterProcessMutex, count: number) => {
    while ((await mutex.participants()).length !== count) await other.sync();
  };
  const listeners = (client: ZooKeeperClient) => client.watchCounts().data.listeners;

  test('nobody gets the lock for so long after a session died, in line or not', async () => {
    const mutex = new InterProcessMutex(other, '/died', { lockDelayMs: DELAY_MS });
    for (const inLine of [true, false]) {
      await using client = await connect(server.connectString);
      const lease = await new InterProcessMutex(client, '/died', { lockDelayMs: DELAY_MS }).acquire();
      const early = inLine ? mutex.acquire() : null;
      if (inLine) await untilInLine(mutex, 2);
      const diedMs = performance.now();
      server.expireSession(client.sessionId);
      while ((await other.exists(lease.path)) !== null) await other.sync();
      const next = await (early ?? mutex.acquire());
      expect(performance.now() - diedMs).toBeGreaterThanOrEqual(DELAY_MS);
      expect(next.fencingToken).toBeGreaterThan(lease.fencingToken);
      await next.release();
      await (await mutex.acquire({ timeoutMs: 0 })).release();
    }
  });

  test('a client that is closed with the lock in hand has released it', async () => {
    const client = await connect(server.connectString);
    const lease = await new InterProcessMutex(client, '/closed', { lockDelayMs: FOR_EVER_MS }).acquire();
    await client.close();
    await other.sync();
    expect(await other.exists(lease.path)).toBeNull();
    const mutex = new InterProcessMutex(other, '/closed', { lockDelayMs: FOR_EVER_MS });
    await (await mutex.acquire({ timeoutMs: 0 })).release();
  });

  test('one that is closed without a connection has not: nothing can be said any more', async () => {
    const cable = new Cuttable();
    const client = await connect(server.connectString, { ports: cable.ports, closeTimeoutMs: 1 });
    const lease = await new InterProcessMutex(client, '/cut', { lockDelayMs: FOR_EVER_MS }).acquire();
    cable.cut();
    await client.close();
    server.expireSession((await other.get(lease.path)).stat.ephemeralOwner);
    const mutex = new InterProcessMutex(other, '/cut', { lockDelayMs: FOR_EVER_MS });
    await expect(mutex.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
  });

  test('who dies while waiting it out leaves it to the next, whole', async () => {
    const path = '/heir';
    await using holder = await connect(server.connectString);
    await using heir = await connect(server.connectString);
    await new InterProcessMutex(holder, path, { lockDelayMs: DELAY_MS }).acquire();
    const first = new InterProcessMutex(heir, path, { lockDelayMs: FOR_EVER_MS }).acquire();
    const refused = expect(first).rejects.toMatchObject({ code: 'SessionExpired' });
    const mutex = new InterProcessMutex(other, path, { lockDelayMs: DELAY_MS });
    await untilInLine(mutex, 2);
    server.expireSession(holder.sessionId);
    await untilInLine(mutex, 1);
    const second = mutex.acquire();
    await untilInLine(mutex, 2);
    const diedMs = performance.now();
    server.expireSession(heir.sessionId);
    await refused;
    const lease = await second;
    expect(performance.now() - diedMs).toBeGreaterThanOrEqual(DELAY_MS);
    await lease.release();
    await heir.sync();
    expect([listeners(heir), listeners(other)]).toEqual([0, 0]);
  });

  test('connections that break meanwhile neither shorten nor lengthen it', async () => {
    const path = '/broken';
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 5 },
    });
    const held = await new InterProcessMutex(other, path, { lockDelayMs: DELAY_MS }).acquire();
    const diedMs = performance.now();
    await other.delete(held.path);
    const mutex = new InterProcessMutex(client, path, { lockDelayMs: DELAY_MS });
    const waiting = mutex.acquire();
    await untilInLine(new InterProcessMutex(other, path), 1);
    const breaks = (async () => {
      for (let i = 0; i < 20; i++) {
        cable.drop();
        await client.sync().catch(() => {});
        await other.sync();
      }
    })();
    // In doubt right away if the last break came with the grant; what counts is that it is granted, and when.
    const error = await waiting.then((lease) => lease.release()).catch((reason: unknown) => reason);
    expect(performance.now() - diedMs).toBeGreaterThanOrEqual(DELAY_MS);
    if (error !== undefined) expect(error).toMatchObject({ code: 'LeaseEnded' });
    await breaks;
    await held.release();
    await (await mutex.acquire({ timeoutMs: 5_000 })).release();
    await client.sync();
    expect(listeners(client)).toBe(0);
  });

  test('a client that is closed meanwhile waits no longer', async () => {
    const client = await connect(server.connectString);
    const held = await new InterProcessMutex(other, '/stop', { lockDelayMs: FOR_EVER_MS }).acquire();
    await other.delete(held.path);
    const mutex = new InterProcessMutex(client, '/stop', { lockDelayMs: FOR_EVER_MS });
    const refused = expect(mutex.acquire()).rejects.toMatchObject({
      code: expect.stringMatching(/^(Closed|SessionExpired)$/),
    });
    await untilInLine(new InterProcessMutex(other, '/stop'), 1);
    await client.close();
    await refused;
    await held.release();
  });
});
