import { CommittedLog } from '../../../core/zab/commit-log.ts';
import { Leader } from '../../../core/zab/leader.ts';
import { LeaderBroadcast } from '../../../core/zab/leader-broadcast.ts';
import type { LearnerLink, SyncStart } from '../../../core/zab/leader-types.ts';
import { Learner } from '../../../core/zab/learner.ts';
import type { LearnerHandler } from '../../../core/zab/learner-handler.ts';
import type { Epochs, Received } from '../../../core/zab/learner-types.ts';
import { Majority } from '../../../core/zab/quorum.ts';
import { planSync } from '../../../core/zab/sync-plan.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import { epochOf } from '../../../wire/ids.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../../wire/quorum.ts';
import type { InlineReader } from '../../../wire/quorum-reader.ts';
import { type LoggedTxn, readLoggedTxn, writeLoggedTxn } from '../../../wire/txn.ts';
import type { Rng } from '../../kit/seed.ts';

/** A transaction of the model: its bytes are those of a real one, and its `value` tells it from every other that was ever made. */
export interface Entry {
  readonly zxid: number;
  readonly value: number;
  readonly bytes: Buffer;
}

function entryOf(zxid: number, value: number): Entry {
  const writer = new ByteWriter();
  const logged: LoggedTxn = {
    header: { clientId: 1n, cxid: value, zxid, time: 0, type: OpCode.error },
    txn: { type: OpCode.error, body: { err: 0 } },
    digest: null,
  };
  writeLoggedTxn(writer, logged);
  return { zxid, value, bytes: writer.finish() };
}

const readEntry = (bytes: Buffer): Entry => {
  const { header } = readLoggedTxn(bytes);
  return { zxid: header.zxid, value: header.cxid, bytes };
};

type Item = QuorumPacket | Buffer;

/** A connection between a learner and a leader: FIFO in both directions, until it is cut. */
class Wire {
  readonly toLeader: Item[] = [];
  readonly toLearner: Item[] = [];
  readonly learner: ModelServer;
  readonly leader: ModelServer;
  handler: LearnerHandler | null = null;
  inline: InlineReader | null = null;
  isCut = false;

  constructor(learner: ModelServer, leader: ModelServer) {
    this.learner = learner;
    this.leader = leader;
  }
}

/** What a server may be made to do wrong, so that the tests can be seen to fail. */
export const mistakes = [
  'a follower acknowledges before the sync',
  'the leader counts itself before the sync',
  'acceptedEpoch is forgotten in a crash',
  'currentEpoch is written when the epoch is accepted',
  'acknowledgements count on after a new synchronization',
  'a TRUNC is not carried out',
  'a snapshot that is not on disk is kept when the role ends',
  'a promise to another leader of the same epoch counts',
  'a follower that is ahead is not noticed',
  'a learner that needs a snapshot hides what it has',
] as const;
export type Mistake = (typeof mistakes)[number];

/** What must hold in every run. Throws at the first breach. */
export class Checker {
  /** Every transaction that any server has committed, in order. */
  readonly committed: Entry[] = [];
  acknowledged = 0;

  /** A server commits: everything before it in that server's history must be what was committed before. */
  commits(server: ModelServer, history: readonly Entry[], entry: Entry): void {
    const at = history.length - 1;
    if (history[at]?.value !== entry.value)
      throw new Error(`server ${server.id} commits what it did not log last`);
    for (let i = Math.min(at, this.committed.length - 1); i >= 0; i--) {
      const [ours, theirs] = [history[i]!, this.committed[i]!];
      if (ours.zxid !== theirs.zxid || ours.value !== theirs.value) {
        throw new Error(
          `server ${server.id} has 0x${ours.zxid.toString(16)} (${ours.value}) at place ${i}, but 0x${theirs.zxid.toString(16)} (${theirs.value}) was committed there`,
        );
      }
    }
    if (at > this.committed.length) throw new Error(`server ${server.id} commits with a gap`);
    if (at === this.committed.length) this.committed.push(entry);
  }

