import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../core/ports.ts';
import type { SnapshotSink } from '../../core/storage/contract.ts';
import { SnapshotStreamReader, SnapshotStreamWriter } from '../../core/storage/snapshot-stream.ts';
import { TreeRestorer } from '../../core/tree/restore.ts';
import { TreeSnapshot } from '../../core/tree/snapshot-view.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { WireFault } from '../../wire/fault.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { QuorumPacketReader, QuorumPacketType } from '../../wire/quorum.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import { bytesOf, readQuorumRecording } from '../golden/quorum-recording.ts';
import { QuorumStream, TEST_DATA_BYTES_MAX } from '../kit/quorum-stream.ts';
import { drawWrite } from '../kit/random-requests.ts';
import { FixedSource, RecordedState } from '../kit/recorded-state.ts';
import { withSeed } from '../kit/seed.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';
import { stateOf } from '../kit/tree-state.ts';

const FILE = 'test/storage/snapshot-stream.test.ts';
const stat = Buffer.alloc(60, 7);
const acl = [
  { perms: 31, id: { scheme: 'world', id: 'anyone' } },
  { perms: 1, id: { scheme: 'digest', id: 'u:h' } },
];

/** A state with everything that the layout knows. */
function everything(): Pick<RecordedState, 'sessions' | 'acls' | 'nodes'> {
  return {
    sessions: [
      [7n, 4000],
      [-9n, 30_000],
    ],
    acls: [
      [1, acl],
      [2 ** 40, []],
    ],
    nodes: [
      { path: '', data: null, aclId: -1, stat },
      { path: '/ä', data: Buffer.alloc(0), aclId: 1, stat },
      { path: '/ä/b', data: Buffer.from('data'), aclId: 2 ** 40, stat },
    ],
  };
}

function streamOf(state = everything()): Buffer {
  return Buffer.concat([...new SnapshotStreamWriter(new FixedSource(5, state, null))]);
}

/** Pushes the pieces between the cuts; returns where the reader said that the snapshot ends, as an offset in `bytes`. */
function pushAll(bytes: Buffer, cuts: readonly number[], sink: SnapshotSink): number {
  const reader = new SnapshotStreamReader(sink, 5);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    // Each piece stands in a buffer of its own, between bytes that are none of its business.
    const piece = Buffer.concat([Buffer.from([0xee]), bytes.subarray(from, to), Buffer.from([0xee])]);
    const end = reader.push(piece, 1, 1 + to - from);
    if (end !== -1) return from + end - 1;
    piece.fill(0xdd);
    from = to;
  }
  return -1;
}

