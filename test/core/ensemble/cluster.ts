import { ServerStats } from '../../../core/admin/stats.ts';
import { AuthProviders } from '../../../core/auth/providers.ts';
import type { ServerConfig } from '../../../core/config.ts';
import type { Leading } from '../../../core/ensemble/leading.ts';
import type { Learning } from '../../../core/ensemble/learning.ts';
import { Member, type MemberNetwork } from '../../../core/ensemble/member.ts';
import { DiskSnapshots } from '../../../core/io/disk-snapshot.ts';
import { sha1Base64 } from '../../../core/io/system-clock.ts';
import type { Connection } from '../../../core/pipeline/connection.ts';
import { type ClientLink, silentLogger } from '../../../core/ports.ts';
import { openLog, restoreTree } from '../../../core/restore.ts';
import { EpochFiles } from '../../../core/storage/epoch-files.ts';
import { Store } from '../../../core/store.ts';
import type { Scheduler } from '../../../core/timers.ts';
import type { DataTree } from '../../../core/tree/tree.ts';
import { CommittedLog } from '../../../core/zab/commit-log.ts';
import { Majority, type ServerId } from '../../../core/zab/quorum.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import type { QuorumPacket } from '../../../wire/quorum.ts';
import { QuorumPacketReader, writeQuorumPacket } from '../../../wire/quorum.ts';
import { FakeClient, type LinkAcceptor } from '../../kit/fake-client.ts';
import { writeFirstSnapshot } from '../../kit/first-snapshot.ts';
import type { Rng } from '../../kit/seed.ts';
import { SimulatedFiles } from '../../kit/simulated-files.ts';
import { SIMULATED_CONFIG } from '../../kit/simulated-server.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

const directories = { snapshotDirectory: '/data/version-2', logDirectory: '/data/version-2' };
const treeOptions = { extendedTypes: true, digestEnabled: true, hashSeed: 7 };
/** How often a learner tries to reach a leader that does not listen yet. */
const CONNECT_MS = 10;

/** One connection between a learner and a leader, both ways, in bytes. */
class QuorumWire {
  isCut = false;
  readonly #cluster: SimulatedCluster;
  readonly learner: SimulatedMember;
  readonly leader: SimulatedMember;
  readonly leading: Leading;
  #handler: ReturnType<Leading['leader']['connected']> | null = null;
  readonly #toLeader = new QuorumPacketReader(1 << 24);
  readonly #toLearner = new QuorumPacketReader(1 << 24);
  readonly #learning: Learning;

  constructor(learner: SimulatedMember, leader: SimulatedMember, leading: Leading, learning: Learning) {
    this.#cluster = learner.cluster;
    this.learner = learner;
    this.leader = leader;
    this.leading = leading;
    this.#learning = learning;
    this.#handler = leading.leader.connected(
      {
        send: (packet) => this.#send(leader, learner, bytesOf(packet)),
        stream: (chunks, done) => {
          for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
            this.#send(leader, learner, next.value);
          }
          done();
        },
        close: () => this.cut(),
      },
      this.#cluster.time.monotonicMs(),
    );
    this.#cluster.post(learner, learner, () => this.#learning.connected());
  }

  sendToLeader(packet: QuorumPacket): void {
    this.#send(this.learner, this.leader, bytesOf(packet));
  }

  #send(from: SimulatedMember, to: SimulatedMember, bytes: Buffer): void {
    if (this.isCut) return;
    this.#cluster.post(from, to, () => this.#receive(to, bytes));
  }

  #receive(to: SimulatedMember, bytes: Buffer): void {
    if (to === this.leader) {
      this.#toLeader.push(bytes, {
        packet: (packet) => {
          if (this.#handler !== null) this.leading.packet(this.#handler, packet);
          return null;
        },
      });
    } else this.#toLearner.push(bytes, { packet: (packet) => this.#learning.packet(packet) });
  }

  /** Each side hears of it behind what was sent before. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.#cluster.post(this.learner, this.leader, () => {
      if (this.#handler !== null) this.leading.leader.disconnected(this.#handler);
      this.#handler = null;
    });
    this.#cluster.post(this.leader, this.learner, () => this.#learning.disconnected('the connection ended'));
  }
}

function bytesOf(packet: QuorumPacket): Buffer {
  const writer = new ByteWriter();
  writeQuorumPacket(writer, packet);
  return writer.finish();
}

/** One server of a simulated ensemble, on a disk of its own that outlives it. */
export class SimulatedMember implements LinkAcceptor, MemberNetwork {
  readonly id: ServerId;
  readonly cluster: SimulatedCluster;
  readonly files: SimulatedFiles;
  readonly failures: Error[] = [];
  member: Member | null = null;
  store!: Store;
  leading: Leading | null = null;
  readonly wires = new Set<QuorumWire>();
  /** Counts lives: what belongs to an earlier one is not heard any more. */
  life = 0;

