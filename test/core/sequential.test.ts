import { expect, test } from 'vitest';
import { decode, encode } from '../../wire/codec.ts';
import { OPEN_ACL, type Stat } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { AddWatchMode } from '../../wire/events.ts';
import { type MultiOp, MultiReply } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import { bodyOf, type FakeClient } from '../kit/fake-client.ts';
import { drawPath } from '../kit/random-requests.ts';
import type { RawEvent, RawReply } from '../kit/raw-client.ts';
import { requestCodecOf } from '../kit/raw-codecs.ts';
import { Rng, withSeed } from '../kit/seed.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';
import {
  type Firing,
  hex,
  type ModelResult,
  type ModelStat,
  ModelWatches,
  SequentialModel,
} from './sequential-model.ts';

const RUNS = Number(process.env.RUNS ?? 400);

type Asked =
  | { readonly kind: 'one'; readonly op: MultiOp }
  | { readonly kind: 'multi'; readonly ops: MultiOp[] }
  | { readonly kind: 'close' }
  | { readonly kind: 'read'; readonly type: number; readonly path: string; readonly watch: boolean }
  | { readonly kind: 'addWatch'; readonly path: string; readonly mode: number }
  /** A request without a readable record, write or read. */
  | { readonly kind: 'broken' };

interface Peer {
  readonly client: FakeClient;
  readonly asked: Map<number, Asked>;
  readonly watches: ModelWatches;
  readonly stream: (RawReply | RawEvent)[];
  at: number;
  /** Its session has ended: whatever was asked behind that is refused, answered or not. */
  isEnded: boolean;
}

/**
 * Several clients send requests as fast as they like, many at a time, while the log is synced at its own pace. Afterwards the
 * plain model does the same transactions one after the other in the order of their zxids; each client must have received,
 * in order, exactly what the model says: events of a transaction, then the answer to it, then the reads that saw it.
 */
