import { describe, expect, test } from 'vitest';
import { HostList } from '../../client/hosts.ts';
import {
  ConnectError,
  connect,
  dnsSrvEnsemble,
  type Endpoint,
  type EnsembleProvider,
  fixedEnsemble,
} from '../../client/index.ts';
import { clientEndpoints } from '../../client/whereabouts.ts';
import { TestServer } from '../../testing/index.ts';
import { EventType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { GetDataReply } from '../../wire/replies.ts';
import { ClientWorld, errorReply, notification, reply } from '../kit/client-world.ts';
import { Rng } from '../kit/seed.ts';
import { failureOf, SESSION, statOf } from './scripted.ts';

const at = (...hosts: string[]): Endpoint[] => hosts.map((host) => ({ host, port: 2181 }));
const config = (...lines: string[]): Buffer => Buffer.from([...lines, 'version=100000000'].join('\n'));

describe('a list of servers that changes', () => {
  const order = (list: HostList, count: number): string[] =>
    Array.from({ length: count }, () => list.next().host);

  test('keeps the turn of those that stay and takes the others in or out', () => {
    for (let seed = 0; seed < 50; seed++) {
      const list = new HostList(at('a', 'b', 'c'), new Rng(seed));
      const [first, second, third] = order(list, 3);
      list.next();
      list.update(at('a', 'b', 'c', 'd'));
      expect(list.size).toBe(4);
      const next = order(list, 4);
      expect([...next].sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(next.filter((host) => host !== 'd')).toEqual([second, third, first]);
      list.update(at(third!));
      expect(order(list, 3)).toEqual([third, third, third]);
      list.update([]);
      expect(list.size).toBe(1);
    }
  });

  test('counts rounds on, so that delays do not begin anew', () => {
    const list = new HostList(at('a', 'b'), new Rng(1));
    order(list, 6);
    expect([list.rounds, list.roundComplete]).toEqual([3, true]);
    list.update(at('a', 'b', 'c'));
    expect([list.rounds, list.roundComplete]).toEqual([3, true]);
    list.next();
    expect(list.roundBegun).toBe(true);
    list.next();
    expect(list.roundBegun).toBe(false);
  });
});

describe('a provider', () => {
  test('that fails or names nobody is asked again while connect has time', async () => {
    const world = new ClientWorld();
    const answers: (() => Promise<Endpoint[]>)[] = [
      () => Promise.reject(new Error('ENOTFOUND')),
      () => Promise.resolve([]),
      () => Promise.resolve(at('a')),
    ];
    const provider: EnsembleProvider = { name: 'test', chroot: '/app', servers: () => answers.shift()!() };
    const connecting = connect(provider, { ports: world });
    await world.advance(2_000);
    await world.link.grant(SESSION);
    const client = await connecting;
    expect([client.server, client.chroot]).toEqual(['a:2181', '/app']);
    void client.close();
    await world.turn();
  });

  test('of which nothing is heard ends connect with its name and cause; nothing is left', async () => {
    const world = new ClientWorld();
    const failing: EnsembleProvider = {
      name: '_zk._tcp.test',
      chroot: '',
      servers: () => Promise.reject(new Error('ENOTFOUND')),
    };
    const failure = failureOf(connect(failing, { ports: world, connectTimeoutMs: 3_000 }));
    await world.advance(3_000);
    expect(await failure).toBeInstanceOf(ConnectError);
    expect(((await failure) as Error).message).toMatch(
      /_zk\._tcp\.test: ENOTFOUND \(no server known within 3000 ms\)/,
    );
    const mute: EnsembleProvider = { ...failing, servers: () => new Promise(() => {}) };
    const stop = new AbortController();
    const aborted = failureOf(connect(mute, { ports: world, signal: stop.signal }));
    await world.turn();
    stop.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ code: 'ConnectFailed', cause: new Error('enough') });
    expect([world.timers, world.links.length]).toEqual([0, 0]);
  });

  test('is asked again when every server has failed: the name means other servers by now', async () => {
    const world = new ClientWorld();
    let servers = at('a', 'b');
    const provider: EnsembleProvider = { name: 'test', chroot: '', servers: () => Promise.resolve(servers) };
    const connecting = connect(provider, { ports: world });
    await world.turn();
    await world.link.grant(SESSION);
    const client = await connecting;
    world.onOpen = (link) =>
      void (/^[ab]:/.test(link.server) ? link.close(new Error('gone')) : link.grant(SESSION));
    servers = at('c');
    await world.link.close();
    for (let i = 0; i < 40 && !client.connected; i++) await world.advance(100);
    expect(client.server).toBe('c:2181');
    // Each of the old ones once, and the one that was tried while the provider was asked.
    expect(world.links.length).toBeLessThanOrEqual(5);
    void client.close();
    await world.turn();
  });

  test('of DNS SRV records looks them up, on a real server', async () => {
    await using server = await TestServer.start();
    const asked: string[] = [];
    const provider = dnsSrvEnsemble('_zookeeper._tcp.example.org', {
      chroot: '/srv',
      resolve: (name) => {
        asked.push(name);
        return asked.length === 1
          ? Promise.reject(new Error('queryServfail'))
          : Promise.resolve([{ name: '127.0.0.1', port: server.port }]);
      },
    });
    await using client = await connect(provider, { ensureChroot: true });
    expect([client.server, client.chroot]).toEqual([server.connectString, '/srv']);
    expect(asked).toEqual(Array.from({ length: asked.length }, () => '_zookeeper._tcp.example.org'));
    expect(() => dnsSrvEnsemble('x', { chroot: 'app/' })).toThrow(TypeError);
  });

  test('of a connect string', async () => {
    const provider = fixedEnsemble('a:1,[::1]:2/app');
    expect(await provider.servers()).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ]);
    expect(provider.chroot).toBe('/app');
    expect(() => fixedEnsemble('')).toThrow(TypeError);
  });
});