  /** A leader commits: by then a quorum has the transaction on disk. */
  acknowledges(cluster: ModelCluster, zxid: number): void {
    const holders = cluster.servers.filter(({ disk }) => disk.log.some((entry) => entry.zxid === zxid));
    if (!cluster.quorum.contains(new Set(holders.map(({ id }) => id)))) {
      const ids = holders.map(({ id }) => id).join(', ');
      throw new Error(`0x${zxid.toString(16)} is committed, but only on the disks of ${ids}`);
    }
    this.acknowledged++;
  }

  /**
   * A leader begins to serve: nothing that was committed in an epoch before its own may be missing from its history. A later epoch may
   * have begun and committed: the last acknowledgement can come after those who sent the others have gone on to another leader.
   */
  leads(server: { readonly id: number }, history: readonly Entry[], epoch: number): void {
    this.committed.forEach((entry, i) => {
      if (epochOf(entry.zxid) < epoch && history[i]?.value !== entry.value) {
        throw new Error(
          `leader ${server.id} lacks the committed 0x${entry.zxid.toString(16)} (${entry.value})`,
        );
      }
    });
  }
}

/** Everything that outlives a crash. */
interface Disk {
  log: Entry[];
  acceptedEpoch: number;
  currentEpoch: number;
}

/** A server with a list of transactions in place of a tree; its role is the real `Leader` or `Learner`. */
export class ModelServer {
  readonly id: number;
  readonly #cluster: ModelCluster;
  readonly disk: Disk = { log: [], acceptedEpoch: 0, currentEpoch: 0 };
  /** In memory: the log, of which `disk.log` may lag behind, and how much of it is applied. */
  history: Entry[] = [];
  applied = 0;
  /** The last of what is applied. */
  committedLog: CommittedLog;
  isUp = true;
  leader: Leader | null = null;
  learner: Learner | null = null;
  broadcast: LeaderBroadcast<null> | null = null;
  wire: Wire | null = null;
  isServing = false;
  /** Set while a snapshot that was received is not on disk. */
  persisting: (() => void) | null = null;
  #isInMemoryOnly = false;
  #needsSnapshot = false;

  constructor(id: number, cluster: ModelCluster) {
    this.id = id;
    this.#cluster = cluster;
    this.committedLog = this.#newCommittedLog();
  }

  get isLooking(): boolean {
    return this.isUp && this.leader === null && this.learner === null;
  }

  get lastZxid(): number {
    return this.history[this.history.length - 1]?.zxid ?? 0;
  }

  get epochs(): Epochs {
    const { disk } = this;
    return {
      get acceptedEpoch() {
        return disk.acceptedEpoch;
      },
      get currentEpoch() {
        return disk.currentEpoch;
      },
      setAcceptedEpoch: (epoch) => {
        if (epoch < disk.acceptedEpoch) throw new Error('acceptedEpoch goes back');
        disk.acceptedEpoch = epoch;
        if (this.#errs('currentEpoch is written when the epoch is accepted')) disk.currentEpoch = epoch;
      },
      setCurrentEpoch: (epoch) => {
        if (epoch > disk.acceptedEpoch) throw new Error('currentEpoch beyond acceptedEpoch');
        disk.currentEpoch = epoch;
      },
    };
  }

  #errs(mistake: Mistake): boolean {
    return this.#cluster.mistake === mistake;
  }

  #newCommittedLog(): CommittedLog {
    const options = { countMin: this.#cluster.committedCount, bytesMax: 1e6 };
    return new CommittedLog(this.history[this.applied - 1]?.zxid ?? 0, options);
  }

  // -- Disk ------------------------------------------------------------------------------------------------------------------

  get hasUnsynced(): boolean {
    return !this.#isInMemoryOnly && this.disk.log.length < this.history.length;
  }

  /** The disk's sync ends: what is in the log is durable. */
  sync(): void {
    this.disk.log = [...this.history];
    this.learner?.durable(this.lastZxid);
    this.broadcast?.processAck(this.id, this.lastZxid);
  }

  /** The snapshot that was received is on disk. */
  persisted(): void {
    const done = this.persisting!;
    this.persisting = null;
    this.#isInMemoryOnly = false;
    this.#needsSnapshot = false;
    this.disk.log = [...this.history];
    done();
  }

  // -- Roles -----------------------------------------------------------------------------------------------------------------