  constructor(id: ServerId, cluster: SimulatedCluster) {
    this.id = id;
    this.cluster = cluster;
    this.files = new SimulatedFiles(cluster.rng.fork());
  }

  get isUp(): boolean {
    return this.member !== null;
  }

  get tree(): DataTree {
    return this.store.tree;
  }

  start(): void {
    const { cluster, files } = this;
    const { time, rng, quorum } = cluster;
    const config: ServerConfig = { ...SIMULATED_CONFIG, serverId: this.id };
    const parts = {
      config,
      files,
      directories,
      treeOptions,
      stats: new ServerStats(),
      logger: silentLogger,
      clock: time,
    };
    const snapshots = new DiskSnapshots(files, {
      ...directories,
      logger: silentLogger,
      yieldTurn: files.yieldTurn,
    });
    const restore = (): DataTree => {
      const { tree, isNew } = restoreTree(parts);
      if (parts.stats.digestMismatches > 0)
        throw new Error(`server ${this.id}: the restored tree differs from its digest`);
      if (isNew) writeFirstSnapshot(files, snapshots, tree);
      return tree;
    };
    const tree = restore();
    const life = this.life;
    // What a life has planned ends with it.
    const scheduler: Scheduler = {
      endOfTurn: (callback) => time.endOfTurn(() => life === this.life && callback()),
      after: (delayMs, callback) => time.after(delayMs, () => life === this.life && callback()),
    };
    const shared = { ...parts, scheduler, snapshots };
    this.store = new Store(
      {
        ...shared,
        tree,
        random: rng,
        openLog: (events) => openLog(parts, events),
      },
      {
        durable: (zxid) => {
          if (life === this.life) this.member?.durable(zxid);
        },
        failed: (error) => this.failures.push(error),
      },
    );
    this.member = new Member(
      {
        ...shared,
        quorum,
        ensembleText: Buffer.from('version=0'),
        store: this.store,
        committedLog: new CommittedLog(tree.lastProcessedZxid, {
          countMin: cluster.committedCount,
          bytesMax: 1e6,
        }),
        epochs: new EpochFiles(files, directories.snapshotDirectory, tree.lastProcessedZxid),
        restore,
        auth: new AuthProviders(config, sha1Base64),
        fourLetterReply: () => '',
      },
      this,
    );
    for (const other of cluster.members) {
      if (other === this || !other.isUp) continue;
      cluster.post(other, this, () => this.member?.peerConnected(other.id));
      cluster.post(this, other, () => other.member?.peerConnected(this.id));
    }
    this.member.start();
  }

  /** The machine dies: what was not synced may be lost. */
  crash(): void {
    for (const wire of this.wires) wire.cut();
    this.wires.clear();
    this.life++;
    this.member = null;
    this.leading = null;
    this.files.crash();
    this.cluster.forget(this);
    for (const other of this.cluster.members) {
      if (other !== this) this.cluster.post(this, other, () => other.member?.peerGone(this.id));
    }
  }

  // -- The doors -------------------------------------------------------------------------------------------------------------

  sendVote(to: ServerId, message: Buffer): void {
    const other = this.cluster.member(to);
    if (other.isUp) this.cluster.post(this, other, () => other.member?.voteReceived(this.id, message));
  }

  openQuorumPort(leading: Leading): void {
    this.leading = leading;
  }

  closeQuorumPort(): void {
    this.leading = null;
  }

  connect(leader: ServerId, learning: Learning): { send(packet: QuorumPacket): void; close(): void } {
    let wire: QuorumWire | null = null;
    let isClosed = false;
    const { life } = this;
    const attempt = (): void => {
      if (isClosed || life !== this.life) return;
      const other = this.cluster.member(leader);
      if (other.leading === null) {
        this.cluster.time.after(CONNECT_MS, attempt);
        return;
      }
      wire = new QuorumWire(this, other, other.leading, learning);
      this.wires.add(wire);
      other.wires.add(wire);
    };
    this.cluster.post(this, this, attempt);
    this.cluster.time.after(this.cluster.initLimitMs, () => {
      if (wire === null && !isClosed && life === this.life) learning.disconnected('there is no leader');
    });
    return {
      send: (packet) => wire?.sendToLeader(packet),
      close: () => {
        isClosed = true;
        wire?.cut();
      },
    };
  }

