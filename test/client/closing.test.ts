import { describe, expect, test } from 'vitest';
import { ConnectError, connect, parseConnectString, ZooKeeperClient } from '../../client/index.ts';
import { settingsOf } from '../../client/options.ts';
import { SharedSession } from '../../client/shared-session.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { ClientWorld, errorReply, notification } from '../kit/client-world.ts';
import { connected, failureOf, type Scripted, SESSION } from './scripted.ts';

describe('connecting to a server that says nothing', () => {
  test('takes no longer than connectTimeoutMs', async () => {
    const world = new ClientWorld();
    const failure = failureOf(connect('s', { ports: world, connectTimeoutMs: 200 }));
    await world.turn();
    await world.link.accept();
    await world.advance(200);
    expect(world.openLinks.length).toBe(0);
    expect(await failure).toBeInstanceOf(ConnectError);
    expect(world.timers).toBe(0);
  });

  test('is given up at once when the signal aborts', async () => {
    const world = new ClientWorld();
    const stop = new AbortController();
    const failure = failureOf(connect('s', { ports: world, signal: stop.signal }));
    await world.turn();
    await world.link.accept();
    stop.abort(new Error('enough'));
    await world.turn();
    expect(world.openLinks.length).toBe(0);
    expect(await failure).toMatchObject({ cause: { message: 'enough' } });
  });

  test('also where the chroot has to be made', async () => {
    const world = new ClientWorld();
    const failure = failureOf(connect('s/app', { ports: world, connectTimeoutMs: 200, ensureChroot: true }));
    await world.turn();
    await world.link.grant(SESSION);
    // The server goes silent after the handshake; 200 ms later the client closes, which it waits 2 s for.
    await world.advance(2_300);
    expect(await failure).toMatchObject({ code: 'ConnectFailed' });
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });
});

describe('close', () => {
  test('whose answer is lost with the connection asks again, so that the session does not linger', async () => {
    const { world, client } = await connected();
    const closed = client.close();
    await world.turn();
    expect(world.link.take().map(({ type }) => opName(type))).toEqual([opName(OpCode.closeSession)]);
    await world.link.close();
    await world.advance(150);
    expect(world.links.length).toBe(2);
    await world.link.grant(SESSION);
    const [again, ...rest] = world.link.take();
    expect([opName(again!.type), rest]).toEqual([opName(OpCode.closeSession), []]);
    await world.link.send(errorReply(again!.xid, 7, 0));
    await closed;
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('whose answer is lost is done when the server knows no such session any more', async () => {
    const { world, client, states } = await connected();
    const closed = client.close();
    await world.turn();
    await world.link.close();
    await world.advance(150);
    await world.link.grant({ sessionId: 0n, timeOut: 0 });
    await closed;
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
    expect(states).toEqual([]);
  });
});

describe('close from anywhere', () => {
  const nothingLeft = async ({ world, client }: Scripted): Promise<void> => {
    // Whatever the server does not answer is not waited for longer than this.
    await world.advance(2_100);
    await client.close();
    expect([world.timers, world.openLinks.length, client.connected]).toEqual([0, 0, false]);
    for (const { listeners } of Object.values(client.watchCounts())) expect(listeners).toBe(0);
    await expect(client.get('/late')).rejects.toMatchObject({ code: 'Closed', outcome: 'not-applied' });
    await expect(client.addAuth('digest', 'a:b')).rejects.toMatchObject({ code: 'Closed' });
  };

  test.each(['suspended', 'reconnected', 'lost'] as const)('a listener of %s', async (wanted) => {
    const scripted = await connected();
    const { world, client } = scripted;
    client.on('state', (state) => {
      if (state === wanted) void client.close();
    });
    const pending = [client.get('/a'), client.set('/b', ''), client.addWatch('/c', () => {})];
    const settled = Promise.allSettled(pending);
    await world.turn();
    await world.link.close();
    await world.advance(100);
    if (wanted !== 'suspended') {
      await world.link.grant(wanted === 'lost' ? { sessionId: 0n, timeOut: 0 } : SESSION);
    }
    await nothingLeft(scripted);
    for (const { status } of await settled) expect(status).toBe('rejected');
  });

  test('the listener of the first connection', async () => {
    const world = new ClientWorld();
    const client = new ZooKeeperClient(new SharedSession(parseConnectString('s'), settingsOf({}, 1), world));
    client.on('state', () => void client.close());
    await world.turn();
    await world.link.grant(SESSION);
    await nothingLeft({ world, client, states: [] });
  });

  test('the listener of a watch, and of the end itself', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const events: string[] = [];
    client.on('end', (error) => {
      events.push(`end ${error}`);
      void client.close();
    });
    const read = client.exists('/a', {
      watch: ({ type }) => {
        events.push(type);
        void client.close();
      },
    });
    const other = client.exists('/b', {
      watch: ({ type, reason }) => {
        events.push(`${type} ${reason}`);
        void client.close();
      },
    });
    await world.turn();
    const late = client.get('/late').catch(({ code }) => events.push(code));
    await world.turn();
    await world.link.send(...[1, 2].map((xid) => errorReply(xid, 1, -101)));
    await Promise.all([read, other]);
    // The close is in the middle of a chunk: what was asked before it is still answered.
    await world.link.send(notification(1, '/a'), errorReply(3, 2, -101));
    await late;
    await nothingLeft(scripted);
    expect(events).toEqual(['created', 'NoNode', 'ended closed', 'end null']);
  });

  test('before the connection, while connecting and twice', async () => {
    const world = new ClientWorld();
    const client = new ZooKeeperClient(new SharedSession(parseConnectString('s'), settingsOf({}, 1), world));
    const waiting = client.get('/a').catch(({ code }) => code);
    await Promise.all([client.close(), client.close()]);
    expect(await waiting).toBe('Closed');
    await nothingLeft({ world, client, states: [] });
  });

  test('the session expires while a transaction is under way: nobody can tell what became of it', async () => {
    const { world, client } = await connected();
    const sent = failureOf(client.transaction().set('/a', '').commit());
    await world.turn();
    // Nothing is heard any more; the second one waits for a connection that does not come.
    await world.advance(20_500);
    const unsent = failureOf(client.transaction().set('/b', '').commit());
    await world.advance(25_000);
    expect(await sent).toMatchObject({ outcome: 'unknown' });
    expect(await unsent).toMatchObject({ code: 'SessionExpired', outcome: 'not-applied' });
    void client.close();
    await world.advance(3_000);
  });
});

test('listeners that throw take nothing with them', async () => {
  const { world, client } = await connected();
  const thrown: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  try {
    const seen: string[] = [];
    const bad = (what: string) => () => {
      seen.push(what);
      throw new Error(what);
    };
    client.on('state', bad('state'));
    client.on('state', () => seen.push('second listener'));
    const reads = [
      client.exists('/a', { watch: bad('watch') }),
      client.exists('/a', { watch: () => seen.push('second watch') }),
    ];
    await world.turn();
    await world.link.send(...[1, 2].map((xid) => errorReply(xid, 1, -101)));
    await Promise.all(reads);
    const after = client.exists('/b');
    await world.turn();
    await world.link.send(notification(1, '/a'), errorReply(3, 2, -101));
    expect(await after).toBeNull();
    await world.link.close();
    await world.turn();
    expect(seen).toEqual(['watch', 'second watch', 'state', 'second listener']);
    expect(thrown.map(String)).toEqual(['Error: watch', 'Error: state']);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
});
