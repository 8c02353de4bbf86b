import { ServerStats } from '../../core/admin/stats.ts';
import { AuthProviders } from '../../core/auth/providers.ts';
import type { ServerConfig } from '../../core/config.ts';
import type { Leading } from '../../core/ensemble/leading.ts';
import type { LeaderChannel, Learning } from '../../core/ensemble/learning.ts';
import { Member, type MemberNetwork } from '../../core/ensemble/member.ts';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { sha1Base64 } from '../../core/io/system-clock.ts';
import type { Connection } from '../../core/pipeline/connection.ts';
import { type ClientLink, silentLogger } from '../../core/ports.ts';
import { openLog, restoreTree } from '../../core/restore.ts';
import { EpochFiles } from '../../core/storage/epoch-files.ts';
import { Store } from '../../core/store.ts';
import type { DataTree } from '../../core/tree/tree.ts';
import { CommittedLog } from '../../core/zab/commit-log.ts';
import type { ServerId } from '../../core/zab/quorum.ts';
import type { LinkAcceptor } from '../kit/fake-client.ts';
import { writeFirstSnapshot } from '../kit/first-snapshot.ts';
import { SIMULATED_CONFIG } from '../kit/simulated-server.ts';
import type { SimulatedCluster } from './cluster.ts';
import { Disk } from './disk.ts';
import type { Elector } from './election-wires.ts';
import { GuestLink } from './guest-link.ts';
import { Machine } from './machine.ts';
import { connectToSimulatedLeader } from './quorum-connect.ts';
import type { QuorumWire } from './quorum-wire.ts';
import { TracedCommittedLog, tracedEpochs, traceStore } from './tracing.ts';

const directories = { snapshotDirectory: '/data/version-2', logDirectory: '/data/version-2' };
const treeOptions = { extendedTypes: true, digestEnabled: true, hashSeed: 7 };

/** How a process ends: it is killed, or the power goes, and with it what was not synced. */
export interface CrashOptions {
  readonly isKill?: boolean;
  /** Nobody is told: the machine is gone with the process. */
  readonly isSilent?: boolean;
}

/** One server of a simulated ensemble, on a disk of its own that outlives it. */
export class SimulatedMember implements LinkAcceptor, MemberNetwork, Elector {
  readonly id: ServerId;
  readonly cluster: SimulatedCluster;
  readonly isObserver: boolean;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly failures: Error[] = [];
  readonly wires = new Set<QuorumWire>();
  member: Member | null = null;
  store!: Store;
  /** Behind the open quorum port. */
  leading: Leading | null = null;
  answers = true;
  #config!: ServerConfig;
  #guests = new Map<Connection, GuestLink>();
  #shown = '';
  #changesAtStart = Number.POSITIVE_INFINITY;
  #epochs: EpochFiles | null = null;

  constructor(id: ServerId, cluster: SimulatedCluster, isObserver: boolean) {
    this.id = id;
    this.cluster = cluster;
    this.isObserver = isObserver;
    this.machine = new Machine(cluster.time, {
      turnEnded: () => this.#turnEnded(),
      powerLost: () => this.crash(),
    });
    const { rng, options } = cluster;
    this.disk = new Disk(
      rng.fork(),
      this.machine,
      () => options.diskMs(rng),
      () => {
        // Whatever the process still does in this turn, nobody hears of it.
        this.machine.life++;
      },
    );
  }

  get isUp(): boolean {
    return this.member !== null;
  }

  get files(): Disk['simulated'] {
    return this.disk.simulated;
  }

  get tree(): DataTree {
    return this.store.tree;
  }

  /** Counts lives. */
  get life(): number {
    return this.machine.life;
  }

  get initLimitMs(): number {
    return this.#config.ensemble.initLimitTicks * this.#config.tickTimeMs;
  }

  /** Where clients may come to; null while it has no leader, or is paused or down. */
  get isServing(): boolean {
    return this.member?.service != null;
  }

