import { describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { AddWatchMode } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { FakeClient } from '../kit/fake-client.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';

const acl = [...OPEN_ACL];
const create = (path: string, data: Buffer | null = null, flags = 0) => ({ path, data, acl, flags });
const MIB = 1024 * 1024;

function serverWithBigNode(): { server: SimulatedServer; client: FakeClient } {
  const server = new SimulatedServer();
  const client = server.client();
  client.send(OpCode.create, create('/big', Buffer.alloc(1_000_000, 7)));
  server.settle();
  client.take();
  return { server, client };
}

/** Lets the client read all that comes, piece by piece; returns the most that was unsent at a time. */
function readAll(server: SimulatedServer, client: FakeClient, expected: number): number {
  let unsentMax = 0;
  let replies = 0;
  for (let rounds = 0; replies < expected; rounds++) {
    if (rounds > expected) throw new Error(`${replies} of ${expected} replies, then nothing more`);
    unsentMax = Math.max(unsentMax, client.link.bufferedBytes);
    replies += client.takeReplies().length;
    client.drain();
    server.settle();
  }
  return unsentMax;
}

describe('what a connection may make the server keep', () => {
  test('a client that asks for 2 GB in one chunk and does not read', () => {
    const { server, client } = serverWithBigNode();
    client.link.isRead = false;
    const frames: Buffer[] = [];
    for (let i = 0; i < 2000; i++)
      frames.push(client.frameOf(OpCode.getData, { path: '/big', watch: false }));
    client.sendRaw(Buffer.concat(frames));
    expect(client.link.isPaused).toBe(true);
    expect(client.link.bufferedBytes).toBeGreaterThan(0);
    expect(readAll(server, client, 2000)).toBeLessThan(8 * MIB);
    expect(client.link.isPaused).toBe(false);
    expect(client.isClosed).toBe(false);
  });

  test('the same behind a write that is under way, with writes in between', () => {
    const { server, client } = serverWithBigNode();
    client.link.isRead = false;
    const frames: Buffer[] = [];
    for (let i = 0; i < 400; i++) {
      frames.push(
        i % 100 === 0
          ? client.frameOf(OpCode.create, create(`/n${i}`))
          : client.frameOf(OpCode.getData, { path: '/big', watch: false }),
      );
    }
    client.sendRaw(Buffer.concat(frames));
    server.settle();
    expect(readAll(server, client, 400)).toBeLessThan(32 * MIB);
    expect(client.link.isPaused).toBe(false);
  });

  test('lists of children, of ephemerals and multi-reads behind a write', () => {
    const { server, client } = serverWithBigNode();
    for (let i = 0; i < 3000; i++)
      client.send(OpCode.create, create(`/child-with-a-longer-name-${i}`, null, 1));
    server.settle();
    client.take();
    client.link.isRead = false;
    const frames = [client.frameOf(OpCode.create, create('/n'))];
    for (let i = 0; i < 500; i++) {
      frames.push(client.frameOf(OpCode.getChildren, { path: '/', watch: false }));
      frames.push(client.frameOf(OpCode.getEphemerals, { path: '/' }));
    }
    client.sendRaw(Buffer.concat(frames));
    server.settle();
    expect(readAll(server, client, 1001)).toBeLessThan(16 * MIB);
  });

  test('a client that sends writes without end, and heeds that it is not read', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const total = 100_000;
    let answered = 0;
    let waitingMax = 0;
    for (let sent = 0; sent < total; ) {
      const frames: Buffer[] = [];
      for (let i = 0; i < 1500 && sent < total; i++, sent++) {
        frames.push(client.frameOf(OpCode.setData, { path: '/', data: Buffer.from([i]), version: -1 }));
      }
      client.sendRaw(Buffer.concat(frames));
      waitingMax = Math.max(waitingMax, server.driver.service.path.broadcast.outstandingCount);
      while (client.link.isPaused) {
        server.time.endTurn();
        if (!server.files.step()) throw new Error('paused, and nothing under way');
      }
      answered += client.takeReplies().length;
    }
    server.settle();
    expect(answered + client.takeReplies().length).toBe(total);
    expect(waitingMax).toBeLessThanOrEqual(server.config.globalOutstandingLimit + 1);
    expect(client.isClosed).toBe(false);
  });

  test('writes of a megabyte each', () => {
    const server = new SimulatedServer();
    const client = server.client();
    const frames: Buffer[] = [];
    for (let i = 0; i < 64; i++) {
      frames.push(
        client.frameOf(OpCode.setData, { path: '/', data: Buffer.alloc(1_000_000, i), version: -1 }),
      );
    }
    client.sendRaw(Buffer.concat(frames));
    expect(client.link.isPaused).toBe(true);
    expect(server.driver.service.path.broadcast.outstandingCount).toBeLessThan(10);
    server.settle();
    expect(client.takeReplies().map((reply) => reply.err)).toEqual(new Array(64).fill(0));
    expect(client.link.isPaused).toBe(false);
  });

  test('a client that listens to everything and reads nothing is given up, the others are not', () => {
    const server = new SimulatedServer();
    const [listener, writer] = [server.client(40_000), server.client(40_000)];
    const path = `/${'long-name'.repeat(2000)}`;
    writer.send(OpCode.create, create(path));
    server.settle();
    listener.send(OpCode.addWatch, { path: '/', mode: AddWatchMode.persistentRecursive });
    listener.take();
    listener.link.isRead = false;
    for (let i = 0; i < 200 && !listener.isClosed; i++) {
      for (let j = 0; j < 50; j++) writer.send(OpCode.setData, { path, data: null, version: -1 });
      server.settle();
      listener.take();
      expect(listener.link.bufferedBytes).toBeLessThan(80 * MIB);
    }
    expect(listener.isClosed).toBe(true);
    expect(server.tree.watches.data.watches).toBe(0);
    writer.send(OpCode.ping, null);
    expect(writer.isClosed).toBe(false);
  });

  test('requests held while a connection is paused are not run after it ended', () => {
    const { server, client } = serverWithBigNode();
    client.link.isRead = false;
    const frames: Buffer[] = [];
    for (let i = 0; i < 20; i++) frames.push(client.frameOf(OpCode.getData, { path: '/big', watch: false }));
    frames.push(client.frameOf(OpCode.create, create('/late')));
    client.sendRaw(Buffer.concat(frames));
    client.drop();
    server.settle();
    expect(server.tree.findPath('/late')).toBe(0);
  });

  test('an unreadable frame among those held ends the connection alone', () => {
    const { server, client } = serverWithBigNode();
    client.link.isRead = false;
    const frames: Buffer[] = [];
    for (let i = 0; i < 20; i++) frames.push(client.frameOf(OpCode.getData, { path: '/big', watch: false }));
    frames.push(Buffer.from([0, 0, 0, 1, 9]));
    client.sendRaw(Buffer.concat(frames));
    for (let i = 0; i < 20 && !client.isClosed; i++) client.drain();
    expect(client.isClosed).toBe(true);
    expect(server.client().isClosed).toBe(false);
  });
});

