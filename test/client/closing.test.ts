import { describe, expect, test } from 'vitest';
import { ConnectError, connect } from '../../client/index.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { ClientWorld, errorReply } from '../kit/client-world.ts';
import { connected, failureOf, SESSION } from './scripted.ts';

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
