import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { TestServer } from '../../testing/index.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { AddWatchMode, EventType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { HungUp, RawClient } from '../kit/raw-client.ts';

const acl = [...OPEN_ACL];
const create = (path: string, flags = 0, data: Buffer | null = null) => ({ path, data, acl, flags });

/** What the server sends to a connection that says this, until it hangs up. */
function tell(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      heard += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
}

describe('TestServer', () => {
  test('starts and answers; how long it took stands in the output', async () => {
    const startMs = performance.now();
    await using server = await TestServer.start();
    const listeningMs = performance.now() - startMs;
    await using client = await RawClient.connect({ port: server.port });
    const sessionMs = performance.now() - startMs;
    process.stdout.write(
      `TestServer: listening after ${listeningMs.toFixed(1)} ms, first session after ${sessionMs.toFixed(1)} ms\n`,
    );
    expect(client.sessionId).not.toBe(0n);
    expect(server.connectString).toBe(`127.0.0.1:${server.port}`);
    expect(await tell(server.port, 'ruok')).toBe('imok');
    expect(await tell(server.port, 'mntr')).toContain('zk_server_state\tstandalone');
  });

  test('keeps nodes, sessions and ephemerals over a restart, and its port', async () => {
    await using server = await TestServer.start();
    const { port } = server;
    const client = await RawClient.connect({ port });
    await client.call(OpCode.create, create('/kept', 0, Buffer.from('data')));
    await client.call(OpCode.create, create('/kept/e', 1));
    await server.restart();
    await client.closed;
    expect(server.port).toBe(port);
    await using back = await client.resume({ port, lastZxidSeen: client.lastZxid });
    expect(back.sessionId).toBe(client.sessionId);
    expect((await back.call(OpCode.getData, { path: '/kept', watch: false })).data?.toString()).toBe('data');
    const { stat } = await back.call(OpCode.exists, { path: '/kept/e', watch: false });
    expect(stat.ephemeralOwner).toBe(client.sessionId);
  });

  test('many restarts, one right after the other, with writes in between', async () => {
    await using server = await TestServer.start({ config: { snapCount: 3 } });
    for (let round = 0; round < 10; round++) {
      await using client = await RawClient.connect({ port: server.port });
      const created = [];
      for (let i = 0; i < 8; i++) created.push(client.call(OpCode.create, create(`/r${round}-${i}`)));
      await Promise.all(created);
      await server.restart();
    }
    await using client = await RawClient.connect({ port: server.port });
    const { children } = await client.call(OpCode.getChildren, { path: '/', watch: false });
    expect(children).toHaveLength(81);
  });

  test('expireSession ends a session as silence would: nodes go, watches fire, the connection ends', async () => {
    await using server = await TestServer.start();
    const victim = await RawClient.connect({ port: server.port });
    await using witness = await RawClient.connect({ port: server.port });
    await victim.call(OpCode.create, create('/e', 1));
    await witness.call(OpCode.exists, { path: '/e', watch: true });
    expect(server.expireSession(victim.sessionId)).toBe(true);
    expect(await witness.events(1)).toMatchObject([{ type: EventType.NodeDeleted, path: '/e' }]);
    await victim.closed;
    const again = await victim.resume({ port: server.port });
    expect([again.sessionId, again.response.timeOut]).toEqual([0n, 0]);
    expect(server.expireSession(victim.sessionId)).toBe(false);
    expect(server.expireSession(12345n)).toBe(false);
  });

  test('a session that says nothing expires by itself', async () => {
    await using server = await TestServer.start({ tickTimeMs: 20 });
    await using witness = await RawClient.connect({ port: server.port, timeoutMs: 60_000 });
    const silent = await RawClient.connect({ port: server.port, timeoutMs: 1 });
    expect(silent.response.timeOut).toBe(40);
    // Behind its pipelined write the session may already be over: then the node never was, which the event tells as well.
    await witness.call(OpCode.addWatch, { path: '/e', mode: AddWatchMode.persistent });
    await silent.call(OpCode.create, create('/e', 1));
    const events = await witness.events(2);
    expect(events.map((event) => event.type)).toEqual([EventType.NodeCreated, EventType.NodeDeleted]);
    await silent.closed;
  });

  test('an event comes before the answer that shows the change', async () => {
    await using server = await TestServer.start();
    await using writer = await RawClient.connect({ port: server.port });
    await using reader = await RawClient.connect({ port: server.port });
    await writer.call(OpCode.create, create('/n'));
    for (let round = 0; round < 50; round++) {
      const { stat } = await reader.call(OpCode.getData, { path: '/n', watch: true });
      const written = writer.call(OpCode.setData, { path: '/n', data: null, version: stat.version });
      reader.takeIncoming();
      for (let seen = stat.version; seen === stat.version; ) {
        const before = reader.incoming.length;
        seen = (await reader.call(OpCode.exists, { path: '/n', watch: false })).stat.version;
        if (seen === stat.version) continue;
        const kinds = reader.incoming.slice(0, before + 2).map((item) => item.kind);
        expect(kinds.indexOf('event')).toBeGreaterThanOrEqual(0);
        expect(kinds.indexOf('event')).toBeLessThan(kinds.length - 1);
      }
      await written;
      expect(await reader.events(1)).toHaveLength(1);
    }
  });

  test('a second start on the same port says so and leaves nothing behind', async () => {
    await using server = await TestServer.start();
    await expect(TestServer.start({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await using client = await RawClient.connect({ port: server.port });
    expect(client.sessionId).not.toBe(0n);
  });

  test('close ends although a client does not read what it asked for', async () => {
    const server = await TestServer.start();
    const client = await RawClient.connect({ port: server.port });
    await client.call(OpCode.create, create('/big', 0, Buffer.alloc(1_000_000)));
    const deaf = await RawClient.connect({ port: server.port });
    // The raw client's own socket stops reading; the kernel's buffers fill, then the server's.
    deaf.pause();
    for (let i = 0; i < 40; i++) {
      deaf
        .request(OpCode.getData, Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from('/big\0')]))
        .catch((error) => {
          expect(error).toBeInstanceOf(HungUp);
        });
    }
    await client.ping();
    await server.close();
    await expect(RawClient.connect({ port: server.port })).rejects.toThrow();
    await deaf.drop();
  }, 20_000);

  test('refuses what a client that is too far ahead asks', async () => {
    await using server = await TestServer.start();
    await expect(RawClient.connect({ port: server.port, lastZxidSeen: 10 ** 9 })).rejects.toBeInstanceOf(
      HungUp,
    );
    await using client = await RawClient.connect({ port: server.port });
    const reply = await client.ask(OpCode.getData, { path: '/none', watch: false });
    expect(reply.err).toBe(ErrorCode.NoNode);
  });
});