describe('limits on connections', () => {
  test('maxClientCnxns counts the connections of an address as they come and go', () => {
    const server = new SimulatedServer({ config: { maxClientCnxns: 2 } });
    const first = server.client();
    const second = server.client();
    expect(() => server.client()).toThrow();
    expect(server.stats.connectionsRejected).toBe(1);
    const elsewhere = server.client(10_000, '10.0.0.9');
    expect(elsewhere.isClosed).toBe(false);
    first.drop();
    first.drop();
    const third = server.client();
    expect(() => server.client()).toThrow();
    // Ended by the server, then reported gone by the link.
    second.send(OpCode.closeSession, null);
    server.settle();
    expect(second.isClosed).toBe(true);
    second.drop();
    const fourth = server.client();
    expect(() => server.client()).toThrow();
    for (const client of [third, fourth, elsewhere]) client.drop();
    expect(server.driver.service.clients.connections.size).toBe(0);
    expect(server.client().isClosed).toBe(false);
  });

  test('maxCnxns counts them all', () => {
    const server = new SimulatedServer({ config: { maxCnxns: 1 } });
    const first = server.client(10_000, '10.0.0.1');
    expect(() => server.client(10_000, '10.0.0.2')).toThrow();
    first.drop();
    expect(server.client(10_000, '10.0.0.2').isClosed).toBe(false);
  });
});