  // -- Clients ---------------------------------------------------------------------------------------------------------------

  connected(link: ClientLink): Connection | null {
    const service = this.member?.service;
    if (service != null) return service.clients.connected(link);
    link.close();
    return null;
  }

  received(connection: Connection, chunk: Buffer): void {
    this.member?.service?.received(connection, chunk);
  }

  drained(connection: Connection): void {
    this.member?.service?.drained(connection);
  }

  disconnected(connection: Connection): void {
    this.member?.service?.clients.disconnected(connection);
  }
}

/** Servers, what is on its way between them, and one clock. Nothing happens but in `step`. */
export class SimulatedCluster {
  readonly time = new VirtualTime(1_000);
  readonly rng: Rng;
  readonly quorum: Majority;
  readonly members: SimulatedMember[];
  readonly committedCount: number;
  readonly initLimitMs = 10_000;
  /** What is on its way from one server to another, in order. */
  readonly #ways = new Map<
    string,
    { readonly to: SimulatedMember; readonly life: number; readonly deliver: () => void }[]
  >();

  constructor(size: number, rng: Rng, committedCount = 500) {
    this.rng = rng;
    this.committedCount = committedCount;
    this.quorum = new Majority(Array.from({ length: size }, (_, i) => i + 1));
    this.members = this.quorum.voters.map((id) => new SimulatedMember(id, this));
    for (const member of this.members) member.start();
  }

  member(id: ServerId): SimulatedMember {
    return this.members.find((member) => member.id === id)!;
  }

  get leader(): SimulatedMember | undefined {
    return this.members.find(({ member }) => member?.mode === 'leader' && member.service !== null);
  }

  get areAllServing(): boolean {
    return this.leader !== undefined && this.members.every(({ member }) => member?.service != null);
  }

  post(from: SimulatedMember, to: SimulatedMember, deliver: () => void): void {
    const name = `${from.id} ${to.id}`;
    const way = this.#ways.get(name) ?? [];
    way.push({ to, life: to.life, deliver });
    this.#ways.set(name, way);
  }

  /** Whatever was on its way to a server that died is lost. */
  forget(member: SimulatedMember): void {
    for (const [name, way] of this.#ways) if (way[0]?.to === member) this.#ways.delete(name);
  }

  /** One thing that can happen does; with nothing to do, time goes on. */
  step(): void {
    const ways = [...this.#ways.values()].filter((way) => way.length > 0);
    const disks = this.members.filter(({ files }) => files.pending > 0);
    const choice = this.rng.below(ways.length * 3 + disks.length + 1);
    if (choice < ways.length * 3) {
      const { to, life, deliver } = ways[Math.floor(choice / 3)]!.shift()!;
      if (to.life === life) deliver();
      this.time.endTurn();
    } else if (choice < ways.length * 3 + disks.length) {
      disks[choice - ways.length * 3]!.files.step();
      this.time.endTurn();
    } else this.time.advance(ways.length + disks.length > 0 ? 1 : 20);
  }

  /** Steps until it is so; throws after too many. */
  until(what: string, isSo: () => boolean, stepsMax = 100_000): void {
    for (let i = 0; i < stepsMax; i++) {
      if (isSo()) return;
      this.step();
    }
    const states = this.members.map(
      ({ id, member, store }) =>
        `${id} ${member?.mode ?? 'down'} 0x${store.tree.lastProcessedZxid.toString(16)}${member?.service != null ? ' serving' : ''}`,
    );
    throw new Error(`not ${what} after ${stepsMax} steps: ${states.join(', ')}`);
  }

  /** A client of one server, with its session. */
  client(member: SimulatedMember): FakeClient {
    const client = new FakeClient(member).handshake();
    this.until('connected', () => client.sessionId !== 0n || client.isClosed);
    return client;
  }

  /** The same client comes to another server with its session. */
  resume(client: FakeClient, member: SimulatedMember): FakeClient {
    const moved = new FakeClient(member).resume(client);
    this.until('moved', () => moved.sessionId !== 0n || moved.isClosed);
    return moved;
  }
}
