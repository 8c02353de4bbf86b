import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { type InlineReader, QuorumPacketType } from '../../wire/quorum.ts';
import { Changes } from '../kit/changes.ts';
import { Chunks, Half } from '../kit/quorum-half.ts';
import { numbered, TestConnection, TestListener, turns } from '../kit/quorum-links.ts';

const MIB = 1024 * 1024;

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
    // The system takes some MiB at first, how many is its own business.
    for (let stalledTurns = 0, taken = -1; stalledTurns < 200; stalledTurns++) {
      await turns(1);
      if (chunks.taken !== taken) stalledTurns = 0;
      taken = chunks.taken;
    }
    expect(chunks.ended).toBe('no');
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
