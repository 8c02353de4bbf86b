import { describe, expect, test } from 'vitest';
import { decode } from '../../wire/codec.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { GetDataReply, StatReply } from '../../wire/replies.ts';
import { SetWatches2 } from '../../wire/requests.ts';
import { errorReply, notification, reply } from '../kit/client-world.ts';
import { connected, SESSION, statOf } from './scripted.ts';

const names = (requests: readonly { readonly type: number }[]) => requests.map(({ type }) => opName(type));

describe('removing a watch', () => {
  test('does not wait for a connection: watches went with the one that was lost', async () => {
    const { world, client } = await connected();
    const adding = client.addWatch('/a', () => {});
    const stream = client.watch('/b');
    const first = stream.next();
    await world.turn();
    await world.link.send(...world.link.take().map(({ xid }) => reply(xid, 1)));
    const watch = await adding;
    await first;
    await world.link.close();
    await watch.remove();
    await stream.return();
    await world.advance(100);
    await world.link.grant(SESSION);
    expect(names(world.link.take(true))).toEqual([]);
  });

  test('of a one-shot watch leaves nothing to send after a lost connection', async () => {
    const { world, client } = await connected();
    const stop = new AbortController();
    const read = client.get('/a', { watch: () => {}, watchSignal: stop.signal });
    await world.turn();
    const [request] = world.link.take();
    await world.link.send(reply(request!.xid, 1, GetDataReply, { data: null, stat: statOf() }));
    await read;
    await world.link.close();
    stop.abort();
    await world.advance(100);
    await world.link.grant(SESSION);
    expect(names(world.link.take(true))).toEqual([]);
  });

  test('ends when the connection is lost before the answer', async () => {
    const { world, client } = await connected();
    const adding = client.addWatch('/a', () => {});
    await world.turn();
    await world.link.send(reply(world.link.take()[0]!.xid, 1));
    const removed = (await adding).remove();
    await world.turn();
    expect(names(world.link.take())).toEqual([opName(OpCode.removeWatches)]);
    await world.link.close();
    await removed;
    await world.advance(100);
    await world.link.grant(SESSION);
    expect(names(world.link.take(true))).toEqual([]);
  });

  test('from a server that removes too much: others are set again as of then, and persistent ones resync', async () => {
    const { world, client } = await connected();
    const events: string[] = [];
    const exact = client.addWatch('/a', () => {});
    const all = client.addWatch('/a', ({ type }) => events.push(type), { recursive: true });
    const read = client.exists('/a', { watch: ({ type }) => events.push(`once ${type}`) });
    await world.turn();
    const [one, two, three] = world.link.take();
    const stat = statOf();
    await world.link.send(reply(one!.xid, 5), reply(two!.xid, 5), reply(three!.xid, 5, StatReply, { stat }));
    await Promise.all([all, read]);
    const removed = (await exact).remove();
    const later = client.exists('/other');
    await world.turn();
    const [refused, other] = world.link.take();
    await world.link.send(errorReply(refused!.xid, 6, -5), errorReply(other!.xid, 6, -101));
    await later;
    await world.turn();
    const [any] = world.link.take();
    const another = client.exists('/other');
    await world.turn();
    const [behind] = world.link.take();
    // The watches are gone from zxid 7 on; the change with 8 comes in the same chunk.
    await world.link.send(reply(any!.xid, 7), errorReply(behind!.xid, 8, -101));
    await Promise.all([removed, another]);
    await world.turn();
    const again = world.link.take().filter(({ xid }) => xid === -8);
    expect(names(again)).toEqual([opName(OpCode.setWatches2)]);
    expect(decode(SetWatches2, again[0]!.body)).toMatchObject({
      relativeZxid: 7,
      dataWatches: ['/a'],
      persistentRecursiveWatches: ['/a'],
    });
    expect(events).toEqual(['resync']);
    await world.link.send(notification(3, '/a', 8));
    expect(events).toEqual(['resync', 'once dataChanged', 'dataChanged']);
  });
});