  lead(): void {
    const { quorum } = this.#cluster;
    const parts = {
      serverId: this.id,
      quorum,
      epochs: this.epochs,
      lastZxid: this.lastZxid,
      config: Buffer.from('config'),
      configVersion: 0,
      tickTimeMs: 1,
      initLimitTicks: 1e6,
      syncLimitTicks: 1e6,
    };
    this.leader = new Leader(
      parts,
      {
        fail: () => this.endRole(),
        serve: (epoch) => this.#serve(epoch),
        syncStart: (zxid) => this.#syncStart(zxid),
        request() {},
        touch() {},
        revalidate: () => true,
      },
      0,
    );
    this.leader.begin();
  }

  #serve(epoch: number): LeaderBroadcast<null> {
    this.#cluster.checker.leads(this, this.history, epoch);
    // What a leader begins with is committed by that alone.
    this.#applyAll();
    this.#beginServing();
    this.broadcast = new LeaderBroadcast<null>(this.#cluster.quorum, epoch * 0x1_0000_0000, {
      propose: (proposal) => {
        this.history.push(readEntry(proposal.bytes));
        this.leader!.proposed(proposal, 0);
        if (this.#errs('the leader counts itself before the sync')) {
          this.broadcast!.processAck(this.id, proposal.zxid);
        }
      },
      commit: (proposal) => {
        this.leader!.committed(proposal);
        this.#apply(proposal.zxid);
        this.#cluster.checker.acknowledges(this.#cluster, proposal.zxid);
      },
    });
    if (this.#errs('acknowledgements count on after a new synchronization'))
      this.broadcast.forgetAcks = () => {};
    return this.broadcast;
  }

  propose(value: number): void {
    const zxid = this.broadcast!.nextZxid();
    const { bytes } = entryOf(zxid, value);
    this.broadcast!.propose({ zxid, logged: readLoggedTxn(bytes), bytes, request: null });
  }

  #apply(zxid: number): void {
    const entry = this.history[this.applied]!;
    if (entry.zxid !== zxid) throw new Error(`server ${this.id} applies out of order`);
    this.applied++;
    this.committedLog.add(entry.zxid, entry.bytes);
    if (this.isServing) this.#cluster.checker.commits(this, this.history.slice(0, this.applied), entry);
  }

  /** Only now does anybody see what was applied: during synchronization it is the history of a leader that may still fail. */
  #beginServing(): void {
    this.isServing = true;
    for (let i = 1; i <= this.applied; i++) {
      this.#cluster.checker.commits(this, this.history.slice(0, i), this.history[i - 1]!);
    }
  }

  #syncStart(peerLastZxid: number): SyncStart {
    const { committedLog: committed } = this;
    const lastProcessedZxid = this.history[this.applied - 1]?.zxid ?? 0;
    const plan = planSync({ peerLastZxid, committed, lastProcessedZxid, logged: null });
    switch (plan.kind) {
      case 'snap':
        return this.#snapshot(this.history.slice(0, this.applied), lastProcessedZxid);
      case 'diff':
        return { kind: 'diff', zxid: plan.zxid, transactions: committed.after(plan.from) };
      case 'trunc':
        return { kind: 'trunc', zxid: plan.zxid, transactions: [] };
      case 'trunc-diff':
        return { kind: 'trunc', zxid: plan.zxid, transactions: committed.after(plan.from) };
    }
  }

  #snapshot(committed: readonly Entry[], zxid: number): SyncStart {
    const text = JSON.stringify(committed.map(({ bytes }) => bytes.toString('base64')));
    return { kind: 'snap', zxid, transactions: [], chunks: [Buffer.from(text)].values() };
  }

  follow(wire: Wire): void {
    this.wire = wire;
    const parts = {
      kind: 'follower' as const,
      serverId: this.id,
      epochs: this.epochs,
      ...this.#toldZxid(),
      configVersion: 0,
    };
    this.learner = new Learner(parts, {
      send: (packet) => void wire.toLeader.push(packet),
      fail: () => this.endRole(),
      log: (received) => this.#log(received),
      commit: (received) => this.#committed(received),
      truncate: (zxid) => this.#truncate(zxid),
      receiveSnapshot: () => this.#receiveSnapshot(),
      persistSnapshot: (done) => {
        this.persisting = done;
      },
      serve: () => this.#beginServing(),
      takeTouched: () => [],
      revalidated() {},
      synced() {},
    });
    this.learner.begin();
  }

  #toldZxid(): { lastZxid: number; needsSnapshot?: boolean } {
    if (this.#needsSnapshot && this.#errs('a learner that needs a snapshot hides what it has')) {
      return { lastZxid: 0 };
    }
    return { lastZxid: this.lastZxid, needsSnapshot: this.#needsSnapshot };
  }

  #log(received: Received): void {
    this.history.push(readEntry(received.bytes));
    if (this.#errs('a follower acknowledges before the sync')) this.learner?.durable(received.zxid);
  }

  #committed(received: Received): void {
    if (this.#isInMemoryOnly) this.history.push(readEntry(received.bytes));
    this.#apply(received.zxid);
  }

  #truncate(zxid: number): boolean {
    const at = this.history.findIndex((entry) => entry.zxid === zxid);
    if (at < 0 || this.#cluster.cutFails()) {
      this.#needsSnapshot = true;
      return false;
    }
    if (this.#errs('a TRUNC is not carried out')) return true;
    this.history = this.history.slice(0, at + 1);
    this.disk.log = [...this.history];
    this.applied = this.history.length;
    this.committedLog = this.#newCommittedLog();
    return true;
  }

  #receiveSnapshot(): InlineReader {
    this.#isInMemoryOnly = true;
    return {
      push: (bytes, start, end) => {
        const all = JSON.parse(bytes.toString('utf8', start, end)) as string[];
        this.history = all.map((text) => readEntry(Buffer.from(text, 'base64')));
        this.applied = this.history.length;
        this.committedLog = this.#newCommittedLog();
        return end;
      },
    };
  }

  /** Back to looking. What is logged is history, committed or not; what was only in memory is not. */
  endRole(): void {
    this.leader?.close('the role is over');
    if (this.wire !== null) this.#cluster.cut(this.wire);
    this.leader = null;
    this.learner = null;
    this.broadcast = null;
    this.wire = null;
    this.isServing = false;
    this.persisting = null;
    const isKept = this.#errs('a snapshot that is not on disk is kept when the role ends');
    if (this.#isInMemoryOnly && !isKept) this.history = [...this.disk.log];
    if (this.#isInMemoryOnly || this.applied > this.history.length) {
      this.applied = this.history.length;
      this.committedLog = this.#newCommittedLog();
    }
    this.#isInMemoryOnly = false;
    if (!isKept) this.disk.log = [...this.history];
    this.#applyAll();
  }

  /** What is in the log is applied at the end of a role, committed or not: a later leader may cut it off again. */
  #applyAll(): void {
    for (const { zxid, bytes } of this.history.slice(this.applied)) this.committedLog.add(zxid, bytes);
    this.applied = this.history.length;
  }

  /** Of what was not synced, any part from its beginning may have reached the disk. */
  crash(rng: Rng): void {
    const unsynced = this.#isInMemoryOnly ? 0 : this.history.length - this.disk.log.length;
    const kept = this.#isInMemoryOnly
      ? this.disk.log
      : this.history.slice(0, this.disk.log.length + rng.between(0, unsynced));
    this.#isInMemoryOnly = false;
    this.history = [...kept];
    this.applied = this.history.length;
    this.committedLog = this.#newCommittedLog();
    this.endRole();
    this.isUp = false;
    if (this.#errs('acceptedEpoch is forgotten in a crash')) this.disk.acceptedEpoch = this.disk.currentEpoch;
  }
}

