import { describe, expect, test } from 'vitest';
import { QueueFullError } from '../../client/index.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { errorReply } from '../kit/client-world.ts';
import { connected, failureOf, SESSION } from './scripted.ts';

describe('the queue', () => {
  test('operations given up while there is no connection do not fill it', async () => {
    const { world, client } = await connected({ pendingMax: 100 });
    await world.link.close();
    for (let i = 0; i < 1_000; i++) {
      const stop = new AbortController();
      const failure = failureOf(client.get('/a', { signal: stop.signal }));
      stop.abort(new Error('given up'));
      expect(await failure).toMatchObject({ message: 'given up' });
    }
    expect(client.connection.session.requests.waiting).toBeLessThan(200);
    const waiting = client.exists('/b');
    await world.advance(100);
    await world.link.grant(SESSION);
    const [only, ...rest] = world.link.take();
    expect(rest).toEqual([]);
    await world.link.send(errorReply(only!.xid, 1, -101));
    expect(await waiting).toBeNull();
  });

  test('that is full does not keep a guaranteed delete out', async () => {
    const { world, client } = await connected({ pendingMax: 3 });
    const reads = [client.get('/a'), client.get('/a'), client.get('/a')];
    for (const read of reads) read.catch(() => {});
    expect(await failureOf(client.delete('/b'))).toBeInstanceOf(QueueFullError);
    const deleted = client.delete('/b', { guaranteed: true });
    await world.turn();
    expect(world.link.take().map(({ type }) => opName(type))).toEqual([
      ...Array(3).fill(opName(OpCode.getData)),
      opName(OpCode.delete),
    ]);
    await world.link.send(...[1, 2, 3, 4].map((xid) => errorReply(xid, 1, xid === 4 ? 0 : -101)));
    await deleted;
  });

  test('that is full does not leave the node of a protected create behind', async () => {
    const { world, client } = await connected({ pendingMax: 1 });
    const stop = new AbortController();
    const failure = failureOf(client.create('/l/n-', '', { protected: true, signal: stop.signal }));
    await world.turn();
    world.link.take();
    stop.abort(new Error('given up'));
    expect(await failure).toMatchObject({ message: 'given up' });
    await world.turn();
    expect(world.link.take().map(({ type }) => opName(type))).toEqual([opName(OpCode.sync)]);
  });
});

describe('a guaranteed delete', () => {
  test('does not begin when the signal has aborted', async () => {
    const { world, client } = await connected();
    const signal = AbortSignal.abort(new Error('too late'));
    expect(await failureOf(client.delete('/a', { guaranteed: true, signal }))).toMatchObject({
      message: 'too late',
    });
    expect(await failureOf(client.addAuth('digest', 'a:b', { signal }))).toMatchObject({
      message: 'too late',
    });
    await world.turn();
    expect(world.link.take()).toEqual([]);
  });

  test.each([
    ['moved', -118],
    ['throttled', -127],
  ])('goes on where the server did not try: %s', async (_, code) => {
    const { world, client } = await connected();
    const deleted = client.delete('/a', { guaranteed: true });
    await world.turn();
    const [first] = world.link.take();
    await world.link.send(errorReply(first!.xid, 1, code));
    await world.advance(1_000);
    const [second] = world.link.take();
    expect(opName(second!.type)).toBe(opName(OpCode.delete));
    await world.link.send(errorReply(second!.xid, 1, 0));
    await deleted;
  });
});
