import { describe, expect, test } from 'vitest';
import { type CacheOptions, ZNodeCache } from '../../../recipes/cache/index.ts';
import { decode } from '../../../wire/codec.ts';
import { EventType } from '../../../wire/events.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { ErrorReply, replyCodecs } from '../../../wire/replies.ts';
import { PathRequest, WatchedPathRequest } from '../../../wire/requests.ts';
import { connected, type Scripted, SESSION, statOf } from '../../client/scripted.ts';
import { errorReply, notification, reply, type SeenRequest } from '../../kit/client-world.ts';

const node =
  (czxid: number, mzxid = czxid, numChildren = 0) =>
  (xid: number) =>
    reply(xid, mzxid, replyCodecs[OpCode.getData], {
      data: Buffer.from(String(mzxid)),
      stat: statOf({ czxid, mzxid, numChildren }),
    });
const noNode = (xid: number) => errorReply(xid, 100, -101);
const added = (xid: number) => reply(xid, 1, ErrorReply, { err: 0 });
const synced = (xid: number) => reply(xid, 1, replyCodecs[OpCode.sync], { path: '/x' });

/** What a request asks for: `get /x`. */
function named({ type, body }: SeenRequest): string {
  if (type === OpCode.addWatch) return 'addWatch';
  if (type === OpCode.removeWatches) return 'removeWatches';
  if (type === OpCode.sync) return `sync ${decode(PathRequest, body).path}`;
  if (type === OpCode.setWatches || type === OpCode.setWatches2) return 'setWatches';
  const { path, watch } = decode(WatchedPathRequest, body);
  const kinds: Partial<Record<number, string>> = {
    [OpCode.getData]: 'get',
    [OpCode.getChildren2]: 'children',
    [OpCode.exists]: 'exists',
  };
  const kind = kinds[type] ?? `type ${type}`;
  return `${kind} ${path}${watch ? ' watched' : ''}`;
}

class Script {
  readonly scripted: Scripted;

  constructor(scripted: Scripted) {
    this.scripted = scripted;
  }

  /** Takes the requests that are there, checks what they are, and sends the answers in one chunk together with `more`. */
  async answer(wanted: string[], answers: ((xid: number) => Buffer)[], ...more: Buffer[]): Promise<void> {
    const { world } = this.scripted;
    await world.turn();
    const requests = world.link.take();
    expect(requests.map(named)).toEqual(wanted);
    await world.link.send(...answers.map((body, i) => body(requests[i]!.xid)), ...more);
  }
}

async function starting(options: CacheOptions<Buffer> = {}) {
  const scripted = await connected();
  const cache = ZNodeCache.start(scripted.client, '/x', { scope: 'node', ...options });
  return { script: new Script(scripted), scripted, cache };
}

function changesOf(cache: ZNodeCache): string[] {
  const changes: string[] = [];
  cache.onChange(({ type, node: { stat } }) => changes.push(`${type} ${stat.mzxid}`));
  return changes;
}