class SequentialTrial {
  readonly #rng: Rng;
  readonly #server: SimulatedServer;
  readonly #peers: Peer[] = [];
  readonly #model = new SequentialModel();
  answers = 0;
  events = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#server = new SimulatedServer({ rng: rng.fork(), config: { snapCount: 1e9 } });
    for (let i = rng.between(1, 4); i > 0; i--) {
      const client = this.#server.client(40_000);
      this.#peers.push({
        client,
        asked: new Map(),
        watches: new ModelWatches(),
        stream: [],
        at: 0,
        isEnded: false,
      });
    }
  }

  run(): void {
    const rng = this.#rng;
    for (let turn = rng.between(5, 60); turn > 0; turn--) {
      const peer = rng.pick(this.#peers);
      const frames: Buffer[] = [];
      for (let i = rng.below(8); i >= 0; i--) frames.push(this.#ask(peer));
      // Chunks end where they like.
      const bytes = Buffer.concat(frames);
      const cut = rng.below(bytes.length + 1);
      peer.client.sendRaw(bytes.subarray(0, cut));
      if (rng.chance(20)) this.#server.time.endTurn();
      peer.client.sendRaw(bytes.subarray(cut));
      if (rng.chance(60)) this.#server.time.endTurn();
      if (rng.chance(50)) this.#server.files.step();
    }
    this.#server.settle();
    expect(this.#server.stats.digestMismatches).toBe(0);
    for (const peer of this.#peers) {
      peer.stream.push(...peer.client.take());
      if (peer.client.awaited > 0 && !peer.client.isClosed)
        throw new Error(`${peer.client.awaited} unanswered`);
    }
    this.#replay();
  }

  // -- Asking ----------------------------------------------------------------------------------------------------------------

  #ask(peer: Peer): Buffer {
    const { client, asked } = peer;
    const rng = this.#rng;
    const kind = rng.weighted({ write: 45, multi: 8, read: 40, addWatch: 3, broken: 3, close: 1 });
    let frame: Buffer;
    let what: Asked;
    if (kind === 'write') {
      const op = this.#drawOp();
      frame = client.frame(op.type, encode(requestCodecOf(op.type), op.body));
      what = { kind: 'one', op };
    } else if (kind === 'multi') {
      const ops = Array.from({ length: rng.below(5) }, () => this.#drawOp());
      frame = client.multiFrame(ops);
      what = { kind: 'multi', ops };
    } else if (kind === 'read') {
      const type = rng.pick([OpCode.getData, OpCode.exists, OpCode.getChildren2, OpCode.sync, OpCode.ping]);
      const [path, watch] = [rng.chance(10) ? '/' : drawPath(rng), rng.chance(40)];
      if (type === OpCode.sync) frame = client.frameOf(type, { path });
      else frame = type === OpCode.ping ? client.frame(type) : client.frameOf(type, { path, watch });
      what = { kind: 'read', type, path, watch };
    } else if (kind === 'addWatch') {
      const [path, mode] = [
        drawPath(rng),
        rng.pick([AddWatchMode.persistent, AddWatchMode.persistentRecursive]),
      ];
      frame = client.frameOf(OpCode.addWatch, { path, mode });
      what = { kind: 'addWatch', path, mode };
    } else if (kind === 'broken') {
      const type = rng.pick([
        OpCode.create,
        OpCode.multi,
        OpCode.setData,
        OpCode.getData,
        OpCode.sync,
        OpCode.exists,
      ]);
      frame = client.frame(type, Buffer.from([0, 0, 1]));
      what = { kind: 'broken' };
    } else {
      frame = client.frame(OpCode.closeSession);
      what = { kind: 'close' };
    }
    asked.set(frame.readInt32BE(4), what);
    return frame;
  }

  #drawOp(): MultiOp {
    const rng = this.#rng;
    const kind = rng.weighted({ create: 45, delete: 25, setData: 25, check: 5 });
    const path = drawPath(rng);
    const version = rng.chance(80) ? -1 : rng.below(3);
    const data = rng.bytes(rng.below(20));
    if (kind === 'create') {
      const type = rng.pick([OpCode.create, OpCode.create2]);
      return { type, body: { path, data, acl: [...OPEN_ACL], flags: rng.pick([0, 0, 0, 1, 2, 3]) } };
    }
    if (kind === 'delete') return { type: OpCode.delete, body: { path, version } };
    if (kind === 'setData') return { type: OpCode.setData, body: { path, data, version } };
    return { type: OpCode.check, body: { path, version } };
  }

  // -- Comparing -------------------------------------------------------------------------------------------------------------

  #replay(): void {
    for (const peer of this.#peers) this.#readsAt(peer, 0);
    for (const bytes of this.#server.logged) {
      const { header, txn } = readLoggedTxn(bytes);
      const { zxid } = header;
      const author = this.#peers.find(({ client }) => client.sessionId === header.clientId);
      const what = author?.isEnded === false ? author.asked.get(header.cxid) : undefined;
      if (author?.isEnded === true && txn.type !== OpCode.closeSession) {
        expect(txn).toEqual({ type: OpCode.error, body: { err: ErrorCode.SessionExpired } });
      }
      const fired: Firing[] = [];
      const results = what === undefined ? null : this.#apply(what, zxid, header.clientId, fired);
      for (const peer of this.#peers.filter(({ isEnded }) => !isEnded)) {
        this.#eventsAt(peer, zxid, peer.watches.hear(fired));
        if (peer === author && results !== null) this.#answerAt(peer, zxid, header.cxid, what!, results);
        if (what?.kind === 'close' && peer === author) peer.isEnded = true;
        else this.#readsAt(peer, zxid);
      }
    }
    for (const peer of this.#peers) {
      // Behind closeSession nothing is done any more, and it may be said.
      for (const item of peer.stream.slice(peer.at)) {
        const isRefusal =
          item.kind === 'reply' &&
          (item.err === ErrorCode.SessionExpired || item.err === ErrorCode.MarshallingError);
        if (!peer.isEnded || !isRefusal) {
          throw new Error(`nobody expected ${JSON.stringify(item)}`);
        }
      }
    }
  }

  #apply(what: Asked, zxid: number, session: bigint, fired: Firing[]): ModelResult[] {
    if (what.kind === 'one') return [this.#model.one(what.op, zxid, session, fired)];
    if (what.kind === 'multi') return this.#model.multi(what.ops, zxid, session, fired);
    if (what.kind !== 'close') throw new Error(`a transaction for ${what.kind}`);
    this.#model.closeSession(session, zxid, fired);
    return [{ err: ErrorCode.Ok }];
  }

  #next(peer: Peer): RawReply | RawEvent {
    const item = peer.stream[peer.at++];
    if (item === undefined) throw new Error('the stream ends early');
    return item;
  }

  #eventsAt(peer: Peer, zxid: number, expected: readonly { type: number; path: string }[]): void {
    const got = expected.map(() => {
      const item = this.#next(peer);
      if (item.kind !== 'event') throw new Error(`reply ${item.xid} where events of ${zxid} were due`);
      if (item.zxid !== zxid) throw new Error(`event of ${item.zxid} where one of ${zxid} was due`);
      return `${item.type} ${item.path}`;
    });
    this.events += got.length;
    // The end of a session deletes its nodes in no particular order.
    const wanted = expected.map(({ type, path }) => `${type} ${path}`);
    expect(got.sort()).toEqual(wanted.sort());
  }

  #answerAt(peer: Peer, zxid: number, xid: number, what: Asked, results: readonly ModelResult[]): void {
    const item = this.#next(peer);
    if (item.kind !== 'reply' || item.xid !== xid || item.zxid !== zxid) {
      throw new Error(`${JSON.stringify(item)} where the answer ${xid} of ${zxid} was due`);
    }
    this.answers += 1;
    if (what.kind === 'multi') this.#compareMulti(item, results);
    else this.#compareOne(item, what, results[0]!);
  }

  #compareOne(reply: RawReply, what: Asked, expected: ModelResult): void {
    expect(reply.err).toBe(expected.err);
    if (what.kind !== 'one' || reply.err !== 0) return;
    const { type } = what.op;
    if (type === OpCode.create) expect(bodyOf(type, reply).path).toBe(expected.path);
    else if (type === OpCode.create2) {
      const { path, stat } = bodyOf(type, reply);
      expect([path, shown(stat)]).toEqual([expected.path, expected.stat]);
    } else if (type === OpCode.setData) expect(shown(bodyOf(type, reply).stat)).toEqual(expected.stat);
  }

  #compareMulti(reply: RawReply, expected: readonly ModelResult[]): void {
    expect(reply.err).toBe(0);
    const got = decode(MultiReply, reply.body).map((result): ModelResult => {
      switch (result.type) {
        case OpCode.error:
          return { err: result.body.err };
        case OpCode.create:
          return { err: 0, path: result.body.path };
        case OpCode.create2:
          return { err: 0, path: result.body.path, stat: shown(result.body.stat) };
        case OpCode.setData:
          return { err: 0, stat: shown(result.body.stat) };
        default:
          return { err: 0 };
      }
    });
    expect(got).toEqual(expected);
  }

  /** Answers that are no transactions carry the zxid of the state that they show: all at this one are due now. */
  #readsAt(peer: Peer, zxid: number): void {
    for (
      let item = peer.stream[peer.at];
      item?.kind === 'reply' && item.zxid === zxid;
      item = peer.stream[peer.at]
    ) {
      const what = peer.asked.get(item.xid)!;
      if (item.err === ErrorCode.SessionExpired) return;
      if (what.kind !== 'read' && what.kind !== 'broken' && what.kind !== 'addWatch') return;
      peer.at += 1;
      this.answers += 1;
      if (what.kind === 'broken') expect(item.err).toBe(ErrorCode.MarshallingError);
      else if (what.kind === 'addWatch') {
        if (what.mode === AddWatchMode.persistent) peer.watches.persistent.add(what.path);
        else peer.watches.recursive.add(what.path);
      } else this.#compareRead(peer, item, what);
    }
  }

  #compareRead(peer: Peer, reply: RawReply, { type, path, watch }: Extract<Asked, { kind: 'read' }>): void {
    if (type === OpCode.sync || type === OpCode.ping) {
      expect(reply.err).toBe(0);
      return;
    }
    const stat = this.#model.stat(path);
    if (watch && type === OpCode.exists) peer.watches.data.add(path);
    if (stat === undefined) {
      expect(reply.err).toBe(ErrorCode.NoNode);
      return;
    }
    if (type === OpCode.exists) {
      expect(shown(bodyOf(type, reply).stat)).toEqual(stat);
    } else if (type === OpCode.getData) {
      if (watch) peer.watches.data.add(path);
      const body = bodyOf(type, reply);
      expect([hex(body.data), shown(body.stat)]).toEqual([this.#model.data(path), stat]);
    } else {
      if (watch) peer.watches.child.add(path);
      const body = bodyOf(OpCode.getChildren2, reply);
      expect([body.children?.sort(), shown(body.stat)]).toEqual([this.#model.children(path).sort(), stat]);
    }
  }
}

function shown(stat: Stat): ModelStat {
  const { czxid, mzxid, pzxid, version, cversion, ephemeralOwner, dataLength, numChildren } = stat;
  return { czxid, mzxid, pzxid, version, cversion, owner: ephemeralOwner, dataLength, numChildren };
}

test(`${RUNS} tangles of pipelined requests are answered as if done one after the other`, async () => {
  await withSeed('test/core/sequential.test.ts', (rng) => {
    const total = { answers: 0, events: 0 };
    for (let run = 0; run < RUNS; run++) {
      const seed = run === 0 ? rng.seed : rng.next();
      try {
        const trial = new SequentialTrial(new Rng(seed));
        trial.run();
        total.answers += trial.answers;
        total.events += trial.events;
      } catch (error) {
        throw new Error(`run ${run} failed: ${(error as Error).message}\nalone: SEED=${seed} RUNS=1`, {
          cause: error,
        });
      }
    }
    process.stdout.write(`test/core/sequential.test.ts: ${JSON.stringify(total)}\n`);
    if (RUNS >= 100) expect(Math.min(total.answers / 20, total.events * 2)).toBeGreaterThan(RUNS);
  });
}, 300_000);