describe('following /zookeeper/config', () => {
  test('where clients connect, as its text says', () => {
    const text = [
      'server.1=q1:2888:3888:participant;c1:2181',
      'server.2=q2:2888:3888:participant;0.0.0.0:2182',
      'server.3=q3:2888:3888:observer;2183',
      'server.4=q4:2888:3888',
      'version=0',
    ].join('\n');
    expect(clientEndpoints(text)).toEqual([
      { host: 'c1', port: 2181 },
      { host: 'q2', port: 2182 },
      { host: 'q3', port: 2183 },
    ]);
    expect(clientEndpoints('junk')).toBeNull();
    expect(clientEndpoints('')).toEqual([]);
  });

  /** A client of `a` that follows, with its first look at the configuration on the wire. */
  async function following(connectString = 'a/app') {
    const world = new ClientWorld();
    const connecting = connect(connectString, { ports: world, followConfig: true });
    await world.turn();
    await world.link.grant(SESSION);
    const client = await connecting;
    const look = async () => {
      await world.turn();
      const request = world.link.take().find(({ type }) => type === OpCode.getData)!;
      expect(request.body.toString()).toContain('/zookeeper/config');
      return request;
    };
    return { world, client, look };
  }

  const told = (xid: number, ...lines: string[]): Buffer =>
    reply(xid, 5, GetDataReply, { data: config(...lines), stat: statOf() });

  test('takes the members in as they change, and keeps the connection', async () => {
    const { world, client, look } = await following();
    await world.link.send(told((await look()).xid, 'server.1=a:1:2;a:2181', 'server.2=b:1:2;b:2181'));
    const servers = () => client.connection.session.attempts.servers;
    expect(servers()).toBe(2);
    await world.link.send(notification(EventType.NodeDataChanged, '/zookeeper/config'));
    await world.link.send(told((await look()).xid, 'server.2=b:1:2;b:2181', 'server.3=c:1:2;c:2181'));
    expect([servers(), client.server]).toEqual([2, 'a:2181']);
    await world.link.close();
    await world.advance(200);
    expect(world.link.server).toMatch(/^[bc]:2181$/);
    void client.close();
    await world.advance(3_000);
    expect([world.timers, client.watchCounts().data.paths]).toEqual([0, 0]);
  });

  test('goes on when somebody removes the watches of that node', async () => {
    const { world, client, look } = await following('a');
    await world.link.send(told((await look()).xid, 'server.1=a:1:2;a:2181'));
    client.removeWatches('/zookeeper/config', 'data').catch(() => {});
    await world.link.send(told((await look()).xid, 'server.1=a:1:2;a:2181', 'server.2=b:1:2;b:2181'));
    expect(client.connection.session.attempts.servers).toBe(2);
    void client.close();
    await world.turn();
  });

  test('goes back to the connect string’s servers when those named there cannot be reached', async () => {
    const { world, client, look } = await following();
    await world.link.send(told((await look()).xid, 'server.1=inside:1:2;inside:2181'));
    world.onOpen = (link) =>
      void (link.server === 'inside:2181' ? link.close(new Error('unreachable')) : link.grant(SESSION));
    await world.link.close();
    for (let i = 0; i < 100 && !client.connected; i++) await world.advance(100);
    expect(client.server).toBe('a:2181');
    void client.close();
    await world.turn();
  });

  test('is content with a server that has no such node, or a text without client ports', async () => {
    const { world, client, look } = await following();
    await world.link.send(errorReply((await look()).xid, 5, -101));
    await world.advance(100);
    expect(world.link.take()).toEqual([]);
    void client.close();
    const other = await following();
    await other.world.link.send(told((await other.look()).xid, 'server.1=a:1:2'));
    expect(other.client.connection.session.attempts.servers).toBe(1);
    void other.client.close();
    await other.world.turn();
  });
});
