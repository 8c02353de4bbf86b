import type { LoggedBytes } from '../../../core/storage/contract.ts';
import { Leader } from '../../../core/zab/leader.ts';
import type { LeaderParts, LearnerLink, SyncStart } from '../../../core/zab/leader-types.ts';
import { Learner } from '../../../core/zab/learner.ts';
import type { LearnerHandler } from '../../../core/zab/learner-handler.ts';
import type { Epochs, LearnerEffects, LearnerParts } from '../../../core/zab/learner-types.ts';
import { Majority, type ServerId } from '../../../core/zab/quorum.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import { encode } from '../../../wire/codec.ts';
import type { Id } from '../../../wire/data.ts';
import { makeZxid } from '../../../wire/ids.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../../wire/quorum.ts';
import { LearnerInfo, writeAckEpoch } from '../../../wire/quorum-payloads.ts';
import { writeLoggedTxn } from '../../../wire/txn.ts';

export const packet = (
  type: keyof typeof QuorumPacketType,
  zxid = -1,
  data: Buffer | null = null,
): QuorumPacket => ({ type: QuorumPacketType[type], zxid, data, authinfo: null });

export const named = ({ type, zxid }: QuorumPacket): string =>
  zxid === -1 ? quorumPacketName(type) : `${quorumPacketName(type)} ${zxid.toString(16)}`;

/** A transaction as a PROPOSAL holds it. */
export function transaction(zxid: number): LoggedBytes {
  const writer = new ByteWriter();
  writeLoggedTxn(writer, {
    header: { clientId: 1n, cxid: 1, zxid, time: 0, type: OpCode.error },
    txn: { type: OpCode.error, body: { err: 0 } },
    digest: null,
  });
  return { zxid, bytes: writer.finish() };
}

export const carrying = (type: 'PROPOSAL' | 'INFORM', zxid: number): QuorumPacket =>
  packet(type, zxid, transaction(zxid).bytes);

export function epochsOf(acceptedEpoch: number, currentEpoch: number, journal: string[]): Epochs {
  let [accepted, current] = [acceptedEpoch, currentEpoch];
  return {
    get acceptedEpoch() {
      return accepted;
    },
    get currentEpoch() {
      return current;
    },
    setAcceptedEpoch(epoch) {
      accepted = epoch;
      journal.push(`accepted ${epoch}`);
    },
    setCurrentEpoch(epoch) {
      current = epoch;
      journal.push(`current ${epoch}`);
    },
  };
}

export const TICK_MS = 100;
export const INIT_TICKS = 10;
export const SYNC_TICKS = 5;
/** Last of the leader's history: the third transaction of epoch 4. */
export const LAST = makeZxid(4, 3);

/** A learner's end of a connection to the leader. */
export class FakeLearner {
  readonly #world: LeaderWorld;
  readonly sent: string[] = [];
  closed: string | null = null;
  chunks: Iterator<Buffer> | null = null;
  readonly handler: LearnerHandler;

  constructor(world: LeaderWorld) {
    this.#world = world;
    const link: LearnerLink = {
      send: (p) => void (this.closed === null && this.sent.push(named(p))),
      stream: (chunks) => {
        this.chunks = chunks;
      },
      close: (reason) => {
        this.closed = reason;
      },
    };
    this.handler = world.leader.connected(link, world.nowMs);
  }

  say(p: QuorumPacket): this {
    this.#world.leader.packet(this.handler, p, this.#world.nowMs);
    return this;
  }

  info(
    serverid: number,
    accepted = 4,
    { observer = false, version = 0x10000, config = 0, authinfo = null as Id[] | null } = {},
  ): this {
    const data = encode(LearnerInfo, { serverid, protocolVersion: version, configVersion: config });
    const info = packet(observer ? 'OBSERVERINFO' : 'FOLLOWERINFO', makeZxid(accepted, 0), data);
    return this.say({ ...info, authinfo });
  }

  ackEpoch(zxid = LAST, current = 4): this {
    return this.say(packet('ACKEPOCH', zxid, writeAckEpoch(current)));
  }

  /** Up to the acknowledgement of NEWLEADER. */
  join(serverid: number, observer = false): this {
    return this.info(serverid, 4, { observer })
      .ackEpoch()
      .say(packet('ACK', makeZxid(5, 0)));
  }

  /** What was sent since the last call. */
  take(): string[] {
    return this.sent.splice(0);
  }
}

/** A leader with nothing real around it: server 1 of 1, 2, 3 with a history up to `LAST`. */
export class LeaderWorld {
  nowMs = 0;
  readonly journal: string[] = [];
  readonly outstanding: LoggedBytes[] = [];
  lastProposed = makeZxid(5, 0);
  lastCommitted = makeZxid(5, 0);
  start: (zxid: number, cutsSnapshots: boolean) => SyncStart = (zxid) => ({
    kind: 'diff',
    zxid,
    transactions: [],
  });
  readonly leader: Leader;

