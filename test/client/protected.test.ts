import { describe, expect, test } from 'vitest';
import { ZooKeeperError } from '../../client/index.ts';
import { decode } from '../../wire/codec.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { Create2Reply, NamesReply, PathReply, StatReply } from '../../wire/replies.ts';
import { CreateRequest, DeleteRequest } from '../../wire/requests.ts';
import { errorReply, reply } from '../kit/client-world.ts';
import { connected, failureOf, type Scripted, SESSION, statOf } from './scripted.ts';

const NAME = '_c_00000000-0000-4000-8000-000000000000-lock-0000000003';
const EPHEMERAL = { mode: 'ephemeral-sequential', protected: true } as const;

/** Answers the next requests, which must be these, and lets the client go on. */
async function serve({ world }: Scripted, ...script: [number, (xid: number) => Buffer][]): Promise<void> {
  for (const [type, body] of script) {
    await world.turn();
    const requests = world.link.take();
    expect(requests.map((request) => opName(request.type))).toEqual([opName(type)]);
    await world.link.send(body(requests[0]!.xid));
  }
}

async function loseTheReply(scripted: Scripted, work: Promise<unknown>): Promise<void> {
  work.catch(() => {});
  await scripted.world.turn();
  const [request] = scripted.world.link.take();
  expect(request!.type).toBe(OpCode.create2);
  expect(decode(CreateRequest, request!.body).path).toBe('/l/_c_00000000-0000-4000-8000-000000000000-lock-');
  await scripted.world.link.close();
  await scripted.world.advance(100);
}

const synced = (xid: number) => reply(xid, 9, PathReply, { path: '/l' });
const children =
  (...names: string[]) =>
  (xid: number) =>
    reply(xid, 9, NamesReply, { children: names });
const owned = (ephemeralOwner: bigint) => (xid: number) =>
  reply(xid, 9, StatReply, { stat: statOf({ ephemeralOwner, czxid: 8 }) });

describe('a protected create whose reply is lost', () => {
  test('takes the node that it made, after a sync', async () => {
    const scripted = await connected();
    const work = scripted.client.create('/l/lock-', '', EPHEMERAL);
    await loseTheReply(scripted, work);
    await scripted.world.link.grant(SESSION);
    await serve(
      scripted,
      [OpCode.sync, synced],
      [OpCode.getChildren, children('_c_other-lock-0000000002', NAME)],
      [OpCode.exists, owned(SESSION.sessionId)],
    );
    expect(await work).toMatchObject({ path: `/l/${NAME}`, stat: { czxid: 8 } });
  });

  test('creates it when it was not made, under the same name', async () => {
    const scripted = await connected();
    const work = scripted.client.create('/l/lock-', '', EPHEMERAL);
    await loseTheReply(scripted, work);
    await scripted.world.link.grant(SESSION);
    await serve(
      scripted,
      [OpCode.sync, synced],
      [OpCode.getChildren, children()],
      [OpCode.create2, (xid) => reply(xid, 10, Create2Reply, { path: `/l/${NAME}`, stat: statOf() })],
    );
    expect((await work).path).toBe(`/l/${NAME}`);
  });

  test('deletes a node of an earlier session instead of taking it', async () => {
    const scripted = await connected();
    const work = scripted.client.create('/l/lock-', '', EPHEMERAL);
    await loseTheReply(scripted, work);
    await scripted.world.link.grant(SESSION);
    await serve(
      scripted,
      [OpCode.sync, synced],
      [OpCode.getChildren, children(NAME)],
      [OpCode.exists, owned(0x77n)],
      [OpCode.delete, (xid) => errorReply(xid, 11, 0)],
      [OpCode.create2, (xid) => reply(xid, 12, Create2Reply, { path: `/l/${NAME}`, stat: statOf() })],
    );
    expect((await work).path).toBe(`/l/${NAME}`);
  });

  test('leaves nothing behind when it was given up', async () => {
    const scripted = await connected();
    const stop = new AbortController();
    const work = scripted.client.create('/l/lock-', '', { ...EPHEMERAL, signal: stop.signal });
    const failure = failureOf(work);
    await scripted.world.turn();
    const [create] = scripted.world.link.take();
    stop.abort(new Error('given up'));
    expect(await failure).toMatchObject({ message: 'given up' });
    await serve(scripted, [OpCode.sync, synced]);
    await scripted.world.turn();
    expect(create!.xid).toBe(1);
  });

  test('leaves nothing behind where the server cannot tell what became of it', async () => {
    for (const code of [ErrorCode.RequestTimeout, ErrorCode.OperationTimeout]) {
      const scripted = await connected();
      const failure = failureOf(scripted.client.create('/l/lock-', '', EPHEMERAL));
      await serve(
        scripted,
        [OpCode.create2, (xid) => errorReply(xid, 8, code)],
        [OpCode.sync, synced],
        [OpCode.getChildren, children(NAME)],
        [OpCode.delete, (xid) => reply(xid, 10)],
      );
      expect(await failure).toBeInstanceOf(ZooKeeperError);
    }
  });

  test('fails with the session, whose node goes with it', async () => {
    const scripted = await connected();
    const work = scripted.client.create('/l/lock-', '', EPHEMERAL);
    const failure = failureOf(work);
    await loseTheReply(scripted, work);
    await scripted.world.link.grant({ sessionId: 0n, timeOut: 0 });
    expect(await failure).toMatchObject({ code: 'SessionExpired' });
  });
});

describe('a guaranteed delete', () => {
  test('goes on over lost connections, and counts a missing node as deleted', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const work = client.delete('/a', { guaranteed: true });
    for (let i = 0; i < 6; i++) {
      await world.turn();
      const [request] = world.link.take();
      expect(decode(DeleteRequest, request!.body)).toEqual({ path: '/a', version: -1 });
      await world.link.close();
      await world.advance(5_000);
      await world.link.grant(SESSION);
    }
    await serve(scripted, [OpCode.delete, (xid) => errorReply(xid, 9, -101)]);
    await work;
  });

  test('the signal stops the waiting, not the deleting', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const stop = new AbortController();
    const failure = failureOf(client.delete('/a', { guaranteed: true, signal: stop.signal }));
    await world.turn();
    world.link.take();
    stop.abort(new Error('cannot wait'));
    expect(await failure).toMatchObject({ message: 'cannot wait' });
    await world.link.close();
    await world.advance(100);
    await world.link.grant(SESSION);
    await serve(scripted, [OpCode.delete, (xid) => errorReply(xid, 9, 0)]);
    await world.turn();
    expect(world.link.take()).toEqual([]);
  });
});
