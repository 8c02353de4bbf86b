import { describe, expect, test } from 'vitest';
import { connect, ProtocolError, ResponseTooLargeError } from '../../client/index.ts';
import { encode } from '../../wire/codec.ts';
import { GetDataReply, ReplyHeader } from '../../wire/replies.ts';
import { ClientWorld, errorReply, reply } from '../kit/client-world.ts';
import { withSeed } from '../kit/seed.ts';
import { connected, failureOf, SESSION, statOf } from './scripted.ts';

const frame = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
};

describe('what the protocol does not allow', () => {
  test('a reply to another request fails the connection, and the read is asked again', async () => {
    const { world, client, states } = await connected();
    const read = client.get('/a');
    await world.turn();
    const [request] = world.link.take();
    await world.link.send(errorReply(request!.xid + 1, 5, -101));
    expect(world.link.destroyed).toBe(true);
    expect(states).toMatchObject([
      ['suspended', { reason: { message: 'expected the reply to request 1, got one to request 2' } }],
    ]);
    await world.advance(100);
    await world.link.grant(SESSION);
    const [again] = world.link.take();
    await world.link.send(reply(again!.xid, 5, GetDataReply, { data: null, stat: statOf() }));
    expect((await read).data).toBeNull();
  });

  test('a reply to nothing fails the connection', async () => {
    const { world } = await connected();
    await world.link.send(errorReply(1, 5, 0));
    expect(world.link.destroyed).toBe(true);
  });

  test('a body that ends early fails its request and the connection; the others go on', async () => {
    const { world, client } = await connected();
    const bad = failureOf(client.get('/bad'));
    const good = client.exists('/good');
    const write = failureOf(client.set('/w', ''));
    await world.turn();
    const [first] = world.link.take();
    const whole = reply(first!.xid, 5, GetDataReply, { data: Buffer.from('abc'), stat: statOf() });
    await world.link.send(whole.subarray(0, whole.length - 1));
    const error = await bad;
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: 'Protocol', operation: 'get', path: '/bad', outcome: 'not-applied' });
    expect(await write).toMatchObject({ code: 'ConnectionLoss', outcome: 'unknown' });
    await world.advance(100);
    await world.link.grant(SESSION);
    const [again] = world.link.take();
    await world.link.send(errorReply(again!.xid, 5, -101));
    expect(await good).toBeNull();
  });

  test('a frame beyond the limit fails the request that it answers, and that one alone', async () => {
    const { world, client } = await connected({ frameBytesMax: 1_000 });
    const big = failureOf(client.get('/big'));
    const small = client.exists('/small');
    await world.turn();
    world.link.take();
    await world.link.raw(Buffer.from([0, 0, 4, 0, 1, 2, 3]));
    expect(await big).toBeInstanceOf(ResponseTooLargeError);
    await world.advance(100);
    await world.link.grant(SESSION);
    const [again, ...rest] = world.link.take();
    expect(rest).toEqual([]);
    await world.link.send(errorReply(again!.xid, 5, -101));
    expect(await small).toBeNull();
  });

  test.each([
    ['a negative length', Buffer.from([255, 255, 255, 255, 0, 0])],
    ['a header that ends early', frame(Buffer.from([0, 0, 0, 1, 0]))],
    ['a reserved number', frame(encode(ReplyHeader, { xid: -3, zxid: 1, err: 0 }))],
    ['a zxid beyond any epoch', frame(Buffer.from('0000000100ffffffffffffffff00000000', 'hex'))],
    [
      'an event without a path',
      frame(Buffer.from('ffffffffffffffffffffffff000000000000000100000003ffffffff', 'hex')),
    ],
    ['an answer to no credentials', frame(encode(ReplyHeader, { xid: -4, zxid: 1, err: -115 }))],
  ])('%s ends the connection without a throw', async (_, bytes) => {
    const { world, client } = await connected();
    await world.link.raw(bytes);
    expect(world.link.destroyed).toBe(true);
    void client.close();
    await world.advance(3_000);
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('garbage instead of the handshake moves on to another server', async () => {
    const world = new ClientWorld();
    const connecting = connect('a,b', { ports: world });
    await world.turn();
    await world.link.accept();
    await world.link.raw(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await world.advance(0);
    expect(world.links.length).toBe(2);
    await world.link.grant(SESSION);
    const client = await connecting;
    expect(client.connected).toBe(true);
  });

  test('answers cut at every place are understood', async () => {
    const { world, client } = await connected();
    const data = Buffer.from('0123456789');
    let xid = 1;
    const bytes = () =>
      Buffer.concat([
        frame(reply(xid++, 5, GetDataReply, { data, stat: statOf() })),
        frame(errorReply(xid++, 5, -101)),
      ]);
    const length = bytes().length;
    xid = 1;
    for (let cut = 0; cut <= length; cut++) {
      const work = Promise.all([client.get('/a'), client.exists('/b')]);
      await world.turn();
      const chunk = bytes();
      await world.link.raw(chunk.subarray(0, cut));
      await world.link.raw(chunk.subarray(cut));
      const [node, missing] = await work;
      expect(node.data).toEqual(data);
      expect(missing).toBeNull();
    }
  });

  test('random and mutated bytes: no throw, and the client comes back', async () => {
    await withSeed('test/client/garbage.test.ts', async (rng) => {
      const { world, client } = await connected();
      for (let i = 0; i < 2_000; i++) {
        const pending = [client.get('/a'), client.exists('/b'), client.children('/c'), client.getAcl('/d')];
        const settled = Promise.allSettled(pending);
        await world.turn();
        const requests = world.link.take();
        const valid = Buffer.concat(
          requests.map(({ xid }) =>
            frame(reply(xid, i, GetDataReply, { data: rng.bytes(rng.below(20)), stat: statOf() })),
          ),
        );
        for (let flips = rng.below(4); flips > 0; flips--) valid[rng.below(valid.length)] = rng.below(256);
        await world.link.raw(
          rng.chance(20) ? rng.bytes(rng.below(60)) : valid.subarray(0, rng.below(valid.length + 1)),
        );
        await world.link.close();
        // Reads that are asked again now get an answer that every operation understands: an error.
        await world.advance(5_000);
        await world.link.grant({
          ...SESSION,
          sessionId: client.sessionId === 0n ? 0x1234n : client.sessionId,
        });
        for (let round = 0; round < 2; round++) {
          await world.link.send(...world.link.take().map(({ xid }) => errorReply(xid, i, -102)));
        }
        await settled;
        expect(client.connected).toBe(true);
      }
    });
  });
});
