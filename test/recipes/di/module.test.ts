import 'reflect-metadata';
import { once } from 'node:events';
import process from 'node:process';
import { type DependencyContainer, inject, injectable, container as root } from 'tsyringe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  CLIENT,
  configValue,
  DISCOVERY,
  LATCH_FACTORY,
  leaderOnly,
  locked,
  MUTEX_FACTORY,
  type MutexFactory,
  NotLeaderError,
  registerService,
  registerZookit,
  resolve,
  type ZookitModule,
} from '../../../recipes/di/index.ts';
import { ServiceDiscovery } from '../../../recipes/discovery/index.ts';
import { ConfigStore, InterProcessMutex, type Lease } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';

let server: TestServer;
let observer: ZooKeeperClient;
let number = 0;

beforeAll(async () => {
  server = await TestServer.start();
  observer = await connect(server.connectString);
});
afterAll(async () => {
  await observer?.close();
  await server?.close();
});

const Limits = z.object({ maxItems: z.number().int() });

@injectable()
class Reports {
  readonly mutexes: MutexFactory;
  readonly client: ZooKeeperClient;
  readonly ran: string[] = [];
  @configValue('/config/limits', Limits, { default: { maxItems: 10 } })
  declare readonly limits: z.infer<typeof Limits>;

  constructor(@inject(MUTEX_FACTORY) mutexes: MutexFactory, @inject(CLIENT) client: ZooKeeperClient) {
    this.mutexes = mutexes;
    this.client = client;
  }

  @locked('/locks/nightly')
  async nightly(day: string, lease?: Lease): Promise<string> {
    this.ran.push(`${day} ${lease?.held}`);
    return this.inner(day, lease);
  }

  @locked('/locks/nightly', { timeoutMs: 0 })
  async inner(day: string, lease?: Lease): Promise<string> {
    return `${day} with ${lease?.fencingToken}`;
  }

  @locked((id: string) => `/locks/order-${id}`)
  async order(id: string, note?: string, lease?: Lease): Promise<string | undefined> {
    return `${note ?? 'none'} ${lease?.path.replace(/_c_.*/, id)}`;
  }

  @leaderOnly('/leaders/sweep')
  async sweep(term?: Lease): Promise<boolean | undefined> {
    return term?.held;
  }

  @leaderOnly('/leaders/sweep', { otherwise: 'throw' })
  async sweepOrThrow(term?: Lease): Promise<number> {
    return term!.fencingToken;
  }

  @leaderOnly('/leaders/sweep', { otherwise: 'wait' })
  async lead(term?: Lease): Promise<number> {
    return term!.fencingToken;
  }
}

@injectable()
class Strict {
  @configValue('/config/strict', Limits)
  declare readonly limits: z.infer<typeof Limits>;
}

@registerService((cart: Cart) => ({ name: 'cart', id: cart.id, address: '127.0.0.1', port: 8080 }))
class Cart {
  readonly id = `cart-${number}`;
}

/** Resolves when a directory has exactly so many children. */
async function until(client: ZooKeeperClient, path: string, count: number): Promise<void> {
  for await (const _ of client.watch(path, { recursive: true })) {
    const names = (await client.exists(path)) === null ? [] : await client.children(path);
    if (names.length === count) return;
  }
}

/** Resolves when something is so that comes without a sign of its own: looked at after each answer of the server. */
async function changed(isSo: () => boolean, client: ZooKeeperClient): Promise<void> {
  while (!isSo()) await client.sync();
}

/** A module with a container and a namespace of its own. */
async function open(): Promise<{
  module: ZookitModule;
  container: DependencyContainer;
  namespace: string;
}> {
  const namespace = `app-${++number}`;
  const container = root.createChildContainer();
  const { connectString } = server;
  const module = await registerZookit(container, { connectString, namespace, closeOn: [] });
  return { module, container, namespace };
}