describe('a snapshot as it follows a SNAP', () => {
  test("is a snapshot file's sessions, ACLs and nodes, and the signature", () => {
    const bytes = streamOf();
    const tail = Buffer.concat([Buffer.from([0, 0, 0, 1, 0x2f, 0, 0, 0, 10]), Buffer.from('BenWasHere')]);
    expect(bytes.subarray(-tail.length)).toEqual(tail);
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0, 0, 0, 2]));
  });

  test("Apache ZooKeeper's own bytes, up to the seal, are read", () => {
    const file = readFileSync(new URL('../golden/storage/snapshot.8', import.meta.url));
    // Behind the body: a seal of 13 bytes, the digest's 20 and another seal.
    const end = file.length - 46;
    const signature = Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('BenWasHere')]);
    const state = new RecordedState();
    const bytes = Buffer.concat([file.subarray(16, end), signature]);
    expect(pushAll(bytes, [], state)).toBe(bytes.length);
    expect(state.nodes.map(({ path }) => path)).toEqual(expect.arrayContaining(['', '/a', '/zookeeper']));
  });

  test('is read alike wherever it is cut, and its end is found', () => {
    const bytes = streamOf();
    const followed = Buffer.concat([bytes, Buffer.from('the next packet')]);
    const ends = (cuts: number[]) => {
      const state = new RecordedState();
      expect(pushAll(followed, cuts, state)).toBe(bytes.length);
      expect(state).toMatchObject({ ...everything(), snapshot: { zxid: 5, digest: null } });
    };
    for (let cut = 1; cut < followed.length; cut++) ends([cut]);
    for (let first = 1; first < bytes.length; first += 3) ends([first, first + 1, first + 2]);
    ends(Array.from({ length: followed.length - 1 }, (_, index) => index + 1));
  });

  test('cut short anywhere, it never seems to be whole', () => {
    const bytes = streamOf();
    for (let length = 0; length < bytes.length; length++) {
      const state = new RecordedState();
      expect(pushAll(bytes.subarray(0, length), [], state)).toBe(-1);
      expect(state.snapshot).toBe(null);
    }
  });

  test('with other bytes for the signature it is refused', () => {
    const bytes = streamOf();
    bytes[bytes.length - 1] = 0x21;
    expect(() => pushAll(bytes, [], new RecordedState())).toThrow(WireFault);
    expect(() => pushAll(bytes, [bytes.length - 4], new RecordedState())).toThrow(/BenWasHere/);
  });

  test.each([
    ['a negative count of sessions', [-1]],
    ['a negative count of ACLs', [0, -5]],
    ['an ACL list that is null', [0, 1, 0, 1, -1]],
    ['a negative length of an ACL list', [0, 1, 0, 1, -2]],
    ['an endless scheme', [0, 1, 0, 1, 1, 31, 5e6]],
    ['a path that is null', [0, 0, -1, 0]],
    ['an endless path', [0, 0, 2 ** 30, 0]],
    ['an endless data', [0, 0, 0, 2 ** 30]],
  ])('%s is refused at once', (_what, integers) => {
    const writer = new ByteWriter();
    for (const integer of integers) writer.writeInt(integer);
    expect(() => pushAll(writer.finish(), [], new RecordedState())).toThrow(WireFault);
    const single = Array.from({ length: writer.pos - 1 }, (_, index) => index + 1);
    expect(() => pushAll(writer.finish(), single, new RecordedState())).toThrow(WireFault);
  });

  test('what the sink finds no sense in is a fault of the bytes', () => {
    const state = everything();
    const orphan = { ...state, nodes: [...state.nodes, { path: '/x/y', data: null, aclId: -1, stat }] };
    const restorer = new TreeRestorer(
      { extendedTypes: true, digestEnabled: true, hashSeed: 1 },
      silentLogger,
    );
    expect(() => pushAll(streamOf(orphan), [], restorer)).toThrow(WireFault);
  });

  test('a length that promises much takes no memory before its bytes come', () => {
    const writer = new ByteWriter();
    for (const value of [0, 0, 60 * 1024 * 1024]) writer.writeInt(value);
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 20 }, () => new SnapshotStreamReader(new RecordedState(), 5));
    for (const reader of readers) reader.push(writer.finish(), 0, writer.pos);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60 * 1024 * 1024);
  });

  test('mutated bytes give a fault or a reading, nothing else', async () => {
    await withSeed(FILE, (rng) => {
      const whole = streamOf();
      for (let trial = 0; trial < 5000; trial++) {
        const bytes = Buffer.from(whole);
        for (let i = rng.between(1, 3); i > 0; i--) bytes[rng.below(bytes.length)] = rng.below(256);
        const cut = rng.below(bytes.length);
        try {
          pushAll(bytes, [cut], new RecordedState());
        } catch (fault) {
          expect(fault).toBeInstanceOf(WireFault);
        }
      }
    });
  });

  test('any state comes through, in chunks of any size', () => {
    const word = fc.option(fc.string({ maxLength: 12 }), { nil: null });
    const entry = fc.record({
      perms: fc.integer({ min: 0, max: 31 }),
      id: fc.record({ scheme: word, id: word }),
    });
    const node = fc.record({
      path: fc.string({ maxLength: 30 }).filter((path) => path !== '/'),
      data: fc.option(
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        { nil: null },
      ),
      aclId: fc.integer({ min: -1, max: 2 ** 40 }),
      stat: fc.uint8Array({ minLength: 60, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    });
    const state = fc.record({
      sessions: fc.array(fc.tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat())),
      acls: fc.array(fc.tuple(fc.nat(), fc.array(entry))),
      nodes: fc.array(node, { maxLength: 40 }),
    });
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 700 }), (expected, step) => {
        const bytes = streamOf(expected);
        const cuts: number[] = [];
        for (let at = step; at < bytes.length; at += step) cuts.push(at);
        const read = new RecordedState();
        expect(pushAll(bytes, cuts, read)).toBe(bytes.length);
        expect({ sessions: read.sessions, acls: read.acls, nodes: read.nodes }).toEqual(expected);
      }),
    );
  });
});

