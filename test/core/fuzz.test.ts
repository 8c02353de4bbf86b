import { expect, test } from 'vitest';
import type { Connection } from '../../core/pipeline/connection.ts';
import type { ClientLink } from '../../core/ports.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { connectRequest, FakeClient } from '../kit/fake-client.ts';
import { drawRead, drawWrite } from '../kit/random-requests.ts';
import { framed } from '../kit/raw-client.ts';
import { type Rng, withSeed } from '../kit/seed.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';
import { stateOf } from '../kit/tree-state.ts';

const FRAMES = Number(process.env.FRAMES ?? 30_000);
const interesting = [0, 1, -1, 4, 5, 0x7f, 0x80, 0xff, 0x7fff_ffff, -0x8000_0000, 0xfffff, 0x10_0000];
const types = [...Object.values(OpCode), 10, 99, 108, 1000, -2, -3];

/** A peer that takes everything and checks nothing but that it is not spoken to after the end. */
class Mute implements ClientLink {
  readonly remoteIp = '127.0.0.1';
  readonly remotePort = 1;
  readonly bufferedBytes = 0;
  isClosed = false;

  write(): void {
    if (this.isClosed) throw new Error('written to after close');
  }

  close(): void {
    if (this.isClosed) throw new Error('closed twice');
    this.isClosed = true;
  }

  pauseReading(): void {}
  resumeReading(): void {}
}

/** Frames that were valid once, spoiled in one of the ways in which programs and networks spoil them. */
class Spoiler {
  readonly #rng: Rng;
  readonly #author: FakeClient;

  constructor(rng: Rng, author: FakeClient) {
    this.#rng = rng;
    this.#author = author;
  }

  frame(): Buffer {
    const rng = this.#rng;
    let body: Buffer = Buffer.from(this.#valid().subarray(4));
    for (let i = rng.below(3); i >= 0; i--) body = this.#spoil(body);
    const frame = framed(body);
    if (rng.chance(1)) frame.writeInt32BE(rng.pick(interesting), 0);
    return frame;
  }

  #valid(): Buffer {
    const rng = this.#rng;
    if (rng.chance(45)) return drawWrite(rng, this.#author);
    if (rng.chance(60)) return drawRead(rng, this.#author);
    return this.#author.frame(rng.pick(types), rng.bytes(rng.below(60)));
  }

  #spoil(body: Buffer): Buffer {
    const rng = this.#rng;
    switch (rng.below(8)) {
      case 0:
        return body.subarray(0, rng.below(body.length + 1));
      case 1:
        return Buffer.concat([body, rng.bytes(rng.below(20))]);
      case 2:
        if (body.length >= 8) body.writeInt32BE(rng.pick(types), 4);
        return body;
      case 3:
      case 4:
        if (body.length > 12) body.writeInt32BE(rng.pick(interesting) | 0, rng.between(8, body.length - 4));
        return body;
      case 5:
        if (body.length > 8) body[rng.between(8, body.length - 1)] = rng.below(256);
        return body;
      default:
        return body;
    }
  }
}

test(`${FRAMES} spoiled frames: the server answers or hangs up, and goes on for the others`, async () => {
  await withSeed('test/core/fuzz.test.ts', (rng) => {
    const server = new SimulatedServer({ rng: rng.fork(), config: { snapCount: 5000 } });
    const witness = server.client(40_000);
    witness.send(OpCode.create, { path: '/witness', data: null, acl: [...OPEN_ACL], flags: 1 });
    server.settle();
    witness.take();
    let link = new Mute();
    let connection: Connection | null = null;
    let spoiler = new Spoiler(rng.fork(), new FakeClient(server));
    let connections = 0;
    for (let sent = 0; sent < FRAMES; sent++) {
      if (connection === null || link.isClosed) {
        link = new Mute();
        connection = server.connected(link)!;
        connections += 1;
        spoiler = new Spoiler(rng.fork(), new FakeClient(server));
        const hello = rng.chance(90) ? framed(connectRequest({})) : framed(rng.bytes(rng.below(60)));
        server.received(connection, hello);
      }
      const chunk = spoiler.frame();
      const cut = rng.below(chunk.length + 1);
      if (!link.isClosed) server.received(connection, chunk.subarray(0, cut));
      if (!link.isClosed) server.received(connection, chunk.subarray(cut));
      if (rng.chance(20)) server.settle();
      if (rng.chance(1)) {
        server.disconnected(connection);
        connection = null;
        server.advance(500);
        witness.send(OpCode.getChildren2, { path: '/', watch: true });
        server.settle();
        if (witness.takeReplies()[0]?.err !== 0) throw new Error('the witness is not served');
      }
    }
    server.settle();
    expect(connections).toBeGreaterThan(FRAMES / 200);
    expect([server.failures, server.stats.digestMismatches, witness.isClosed]).toEqual([[], 0, false]);
    expect(server.driver.service.path.outstanding.isEmpty).toBe(true);
    const before = stateOf(server.tree);
    server.files.crash();
    server.time.forget();
    const again = new SimulatedServer({ files: server.files, time: server.time });
    expect(again.restoredMismatches).toBe(0);
    expect(stateOf(again.tree)).toEqual(before);
    // What spoiled frames have made can be shown like anything else.
    const reader = new FakeClient(again).resume(witness);
    for (const path of Object.keys(before.nodes as Record<string, string>)) {
      if (path === '') continue;
      reader.send(OpCode.getACL, { path });
      reader.send(OpCode.getChildren2, { path, watch: false });
      expect(reader.takeReplies().map((reply) => reply.err === 0 || reply.err === -102)).toEqual([
        true,
        true,
      ]);
    }
  });
}, 300_000);
