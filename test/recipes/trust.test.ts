import { describe, expect, test } from 'vitest';
import { InterProcessMutex } from '../../recipes/index.ts';
import { OwnNode } from '../../recipes/lock/own-node.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { GetDataReply } from '../../wire/replies.ts';
import { connected, failureOf, SESSION, statOf } from '../client/scripted.ts';
import { errorReply, notification, reply } from '../kit/client-world.ts';
import { asked, created, hold, stop } from './lock/scripted-hold.ts';

describe('a lease is trusted as long after a request was sent as the session surely lives', () => {
  test('not after the arrival of an answer that waited while the process was stopped', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const lease = await hold(scripted);
    const read = client.exists('/a');
    await world.turn();
    const [request] = world.link.take();
    stop(scripted, 60_000);
    // The answer came long ago; that the server has closed the connection since is still to be read.
    await world.link.raw(frame(errorReply(request!.xid, 6, -101)));
    await read;
    expect([client.trusted, lease.held]).toEqual([false, false]);
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt' });
  });

  test('nor is one given out then', async () => {
    const scripted = await connected();
    const { world } = scripted;
    const failure = failureOf(new InterProcessMutex(scripted.client, '/l').acquire());
    await world.turn();
    const node = await created(scripted);
    const replies = asked(scripted, [node]);
    stop(scripted, 60_000);
    await world.link.send(...replies);
    expect(await failure).toMatchObject({ code: 'LeaseEnded', reason: 'in-doubt' });
  });

  test('events do not prove that the server hears us', async () => {
    const scripted = await connected();
    const { world } = scripted;
    const lease = await hold(scripted);
    const aborted = new Promise<number>((resolve) =>
      lease.signal.addEventListener('abort', () => resolve(world.monotonicMs())),
    );
    const heldMs = world.monotonicMs();
    for (let i = 0; i < 25; i++) {
      await world.advance(1_000);
      await world.link.send(notification(3, '/other'));
    }
    // Within two thirds of the session timeout of 30 s, though the server was heard every second.
    expect((await aborted) - heldMs).toBeLessThanOrEqual(20_000);
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt' });
    expect(lease.held).toBe(false);
  });

  test('answers to pings do', async () => {
    const scripted = await connected();
    const { world } = scripted;
    const lease = await hold(scripted);
    for (let i = 0; i < 100; i++) {
      await world.advance(1_000);
      for (const { xid } of world.link.take(true)) if (xid === -2) await world.link.send(reply(-2, 5));
      expect([lease.held, lease.signal.aborted]).toEqual([true, false]);
    }
  });

  test('code that asks for the signal right after a long stop gets one that has aborted', async () => {
    const scripted = await connected();
    const lease = await hold(scripted);
    stop(scripted, 31_000);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt' });
  });
});

describe('a node of our own', () => {
  test('is watched again when connections break before the answer', async () => {
    const { world, client } = await connected({ readSendsMax: 1 });
    const node = new OwnNode(client, '/l/own');
    let deleted = 0;
    node.onDeleted = () => deleted++;
    for (let round = 0; round < 3; round++) {
      await world.turn();
      expect(world.link.take().map(({ type }) => type)).toEqual([OpCode.getData]);
      await world.link.close();
      await world.advance(5_000);
      await world.link.grant(SESSION);
    }
    const [request] = world.link.take();
    await world.link.send(reply(request!.xid, 5, GetDataReply, { data: null, stat: statOf() }));
    expect([node.deleted, deleted]).toEqual([false, 0]);
    await world.link.send(notification(2, '/l/own'));
    expect([node.deleted, deleted]).toEqual([true, 1]);
  });

  test('is watched a while later where the watch was refused, unless it is given back before', async () => {
    for (const given of [false, true]) {
      const { world, client } = await connected();
      const { timers } = world;
      const node = new OwnNode(client, '/l/own');
      await world.turn();
      const [refused] = world.link.take();
      await world.link.send(errorReply(refused!.xid, 5, ErrorCode.ThrottledOp));
      if (given) {
        node.stop();
        expect(world.timers).toBe(timers);
      }
      await world.advance(1_000);
      expect(world.link.take().map(({ type }) => type)).toEqual(given ? [] : [OpCode.getData]);
      node.stop();
    }
  });
});

function frame(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}