describe("what Apache ZooKeeper's leaders sent", () => {
  const sent = readQuorumRecording()
    .links.filter(({ port }) => port === 'quorum')
    .map((link) => bytesOf(link, '<'))
    .map((bytes) => ({ bytes, snapshots: snapshotsIn(bytes) }))
    .filter(({ snapshots }) => snapshots.length > 0);

  function snapshotsIn(bytes: Buffer): Buffer[] {
    const stream = new QuorumStream();
    stream.push(bytes);
    return stream.snapshots;
  }

  test('is read between the packets, wherever it is cut, and written again to the same bytes', () => {
    expect(sent.length).toBeGreaterThan(1);
    for (const { bytes, snapshots } of sent) {
      for (const step of [1, 2, 3, 7, 100, bytes.length]) {
        const states: RecordedState[] = [];
        const types: number[] = [];
        const reader = new QuorumPacketReader(TEST_DATA_BYTES_MAX);
        for (let at = 0; at < bytes.length; at += step) {
          reader.push(Buffer.from(bytes.subarray(at, at + step)), {
            packet: ({ type, zxid }) => {
              types.push(type);
              if (type !== QuorumPacketType.SNAP) return null;
              states.push(new RecordedState());
              return new SnapshotStreamReader(states.at(-1) as RecordedState, zxid);
            },
          });
        }
        expect(types.at(-1)).not.toBe(QuorumPacketType.SNAP);
        expect(types).toContain(QuorumPacketType.UPTODATE);
        expect(states.map((state) => streamOf(state))).toEqual(snapshots);
        for (const { nodes } of states) {
          expect(nodes.map(({ path }) => path)).toEqual(expect.arrayContaining(['', '/zookeeper/config']));
        }
      }
    }
  });

  test('fills a tree', () => {
    for (const snapshot of sent.flatMap(({ snapshots }) => snapshots)) {
      const restorer = new TreeRestorer(
        { extendedTypes: true, digestEnabled: true, hashSeed: 1 },
        silentLogger,
      );
      expect(pushAll(snapshot, [], restorer)).toBe(snapshot.length);
      const tree = restorer.finish();
      expect(tree.lastProcessedZxid).toBe(5);
      expect(tree.childNames(tree.findPath('/zookeeper')).sort()).toEqual(['config', 'quota']);
    }
  });
});

describe('the writer', () => {
  test('gives chunks of about 256 KiB that stay as they are, and closes the source at the end', () => {
    const data = Buffer.alloc(10_000, 1);
    const nodes = Array.from({ length: 200 }, (_, i) => ({ path: `/n${i}`, data, aclId: -1, stat }));
    const source = new FixedSource(5, { ...everything(), nodes }, null);
    const chunks: Buffer[] = [];
    const copies: Buffer[] = [];
    for (const chunk of new SnapshotStreamWriter(source)) {
      expect(source.closed).toBe(chunks.length < 7 ? 0 : 1);
      chunks.push(chunk);
      copies.push(Buffer.from(chunk));
    }
    expect(chunks.map((chunk, at) => chunk.equals(copies[at] as Buffer))).not.toContain(false);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(300_000);
    expect(chunks.length).toBe(8);
    expect(source.closed).toBe(1);
  });

  test('that is given up closes the source once and is at its end', () => {
    const source = new FixedSource(5, everything(), null);
    const writer = new SnapshotStreamWriter(source);
    writer.return();
    writer.return();
    expect(writer.next().done).toBe(true);
    expect(source.closed).toBe(1);
  });

  test('closes the source when the source fails', () => {
    const source = new FixedSource(5, everything(), null);
    source.writeNodes = () => {
      throw new Error('broken');
    };
    const writer = new SnapshotStreamWriter(source);
    expect(() => writer.next()).toThrow('broken');
    expect(source.closed).toBe(1);
    expect(writer.next().done).toBe(true);
  });
});

test('a tree that changes while it is streamed, and what was committed since, give the very same tree', async () => {
  await withSeed(FILE, (rng) => {
    for (let trial = 0; trial < 40; trial++) {
      const server = new SimulatedServer({ rng: rng.fork(), config: { snapCount: 1e9 } });
      const client = server.client();
      const act = () => {
        for (let i = rng.below(8); i > 0; i--) client.sendRaw(drawWrite(rng, client));
        const wide = { path: `/w${rng.next()}`, data: rng.bytes(40_000), acl: [...OPEN_ACL], flags: 0 };
        if (rng.chance(60)) client.send(OpCode.create, wide);
        server.settle();
      };
      for (let i = 0; i < 20; i++) act();
      const source = new TreeSnapshot(server.tree);
      const restorer = new TreeRestorer({ ...server.tree.options, hashSeed: rng.next() }, silentLogger);
      const reader = new SnapshotStreamReader(restorer, source.zxid);
      let end = -1;
      for (const chunk of new SnapshotStreamWriter(source)) {
        act();
        end = reader.push(chunk, 0, chunk.length);
      }
      expect(end).toBeGreaterThan(0);
      for (const bytes of server.logged) {
        const logged = readLoggedTxn(bytes);
        if (logged.header.zxid > source.zxid) restorer.txn(logged);
      }
      expect(stateOf(restorer.finish())).toEqual(stateOf(server.tree));
    }
  });
});