/** Some servers, the connections between them, and chance. */
export class ModelCluster {
  readonly servers: ModelServer[];
  readonly quorum: Majority;
  readonly checker = new Checker();
  readonly rng: Rng;
  readonly #wires: Wire[] = [];
  /** What happened, for messages. */
  readonly trace: string[] = [];
  #values = 0;
  /** How rough this run is. */
  readonly #weights: Record<
    'sync' | 'crash' | 'crashOfLeader' | 'restart' | 'cut' | 'timeOut' | 'cutFails',
    number
  >;
  readonly mistake: Mistake | null;
  /** How many transactions servers keep at hand for others: few of them make snapshots frequent. */
  readonly committedCount: number;

  constructor(size: number, rng: Rng, mistake: Mistake | null = null) {
    this.rng = rng;
    this.mistake = mistake;
    this.committedCount = rng.pick([4, 30, 500]);
    this.#weights = {
      sync: rng.between(3, 20),
      crash: rng.between(0, 3),
      crashOfLeader: rng.between(0, 2),
      restart: rng.between(2, 12),
      cut: rng.between(0, 3),
      timeOut: rng.between(0, 4),
      cutFails: rng.pick([0, 20, 100]),
    };
    this.quorum = new Majority(Array.from({ length: size }, (_, i) => i + 1));
    this.servers = this.quorum.voters.map((id) => new ModelServer(id, this));
  }

  get up(): ModelServer[] {
    return this.servers.filter(({ isUp }) => isUp);
  }

  /** One thing that can happen does. */
  step(isCalm: boolean): void {
    const { rng } = this;
    const wires = this.#wires.filter(
      (wire) => wire.toLeader.length + wire.toLearner.length > 0 || wire.isCut,
    );
    const unsynced = this.up.filter(({ hasUnsynced }) => hasUnsynced);
    const persisting = this.up.filter((server) => server.persisting !== null);
    const looking = this.up.filter(({ isLooking }) => isLooking);
    const serving = this.up.filter(({ broadcast }) => broadcast !== null);
    const late = this.up.filter((server) => this.#isLate(server));
    const w = this.#weights;
    const what = rng.weighted({
      deliver: wires.length > 0 ? 60 : 0,
      sync: unsynced.length > 0 ? w.sync : 0,
      persist: persisting.length > 0 ? 10 : 0,
      elect: looking.length > 0 ? 10 : 0,
      propose: serving.length > 0 && this.#values < 400 ? 15 : 0,
      crash: isCalm || this.up.length === 0 ? 0 : w.crash,
      crashOfLeader: isCalm || serving.length === 0 ? 0 : w.crashOfLeader,
      restart: this.up.length < this.servers.length ? w.restart : 0,
      cut: isCalm || this.#wires.length === 0 ? 0 : w.cut,
      timeOut: isCalm ? Number(late.length > 0 && wires.length === 0) : late.length > 0 ? w.timeOut : 0,
      rest: 1,
    });
    if (what === 'deliver') this.#deliver(rng.pick(wires));
    else if (what === 'sync') this.#noted('sync', rng.pick(unsynced)).sync();
    else if (what === 'persist') this.#noted('persisted', rng.pick(persisting)).persisted();
    else if (what === 'elect') this.#elect(rng.pick(looking), isCalm);
    else if (what === 'propose') rng.pick(serving).propose(++this.#values);
    else if (what === 'crash') this.#noted('crash', rng.pick(this.up)).crash(rng);
    else if (what === 'crashOfLeader') this.#noted('crash', rng.pick(serving)).crash(rng);
    else if (what === 'restart') rng.pick(this.servers.filter(({ isUp }) => !isUp)).isUp = true;
    else if (what === 'cut') this.cut(rng.pick(this.#wires));
    else if (what === 'timeOut') this.#noted('time out', rng.pick(late)).endRole();
  }

  /** Whether a log cannot be cut: the files say so. */
  cutFails(): boolean {
    return this.rng.chance(this.#weights.cutFails);
  }

  #noted(what: string, server: ModelServer): ModelServer {
    const { acceptedEpoch, currentEpoch } = server.disk;
    this.trace.push(
      `${what} ${server.id}: 0x${server.lastZxid.toString(16)}, epochs ${acceptedEpoch} ${currentEpoch}`,
    );
    return server;
  }

  /** Whoever does not get ahead, or leads without a quorum, gives up some time: there are no clocks here, so at any time, in calm when nothing is on its way. */
  #isLate(server: ModelServer): boolean {
    if (server.isLooking) return false;
    if (server.leader === null || !server.isServing) return !server.isServing;
    const followers = this.#wires.filter(
      ({ leader, learner, isCut }) => leader === server && learner.isUp && !isCut,
    );
    return !this.quorum.contains(new Set([server.id, ...followers.map(({ learner }) => learner.id)]));
  }

  /** Whom an election names. In a storm it is not always the best: discovery has to find that out. */
  #elect(server: ModelServer, isCalm: boolean): void {
    const leaders = this.up.filter(({ leader }) => leader !== null);
    if (leaders.length > 0 && this.rng.chance(isCalm ? 95 : 80)) {
      this.#connect(server, this.rng.pick(leaders));
      return;
    }
    const looking = this.#someLooking(server);
    if (looking.length * 2 <= this.servers.length) return;
    const order = (s: ModelServer): [number, number, number] => [s.disk.currentEpoch, s.lastZxid, s.id];
    const best = looking.reduce((a, b) => (compare(order(a), order(b)) >= 0 ? a : b));
    const chosen = isCalm || this.rng.chance(85) ? best : server;
    this.#noted('lead', chosen).lead();
    for (const other of looking) if (other !== chosen && chosen.leader !== null) this.#connect(other, chosen);
  }

  /** An election reaches all who look for a leader, or just a quorum of them. */
  #someLooking(server: ModelServer): ModelServer[] {
    const others = this.up.filter((other) => other.isLooking && other !== server);
    const quorumSize = Math.floor(this.servers.length / 2) + 1;
    while (this.rng.chance(70) && others.length + 1 > quorumSize) {
      others.splice(this.rng.below(others.length), 1);
    }
    return [server, ...others];
  }

  #connect(learner: ModelServer, leader: ModelServer): void {
    const wire = new Wire(learner, leader);
    this.#wires.push(wire);
    const link: LearnerLink = {
      send: (packet) => void (wire.isCut || wire.toLearner.push(packet)),
      stream: (chunks, done) => {
        for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
          if (!wire.isCut) wire.toLearner.push(next.value);
        }
        done();
      },
      close: () => this.cut(wire),
    };
    wire.handler = leader.leader!.connected(link, 0);
    learner.follow(wire);
  }

  /** A connection ends; each side hears of it in its own time, after what was sent before. */
  cut(wire: Wire): void {
    wire.isCut = true;
  }

  #deliver(wire: Wire): void {
    const { learner, leader, handler } = wire;
    const isLearners = wire.toLearner.length > 0 && (wire.toLeader.length === 0 || this.rng.chance(50));
    if (isLearners) this.#toLearner(wire, wire.toLearner.shift()!);
    else if (wire.toLeader.length > 0) {
      const packet = wire.toLeader.shift() as QuorumPacket;
      this.trace.push(`${learner.id} -> ${leader.id}: ${named(packet)}`);
      if (handler !== null) leader.leader?.packet(handler, this.#misread(packet), 0);
    } else if (wire.isCut) {
      this.#wires.splice(this.#wires.indexOf(wire), 1);
      if (handler !== null) leader.leader?.disconnected(handler);
      if (learner.wire === wire) learner.learner?.lost('the connection is gone');
    }
  }

  #misread(packet: QuorumPacket): QuorumPacket {
    if (packet.type !== QuorumPacketType.ACKEPOCH) return packet;
    const isAgain = packet.data!.readInt32BE(0) === -1;
    if (this.mistake === 'a promise to another leader of the same epoch counts' && isAgain) {
      return { ...packet, data: Buffer.alloc(4) };
    }
    if (this.mistake === 'a follower that is ahead is not noticed' && !isAgain) {
      return { ...packet, data: Buffer.alloc(4) };
    }
    return packet;
  }

  #toLearner(wire: Wire, item: Item): void {
    const { learner } = wire;
    if (learner.wire !== wire) return;
    this.trace.push(
      `${wire.leader.id} -> ${learner.id}: ${Buffer.isBuffer(item) ? 'snapshot' : named(item)}`,
    );
    if (Buffer.isBuffer(item)) {
      if (wire.inline!.push(item, 0, item.length) !== -1) wire.inline = null;
    } else wire.inline = learner.learner?.packet(item) ?? null;
  }
}

const named = ({ type, zxid }: QuorumPacket): string => `${quorumPacketName(type)} 0x${zxid.toString(16)}`;

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
