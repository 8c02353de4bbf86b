import 'reflect-metadata';
import { once } from 'node:events';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DependencyContainer, delay, inject, injectable, container as root } from 'tsyringe';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  COUNT_FACTORY,
  configValue,
  LATCH_FACTORY,
  leaderOnly,
  locked,
  MUTEX_FACTORY,
  registerService,
  registerZookit,
  resolve,
  type ZookitModule,
} from '../../../recipes/di/index.ts';
import { InterProcessMutex, type Lease, ServiceDiscovery } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';

let server: TestServer;
let observer: ZooKeeperClient;
let number = 0;
const modules: ZookitModule[] = [];

beforeAll(async () => {
  server = await TestServer.start();
  observer = await connect(server.connectString);
});
afterEach(async () => {
  for (const module of modules.splice(0)) await module.close();
});
afterAll(async () => {
  await observer?.close();
  await server?.close();
});

async function open(at = server, container: DependencyContainer = root.createChildContainer()) {
  const namespace = `binding-${++number}`;
  const { connectString } = at;
  const module = await registerZookit(container, { connectString, namespace, closeOn: [] });
  modules.push(module);
  return { module, container, namespace };
}

async function services(namespace: string): Promise<string[]> {
  await observer.sync();
  await using discovery = new ServiceDiscovery(observer, `/${namespace}/services`);
  return (await discovery.queryForInstances('shop')).map(({ id }) => id);
}

class Locked {
  @locked('/lock')
  async run(lease?: Lease): Promise<string> {
    return lease!.path;
  }
}

@registerService({ name: 'shop', id: 'one', address: '127.0.0.1', port: 8080 })
class Shop {}

class OtherShop extends Shop {}

const Limits = z.object({ maxItems: z.number() });

class Unready {
  @configValue('/never-published', Limits)
  declare readonly limits: z.infer<typeof Limits>;
}

@injectable()
class Hen {
  readonly egg: Egg;
  constructor(@inject(delay(() => Egg)) egg: Egg) {
    this.egg = egg;
  }
}

@injectable()
class Egg {
  readonly hen: Hen;
  constructor(@inject(delay(() => Hen)) hen: Hen) {
    this.hen = hen;
  }

  @locked('/egg')
  async hatch(lease?: Lease): Promise<boolean> {
    return lease!.held;
  }
}

