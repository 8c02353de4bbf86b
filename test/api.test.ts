import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  BadVersionError,
  type ClientState,
  type Created,
  connect,
  InterProcessMutex,
  type Lease,
  MultiError,
  type NodeData,
  type Stat,
  type TransactionCreated,
  type WatchEvent,
  ZooKeeperClient,
  ZooKeeperError,
} from '../index.ts';
import { TestServer } from '../testing/index.ts';

/** The code that users write, as the package exports it: it has to compile, have these types, and do this. */
describe('the public interface', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(async () => {
    await server.close();
  });

  test('a lock in a few lines', async () => {
    await using client = await connect(`${server.connectString}/app`, { ensureChroot: true });
    expectTypeOf(client).toEqualTypeOf<ZooKeeperClient>();
    expect(client).toBeInstanceOf(ZooKeeperClient);
    const mutex = new InterProcessMutex(client, '/locks/x');

    await using lease = await mutex.acquire({ signal: AbortSignal.timeout(5_000) });
    expectTypeOf(lease).toEqualTypeOf<Lease>();
    expectTypeOf(lease.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(lease.fencingToken).toEqualTypeOf<number>();
    expectTypeOf(lease.held).toEqualTypeOf<boolean>();
    expectTypeOf(lease.release).toEqualTypeOf<() => Promise<void>>();
    const request = { signal: lease.signal, headers: { 'x-fence': String(lease.fencingToken) } };
    expect(request.signal.aborted).toBe(false);
    expect(Number(request.headers['x-fence'])).toBeGreaterThan(0);
  });

  test('plain operations', async () => {
    await using client = await connect(server.connectString);
    const states: ClientState[] = [];
    const log = { info: (state: ClientState) => states.push(state) };
    client.on('state', (s) => log.info(s));
    const made = await client.create('/jobs/job-', Buffer.from('work'), {
      mode: 'ephemeral-sequential',
      parents: true,
      protected: true,
    });
    expectTypeOf(made).toEqualTypeOf<Created>();
    expect(made.path).toMatch(/^\/jobs\/_c_[0-9a-f-]{36}-job-0000000000$/);
    await client.create('/config/app', 'first', { parents: true });

    const node = await client.get('/config/app');
    expectTypeOf(node).toEqualTypeOf<NodeData>();
    const { data, stat } = node;
    expectTypeOf(data).toEqualTypeOf<Buffer | null>();
    expectTypeOf(stat).toEqualTypeOf<Stat>();
    expect(data?.toString()).toBe('first');

    const set = client.set('/config/app', 'next', { version: stat.version });
    expectTypeOf(set).resolves.toEqualTypeOf<Stat>();
    await set;
    const error = await client.set('/config/app', 'late', { version: stat.version }).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(BadVersionError);
    expect(error).toBeInstanceOf(ZooKeeperError);
    expect(error).toMatchObject({ path: '/config/app', expected: stat.version, operation: 'set' });
  });

  test('a transaction has one typed result an operation', async () => {
    await using client = await connect(server.connectString);
    await client.create('/bank/a', '', { parents: true });
    await client.create('/audit');
    const results = await client
      .transaction()
      .check('/bank/a', 0)
      .set('/bank/a', 'next')
      .create('/audit/e-', 'entry', { mode: 'persistent-sequential' })
      .delete('/audit/e-0000000000')
      .commit();
    expectTypeOf(results).toEqualTypeOf<[null, Stat, TransactionCreated, null]>();
    expect(results[1].version).toBe(1);
    expect(results[2].path).toBe('/audit/e-0000000000');
    const failed = client.transaction().check('/bank/a', 7).commit();
    expectTypeOf(failed).resolves.toEqualTypeOf<[null]>();
    await expect(failed).rejects.toThrow(MultiError);
    await expect(failed).rejects.toMatchObject({ index: 0, failure: { path: '/bank/a', expected: 7 } });
  });

  test('changes are an async iterable', async () => {
    await using client = await connect(server.connectString);
    await client.create('/watched');
    const stop = new AbortController();
    const { signal } = stop;
    const seen: string[] = [];
    for await (const change of client.watch('/watched', { recursive: true, signal })) {
      expectTypeOf(change).toEqualTypeOf<WatchEvent>();
      seen.push(`${change.type} ${change.path}`);
      if (change.type === 'resync') await client.create('/watched/child');
      else stop.abort();
    }
    expect(seen).toEqual(['resync /watched', 'created /watched/child']);
    expect(client.watchCounts().recursive).toEqual({ paths: 0, listeners: 0 });
  });

  test('what the types keep out', () => {
    const misuse = (client: ZooKeeperClient) => {
      // @ts-expect-error there is no such mode
      void client.create('/a', '', { mode: 'ephemeral_sequential' });
      // @ts-expect-error numbers are no data
      void client.set('/a', 5);
      // @ts-expect-error an option of another operation
      void client.get('/a', { version: 3 });
      // @ts-expect-error there is no such event
      client.on('connected', () => {});
      // @ts-expect-error a client is made by connect and has no session to set
      client.sessionId = 5n;
    };
    expect(typeof misuse).toBe('function');
  });

  test('a test expires a session', async () => {
    await using client = await connect(server.connectString);
    const lost = new Promise<bigint>((resolve) =>
      client.on('state', (state, info) => state === 'lost' && resolve(info.sessionId)),
    );
    const { sessionId } = client;
    expect(server.expireSession(sessionId)).toBe(true);
    expect(await lost).toBe(sessionId);
  });
});