  start(): void {
    this.answers = true;
    this.disk.powerIsBack(this.#changesAtStart);
    this.#changesAtStart = Number.POSITIVE_INFINITY;
    this.cluster.network.returned(this.machine);
    this.machine.begin(() => this.#begin());
    this.cluster.electionWires.began(this);
  }

  #begin(): void {
    const { cluster, machine } = this;
    const { options, rng } = cluster;
    const { life } = machine;
    const { files } = this.disk;
    this.#config = {
      ...SIMULATED_CONFIG,
      ...options.config,
      serverId: this.id,
      ensemble: {
        ...SIMULATED_CONFIG.ensemble,
        ...options.config?.ensemble,
        peerType: this.isObserver ? 'observer' : 'participant',
      },
    };
    const config = this.#config;
    const parts = {
      config,
      files,
      directories,
      treeOptions,
      stats: new ServerStats(),
      logger: options.logger?.(this) ?? silentLogger,
      clock: machine,
      scheduler: machine,
    };
    const snapshots = new DiskSnapshots(files, {
      ...directories,
      logger: parts.logger,
      yieldTurn: this.files.yieldTurn,
    });
    const restore = (recent?: CommittedLog): DataTree => {
      const { tree, isNew } = restoreTree(parts, recent);
      if (parts.stats.digestMismatches > 0)
        throw new Error(`server ${this.id}: the restored tree differs from its digest`);
      if (isNew) writeFirstSnapshot(this.files, snapshots, tree);
      return tree;
    };
    const committedOptions = { countMin: options.committedCount, bytesMax: 1e6 };
    const recent = new CommittedLog(0, committedOptions);
    const tree = restore(recent);
    this.store = new Store(
      tree,
      {
        ...parts,
        snapshots,
        random: rng,
        openLog: (events) => openLog(parts, events),
      },
      {
        durable: (zxid) => {
          if (life !== machine.life) return;
          cluster.trace({ kind: 'durable', server: this.id, zxid });
          this.member?.durable(zxid);
        },
        failed: (error) => {
          if (life === machine.life) this.failures.push(error);
        },
      },
    );
    traceStore(this);
    this.#epochs = new EpochFiles(files, directories.snapshotDirectory, tree.lastProcessedZxid);
    const memberParts = {
      ...parts,
      snapshots,
      quorum: cluster.quorum,
      ensembleText: Buffer.from('version=0'),
      store: this.store,
      committedLog: new TracedCommittedLog(this, recent, committedOptions),
      epochs: tracedEpochs(this, this.#epochs),
      restore: () => restore(),
      auth: new AuthProviders(config, sha1Base64),
      fourLetterReply: () => '',
    };
    const { seams } = options;
    const member = new Member(
      seams?.parts?.(this, memberParts) ?? memberParts,
      seams?.network?.(this, this) ?? this,
    );
    seams?.started?.(this, member);
    this.member = member;
    cluster.trace({ kind: 'history', server: this.id, zxid: tree.lastProcessedZxid, from: null });
    member.start();
  }

  /** The process ends. Without `isKill` so does the machine: what was not synced may be lost. */
  crash({ isKill = false, isSilent = false }: CrashOptions = {}): void {
    this.answers = !isSilent;
    this.machine.end();
    this.cluster.network.died(this.machine, isSilent);
    this.wires.clear();
    this.member = null;
    this.leading = null;
    this.#epochs = null;
    if (isKill) this.files.kill();
    else this.files.crash();
    for (const guest of [...this.#guests.values()]) guest.broke();
    this.#guests = new Map();
    this.cluster.electionWires.died(this);
    this.#turnEnded();
  }

  /**
   * The power goes in place of the change to its disk after so many: in the middle of an append, a sync, a rename. Of a server that is
   * down, when it has started: while it recovers.
   */
  crashAtChange(after: number): void {
    if (this.isUp) this.disk.losePowerAfter(after);
    else this.#changesAtStart = after;
  }

  #turnEnded(): void {
    this.disk.plan();
    const mode = this.member?.mode ?? 'down';
    const epoch = this.#epochs?.currentEpoch ?? 0;
    const shown = `${mode} ${this.isServing} ${epoch}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.cluster.trace({ kind: 'role', server: this.id, mode, serves: this.isServing, epoch });
  }

  // -- The doors to the other servers ----------------------------------------------------------------------------------------

  sendVote(to: ServerId, message: Buffer): void {
    this.cluster.electionWires.send(this, this.cluster.member(to), message);
  }

  openQuorumPort(leading: Leading): void {
    this.leading = leading;
  }

  closeQuorumPort(): void {
    this.leading = null;
  }

  connect(leader: ServerId, learning: Learning): LeaderChannel {
    return connectToSimulatedLeader(this, this.cluster.member(leader), learning, this.cluster.network);
  }

  voteReceived(from: ServerId, message: Buffer): void {
    this.member?.voteReceived(from, message);
  }

  peerConnected(peer: ServerId): void {
    this.member?.peerConnected(peer);
  }

  peerGone(peer: ServerId): void {
    this.member?.peerGone(peer);
  }

  // -- Clients ---------------------------------------------------------------------------------------------------------------

  connected(link: ClientLink): Connection | null {
    const service = this.member?.service;
    if (service == null || this.machine.isStalled) {
      link.close();
      return null;
    }
    const guest = new GuestLink(link, this.machine, service);
    const connection = service.clients.connected(guest);
    guest.connection = connection;
    if (connection === null) return null;
    this.#guests.set(connection, guest);
    this.cluster.options.seams?.connected?.(this, connection);
    return connection;
  }

  received(connection: Connection, chunk: Buffer): void {
    const { seams } = this.cluster.options;
    const bytes = seams?.received?.(this, chunk, connection.phase === 'new') ?? chunk;
    this.#guest(connection, (service) => service.received(connection, bytes));
  }

  drained(connection: Connection): void {
    this.#guest(connection, (service) => service.drained(connection));
  }

  disconnected(connection: Connection): void {
    this.#guest(connection, (service) => service.clients.disconnected(connection));
  }

  #guest(connection: Connection, action: Parameters<GuestLink['arrive']>[1]): void {
    const { options, rng } = this.cluster;
    this.#guests.get(connection)?.arrive(options.clientMs(rng), action);
  }
}