describe('what a container makes knows its module', () => {
  test('where nothing of it begins, and another module is open', async () => {
    const first = await open();
    const second = await open();
    expect(await first.container.resolve(Locked).run()).toMatch(/^\/lock\//);
    expect(await second.container.resolve(Locked).run()).toMatch(/^\/lock\//);
  });

  test('made for another token', async () => {
    const { module, container, namespace } = await open();
    container.register('the shop', { useClass: Shop });
    container.resolve('the shop');
    await module.ready();
    expect(await services(namespace)).toEqual(['one']);
  });

  test('of a class that extends a decorated one', async () => {
    const { module, container, namespace } = await open();
    container.resolve(OtherShop);
    await module.ready();
    expect(await services(namespace)).toEqual(['one']);
  });

  test('made by a container that was made of its own', async () => {
    const { module, container, namespace } = await open();
    const child = container.createChildContainer();
    const [shop] = child.createChildContainer().resolveAll(Shop);
    expect(shop).toBeInstanceOf(Shop);
    await module.ready();
    expect(await services(namespace)).toEqual(['one']);
  });

  test('unless a module of the inner container is nearer', async () => {
    const outer = await open();
    const inner = await open(server, outer.container.createChildContainer());
    inner.container.resolve(Shop);
    await outer.module.ready();
    await inner.module.ready();
    expect(await services(outer.namespace)).toEqual([]);
    expect(await services(inner.namespace)).toEqual(['one']);
  });

  test('and what waits to be made is not made for that', async () => {
    const { container } = await open();
    await open();
    const { egg } = container.resolve(Hen);
    expect(await egg.hatch()).toBe(true);
  });
});

describe('what cannot begin', () => {
  test('is told by ready, however late, and the process is warned where nobody waits', async () => {
    const { module, container } = await open();
    const warned = once(process, 'warning');
    container.resolve(Unready);
    container.resolve(Unready);
    expect((await warned)[0]).toMatchObject({ code: 'NoNode' });
    await expect(module.ready()).rejects.toMatchObject({ code: 'NoNode' });
    await expect(module.ready()).rejects.toMatchObject({ code: 'NoNode' });
    await module.ready();
  });

  test('because the module closes is no fault', async () => {
    const { module, container, namespace } = await open();
    container.resolve(Shop);
    container.resolve(Unready);
    const ready = expect(module.ready()).rejects.toThrow('the scope is closed');
    await module.close();
    await ready;
    expect(await services(namespace)).toEqual([]);
  });

  test('keeps the module from closing no longer, where the server is gone as well', async () => {
    await using lonely = await TestServer.start();
    const { module, container } = await open(lonely);
    const suspended = new Promise<void>((done) => module.client.on('state', () => done()));
    await lonely.close();
    await suspended;
    const counting = expect(resolve(container, COUNT_FACTORY)('/count', 1)).rejects.toThrow(
      'the scope is closed',
    );
    // It has begun by then, and waits for a server.
    await nextTurn();
    await module.close();
    await counting;
  });
});

test('what starts with a signal of its own gives up with that and with the module', async () => {
  await using lonely = await TestServer.start();
  const { module, container } = await open(lonely);
  const suspended = new Promise<void>((done) => module.client.on('state', () => done()));
  await lonely.close();
  await suspended;
  const latches = resolve(container, LATCH_FACTORY);
  const stop = new AbortController();
  const first = expect(latches('/first', { signal: stop.signal })).rejects.toThrow('enough');
  await nextTurn();
  stop.abort(new Error('enough'));
  await first;
  const second = expect(latches('/second', { signal: new AbortController().signal })).rejects.toThrow(
    'the scope is closed',
  );
  await nextTurn();
  await module.close();
  await second;
});

describe('leases at the end of a module', () => {
  test('are given back, so that a lock delay does not wait for them', async () => {
    const { module, container, namespace } = await open();
    const options = { lockDelayMs: 600_000 };
    class Working {
      readonly leases: Lease[] = [];
      @locked('/delayed', options)
      async run(lease?: Lease): Promise<void> {
        this.leases.push(lease!);
        if (!lease!.signal.aborted) await once(lease!.signal, 'abort');
      }
    }
    const working = new Working();
    await module.bind(working);
    const running = working.run();
    const byHand = await resolve(container, MUTEX_FACTORY)('/by-hand', options).acquire();
    const there = observer.watch(`/${namespace}/delayed`, { recursive: true });
    for await (const _ of there) if (working.leases.length > 0) break;
    await module.close();
    await running;
    expect(working.leases[0]!.signal.reason).toMatchObject({ reason: 'released' });
    expect(byHand.signal.aborted).toBe(true);
    await observer.sync();
    for (const path of ['delayed', 'by-hand']) {
      const next = new InterProcessMutex(observer, `/${namespace}/${path}`, options);
      await using lease = await next.acquire({ timeoutMs: 0 });
      expect(lease.held).toBe(true);
    }
  });

  test('a call that waits for its lock or for leadership ends with the module', async () => {
    const { module, namespace, container } = await open();
    await using _held = await new InterProcessMutex(observer, `/${namespace}/lock`).acquire();
    class Waiting extends Locked {
      @leaderOnly('/leader', { otherwise: 'wait' })
      async lead(term?: Lease): Promise<Lease> {
        return term!;
      }
    }
    const second = await registerZookit(root.createChildContainer(), {
      connectString: server.connectString,
      namespace,
      closeOn: [],
    });
    modules.push(second);
    const leader = await second.bind(new Waiting());
    const term = await leader.lead();
    const waiting = container.resolve(Waiting);
    await module.ready();
    const calls = [waiting.run(), waiting.lead()].map((call) => call.then(String, () => 'ended'));
    await module.close();
    expect(await Promise.all(calls)).toEqual(['ended', 'ended']);
    expect(term.held).toBe(true);
  });
});

describe('decorators refuse', () => {
  test('generators, which go on after the lease has been given back', () => {
    const decorate = () => {
      class Items {
        async *all() {
          yield 1;
        }
      }
      const { prototype } = Items;
      const descriptor = Object.getOwnPropertyDescriptor(prototype, 'all')!;
      return locked('/items')(prototype, 'all', descriptor as never);
    };
    expect(decorate).toThrow('@locked: all is a generator');
  });

  test('what begins with an instance on what has none', () => {
    class Static {
      readonly instances = 1;
      static async sweep(): Promise<void> {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Static, 'sweep')!;
    expect(() => leaderOnly('/leader')(Static, 'sweep', descriptor as never)).toThrow('sweep is static');
    expect(() => configValue('/limits', Limits)(Static, 'limits')).toThrow('limits is static');
  });
});

test('a static method is called under the lock of the only module, or of the one that its class was bound to', async () => {
  class Static {
    readonly instances = 1;
    @locked('/static')
    static async run(lease?: Lease): Promise<boolean> {
      return lease!.held;
    }
  }
  const { module } = await open();
  expect(await Static.run()).toBe(true);
  await open();
  await expect(Static.run()).rejects.toThrow('Static: 2 modules are open');
  await module.bind(Static);
  expect(await Static.run()).toBe(true);
});
