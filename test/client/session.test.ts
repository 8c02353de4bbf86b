import { describe, expect, test } from 'vitest';
import {
  ClosedError,
  ConnectError,
  ConnectionLossError,
  connect,
  QueueFullError,
  SessionExpiredError,
} from '../../client/index.ts';
import { decode } from '../../wire/codec.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { GetDataReply, StatReply } from '../../wire/replies.ts';
import { SetDataRequest, WatchedPathRequest } from '../../wire/requests.ts';
import { ClientWorld, errorReply, reply } from '../kit/client-world.ts';
import { connected, failureOf, SESSION, statOf } from './scripted.ts';

describe('connecting', () => {
  test('the handshake asks for a new session and the operations follow it', async () => {
    const world = new ClientWorld();
    const connecting = connect('s1', { ports: world, sessionTimeoutMs: 12_000 });
    await world.turn();
    expect(world.link.server).toBe('s1:2181');
    await world.link.accept();
    expect(world.link.handshake).toEqual({
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeOut: 12_000,
      sessionId: 0n,
      passwd: Buffer.alloc(16),
      readOnly: false,
    });
    await world.link.grant({ sessionId: -5n, timeOut: 9_000 });
    const client = await connecting;
    expect(client).toMatchObject({
      sessionId: -5n,
      sessionTimeoutMs: 9_000,
      state: 'connected',
      connected: true,
    });
    void client.close();
    await world.turn();
  });

  test('every server is tried once without delay, then delays grow with jitter', async () => {
    const world = new ClientWorld(7);
    world.onOpen = (link) => void link.close(new Error(`no route to ${link.server}`));
    const failure = failureOf(
      connect('a:1,b:2,c:3', {
        ports: world,
        connectTimeoutMs: 4_000,
        backoff: { baseMs: 100, maxMs: 1_000 },
      }),
    );
    await world.advance(4_000);
    const error = await failure;
    expect(error).toBeInstanceOf(ConnectError);
    expect(
      (error as ConnectError).failures.map(({ server, error }) => `${server} ${error.message}`).sort(),
    ).toEqual(['a:1 no route to a:1', 'b:2 no route to b:2', 'c:3 no route to c:3']);
    expect((error as Error).message).toContain('not connected within 4000 ms');
    const times = world.links.map((link) => link.openedAtMs - 1_000);
    const rounds = times.filter((_, i) => i % 3 === 0);
    for (const [i, link] of world.links.entries()) {
      if (i >= 3) expect(link.server).toBe(world.links[i - 3]!.server);
      expect(times[i]).toBe(rounds[Math.floor(i / 3)]);
    }
    const delays = rounds.slice(1).map((at, i) => at - rounds[i]!);
    expect(delays.length).toBeGreaterThan(4);
    for (const [i, delay] of delays.entries()) {
      const full = Math.min(1_000, 100 * 2 ** i);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('a server that says nothing is left for the next after its share of the time', async () => {
    const world = new ClientWorld();
    const connecting = connect('a,b', { ports: world, sessionTimeoutMs: 6_000 });
    await world.turn();
    await world.advance(2_999);
    expect(world.links.length).toBe(1);
    await world.advance(1);
    expect(world.links.length).toBe(2);
    expect(world.links[0]!.destroyed).toBe(true);
    await world.link.accept();
    await world.advance(2_999);
    expect(world.links.length).toBe(2);
    await world.advance(1_000);
    expect(world.links.length).toBe(3);
    await world.link.grant(SESSION);
    const client = await connecting;
    void client.close();
    await world.turn();
  });

  test('an aborted signal ends connecting with the reason and the causes', async () => {
    const world = new ClientWorld();
    const stop = new AbortController();
    const failure = failureOf(connect('a', { ports: world, signal: stop.signal }));
    await world.turn();
    await world.link.close(new Error('refused'));
    stop.abort(new Error('shutting down'));
    const error = await failure;
    expect(error).toMatchObject({ code: 'ConnectFailed', cause: new Error('shutting down') });
    expect((error as ConnectError).message).toContain('a:2181: refused');
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
    await expect(connect('a', { ports: world, signal: stop.signal })).rejects.toThrow(ConnectError);
  });

  test('what is wrong with the connect string or an option is named', async () => {
    await expect(connect('')).rejects.toThrow(/no server/);
    await expect(connect('a:b')).rejects.toThrow(/"b" is no port/);
    await expect(connect('a:0')).rejects.toThrow(TypeError);
    await expect(connect('a/x/')).rejects.toThrow(/must not end with/);
    await expect(connect('a', { sessionTimeoutMs: 0 })).rejects.toThrow(/sessionTimeoutMs/);
  });
});

describe('keeping a connection', () => {
  test('pings when idle, and gives up a server that is silent for two thirds of the timeout', async () => {
    const { world, client, states } = await connected();
    const link = world.link;
    await world.advance(8_999);
    expect(link.take(true)).toEqual([]);
    await world.advance(1);
    expect(link.take(true).map(({ xid, type }) => [xid, type])).toEqual([[-2, OpCode.ping]]);
    await link.send(errorReply(-2, 77, 0));
    expect(client.lastZxid).toBe(77);
    await world.advance(9_000);
    expect(link.take(true).length).toBe(1);
    await world.advance(10_999);
    expect(link.destroyed).toBe(false);
    await world.advance(1);
    expect(link.destroyed).toBe(true);
    expect(states.map(([state]) => state)).toEqual(['suspended']);
    expect(states[0]![1].reason?.message).toBe('the server was silent for 20000 ms');
    await world.advance(100);
    await world.link.accept();
    expect(world.link.handshake).toMatchObject({
      sessionId: 0x1234n,
      lastZxidSeen: 77,
      passwd: Buffer.alloc(16, 0x34),
    });
    await world.link.grant(SESSION);
    expect(states.at(-1)).toMatchObject(['reconnected', { newSession: false, sessionId: 0x1234n }]);
  });

  test('requests of one turn leave in one write', async () => {
    const { world, client } = await connected();
    const before = world.link.writes;
    for (let i = 0; i < 50; i++) void client.get(`/${i}`);
    await world.turn();
    expect(world.link.writes).toBe(before + 1);
    expect(world.link.take().length).toBe(50);
  });

  test('traffic keeps pings away', async () => {
    const { world, client } = await connected();
    for (let i = 0; i < 10; i++) {
      const work = client.exists('/a');
      await world.turn();
      await world.link.send(errorReply(world.link.requests.at(-1)!.xid, 5, -101));
      expect(await work).toBeNull();
      await world.advance(5_000);
    }
    expect(world.link.requests.some(({ xid }) => xid === -2)).toBe(false);
  });
});

describe('losing a connection', () => {
  test('reads are sent again in order, a sent write is in doubt, an unsent one waits', async () => {
    const { world, client } = await connected();
    const first = client.get('/r1');
    const write = failureOf(client.set('/w1', 'x'));
    const second = client.exists('/r2');
    await world.turn();
    await world.link.close();
    const later = client.set('/w2', 'y');
    await world.turn();
    const error = await write;
    expect(error).toBeInstanceOf(ConnectionLossError);
    expect(error).toMatchObject({ outcome: 'unknown', operation: 'set', path: '/w1' });
    await world.advance(100);
    await world.link.grant(SESSION);
    const seen = world.link.take();
    expect(seen.map(({ type }) => type)).toEqual([OpCode.getData, OpCode.exists, OpCode.setData]);
    expect(decode(WatchedPathRequest, seen[0]!.body)).toEqual({ path: '/r1', watch: false });
    expect(decode(SetDataRequest, seen[2]!.body).path).toBe('/w2');
    const stat = statOf();
    await world.link.send(
      reply(seen[0]!.xid, 9, GetDataReply, { data: Buffer.from('d'), stat }),
      errorReply(seen[1]!.xid, 9, -101),
      reply(seen[2]!.xid, 10, StatReply, { stat }),
    );
    expect((await first).data?.toString()).toBe('d');
    expect(await second).toBeNull();
    expect(await later).toEqual(stat);
    expect(client.lastZxid).toBe(10);
  });

  test('a read that breaks every connection is given up after four times', async () => {
    const { world, client } = await connected();
    const failure = failureOf(client.get('/huge'));
    await world.turn();
    for (let i = 0; i < 4; i++) {
      expect(world.link.take().length).toBe(1);
      await world.link.close();
      await world.advance(5_000);
      await world.link.grant(SESSION);
    }
    expect(await failure).toMatchObject({ code: 'ConnectionLoss', outcome: 'not-applied' });
    expect(world.link.take()).toEqual([]);
  });

  test('a waiting operation can be given up without a trace', async () => {
    const { world, client } = await connected();
    await world.link.close();
    const stop = new AbortController();
    const failure = failureOf(client.create('/a', '', { signal: stop.signal }));
    await world.turn();
    stop.abort(new Error('late'));
    expect(await failure).toMatchObject({ message: 'late' });
    await world.advance(100);
    await world.link.grant(SESSION);
    expect(world.link.take()).toEqual([]);
  });

  test('an aborted request leaves its reply in the line', async () => {
    const { world, client } = await connected();
    const stop = new AbortController();
    const aborted = failureOf(client.get('/a', { signal: stop.signal }));
    const next = client.get('/b');
    await world.turn();
    stop.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ message: 'enough' });
    const [a, b] = world.link.take();
    await world.link.send(
      reply(a!.xid, 5, GetDataReply, { data: Buffer.from('a'), stat: statOf() }),
      reply(b!.xid, 5, GetDataReply, { data: Buffer.from('b'), stat: statOf() }),
    );
    expect((await next).data?.toString()).toBe('b');
  });

  test('no more operations wait than pendingMax', async () => {
    const { world, client } = await connected({ pendingMax: 2 });
    const stop = new AbortController();
    const waiting = [client.get('/1', { signal: stop.signal }), client.get('/2', { signal: stop.signal })];
    await expect(client.get('/3')).rejects.toThrow(QueueFullError);
    stop.abort();
    await Promise.allSettled(waiting);
    await world.turn();
  });
});

describe('losing a session', () => {
  test('the server says so: operations end, a new session follows', async () => {
    const { world, client, states } = await connected();
    await world.link.close();
    const read = failureOf(client.get('/r'));
    const write = failureOf(client.set('/w', ''));
    await world.advance(100);
    await world.link.grant({ sessionId: 0n, timeOut: 0 });
    expect(await read).toBeInstanceOf(SessionExpiredError);
    expect(await write).toMatchObject({ code: 'SessionExpired', outcome: 'not-applied', path: '/w' });
    expect(states.map(([state]) => state)).toEqual(['suspended', 'lost']);
    expect(states[1]![1].sessionId).toBe(0x1234n);
    await world.advance(5_000);
    await world.link.accept();
    expect(world.link.handshake).toMatchObject({ sessionId: 0n, lastZxidSeen: 0, passwd: Buffer.alloc(16) });
    await world.link.grant({ sessionId: 0x99n, timeOut: 30_000 });
    expect(states.at(-1)).toMatchObject(['reconnected', { newSession: true, sessionId: 0x99n }]);
    expect(client.sessionId).toBe(0x99n);
  });

  test('no server is heard for four thirds of the timeout: the client says so itself', async () => {
    const { world, client, states } = await connected();
    world.onOpen = (link) => void link.close(new Error('unreachable'));
    await world.advance(10_000);
    await world.link.close(new Error('reset'));
    const write = failureOf(client.set('/w', ''));
    await world.advance(29_999);
    expect(states.map(([state]) => state)).toEqual(['suspended']);
    await world.advance(1);
    expect(states.map(([state]) => state)).toEqual(['suspended', 'lost']);
    expect(states[1]![1].reason?.message).toMatch(
      /no server was heard for 40000 ms \(s1:2181: unreachable\)/,
    );
    expect(await write).toBeInstanceOf(SessionExpiredError);
    // Without a session the operations still do not wait for ever.
    const orphan = failureOf(client.get('/x'));
    await world.advance(40_000);
    expect(await orphan).toMatchObject({ code: 'ConnectionLoss', outcome: 'not-applied' });
    world.onOpen = () => {};
    await world.advance(5_000);
    await world.link.grant({ sessionId: 7n, timeOut: 30_000 });
    expect(states.at(-1)).toMatchObject(['reconnected', { newSession: true }]);
  });

  test('without renewal the client ends with its session', async () => {
    const { world, client, states } = await connected({ renewSession: false });
    const ends: unknown[] = [];
    client.on('end', (error) => ends.push(error));
    await world.link.close();
    await world.advance(100);
    await world.link.grant({ sessionId: 0n, timeOut: 0 });
    expect(states.map(([state]) => state)).toEqual(['suspended', 'lost']);
    expect(ends).toEqual([expect.any(SessionExpiredError)]);
    await expect(client.get('/a')).rejects.toThrow(SessionExpiredError);
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
    await client.close();
  });

  test('a server that refuses a new session, is read-only or answers for another is left', async () => {
    const { world, client } = await connected({ servers: 'a,b' });
    const session = client.sessionId;
    await world.link.close();
    await world.advance(0);
    await world.link.grant({ sessionId: 0x777n, timeOut: 30_000 });
    expect(world.link.destroyed).toBe(true);
    expect(client.connected).toBe(false);
    await world.advance(1_000);
    await world.link.grant({ ...SESSION, readOnly: true });
    expect(world.link.destroyed).toBe(true);
    await world.advance(1_000);
    await world.link.grant(SESSION);
    expect(world.links.length).toBe(4);
    expect(client.connected).toBe(true);
    expect(client.sessionId).toBe(session);
  });

  test('a read-only server will do if asked for, until one with a quorum is found', async () => {
    const local = { sessionId: 0x77n, timeOut: 30_000, readOnly: true };
    const { world, client, states } = await connected({ servers: 'a,b', readOnly: true, grant: local });
    const first = world.link;
    expect(first.handshake?.readOnly).toBe(true);
    expect(client.state).toBe('readonly');
    // The other server is asked again and again, at growing distances.
    for (let i = 0; i < 3; i++) {
      await world.advance(200 * 2 ** i);
      expect(world.link.server).not.toBe(first.server);
      await world.link.accept();
      expect(world.link.raws.at(-1)?.toString()).toBe('isro');
      await world.link.raw(Buffer.from(i < 2 ? 'ro' : 'rw'));
    }
    const asked = world.link;
    expect(states).toMatchObject([['suspended', { reason: { message: `${asked.server} has a quorum` } }]]);
    await world.advance(0);
    expect([world.link === asked, world.link.server]).toEqual([false, asked.server]);
    // A session made up by a server without quorum means nothing to others.
    await world.link.accept();
    expect(world.link.handshake).toMatchObject({ sessionId: 0n, passwd: Buffer.alloc(16) });
    await world.link.grant({ sessionId: 0x88n, timeOut: 30_000 });
    expect(states.at(-1)).toMatchObject(['reconnected', { newSession: true, sessionId: 0x88n }]);
    await world.advance(5_000);
    expect(world.links.at(-1)).toBe(world.link);
    await world.link.close();
    await world.advance(100);
    // The real session stays the same on a server without quorum.
    await world.link.accept();
    expect(world.link.handshake?.sessionId).toBe(0x88n);
    await world.link.grant({ sessionId: 0x88n, timeOut: 30_000, readOnly: true });
    expect(states.at(-1)).toMatchObject(['readonly', { newSession: false }]);
    void client.close();
    await world.advance(2_000);
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });
});

describe('closing', () => {
  test('answers to what was sent come first; nothing is left', async () => {
    const { world, client } = await connected();
    const read = client.exists('/a');
    const closing = client.close();
    expect(client.close()).toBe(closing);
    await expect(client.get('/late')).rejects.toThrow(ClosedError);
    await world.turn();
    const seen = world.link.take();
    expect(seen.map(({ type }) => type)).toEqual([OpCode.exists, OpCode.closeSession]);
    await world.link.send(errorReply(seen[0]!.xid, 4, -101), errorReply(seen[1]!.xid, 5, 0));
    expect(await read).toBeNull();
    await closing;
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('a server that does not answer is not waited for long', async () => {
    const { world, client } = await connected({ closeTimeoutMs: 500 });
    const read = failureOf(client.get('/a'));
    await world.turn();
    const closing = client.close();
    await world.advance(500);
    await closing;
    expect(await read).toMatchObject({ code: 'Closed', outcome: 'not-applied' });
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('without a connection it tries to get one, to end the session', async () => {
    const { world, client, states } = await connected();
    await world.link.close();
    const unsent = failureOf(client.set('/a', ''));
    const closing = client.close();
    expect(await unsent).toMatchObject({ code: 'Closed', outcome: 'not-applied' });
    await world.advance(100);
    await world.link.grant(SESSION);
    const [close] = world.link.take();
    expect(close!.type).toBe(OpCode.closeSession);
    await world.link.send(errorReply(close!.xid, 5, 0));
    await closing;
    expect(states.map(([state]) => state)).toEqual(['suspended']);
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('from within a state listener', async () => {
    const { world, client } = await connected();
    client.on('state', (state) => {
      if (state === 'suspended') void client.close();
    });
    const write = failureOf(client.set('/a', ''));
    await world.turn();
    await world.link.close();
    expect(await write).toMatchObject({ code: 'ConnectionLoss', outcome: 'unknown' });
    await world.advance(2_000);
    await client.close();
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });
});
