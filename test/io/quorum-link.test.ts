import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { noEnsemble } from '../../core/config.ts';
import { QuorumLink } from '../../core/io/quorum-link.ts';
import { quorumAddressesOf } from '../../core/io/quorum-listener.ts';
import { type InlineReader, type QuorumPacket, QuorumPacketType } from '../../wire/quorum.ts';
import { Changes } from '../kit/changes.ts';
import { RawListener, RawPeer } from '../kit/meshes.ts';
import { freePort } from '../kit/processes.ts';
import {
  HeardLogger,
  hastyScheduler,
  numbered,
  realScheduler,
  socketPair,
  TestConnection,
  TestListener,
  turns,
} from '../kit/quorum-links.ts';
import { QuorumStream, TEST_DATA_BYTES_MAX } from '../kit/quorum-stream.ts';
import { type Rng, withSeed } from '../kit/seed.ts';

const FILE = 'test/io/quorum-link.test.ts';
const MIB = 1024 * 1024;

/** One end over loopback, whose other end is not read until a test resumes it. */
class Half implements Disposable {
  readonly link: QuorumLink;
  readonly near: Socket;
  readonly far: Socket;
  reason: string | null = null;
  readonly packets: QuorumPacket[] = [];
  readonly #changes = new Changes();

  private constructor([near, far]: [Socket, Socket], unsentBytesMax: number | undefined) {
    this.near = near;
    this.far = far;
    const limit = unsentBytesMax === undefined ? {} : { unsentBytesMax };
    this.link = new QuorumLink(near, { dataBytesMax: TEST_DATA_BYTES_MAX, ...limit }, realScheduler, {
      packet: (packet) => {
        this.packets.push(packet);
        this.#changes.tell();
        return null;
      },
      disconnected: (reason) => {
        expect(this.reason).toBe(null);
        this.reason = reason;
        this.#changes.tell();
      },
    });
    this.link.start();
  }

  static async start(unsentBytesMax?: number): Promise<Half> {
    return new Half(await socketPair(), unsentBytesMax);
  }

  /** Reads the other end as packets from now on. */
  readFar(): { readonly stream: QuorumStream; until(count: number): Promise<void> } {
    const stream = new QuorumStream();
    const changes = new Changes();
    this.far.on('data', (chunk) => {
      stream.push(chunk);
      changes.tell();
    });
    this.far.resume();
    return {
      stream,
      until: (count) => changes.until(`${count} packets`, () => stream.packets.length >= count),
    };
  }

  disconnected(): Promise<void> {
    return this.#changes.until('the end is told', () => this.reason !== null);
  }

  [Symbol.dispose](): void {
    this.near.destroy();
    this.far.destroy();
  }
}

/** Chunks that are made when they are asked for, and a note of how the iterator ended. */
class Chunks implements Iterator<Buffer> {
  taken = 0;
  ended: 'no' | 'taken' | 'returned' = 'no';
  readonly #count: number;
  readonly #chunkBytes: number;
  readonly #onNext: () => void;

  constructor(count: number, chunkBytes: number, onNext: () => void = () => {}) {
    this.#count = count;
    this.#chunkBytes = chunkBytes;
    this.#onNext = onNext;
  }

