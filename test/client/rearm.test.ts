import { describe, expect, test } from 'vitest';
import { AuthFailedError, type WatchEvent } from '../../client/index.ts';
import { decode } from '../../wire/codec.ts';
import { EventType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { ErrorReply, GetDataReply, NamesReply, StatReply } from '../../wire/replies.ts';
import { AuthPacket, SetWatches, SetWatches2 } from '../../wire/requests.ts';
import { errorReply, notification, reply } from '../kit/client-world.ts';
import { connected, failureOf, type Scripted, SESSION, statOf } from './scripted.ts';

async function answer({ world }: Scripted, ...bodies: ((xid: number) => Buffer)[]): Promise<void> {
  await world.turn();
  const requests = world.link.take();
  expect(requests.length).toBe(bodies.length);
  await world.link.send(...bodies.map((body, i) => body(requests[i]!.xid)));
}

const node = (xid: number) => reply(xid, 40, GetDataReply, { data: null, stat: statOf() });
const present = (xid: number) => reply(xid, 41, StatReply, { stat: statOf() });
const absent = (xid: number) => errorReply(xid, 42, -101);
const names = (xid: number) => reply(xid, 43, NamesReply, { children: [] });
const added = (xid: number) => reply(xid, 44, ErrorReply, { err: 0 });

describe('a new connection of the same session', () => {
  test('gets credentials first, then the watches, then the operations', async () => {
    const scripted = await connected({ servers: 's1/app', auth: [{ scheme: 'digest', auth: 'ann:pw' }] });
    const { world, client } = scripted;
    const events: string[] = [];
    const watch = (event: WatchEvent) => events.push(`${event.type} ${event.path}`);
    const reads = Promise.all([
      client.get('/data', { watch }),
      client.exists('/there', { watch }),
      client.exists('/missing', { watch }),
      client.children('/', { watch }),
      client.addWatch('/one', watch),
      client.addWatch('/tree', watch, { recursive: true }),
    ]);
    await answer(scripted, node, present, absent, names, added, added);
    await reads;
    const waiting = client.get('/later');
    await world.link.close();
    await world.advance(100);
    await world.link.accept();
    expect(world.link.handshake?.lastZxidSeen).toBe(44);
    await world.link.grant(SESSION);
    const [auth, watches, read] = world.link.take();
    expect([auth!.xid, auth!.type]).toEqual([-4, OpCode.auth]);
    expect(decode(AuthPacket, auth!.body)).toEqual({
      type: 0,
      scheme: 'digest',
      auth: Buffer.from('ann:pw'),
    });
    expect([watches!.xid, watches!.type]).toEqual([-8, OpCode.setWatches2]);
    expect(decode(SetWatches2, watches!.body)).toEqual({
      relativeZxid: 44,
      dataWatches: ['/app/data', '/app/there'],
      existWatches: ['/app/missing'],
      childWatches: ['/app'],
      persistentWatches: ['/app/one'],
      persistentRecursiveWatches: ['/app/tree'],
    });
    expect(read!.type).toBe(OpCode.getData);
    expect(events).toEqual(['resync /one', 'resync /tree']);
    events.length = 0;
    await world.link.send(
      errorReply(-4, 0, 0),
      notification(EventType.NodeDataChanged, '/app/data'),
      notification(EventType.NodeDeleted, '/app', 50),
      notification(EventType.NodeCreated, '/app/tree/x/y', 51),
      errorReply(-8, 51, 0),
      node(read!.xid),
    );
    expect(events).toEqual(['dataChanged /data', 'deleted /', 'created /tree/x/y']);
    expect((await waiting).data).toBeNull();
    expect(client.watchCounts()).toMatchObject({
      data: { paths: 1 },
      exist: { paths: 1 },
      child: { paths: 0 },
    });
  });

  test('watches of old kinds need only the old request', async () => {
    const scripted = await connected();
    const read = scripted.client.get('/a', { watch: () => {} });
    await answer(scripted, node);
    await read;
    await scripted.world.link.close();
    await scripted.world.advance(100);
    await scripted.world.link.grant(SESSION);
    const [watches] = scripted.world.link.take();
    expect(watches!.type).toBe(OpCode.setWatches);
    expect(decode(SetWatches, watches!.body).dataWatches).toEqual(['/a']);
  });

  test('many watches go in batches that no server finds too large', async () => {
    const scripted = await connected({ frameBytesMax: 10_000_000 });
    const { world, client } = scripted;
    const paths = Array.from({ length: 400 }, (_, i) => `/${'x'.repeat(1_000)}${i}`);
    const reads = Promise.all(paths.map((path) => client.exists(path, { watch: () => {} })));
    await answer(scripted, ...paths.map(() => absent));
    await reads;
    await world.link.close();
    await world.advance(100);
    await world.link.grant(SESSION);
    const batches = world.link.take();
    expect(batches.length).toBe(4);
    for (const batch of batches) expect(batch.body.length).toBeLessThanOrEqual(128 * 1024 + 28);
    expect(batches.flatMap((batch) => decode(SetWatches, batch.body).existWatches)).toEqual(paths);
  });

  test('a read with a watch whose reply was lost sets it on the new connection', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const events: string[] = [];
    const read = client.get('/a', { watch: (event) => events.push(event.type) });
    await world.turn();
    await world.link.close();
    await world.advance(100);
    await world.link.grant(SESSION);
    await answer(scripted, node);
    await read;
    await world.link.send(notification(EventType.NodeDeleted, '/a'));
    expect(events).toEqual(['deleted']);
  });
});

