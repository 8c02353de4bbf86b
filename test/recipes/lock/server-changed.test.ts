import { expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  InterProcessMultiLock,
  InterProcessReadWriteLock,
  InterProcessSemaphoreMutex,
} from '../../../recipes/index.ts';
import { loopbackEnsemble } from '../../kit/election-member.ts';
import { LoopbackMembers } from '../../kit/loopback-members.ts';
import { settledOf, untilChildren } from './helpers.ts';

const sessionTimeoutMs = 30_000;

/** Resolves when the client has its session at a server again. */
function reconnected(client: ZooKeeperClient): Promise<void> {
  return new Promise((resolve) => {
    client.on('state', (state) => {
      if (state === 'reconnected') resolve();
    });
  });
}

test('a holder and those who wait keep their places when their server goes', async () => {
  await using members = await LoopbackMembers.start(await loopbackEnsemble(3));
  await members.serving();
  const hosts = members.hosts(...members.ids);
  await using client = await connect(hosts, { sessionTimeoutMs });
  await using other = await connect(hosts, { sessionTimeoutMs });
  const locksOf = (zk: ZooKeeperClient) =>
    new InterProcessMultiLock([
      new InterProcessReadWriteLock(zk, '/moved/rw').writeLock,
      new InterProcessSemaphoreMutex(zk, '/moved/semaphore'),
    ]);
  const { readLock } = new InterProcessReadWriteLock(other, '/moved/rw');
  const held = await locksOf(client).acquire();
  const semaphore = new InterProcessSemaphoreMutex(other, '/moved/semaphore').acquire();
  await untilChildren(other, '/moved/semaphore/leases', 2);
  const reading = readLock.acquire();
  await untilChildren(other, '/moved/rw', 2);
  const { sessionId } = client;
  const own = members.ids.find((id) => client.server === `127.0.0.1:${members.port(id)}`)!;
  // Chance decides whether it leads: then everybody loses their connections.
  const moved = reconnected(client);
  await members.stopServer(own);
  await moved;
  expect(client.sessionId).toBe(sessionId);
  // The lease does not come back, but nobody else gets the locks before it is released.
  expect(held.signal.reason).toMatchObject({ reason: 'in-doubt' });
  expect(await settledOf(other, [semaphore, reading])).toBe(0);
  expect(await settledOf(client, [semaphore, reading])).toBe(0);
  await held.release();
  await (await semaphore).release();
  await (await reading).release();
  await (await locksOf(client).acquire({ timeoutMs: 60_000 })).release();
}, 120_000);
