import { describe, expect, test } from 'vitest';
import type { ZooKeeperClient } from '../../client/index.ts';
import {
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreV2,
  LeaderLatch,
  SequenceExhaustedError,
} from '../../recipes/index.ts';
import { decode } from '../../wire/codec.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { sequenceSuffix } from '../../wire/path.ts';
import { Create2Reply, NamesReply } from '../../wire/replies.ts';
import { CreateRequest, DeleteRequest } from '../../wire/requests.ts';
import { connected, type Scripted, SESSION, statOf } from '../client/scripted.ts';
import { reply } from '../kit/client-world.ts';

const LAST = 2 ** 31 - 1;

/** A server that gives out one number whatever is created. Tells what was created and what was deleted, once nothing more is asked. */
async function serve({ world }: Scripted, number: number): Promise<{ created: string[]; deleted: string[] }> {
  const seen: { created: string[]; deleted: string[] } = { created: [], deleted: [] };
  for (;;) {
    await world.turn();
    const requests = world.link.take();
    if (requests.length === 0) return seen;
    for (const { xid, type, body } of requests) {
      if (type === OpCode.create2) {
        const path = decode(CreateRequest, body).path + sequenceSuffix(number);
        seen.created.push(path);
        const stat = statOf({ ephemeralOwner: SESSION.sessionId, czxid: 5 });
        await world.link.send(reply(xid, 5, Create2Reply, { path, stat }));
      } else if (type === OpCode.delete) {
        seen.deleted.push(decode(DeleteRequest, body).path);
        await world.link.send(reply(xid, 5));
      } else {
        const children = seen.created.map((path) => path.slice(path.lastIndexOf('/') + 1));
        await world.link.send(reply(xid, 5, NamesReply, { children }));
      }
    }
  }
}

const recipes: [string, string, (client: ZooKeeperClient) => Promise<unknown>][] = [
  ['a mutex', '/l', (client) => new InterProcessMutex(client, '/l').acquire()],
  [
    'a mutex that does not wait',
    '/l',
    (client) => new InterProcessMutex(client, '/l').acquire({ timeoutMs: 0 }),
  ],
  ['a read lock', '/l', (client) => new InterProcessReadWriteLock(client, '/l').readLock.acquire()],
  ['a write lock', '/l', (client) => new InterProcessReadWriteLock(client, '/l').writeLock.acquire()],
  ["a semaphore's gate", '/l/locks', (client) => new InterProcessSemaphoreV2(client, '/l', 2).acquire()],
  [
    "a semaphore's permits",
    '/l/leases',
    (client) => new InterProcessSemaphoreV2(client, '/l', 2).acquire({ timeoutMs: 0 }),
  ],
  ['a leader latch', '/l', (client) => LeaderLatch.start(client, '/l')],
];

describe.each(recipes)('%s', (_name, directory, stand) => {
  test.each([LAST, -LAST - 1, -1])('does not stand in line with the number %i', async (number) => {
    const scripted = await connected();
    const outcome = stand(scripted.client).catch((error: unknown) => error);
    const { created, deleted } = await serve(scripted, number);
    const error = await outcome;
    expect(error).toBeInstanceOf(SequenceExhaustedError);
    expect(error).toMatchObject({ code: 'SequenceExhausted', path: directory });
    expect(created).toHaveLength(1);
    expect(deleted).toEqual(created);
  });

  test('does with the number before that', async () => {
    const scripted = await connected();
    let failure: unknown = null;
    stand(scripted.client).catch((error: unknown) => (failure = error));
    const { created } = await serve(scripted, LAST - 1);
    expect(created.length).toBeGreaterThan(0);
    expect(failure).toBeNull();
  });
});