  constructor(parts: Partial<LeaderParts> = {}) {
    const { journal } = this;
    const world = this;
    this.leader = new Leader(
      {
        serverId: 1,
        quorum: new Majority([1, 2, 3]),
        epochs: epochsOf(4, 4, journal),
        lastZxid: LAST,
        config: Buffer.from('config'),
        configVersion: 0,
        tickTimeMs: TICK_MS,
        initLimitTicks: INIT_TICKS,
        syncLimitTicks: SYNC_TICKS,
        ...parts,
      },
      {
        fail: (reason) => void journal.push(`fail: ${reason}`),
        serve(epoch) {
          journal.push(`serve ${epoch}`);
          return {
            get lastProposed() {
              return world.lastProposed;
            },
            get lastCommitted() {
              return world.lastCommitted;
            },
            outstanding: () => world.outstanding,
            processAck: (from: ServerId, zxid: number) =>
              void journal.push(`ack ${from} ${zxid.toString(16)}`),
            forgetAcks: (from: ServerId) => void journal.push(`forget ${from}`),
          };
        },
        syncStart: (zxid, cutsSnapshots) => this.start(zxid, cutsSnapshots),
        request: (from, { cxid }) => void journal.push(`request ${from} ${cxid}`),
        touch: (sessionId, timeoutMs) => void journal.push(`touch ${sessionId} ${timeoutMs}`),
        revalidate: (from, sessionId) => journal.push(`revalidate ${from} ${sessionId}`) > 0,
      },
      0,
    );
    this.leader.begin();
  }

  learner(): FakeLearner {
    return new FakeLearner(this);
  }

  /** A leader that serves, with server 2 as its only follower. */
  static serving(): { world: LeaderWorld; follower: FakeLearner } {
    const world = new LeaderWorld();
    const follower = world.learner().join(2);
    world.journal.length = 0;
    follower.take();
    return { world, follower };
  }

  propose(counter: number): number {
    const proposal = transaction(makeZxid(5, counter));
    this.lastProposed = proposal.zxid;
    this.outstanding.push(proposal);
    this.leader.proposed(proposal, this.nowMs);
    return proposal.zxid;
  }

  /** Time passes, half a tick at a time, while these learners answer pings. */
  pass(ms: number, ...alive: FakeLearner[]): this {
    for (const until = this.nowMs + ms; this.nowMs < until; ) {
      this.nowMs += TICK_MS / 2;
      for (const learner of alive) learner.say(packet('PING', 0, Buffer.alloc(0)));
      this.leader.tick(this.nowMs);
    }
    return this;
  }
}

/** A learner with nothing real around it: server 2 with a history up to `LAST`. */
export class LearnerWorld {
  readonly journal: string[] = [];
  /** Called with each effect, before anything else: for effects that call back. */
  during: (effect: string) => void = () => {};
  canTruncate = true;
  persisted: (() => void) | null = null;
  readonly learner: Learner;

  constructor(parts: Partial<LearnerParts> = {}) {
    const note = (effect: string): void => {
      this.journal.push(effect);
      this.during(effect);
    };
    const effects: LearnerEffects = {
      send: (p) => note(`send ${named(p)}`),
      fail: (reason) => note(`fail: ${reason}`),
      log: ({ zxid }) => note(`log ${zxid.toString(16)}`),
      commit: ({ zxid }) => note(`commit ${zxid.toString(16)}`),
      truncate: (zxid) => {
        note(`truncate ${zxid.toString(16)}`);
        return this.canTruncate;
      },
      receiveSnapshot: () => ({ push: (_bytes, _start, end) => end }),
      persistSnapshot: (done) => {
        note('persist');
        this.persisted = done;
      },
      serve: () => note('serve'),
      takeTouched: () => [[7n, 1000]],
      revalidated: (sessionId, valid) => note(`revalidated ${sessionId} ${valid}`),
      synced: () => note('synced'),
    };
    this.learner = new Learner(
      {
        kind: 'follower',
        serverId: 2,
        epochs: epochsOf(4, 4, this.journal),
        lastZxid: LAST,
        configVersion: 0,
        ...parts,
      },
      effects,
    );
    this.learner.begin();
  }

  hear(...packets: QuorumPacket[]): this {
    for (const p of packets) this.learner.packet(p);
    return this;
  }

  /** Discovery is over, and the history is the leader's; nothing is noted of it. */
  static following(parts: Partial<LearnerParts> = {}): LearnerWorld {
    const world = new LearnerWorld(parts);
    world.hear(
      packet('LEADERINFO', makeZxid(5, 0)),
      packet('DIFF', LAST),
      packet('NEWLEADER', makeZxid(5, 0)),
    );
    world.take();
    return world;
  }

  take(): string[] {
    return this.journal.splice(0);
  }
}