describe('a new session', () => {
  test('ends one-shot watches, keeps persistent ones and resyncs them', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const events: string[] = [];
    const watch = (event: WatchEvent) => events.push([event.type, event.path, event.reason].join(' ').trim());
    const reads = Promise.all([client.get('/data', { watch }), client.addWatch('/one', watch)]);
    await answer(scripted, node, added);
    await reads;
    await world.link.close();
    await world.advance(100);
    await world.link.grant({ sessionId: 0n, timeOut: 0 });
    expect(events).toEqual(['ended /data session-lost']);
    await world.advance(5_000);
    await world.link.grant({ sessionId: 0x99n, timeOut: 30_000 });
    const [watches] = world.link.take();
    expect(decode(SetWatches2, watches!.body)).toMatchObject({
      dataWatches: [],
      persistentWatches: ['/one'],
    });
    expect(events).toEqual(['ended /data session-lost', 'resync /one']);
    void client.close();
    await world.advance(2_000);
    expect(events.at(-1)).toBe('ended /one closed');
  });
});

describe('watch streams', () => {
  test('a consumer that is too slow gets one resync instead of what it missed', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const stream = client.watch('/a', { recursive: true, bufferMax: 3 });
    const first = stream.next();
    await answer(scripted, added);
    expect((await first).value).toMatchObject({ type: 'resync', path: '/a' });
    const change = (name: string) => world.link.send(notification(EventType.NodeCreated, `/a/${name}`));
    for (const name of ['1', '2', '3']) await change(name);
    for (const name of ['1', '2', '3']) expect((await stream.next()).value?.path).toBe(`/a/${name}`);
    for (const name of ['4', '5', '6', '7', '8']) await change(name);
    expect((await stream.next()).value).toMatchObject({ type: 'resync' });
    expect((await stream.next()).value).toMatchObject({ path: '/a/8' });
    const waiting = stream.next();
    void client.close();
    await world.advance(2_000);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('a watch that cannot be set throws once', async () => {
    const scripted = await connected();
    const first = failureOf(scripted.client.watch('/a').next());
    await answer(scripted, (xid) => errorReply(xid, 1, -6));
    expect(await first).toMatchObject({ code: 'Unimplemented', operation: 'addWatch', path: '/a' });
  });
});

describe('credentials', () => {
  test('refused on a later connection they end the client', async () => {
    const { world, client } = await connected({ auth: [{ scheme: 'digest', auth: 'ann:pw' }] });
    const ends: unknown[] = [];
    client.on('end', (error) => ends.push(error));
    await world.link.close();
    const work = failureOf(client.set('/a', ''));
    await world.advance(100);
    await world.link.grant(SESSION);
    await world.link.send(errorReply(-4, 0, -115));
    expect(ends).toEqual([expect.any(AuthFailedError)]);
    expect(await work).toMatchObject({ code: 'Closed', outcome: 'unknown', cause: { code: 'AuthFailed' } });
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('whose answer was lost are presented again', async () => {
    const { world, client } = await connected();
    const adding = client.addAuth('digest', 'bob:pw');
    await world.turn();
    expect(world.link.take().length).toBe(1);
    await world.link.close();
    await world.advance(100);
    await world.link.grant(SESSION);
    expect(world.link.take().map(({ xid }) => xid)).toEqual([-4]);
    await world.link.send(errorReply(-4, 0, 0));
    await adding;
  });
});
