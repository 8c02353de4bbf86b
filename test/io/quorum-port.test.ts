import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { noEnsemble } from '../../core/config.ts';
import { isOwnEcho } from '../../core/io/quorum-connection.ts';
import { quorumAddressesOf } from '../../core/io/quorum-listener.ts';
import { silentLogger } from '../../core/ports.ts';
import type { HostAddress } from '../../wire/host-port.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import { RawListener, RawPeer } from '../kit/meshes.ts';
import { freePort } from '../kit/processes.ts';
import { Chunks } from '../kit/quorum-half.ts';
import {
  HeardLogger,
  hastyScheduler,
  numbered,
  socketPair,
  TestConnection,
  TestListener,
  turns,
} from '../kit/quorum-links.ts';
import { TEST_DATA_BYTES_MAX } from '../kit/quorum-stream.ts';
import { type Rng, withSeed } from '../kit/seed.ts';

const FILE = 'test/io/quorum-port.test.ts';

describe('a learner', () => {
  test('and its leader speak both ways, cut anywhere', async () => {
    await withSeed(FILE, async (rng: Rng) => {
      await using listener = await TestListener.start();
      listener.answer = (learner, packet) => learner.link.send(packet);
      using connection = new TestConnection([listener.address]);
      await connection.until('the connection', () => connection.isConnected);
      const sent: QuorumPacket[] = [];
      for (let zxid = 0; zxid < 300; zxid++) {
        const bytes = rng.chance(3) ? rng.between(100_000, TEST_DATA_BYTES_MAX) : rng.below(300);
        sent.push(numbered(zxid, rng.chance(10) ? null : Buffer.alloc(bytes, rng.below(256))));
        connection.connection.send(sent.at(-1)!);
        if (rng.chance(20)) await turns(rng.below(4));
      }
      await connection.until('the echo', () => connection.packets.length === sent.length);
      expect(connection.packets.every((packet, at) => samePacket(packet, sent[at]!))).toBe(true);
      expect(listener.learners.length).toBe(1);
    });
  });

  test('is heard first with what it says from within connected', async () => {
    await using listener = await TestListener.start();
    using connection = new TestConnection([listener.address]);
    connection.connection.send(numbered(1));
    connection.greeting = numbered(2);
    const learner = await listener.learner(0);
    await listener.until('the greeting', () => learner.packets.length === 1);
    expect(learner.packets).toEqual([numbered(2)]);
    expect(connection.connection.peer).toBe(`127.0.0.1:${listener.address.port}`);
  });

  test('that is refused tries again until somebody listens', async () => {
    const port = await freePort();
    const logger = new HeardLogger();
    using connection = new TestConnection([{ host: '127.0.0.1', port }], {}, logger);
    await logger.until(/^the leader cannot be reached at 127\.0\.0\.1:\d+ yet: .*ECONNREFUSED/);
    await using listener = new TestListener({ addresses: [{ host: '127.0.0.1', port }] });
    await listener.listen();
    await connection.until('the connection', () => connection.isConnected);
    expect(connection.reason).toBe(null);
  });

  test('tries every address, and no other once one has answered', async () => {
    await using listener = await TestListener.start();
    const dead = { host: '127.0.0.1', port: await freePort() };
    const unknown = { host: 'nowhere.invalid', port: 1 };
    using connection = new TestConnection(
      [dead, unknown, listener.address],
      {},
      silentLogger,
      hastyScheduler,
    );
    await connection.until('the connection', () => connection.isConnected);
    await expectNobodyAt(dead);
    expect(listener.learners.length).toBe(1);
  });

  test('gives up at its limit, with the places and the last error', async () => {
    const port = await freePort();
    using connection = new TestConnection([{ host: '127.0.0.1', port }], { connectLimitMs: 100 });
    await connection.until('the end', () => connection.reason !== null);
    expect(connection.reason).toMatch(
      new RegExp(
        `^no connection to the leader at 127\\.0\\.0\\.1:${port} within 100 ms: .*ECONNREFUSED 127\\.0\\.0\\.1:${port}$`,
      ),
    );
    expect(connection.isConnected).toBe(false);
  });

  test('gives up sooner where every address refuses it', async () => {
    const [one, two] = [await freePort(), await freePort()].map((port) => ({ host: '127.0.0.1', port }));
    using connection = new TestConnection([one!, two!], { refusedLimitMs: 100 });
    await connection.until('the end', () => connection.reason !== null);
    expect(connection.reason).toMatch(/ within 100 ms: .*ECONNREFUSED/);
  });

  test('goes on where an address may yet answer', async () => {
    const addresses = [
      { host: '127.0.0.1', port: await freePort() },
      { host: 'nowhere.invalid', port: 1 },
    ];
    const limits = { refusedLimitMs: 50, connectLimitMs: 300 };
    using connection = new TestConnection(addresses, limits);
    await connection.until('the end', () => connection.reason !== null);
    expect(connection.reason).toMatch(/ within 300 ms: /);
  });

  test('is told when the leader closes, and that is the last it is told', async () => {
    await using listener = await TestListener.start();
    using connection = new TestConnection([listener.address]);
    const learner = await listener.learner(0);
    learner.link.close('it is too slow');
    await connection.until('the end', () => connection.reason !== null);
    expect(connection.reason).toBe(`127.0.0.1:${listener.address.port} has closed the connection`);
    await listener.until('the end', () => learner.reason !== null);
    expect(learner.reason).toBe('it is too slow');
  });

  test('that closes is told nothing, and its leader is', async () => {
    await using listener = await TestListener.start();
    using connection = new TestConnection([listener.address]);
    const learner = await listener.learner(0);
    await connection.until('the connection', () => connection.isConnected);
    connection.connection.close();
    connection.connection.send(numbered(1));
    await listener.until('the end', () => learner.reason !== null);
    expect(learner.reason).toMatch(/^127\.0\.0\.1:\d+ has closed the connection$/);
    expect(connection.reason).toBe(null);
    expect(learner.packets).toEqual([]);
  });

  test('that closes before there is a connection makes none', async () => {
    const address = { host: '127.0.0.1', port: await freePort() };
    const logger = new HeardLogger();
    const connection = new TestConnection([address], {}, logger, hastyScheduler);
    await logger.until(/ECONNREFUSED/);
    connection.connection.close();
    await expectNobodyAt(address);
    expect(connection.isConnected).toBe(false);
  });

  test('knows when it has met itself at a port of its own machine', async () => {
    const port = await freePort();
    const echo = connect({ host: '127.0.0.1', port, localPort: port });
    await new Promise<void>((resolve) => echo.once('connect', () => resolve()));
    expect(isOwnEcho(echo)).toBe(true);
    echo.destroy();
    const [near, far] = await socketPair();
    expect([near, far].map(isOwnEcho)).toEqual([false, false]);
    near.destroy();
    far.destroy();
  });

  test('ends a connection on which a leader speaks rubbish, and names it', async () => {
    await using rubbish = await RawListener.start();
    using connection = new TestConnection([rubbish.address]);
    const peer = await rubbish.peer(0);
    peer.socket.write(Buffer.alloc(64, 0x7f));
    await connection.until('the end', () => connection.reason !== null);
    expect(connection.reason).toMatch(
      new RegExp(
        `^127\\.0\\.0\\.1:${rubbish.address.port} sent what cannot be read: data of 2139062143 bytes`,
      ),
    );
    await peer.closed();
  });
});

