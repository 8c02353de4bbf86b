import 'reflect-metadata';
import { container as root } from 'tsyringe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClientState, connect, type ZooKeeperClient } from '../../client/index.ts';
import {
  LATCH_FACTORY,
  MUTEX_FACTORY,
  NODE_FACTORY,
  registerZookit,
  resolve,
} from '../../recipes/di/index.ts';
import {
  DistributedAtomicLong,
  GroupMember,
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreV2,
  LeaderLatch,
  PersistentNode,
  ServiceDiscovery,
} from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { Cuttable } from '../kit/cuttable.ts';

let server: TestServer;
let other: ZooKeeperClient;
beforeAll(async () => {
  server = await TestServer.start({ tickTimeMs: 100 });
  other = await connect(server.connectString);
});
afterAll(async () => {
  await other?.close();
  await server?.close();
});

function state(client: ZooKeeperClient, wanted: ClientState): Promise<void> {
  return new Promise((resolve) => client.on('state', (state) => state === wanted && resolve()));
}

test('whoever gives back what went with a lost session waits for no server, and nothing of it is left when there is one', async () => {
  const cable = new Cuttable();
  const ports = cable.ports;
  await using client = await connect(server.connectString, {
    ports,
    sessionTimeoutMs: 600,
    closeTimeoutMs: 100,
  });
  const discovery = new ServiceDiscovery(client, '/away/services');
  const counter = new DistributedAtomicLong(client, '/away/count', { receiptsPath: '/away/receipts' });
  await counter.increment();
  const kept: AsyncDisposable[] = [
    await new InterProcessMutex(client, '/away/mutex').acquire(),
    await new InterProcessMutex(client, '/away/delayed', { lockDelayMs: 1 }).acquire(),
    await new InterProcessReadWriteLock(client, '/away/read-write').readLock.acquire(),
    await new InterProcessSemaphoreV2(client, '/away/semaphore', 2).acquire(),
    await LeaderLatch.start(client, '/away/latch'),
    await PersistentNode.start(client, '/away/node'),
    await GroupMember.start(client, '/away/group', 'a'),
    await discovery.register({ name: 'shop', address: 'h' }),
    await discovery.cache('shop'),
    discovery,
    counter,
  ];
  const lost = state(client, 'lost');
  cable.cut();
  await lost;
  for (const each of kept) await each[Symbol.asyncDispose]();
  const back = state(client, 'reconnected');
  cable.mend();
  await back;
  await client.sync();
  const left = await Promise.all(
    ['mutex', 'delayed', 'read-write', 'semaphore/leases', 'latch', 'group', 'receipts', 'services/shop'].map(
      async (name) =>
        (await client.exists(`/away/${name}`)) === null ? [] : client.children(`/away/${name}`),
    ),
  );
  expect(left.flat()).toEqual([]);
  expect(await client.exists('/away/node')).toBeNull();
});

async function cuttableModule() {
  const cable = new Cuttable();
  const container = root.createChildContainer();
  const module = await registerZookit(container, {
    connectString: server.connectString,
    ports: cable.ports,
    sessionTimeoutMs: 600,
    closeTimeoutMs: 100,
    closeOn: [],
  });
  return { cable, container, module };
}

test('a module closes without a server when its session is lost', async () => {
  const { cable, container, module } = await cuttableModule();
  await resolve(container, MUTEX_FACTORY)('/module/lock').acquire();
  await resolve(container, LATCH_FACTORY)('/module/latch');
  await resolve(container, NODE_FACTORY)('/module/node', '');
  await module.discovery.register({ name: 'shop', address: 'h' });
  const lost = state(module.client, 'lost');
  cable.cut();
  await lost;
  await module.close();
});

test('a module that closes before its session is lost waits no longer than for that', async () => {
  const { cable, container, module } = await cuttableModule();
  await resolve(container, MUTEX_FACTORY)('/module-2/lock', { lockDelayMs: 1 }).acquire();
  await resolve(container, NODE_FACTORY)('/module-2/node', '');
  await resolve(container, NODE_FACTORY)('/module-2/other', '');
  cable.cut();
  await module.close();
});