describe('a container with zookit', () => {
  test('gives the client, in the namespace, and recipes on it', async () => {
    const { module, container, namespace } = await open();
    const reports = container.resolve(Reports);
    expect(reports.client).toBe(resolve(container, CLIENT));
    await using lease = await reports.mutexes('/locks/a').acquire();
    expect(lease.path).toMatch(/^\/locks\/a\//);
    expect(await observer.children(`/${namespace}/locks/a`)).toHaveLength(1);
    const latch = await resolve(container, LATCH_FACTORY)('/leaders/a', { id: 'me' });
    await latch.leadership();
    await module.close();
    expect(await observer.children(`/${namespace}/locks/a`)).toEqual([]);
    expect(await observer.children(`/${namespace}/leaders/a`)).toEqual([]);
    expect(reports.client.connected).toBe(false);
  });

  test('registers nothing where it cannot connect', async () => {
    const container = root.createChildContainer();
    const connecting = registerZookit(container, { connectString: '127.0.0.1:1', connectTimeoutMs: 300 });
    await expect(connecting).rejects.toMatchObject({ code: 'ConnectFailed' });
    expect(container.isRegistered(CLIENT)).toBe(false);
  });
});

describe('@locked', () => {
  test('runs the method under the lock, with its lease as the last argument, which can be handed on', async () => {
    const { module, container, namespace } = await open();
    await using _ = module;
    const reports = container.resolve(Reports);
    const other = new InterProcessMutex(observer, `/${namespace}/locks/nightly`);
    const held = await other.acquire();
    const running = reports.nightly('monday');
    await until(observer, `/${namespace}/locks/nightly`, 2);
    expect(reports.ran).toEqual([]);
    await held.release();
    // The inner method does not wait (timeoutMs 0): it had the lease of the outer one.
    expect(await running).toMatch(/^monday with \d+$/);
    expect(reports.ran).toEqual(['monday true']);
    expect(await observer.children(`/${namespace}/locks/nightly`)).toEqual([]);
  });

  test('rejects with what the lock rejects with, and does not call the method', async () => {
    const { module, container, namespace } = await open();
    await using _ = module;
    const reports = container.resolve(Reports);
    await using _held = await new InterProcessMutex(observer, `/${namespace}/locks/nightly`).acquire();
    await expect(reports.inner('monday')).rejects.toMatchObject({ code: 'AcquireTimeout' });
  });

  test('takes its path from the arguments, and leaves those that were left out to the method', async () => {
    const { module, container } = await open();
    await using _ = module;
    const reports = container.resolve(Reports);
    expect(await reports.order('7')).toBe('none /locks/order-7/7');
    expect(await reports.order('8', 'soon')).toBe('soon /locks/order-8/8');
  });
});

describe('@leaderOnly', () => {
  test('runs in one process, and after its end in another', async () => {
    const first = await open();
    const second = registerZookit(root.createChildContainer(), {
      connectString: server.connectString,
      namespace: first.namespace,
      closeOn: [],
    });
    await using module = await second;
    const leader = first.container.resolve(Reports);
    await first.module.ready();
    await until(observer, `/${first.namespace}/leaders/sweep`, 1);
    const follower = await module.bind(new Reports(() => null as never, module.client));
    expect(await leader.sweep()).toBe(true);
    expect(await follower.sweep()).toBeUndefined();
    await expect(follower.sweepOrThrow()).rejects.toBeInstanceOf(NotLeaderError);
    const token = await leader.sweepOrThrow();
    await first.module.close();
    expect(await follower.lead()).toBeGreaterThan(token);
  });
});

describe('@configValue', () => {
  test('is the latest valid value, from a default on', async () => {
    const { module, container, namespace } = await open();
    await using _ = module;
    const reports = container.resolve(Reports);
    await module.ready();
    expect(reports.limits).toEqual({ maxItems: 10 });
    const store = new ConfigStore(observer, `/${namespace}/config/limits`, { schema: Limits });
    await store.publish({ maxItems: 50 });
    await changed(() => reports.limits.maxItems !== 10, observer);
    expect(reports.limits).toEqual({ maxItems: 50 });
  });

  test('keeps the last good one of values that are not valid, which the module is told of, or else the process', async () => {
    const container = root.createChildContainer();
    const namespace = `app-${++number}`;
    const told: unknown[] = [];
    let heard = (): void => {};
    const telling = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await using module = await registerZookit(container, {
      connectString: server.connectString,
      namespace,
      closeOn: [],
      onConfigError: (path, error) => {
        told.push([path, (error as { code?: string }).code]);
        heard();
      },
    });
    const reports = container.resolve(Reports);
    await module.ready();
    await observer.create(`/${namespace}/config/limits`, '{"maxItems":7}', { parents: true });
    await changed(() => reports.limits.maxItems === 7, observer);
    await observer.set(`/${namespace}/config/limits`, '{"maxItems":"many"}');
    await telling;
    expect([told, reports.limits]).toEqual([[['/config/limits', 'InvalidValue']], { maxItems: 7 }]);

    const quiet = await open();
    await using _ = quiet.module;
    const warned = once(process, 'warning');
    quiet.container.resolve(Reports);
    await quiet.module.ready();
    await observer.create(`/${quiet.namespace}/config/limits`, '7', { parents: true });
    expect((await warned)[0].message).toMatch(/^config \/config\/limits: .*InvalidValue/);
  });

  test('without a default is not ready before a value was published', async () => {
    const { module, container } = await open();
    await using _ = module;
    const strict = container.resolve(Strict);
    await expect(module.ready()).rejects.toMatchObject({ code: 'NoNode', path: '/config/strict' });
    expect(() => strict.limits).toThrow("await the module's ready()");
  });
});

@injectable()
class Both {
  @configValue('/config/both', Limits)
  declare readonly strict: z.infer<typeof Limits>;
  @configValue('/config/both', Limits, { default: { maxItems: 1 } })
  declare readonly lenient: z.infer<typeof Limits>;
  @configValue(
    '/config/both',
    Limits.transform(({ maxItems }) => `at most ${maxItems}`),
    { default: 'any' },
  )
  declare readonly inWords: string;
}

test('properties of one config have each its own default, and its own schema', async () => {
  const { module, container, namespace } = await open();
  await using _ = module;
  const both = container.resolve(Both);
  await expect(module.ready()).rejects.toMatchObject({ code: 'NoNode', path: '/config/both' });
  expect(() => both.strict).toThrow('no value yet');
  expect([both.lenient, both.inWords]).toEqual([{ maxItems: 1 }, 'any']);
  const store = new ConfigStore(observer, `/${namespace}/config/both`, { schema: Limits });
  await store.publish({ maxItems: 2 });
  await changed(() => both.lenient.maxItems === 2 && both.inWords === 'at most 2', observer);
  expect(both.strict).toEqual({ maxItems: 2 });
});

describe('@registerService', () => {
  test('is found by others until the module closes', async () => {
    const { module, container, namespace } = await open();
    const cart = container.resolve(Cart);
    await module.ready();
    await using discovery = new ServiceDiscovery(observer, `/${namespace}/services`);
    const found = await discovery.queryForInstances('cart');
    expect(found.map(({ id, port }) => [id, port])).toEqual([[cart.id, 8080]]);
    expect(resolve(container, DISCOVERY)).toBe(module.discovery);
    await module.close();
    expect(await discovery.queryForInstances('cart')).toEqual([]);
  });
});

describe('an instance that no container made', () => {
  test('belongs to the only module that is open', async () => {
    const { module } = await open();
    const loose = new Reports(() => null as never, module.client);
    expect(await loose.inner('monday')).toMatch(/^monday with/);
    const second = await open();
    const unclear = new Reports(() => null as never, module.client);
    await expect(unclear.inner('monday')).rejects.toThrow('2 modules are open');
    await second.module.bind(unclear);
    expect(await unclear.inner('monday')).toMatch(/^monday with/);
    await module.close();
    await second.module.close();
    await expect(new Reports(() => null as never, module.client).inner('monday')).rejects.toThrow(
      'no module is open: call registerZookit first',
    );
  });
});
