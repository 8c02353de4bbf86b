import { describe, expect, test } from 'vitest';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { silentLogger } from '../../core/ports.ts';
import { TreeSnapshot } from '../../core/tree/snapshot-view.ts';
import { DataTree } from '../../core/tree/tree.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { makeZxid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { connectRequest, FakeClient } from '../kit/fake-client.ts';
import { framed } from '../kit/raw-client.ts';
import { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';

const acl = [...OPEN_ACL];
const create = (path: string, data: Buffer | null = null, flags = 0) => ({ path, data, acl, flags });

describe('a failing disk', () => {
  test.each([
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['datasync', 'EIO'],
    ['open', 'ENOSPC'],
    ['syncDirectory', 'EIO'],
  ] as const)('a %s that ends with %s stops the server, and no reply leaves', (action, code) => {
    const server = new SimulatedServer();
    const client = server.client();
    if (action === 'open' || action === 'syncDirectory') server.driver.store.log.roll();
    server.files.planFault({ action, code });
    client.send(OpCode.create, create('/lost'));
    client.send(OpCode.create, create('/lost-too'));
    server.settle();
    expect(server.failures).toMatchObject([{ code }]);
    expect(client.takeReplies()).toEqual([]);
    expect(server.tree.findPath('/lost')).toBe(0);
    // Whatever comes afterwards is not heard.
    client.send(OpCode.getData, { path: '/', watch: false });
    const late = new FakeClient(server).handshake();
    server.settle();
    server.advance(60_000);
    expect([client.take(), late.response, server.failures.length]).toEqual([[], null, 1]);
    expect(server.time.timerCount).toBe(0);
  });

  test('are taken when the log has grown by so many bytes, though by few transactions', () => {
    const server = new SimulatedServer({ config: { snapSizeLimitBytes: 20_000 } });
    const client = server.client(40_000);
    const before = server.files.list('/data/version-2').filter((name) => name.startsWith('snapshot.')).length;
    for (let i = 0; i < 5; i++) {
      client.send(OpCode.create, { ...create(`/large${i}`), data: Buffer.alloc(10_000) });
      server.settle();
    }
    const after = server.files.list('/data/version-2').filter((name) => name.startsWith('snapshot.')).length;
    expect(after).toBeGreaterThan(before);
    expect(server.tree.store.count).toBe(9);
  });

  test('a snapshot that fails loses nothing: the server goes on, and tries again', () => {
    const server = new SimulatedServer({ config: { snapCount: 10 } });
    const client = server.client();
    server.files.planFault({ action: 'open', code: 'ENOSPC', path: /snapshot/ });
    const before = server.files.list('/data/version-2').filter((name) => name.startsWith('snapshot'));
    for (let i = 0; i < 100; i++) {
      client.send(OpCode.create, create(`/n${i}`));
      server.settle();
    }
    expect(server.failures).toEqual([]);
    expect(client.takeReplies()).toHaveLength(100);
    const after = server.files.list('/data/version-2').filter((name) => name.startsWith('snapshot'));
    expect(after.length).toBeGreaterThan(before.length);
    server.files.crash();
    const again = new SimulatedServer({ files: server.files });
    expect(again.tree.store.count).toBe(server.tree.store.count);
  });

  test('no snapshot begins after the disk has failed', () => {
    const server = new SimulatedServer({ config: { snapCount: 2 } });
    const client = server.client();
    const before = server.files.list('/data/version-2');
    server.files.planFault({ action: 'write', code: 'EIO', path: /log/ });
    for (let i = 0; i < 10; i++) client.send(OpCode.create, create(`/n${i}`));
    server.settle();
    expect(server.failures).toHaveLength(1);
    expect(server.files.list('/data/version-2')).toEqual(before);
  });
});

describe('stopping', () => {
  test('what was sent before is stored; nobody is told; sessions go on at the next start', async () => {
    const server = new SimulatedServer();
    const client = server.client();
    client.send(OpCode.create, create('/e', null, 1));
    const stopped = server.driver.stop();
    server.files.run();
    await stopped;
    expect([client.takeReplies(), client.isClosed]).toEqual([[], true]);
    const again = new SimulatedServer({ files: server.files, time: server.time });
    expect(again.tree.owners.ephemerals.get(client.sessionId)).toEqual(new Set(['/e']));
    const back = new FakeClient(again).resume(client);
    expect(back.sessionId).toBe(client.sessionId);
  });

  test('a snapshot under way has let go of its files', async () => {
    const server = new SimulatedServer({ config: { snapCount: 2 } });
    const client = server.client();
    for (let i = 0; i < 10; i++) {
      client.send(OpCode.create, create(`/n${i}`));
      server.time.endTurn();
      for (
        let steps = 0;
        steps < 3 && !server.files.list('/data/version-2').some((n) => n.includes('tmp'));
        steps++
      )
        server.files.step();
    }
    let isStopped = false;
    const stopped = server.driver.stop().then(() => {
      isStopped = true;
    });
    server.files.run();
    await stopped;
    expect(isStopped).toBe(true);
    expect(server.files.step()).toBe(false);
    const names = server.files
      .list('/data/version-2')
      .filter((name) => !/^(log|snapshot)\.[0-9a-f]+$/.test(name));
    expect(names).toEqual([]);
  });
});

describe('sessions end in time', () => {
  test('not before their timeout, and within a tick after it', () => {
    const server = new SimulatedServer();
    const silent = server.client(5000);
    silent.send(OpCode.create, create('/e', null, 1));
    server.settle();
    const busy = server.client(5000);
    busy.send(OpCode.exists, { path: '/e', watch: true });
    for (let ms = 0; ms < 4900; ms += 100) {
      server.advance(100);
      if (ms % 1000 === 0) busy.send(OpCode.ping, null);
    }
    expect(server.tree.findPath('/e')).not.toBe(0);
    busy.send(OpCode.ping, null);
    server.advance(1200);
    expect(server.tree.findPath('/e')).toBe(0);
    expect(silent.isClosed).toBe(true);
    expect(busy.isClosed).toBe(false);
    expect(busy.take().filter((item) => item.kind === 'event')).toMatchObject([{ type: 2, path: '/e' }]);
    expect(server.driver.service.tracker.count).toBe(1);
  });

  test('after a pause of the whole process, heartbeats that wait in the sockets count first', () => {
    const server = new SimulatedServer();
    const [alive, dead] = [server.client(5000), server.client(5000)];
    server.time.pause(60_000);
    // The timer fires late; what has arrived meanwhile is read before its end of turn.
    const originalEndTurn = server.time.endTurn.bind(server.time);
    server.time.endTurn = () => {
      server.time.endTurn = originalEndTurn;
      alive.send(OpCode.ping, null);
      originalEndTurn();
    };
    server.advance(10);
    expect(server.driver.service.tracker.count).toBe(1);
    expect([alive.isClosed, dead.isClosed]).toEqual([false, true]);
    server.advance(6000);
    expect(server.driver.service.tracker.count).toBe(0);
  });

  test('a session whose log is slow does not end twice', () => {
    const server = new SimulatedServer();
    const client = server.client(2000);
    client.send(OpCode.closeSession, null);
    server.time.endTurn();
    server.time.advance(10_000);
    expect(server.driver.expireSession(client.sessionId)).toBe(false);
    server.settle();
    expect([server.driver.service.tracker.count, server.stats.sessionsExpired]).toEqual([0, 0]);
    expect(client.takeReplies()).toHaveLength(1);
  });

  test('expireSession ends one session at once', () => {
    const server = new SimulatedServer();
    const [one, other] = [server.client(40_000), server.client(40_000)];
    one.send(OpCode.create, create('/e', null, 1));
    server.settle();
    expect(server.driver.expireSession(one.sessionId)).toBe(true);
    expect(server.driver.expireSession(one.sessionId)).toBe(false);
    one.send(OpCode.getData, { path: '/e', watch: false });
    one.send(OpCode.create, create('/f', null, 1));
    server.settle();
    expect([one.isClosed, other.isClosed]).toEqual([true, false]);
    expect(
      one
        .takeReplies()
        .slice(1)
        .map((reply) => reply.err),
    ).toEqual(new Array(one.awaited === 0 ? 2 : 1).fill(ErrorCode.SessionExpired));
    expect([server.tree.findPath('/e'), server.tree.findPath('/f')]).toEqual([0, 0]);
    expect(server.driver.expireSession(12345n)).toBe(false);
  });

  test('sessions live anew for their full timeout after a restart, then end', () => {
    const first = new SimulatedServer();
    const client = first.client(8000);
    client.send(OpCode.create, create('/e', null, 1));
    first.settle();
    first.files.crash();
    first.time.forget();
    const second = new SimulatedServer({ files: first.files, time: first.time });
    second.advance(7900);
    expect(second.tree.findPath('/e')).not.toBe(0);
    second.advance(2000);
    expect(second.tree.findPath('/e')).toBe(0);
    expect(second.tree.sessions.size).toBe(0);
  });
});

describe('containers and TTL nodes', () => {
  const ttl = (path: string, ms: number) => ({ ...create(path), flags: 5, ttl: ms });

  test('are removed when they are due, and no sooner', () => {
    const server = new SimulatedServer({ config: { containerCheckIntervalMs: 1000 } });
    const client = server.client(40_000);
    client.send(OpCode.createContainer, { ...create('/used'), flags: 4 });
    client.send(OpCode.createContainer, { ...create('/unused'), flags: 4 });
    client.send(OpCode.create, create('/used/child'));
    client.send(OpCode.createTTL, ttl('/short', 3000));
    client.send(OpCode.createTTL, ttl('/long', 0xff_ffff_ffff));
    server.settle();
    server.advance(2000);
    for (const path of ['/used', '/unused', '/short', '/long'])
      expect(server.tree.findPath(path), path).not.toBe(0);
    client.send(OpCode.delete, { path: '/used/child', version: -1 });
    server.settle();
    server.advance(3000);
    expect(client.takeReplies().map((reply) => reply.err)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(['/used', '/unused', '/short', '/long'].map((path) => server.tree.findPath(path) !== 0)).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(server.stats.digestMismatches).toBe(0);
  });

  test('a node that took the place of one that was due stays', () => {
    const server = new SimulatedServer({
      config: { containerCheckIntervalMs: 1000, containerMaxPerMinute: 60 },
    });
    const client = server.client(40_000);
    for (let i = 0; i < 5; i++) client.send(OpCode.createTTL, ttl(`/n${i}`, 500));
    server.settle();
    // One goes each second; meanwhile the others are deleted, and made again as what they were not.
    server.advance(1100);
    for (let i = 0; i < 5; i++) client.send(OpCode.delete, { path: `/n${i}`, version: -1 });
    for (let i = 0; i < 4; i++) client.send(OpCode.create, create(`/n${i}`));
    client.send(OpCode.createTTL, ttl('/n4', 39_000));
    server.settle();
    server.advance(20_000);
    for (let i = 0; i < 5; i++) expect(server.tree.findPath(`/n${i}`), `/n${i}`).not.toBe(0);
  });
});

describe('the first bytes of a connection', () => {
  test('a four-letter word in any pieces', () => {
    const server = new SimulatedServer();
    for (const pieces of [
      ['ruok'],
      ['r', 'uok'],
      ['ru', 'o', 'k'],
      ['r', 'u', 'o', 'k'],
      ['ruok\n'],
      ['', 'ruok'],
    ]) {
      const written: string[] = [];
      const link = {
        remoteIp: '127.0.0.1',
        remotePort: 1,
        bufferedBytes: 0,
        write: (bytes: Buffer) => written.push(bytes.toString()),
        close: () => written.push('closed'),
        pauseReading() {},
        resumeReading() {},
      };
      const connection = server.connected(link)!;
      for (const piece of pieces) server.received(connection, Buffer.from(piece));
      expect(written).toEqual(['ruok!', 'closed']);
    }
    expect(server.driver.service.clients.connections.size).toBe(0);
  });

  test('a connection that asks for no session goes after ten seconds, the others stay', () => {
    const server = new SimulatedServer();
    const [silent, halting] = [new FakeClient(server), new FakeClient(server)];
    halting.sendRaw(framed(connectRequest({})).subarray(0, 20));
    const client = server.client(40_000);
    server.advance(9500);
    expect([silent.isClosed, halting.isClosed]).toEqual([false, false]);
    server.advance(2000);
    expect([silent.isClosed, halting.isClosed, client.isClosed]).toEqual([true, true, false]);
    expect(server.stats.sessionlessExpired).toBe(2);
  });

  test('a connect request in single bytes, requests behind it in the same last chunk', () => {
    const server = new SimulatedServer();
    const client = new FakeClient(server);
    const bytes = framed(connectRequest({}));
    for (const byte of bytes) client.sendRaw(Buffer.from([byte]));
    const frame = client.frameOf(OpCode.create, create('/a'));
    for (const byte of frame) client.sendRaw(Buffer.from([byte]));
    server.settle();
    expect(client.takeReplies().map((reply) => reply.err)).toEqual([0]);
  });

  test('a frame of the very limit is taken, one byte more is not', () => {
    const server = new SimulatedServer({ config: { juteMaxBufferBytes: 1000 } });
    const client = server.client();
    const overhead = server.client().frameOf(OpCode.create, create('/fits')).length - 4;
    client.sendRaw(client.frameOf(OpCode.create, create('/fits', Buffer.alloc(1000 - overhead))));
    server.settle();
    expect(client.isClosed).toBe(false);
    expect(server.tree.findPath('/fits')).not.toBe(0);
    client.sendRaw(client.frameOf(OpCode.create, create('/long', Buffer.alloc(1001 - overhead))));
    expect(client.isClosed).toBe(true);
    expect(server.tree.findPath('/long')).toBe(0);
    expect(server.stats.largeRequestsRejected).toBe(1);
  });
});

test('the counter of zxids runs over into the next epoch, and recovery follows it', () => {
  const files = new SimulatedFiles(new Rng(5));
  const tree = new DataTree({ extendedTypes: true, digestEnabled: true, hashSeed: 1 });
  tree.lastProcessedZxid = makeZxid(3, 0xffff_fffc);
  const directories = { snapshotDirectory: '/data/version-2', logDirectory: '/data/version-2' };
  files.makeDirectory('/data/version-2');
  files.syncDirectory('/');
  files.syncDirectory('/data');
  let outcome: Error | null | undefined;
  new DiskSnapshots(files, { ...directories, logger: silentLogger, yieldTurn: files.yieldTurn }).write(
    new TreeSnapshot(tree),
    (error) => {
      outcome = error;
    },
  );
  files.run();
  expect(outcome).toBeNull();
  const first = new SimulatedServer({ files });
  const client = first.client();
  for (let i = 0; i < 6; i++) client.send(OpCode.create, create(`/n${i}`));
  first.settle();
  expect(client.takeReplies().map((reply) => reply.zxid)).toEqual([
    makeZxid(3, 0xffff_fffe),
    makeZxid(3, 0xffff_ffff),
    ...[1, 2, 3, 4].map((counter) => makeZxid(4, counter)),
  ]);
  files.crash();
  const second = new SimulatedServer({ files });
  expect(second.recovered.zxid).toBe(makeZxid(4, 4));
  expect(second.restoredMismatches).toBe(0);
  expect(second.tree.store.count).toBe(first.tree.store.count);
  const back = new FakeClient(second).resume(client);
  expect(back.sessionId).toBe(client.sessionId);
});