describe('ZNodeCache and what a server may do', () => {
  test('a server without addWatch gets one-shot watches at every node', async () => {
    const { script, scripted, cache: start } = await starting({ scope: 'tree' });
    await script.answer(['addWatch'], [(xid) => errorReply(xid, 1, -6)]);
    await script.answer(['removeWatches', 'sync /x'], [(xid) => errorReply(xid, 1, -121), synced]);
    await script.answer(['get /x watched'], [node(5, 5, 1)]);
    const list = (xid: number) =>
      reply(xid, 5, replyCodecs[OpCode.getChildren2], { children: ['a'], stat: statOf({ czxid: 5 }) });
    await script.answer(['children /x watched'], [list]);
    await script.answer(['get /x/a watched'], [node(6)]);
    const leaf = (xid: number) =>
      reply(xid, 6, replyCodecs[OpCode.getChildren2], { children: [], stat: statOf({ czxid: 6 }) });
    await script.answer(['children /x/a watched'], [leaf]);
    const cache = await start;
    expect([...cache].map(({ path }) => path)).toEqual(['/x', '/x/a']);
    expect(scripted.client.watchCounts()).toMatchObject({
      data: { listeners: 2 },
      child: { listeners: 2 },
      recursive: { listeners: 0 },
    });
    const changes = changesOf(cache);
    await scripted.world.link.send(notification(EventType.NodeDataChanged, '/x/a'));
    await script.answer(['get /x/a watched'], [node(6, 7)]);
    expect(changes).toEqual(['changed 7']);
  });

  test('an answer and the deletion after it in one chunk leave no ghost', async () => {
    const { script, cache: start } = await starting();
    await script.answer(['addWatch'], [added]);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x'], [node(5)], notification(EventType.NodeDeleted, '/x'));
    await script.answer(['get /x'], [noNode]);
    const cache = await start;
    expect([cache.size, cache.current]).toEqual([0, true]);
  });

  test('an answer that nothing is there and the creation after it in one chunk are not mixed up', async () => {
    const { script, cache: start } = await starting();
    await script.answer(['addWatch'], [added]);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x'], [noNode], notification(EventType.NodeCreated, '/x'));
    await script.answer(['get /x'], [node(101)]);
    expect((await start).get('/x')?.stat.czxid).toBe(101);
  });

  test('a server that is behind is not read before a sync, and what it makes up for is no change', async () => {
    const { script, scripted, cache: start } = await starting();
    const { world } = scripted;
    await script.answer(['addWatch'], [added]);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x'], [node(5)]);
    const cache = await start;
    const changes = changesOf(cache);
    await world.link.close();
    expect(cache.current).toBe(false);
    await world.advance(100);
    await world.link.grant(SESSION);
    // The new server has yet to delete a node that was here before, and to create the one that is known.
    const catchingUp = [
      notification(EventType.NodeDeleted, '/x'),
      notification(EventType.NodeCreated, '/x'),
    ] as const;
    await script.answer(['setWatches', 'sync /x'], [], ...catchingUp);
    expect(world.link.take()).toEqual([]);
    await world.link.send(synced(world.link.requests.at(-1)!.xid));
    await script.answer(['get /x'], [node(5)]);
    expect([changes, cache.current]).toEqual([[], true]);
  });

  test('changes while one is read come to one more reading, and each mzxid is told once', async () => {
    const { script, scripted, cache: start } = await starting();
    await script.answer(['addWatch'], [added]);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x'], [node(5)]);
    const cache = await start;
    const changes = changesOf(cache);
    const changed = notification(EventType.NodeDataChanged, '/x');
    await scripted.world.link.send(changed);
    await scripted.world.link.send(changed, changed, changed);
    await script.answer(['get /x'], [node(5, 9)]);
    await script.answer(['get /x'], [node(5, 9)]);
    expect([changes, cache.current]).toEqual([['changed 9'], true]);
  });

  test('a server that is overloaded is asked again, and close ends even that', async () => {
    const { script, scripted, cache: start } = await starting();
    await script.answer(['addWatch'], [added]);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x'], [(xid) => errorReply(xid, 1, -127)]);
    await scripted.world.advance(200);
    await script.answer(['get /x'], [node(5)]);
    const cache = await start;
    await scripted.world.link.send(notification(EventType.NodeDataChanged, '/x'));
    await script.answer(['get /x'], [(xid) => errorReply(xid, 1, -127)]);
    const timers = scripted.world.timers;
    cache.close().catch(() => {});
    expect(scripted.world.timers).toBe(timers - 1);
  });

  test('a server that is overloaded when a watch was taken off is asked again for another', async () => {
    const { script, scripted, cache: start } = await starting();
    const { client, world } = scripted;
    await script.answer(['addWatch'], [added]);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x'], [node(5)]);
    const cache = await start;
    const changes = changesOf(cache);
    const errors: unknown[] = [];
    cache.onError((error) => errors.push(error));
    const removed = client.removeWatches('/x');
    await script.answer(['addWatch', 'removeWatches'], [(xid) => errorReply(xid, 1, -127), added]);
    await removed;
    await world.advance(200);
    await world.turn();
    const names: string[] = [];
    for (let asked = world.link.take(); asked.length > 0; asked = world.link.take()) {
      names.push(...asked.map(named));
      const answers = { [OpCode.sync]: synced, [OpCode.getData]: node(5, 7) } as Record<number, typeof added>;
      await world.link.send(...asked.map(({ xid, type }) => (answers[type] ?? added)(xid)));
      await world.turn();
    }
    expect(names.filter((name) => name === 'addWatch')).toHaveLength(1);
    expect(names.at(-1)).toBe('get /x');
    expect([changes, errors, cache.current]).toEqual([['changed 7'], [], true]);
  });

  test('a top that is not there, at a server that is overloaded, is not asked for without a pause', async () => {
    const { script, scripted, cache: start } = await starting({ watches: 'one-shot' });
    const { world } = scripted;
    const busy = (xid: number) => errorReply(xid, 1, -127);
    await script.answer(['sync /x'], [synced]);
    await script.answer(['get /x watched'], [noNode]);
    await script.answer(['exists /x watched'], [busy]);
    await world.turn();
    expect(world.link.take()).toEqual([]);
    await world.advance(200);
    await script.answer(['get /x watched'], [node(5)]);
    expect((await start).get('/x')?.stat.mzxid).toBe(5);
  });
});