describe("a leader's port", () => {
  test('ends the connection of whoever speaks rubbish, and no other', async () => {
    const logger = new HeardLogger();
    await using listener = new TestListener({}, logger);
    await listener.listen();
    listener.answer = (learner, packet) => learner.link.send(packet);
    using good = new TestConnection([listener.address]);
    await listener.learner(0);
    using bad = RawPeer.to(listener.address);
    bad.socket.write('GET / HTTP/1.1\r\n\r\n');
    const learner = await listener.learner(1);
    await listener.until('the end', () => learner.reason !== null);
    expect(learner.reason).toBe(
      `${learner.link.peer} sent what cannot be read: data of 774966538 bytes in a quorum packet, at most ${TEST_DATA_BYTES_MAX} are taken`,
    );
    expect(learner.packets).toEqual([]);
    await bad.closed();
    await logger.until(/^quorum port: 127\.0\.0\.1:\d+ is gone: .*cannot be read/);
    good.connection.send(numbered(1));
    await good.until('an answer', () => good.packets.length === 1);
  });

  test('turns connections away beyond its limit, and those that it has go on', async () => {
    const logger = new HeardLogger();
    await using listener = new TestListener({ connectionsMax: 2 }, logger);
    await listener.listen();
    using good = new TestConnection([listener.address]);
    await listener.learner(0);
    using stranger = RawPeer.to(listener.address);
    await listener.learner(1);
    using surplus = RawPeer.to(listener.address);
    await surplus.closed();
    await logger.until(/^quorum port: connections beyond 2 are turned away$/);
    expect(stranger.isClosed).toBe(false);
    listener.answer = (learner, packet) => learner.link.send(packet);
    good.connection.send(numbered(1));
    await good.until('an answer', () => good.packets.length === 1);
    expect(listener.learners.length).toBe(2);
  });

  test('data longer than may be taken is not waited for', async () => {
    await using listener = await TestListener.start({ dataBytesMax: 1000 });
    using connection = new TestConnection([listener.address]);
    await connection.until('the connection', () => connection.isConnected);
    connection.connection.send(numbered(1, Buffer.alloc(1000)));
    connection.connection.send(numbered(2, Buffer.alloc(1001)));
    const learner = await listener.learner(0);
    await listener.until('the end', () => learner.reason !== null);
    expect(learner.packets.map(({ zxid }) => zxid)).toEqual([1]);
    expect(learner.reason).toMatch(/data of 1001 bytes in a quorum packet, at most 1000 are taken$/);
  });

  test('that is closed ends every connection, frees the port and tells nothing', async () => {
    const listener = await TestListener.start();
    const { address } = listener;
    using connection = new TestConnection([address]);
    const learner = await listener.learner(0);
    const chunks = new Chunks(1000, 256 * 1024);
    learner.link.stream(chunks, () => {});
    await listener.listener.close();
    expect(chunks.ended).toBe('returned');
    await connection.until('the end', () => connection.reason !== null);
    expect(learner.reason).toBe(null);
    const refused = connect(address);
    await new Promise<void>((resolve) => refused.once('error', () => resolve()));
    await using again = new TestListener({ addresses: [address] });
    await again.listen();
  });

  test('can be opened again in the turn in which it was closed', async () => {
    const listener = await TestListener.start();
    using connection = new TestConnection([listener.address]);
    await connection.until('the connection', () => connection.isConnected);
    const closed = listener.listener.close();
    await using again = new TestListener({ addresses: [listener.address] });
    await again.listen();
    await closed;
    using later = new TestConnection([again.address]);
    await later.until('the connection', () => later.isConnected);
    expect(again.learners.length).toBe(1);
  });

  test('that is in use is tried again, and opened when it is free', async () => {
    const other = await RawListener.start();
    const logger = new HeardLogger();
    const options = { addresses: [other.address], bindRetry: 0 };
    await using listener = new TestListener(options, logger, hastyScheduler);
    const opened = listener.listen();
    await logger.until(/^cannot listen for learners at 127\.0\.0\.1:\d+, trying again: .*EADDRINUSE/);
    await other[Symbol.asyncDispose]();
    await opened;
    expect(listener.address.port).toBe(options.addresses[0]!.port);
  });

  test('that stays in use is an error that names it, and closes the others', async () => {
    await using other = await RawListener.start();
    const free = { host: '127.0.0.1', port: await freePort() };
    const logger = new HeardLogger();
    const options = { serverId: 3, addresses: [free, other.address], bindRetry: 3 };
    await using listener = new TestListener(options, logger, hastyScheduler);
    await expect(listener.listen()).rejects.toThrow(
      new RegExp(
        `^cannot listen for learners at 127\\.0\\.0\\.1:${other.address.port}: .*EADDRINUSE.*; free the port, correct server\\.3, or set quorumListenOnAllIPs=true`,
      ),
    );
    expect(logger.lines.filter((line) => /trying again/.test(line)).length).toBe(2);
    await using again = new TestListener({ addresses: [free] });
    await again.listen();
  });

  test('that is closed while it is being opened stays closed', async () => {
    await using other = await RawListener.start();
    const logger = new HeardLogger();
    const listener = new TestListener({ addresses: [other.address], bindRetry: 0 }, logger);
    const opened = listener.listen();
    opened.catch(() => {});
    await logger.until(/trying again/);
    await listener.listener.close();
    await expect(opened).rejects.toThrow(/was given up$/);
  });

  test('that is closed as it opens has freed its port by then', async () => {
    const addresses = [{ host: '127.0.0.1', port: await freePort() }];
    const early = new TestListener({ addresses });
    const never = early.listen();
    never.catch(() => {});
    await early.listener.close();
    await using again = new TestListener({ addresses });
    await again.listen();
    await expect(never).rejects.toThrow(/^listening for learners at 127\.0\.0\.1:\d+ was given up$/);
  });

  test('listens on every address of the machine where it is told to', async () => {
    const port = await freePort();
    const addresses = [
      { host: '192.0.2.1', port },
      { host: '192.0.2.2', port },
    ];
    await using listener = new TestListener({ addresses, listenOnAllIPs: true });
    await listener.listen();
    using connection = new TestConnection([{ host: '127.0.0.1', port }]);
    await connection.until('the connection', () => connection.isConnected);
    expect((await listener.learner(0)).link.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('is where the server line says', () => {
    const line = {
      id: 2,
      addresses: [
        { host: 'a', quorumPort: 2888, electionPort: 3888 },
        { host: 'b', quorumPort: 2889, electionPort: 3889 },
      ],
      role: 'participant',
      clientAddress: null,
      secureClientAddress: null,
    } as const;
    expect(quorumAddressesOf(2, { ...noEnsemble, servers: [line] })).toEqual([
      { host: 'a', port: 2888 },
      { host: 'b', port: 2889 },
    ]);
    expect(quorumAddressesOf(3, { ...noEnsemble, servers: [line] })).toEqual([]);
    expect(() => new TestListener({ addresses: [] })).toThrow(/server\.1 has no address/);
  });
});

/** Opens a port and sees that none but a learner of its own comes, while another would have tried many times. */
async function expectNobodyAt(address: HostAddress): Promise<void> {
  await using listener = new TestListener({ addresses: [address] });
  await listener.listen();
  for (let round = 1; round <= 10; round++) {
    using own = new TestConnection([address]);
    await own.until('the connection', () => own.isConnected);
    await listener.learner(round - 1);
    await turns(10);
    expect(listener.learners.length).toBe(round);
  }
}

function samePacket(one: QuorumPacket, other: QuorumPacket): boolean {
  if (one.zxid !== other.zxid || one.type !== other.type) return false;
  return one.data === null || other.data === null ? one.data === other.data : one.data.equals(other.data);
}