  next(): IteratorResult<Buffer> {
    this.#onNext();
    if (this.taken === this.#count) {
      this.ended = 'taken';
      return { done: true, value: undefined };
    }
    return { done: false, value: Buffer.alloc(this.#chunkBytes, this.taken++ & 0xff) };
  }

  return(): IteratorResult<Buffer> {
    expect(this.ended).toBe('no');
    this.ended = 'returned';
    return { done: true, value: undefined };
  }
}

/** Takes a number of bytes and their digest. */
class Counting implements InlineReader {
  left: number;
  readonly hash = createHash('sha1');

  constructor(bytes: number) {
    this.left = bytes;
  }

  push(bytes: Buffer, start: number, end: number): number {
    const took = Math.min(this.left, end - start);
    this.hash.update(bytes.subarray(start, start + took));
    this.left -= took;
    return this.left === 0 ? start + took : -1;
  }
}

describe('a link', () => {
  test('sends what a turn gathered in one write, in order', async () => {
    using half = await Half.start();
    const write = vi.spyOn(half.near, 'write');
    const far = half.readFar();
    for (let zxid = 1; zxid <= 100; zxid++) half.link.send(numbered(zxid, Buffer.from(`data ${zxid}`)));
    expect(write).toHaveBeenCalledTimes(0);
    await far.until(100);
    expect(write).toHaveBeenCalledTimes(1);
    expect(far.stream.packets.map(({ zxid }) => zxid)).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    half.link.send(numbered(101));
    await far.until(101);
    expect(write).toHaveBeenCalledTimes(2);
    expect(half.link.bufferedBytes).toBe(0);
  });

  test('copies what it sends', async () => {
    using half = await Half.start();
    const data = Buffer.from('before');
    half.link.send(numbered(1, data));
    data.write('after!');
    const far = half.readFar();
    await far.until(1);
    expect(far.stream.packets[0]!.data!.toString()).toBe('before');
  });

  test('sends nothing of a packet that has no form on the wire', async () => {
    using half = await Half.start();
    expect(() => half.link.send(numbered(2 ** 53))).toThrow(/not a safe integer/);
    half.link.send(numbered(7));
    const far = half.readFar();
    await far.until(1);
    expect(far.stream.packets).toEqual([numbered(7)]);
  });

  test('gives up a peer that does not read, and says so in a later turn', async () => {
    using half = await Half.start(MIB);
    const data = Buffer.alloc(100_000);
    for (let sent = 0; !half.link.isClosed; sent++) {
      if (sent % 5 === 0) await turns(1);
      half.link.send(numbered(sent, data));
      if (!half.link.isClosed) expect(half.link.bufferedBytes).toBeLessThanOrEqual(MIB);
    }
    expect(half.reason).toBe(null);
    expect(half.link.bufferedBytes).toBe(0);
    await half.disconnected();
    expect(half.reason).toMatch(/^127\.0\.0\.1:\d+ does not read: \d+ bytes wait for it, more than 1048576$/);
    half.link.send(numbered(1, data));
    expect(half.link.bufferedBytes).toBe(0);
  });

  test('packets behind a stream count against the limit as well', async () => {
    using half = await Half.start(4 * MIB);
    const chunks = new Chunks(1000, 256 * 1024);
    half.link.stream(chunks, () => {});
    const data = Buffer.alloc(100_000);
    for (let sent = 0; !half.link.isClosed; sent++) half.link.send(numbered(sent, data));
    await half.disconnected();
    expect(half.reason).toMatch(/does not read/);
    expect(chunks).toMatchObject({ taken: 0, ended: 'returned' });
  });

  test('tells its own end once, and delivers nothing after it', async () => {
    using half = await Half.start();
    const bytes = Buffer.alloc(20);
    bytes.writeInt32BE(QuorumPacketType.PING, 0);
    bytes.writeInt32BE(-1, 12);
    bytes.writeInt32BE(-1, 16);
    const push = half.packets.push.bind(half.packets);
    vi.spyOn(half.packets, 'push').mockImplementation((packet) => {
      half.link.close('enough');
      half.link.close('more than enough');
      return push(packet);
    });
    half.far.write(Buffer.concat([bytes, bytes, bytes]));
    await half.disconnected();
    expect(half.reason).toBe('enough');
    expect(half.packets.length).toBe(1);
  });
});

describe('a stream', () => {
  test('of 64 MiB leaves as the peer reads, never much ahead, and packets follow behind it', async () => {
    const chunkBytes = 256 * 1024;
    const count = 256;
    await using listener = await TestListener.start();
    const counting = new Counting(count * chunkBytes);
    using connection = new TestConnection([listener.address]);
    connection.inline = ({ type }) => (type === QuorumPacketType.SNAP ? counting : null);
    const { link } = await listener.learner(0);
    let bufferedMax = 0;
    let doneCount = 0;
    const chunks = new Chunks(count, chunkBytes, () => {
      bufferedMax = Math.max(bufferedMax, link.bufferedBytes);
      // Something is sent all the time.
      if (chunks.taken % 64 === 1) link.send(numbered(chunks.taken));
    });
    link.send({ ...numbered(5), type: QuorumPacketType.SNAP });
    link.stream(chunks, () => {
      doneCount++;
      link.send(numbered(1000));
    });
    link.send(numbered(0));
    expect(chunks.taken).toBe(0);
    await connection.until('the last packet', () => connection.packets.at(-1)?.zxid === 1000);
    const expected = createHash('sha1');
    for (let at = 0; at < count; at++) expected.update(Buffer.alloc(chunkBytes, at & 0xff));
    expect(counting.hash.digest('hex')).toBe(expected.digest('hex'));
    expect(connection.packets.map(({ zxid }) => zxid)).toEqual([5, 0, 1, 65, 129, 193, 1000]);
    expect(doneCount).toBe(1);
    expect(bufferedMax).toBeLessThan(MIB);
  });

  test('takes no more chunks while the peer does not read, and goes on when it does', async () => {
    using half = await Half.start();
    const changes = new Changes();
    const chunks = new Chunks(256, 256 * 1024);
    let isDone = false;
    half.link.stream(chunks, () => {
      isDone = true;
      changes.tell();
    });
    // The system takes some MiB at first.
    for (let stalledTurns = 0, taken = -1; stalledTurns < 200; stalledTurns++) {
      await turns(1);
      if (chunks.taken !== taken) stalledTurns = 0;
      taken = chunks.taken;
    }
    expect(chunks.taken).toBeLessThan(128);
    expect(half.link.bufferedBytes).toBeGreaterThan(0);
    expect(half.link.bufferedBytes).toBeLessThanOrEqual(MIB);
    let received = 0;
    half.far.on('data', (chunk) => {
      received += chunk.length;
      changes.tell();
    });
    half.far.resume();
    await changes.until('all of it', () => isDone && received === 64 * MIB);
  });

  test('takes one chunk a turn, so that others get theirs', async () => {
    using half = await Half.start();
    half.far.resume();
    const chunks = new Chunks(20, 1000);
    half.link.stream(chunks, () => {});
    let before = 0;
    while (chunks.ended === 'no') {
      await turns(1);
      expect(chunks.taken - before).toBeLessThanOrEqual(1);
      before = chunks.taken;
    }
    expect(chunks.taken).toBe(20);
  });

  test('is ended when the link is closed in the middle of it', async () => {
    using half = await Half.start();
    const first = new Chunks(1000, 256 * 1024);
    const second = new Chunks(10, 10);
    half.link.stream(first, () => expect.unreachable('the stream did not end'));
    half.link.stream(second, () => expect.unreachable('the second stream did not begin'));
    while (first.taken < 3) await turns(1);
    const { taken } = first;
    half.link.close('enough');
    expect(first.ended).toBe('returned');
    expect(second).toMatchObject({ taken: 0, ended: 'returned' });
    const late = new Chunks(10, 10);
    half.link.stream(late, () => expect.unreachable('the link was closed'));
    expect(late).toMatchObject({ taken: 0, ended: 'returned' });
    await half.disconnected();
    expect(half.reason).toBe('enough');
    expect(first.taken).toBe(taken);
  });

  test('is ended when the peer goes away', async () => {
    using half = await Half.start();
    const chunks = new Chunks(1000, 256 * 1024);
    half.link.stream(chunks, () => expect.unreachable('the stream did not end'));
    while (chunks.taken < 3) await turns(1);
    half.far.resetAndDestroy();
    await half.disconnected();
    expect(half.reason).toMatch(/^the connection to 127\.0\.0\.1:\d+ broke: .*(ECONNRESET|EPIPE)/);
    expect(chunks.ended).toBe('returned');
  });
});

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

  test('tries every address, and keeps one connection', async () => {
    await using listener = await TestListener.start();
    const dead = { host: '127.0.0.1', port: await freePort() };
    const unknown = { host: 'nowhere.invalid', port: 1 };
    using connection = new TestConnection([dead, unknown, listener.address]);
    await connection.until('the connection', () => connection.isConnected);
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
    const port = await freePort();
    const logger = new HeardLogger();
    const connection = new TestConnection([{ host: '127.0.0.1', port }], {}, logger);
    await logger.until(/yet:/);
    connection.connection.close();
    await using listener = new TestListener({ addresses: [{ host: '127.0.0.1', port }] });
    await listener.listen();
    using later = new TestConnection([listener.address]);
    await later.until('the connection', () => later.isConnected);
    expect(listener.learners.length).toBe(1);
    expect(connection.isConnected).toBe(false);
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
    const early = new TestListener();
    const never = early.listen();
    never.catch(() => {});
    await early.listener.close();
    await expect(never).rejects.toThrow(/^listening for learners at 127\.0\.0\.1:0 was given up$/);
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

function samePacket(one: QuorumPacket, other: QuorumPacket): boolean {
  if (one.zxid !== other.zxid || one.type !== other.type) return false;
  return one.data === null || other.data === null ? one.data === other.data : one.data.equals(other.data);
}
