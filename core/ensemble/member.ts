import { WireFault } from '../../wire/fault.ts';
import { readNotification, writeNotification } from '../../wire/notification.ts';
import type { WritePath } from '../pipeline/write-path.ts';
import type { Service } from '../service.ts';
import { Timers } from '../timers.ts';
import { FastLeaderElection } from '../zab/election.ts';
import type { ServerId } from '../zab/quorum.ts';
import { writeConfigurationNode } from './configuration-node.ts';
import { KnownConfiguration } from './known-configuration.ts';
import { Leading } from './leading.ts';
import { type LeaderChannel, Learning } from './learning.ts';
import type { MemberParts, Role, RoleEvents, RoleParts } from './role.ts';

/** The doors to the other servers. */
export interface MemberNetwork {
  /** Sends an election message; a newer one may take the place of one that has not left. `asks`: it wants an answer. */
  sendVote(to: ServerId, message: Buffer, asks?: boolean): void;
  /** Opens the quorum port, for learners to come to `Member.leading`. */
  openQuorumPort(leading: Leading): void;
  closeQuorumPort(): void;
  /** Connects to the leader; what comes of it is told to `learning`, never from within the call. */
  connect(leader: ServerId, learning: Learning): LeaderChannel;
}

/** How a member is doing, for operators. */
export type MemberMode = 'looking' | 'leader' | 'follower' | 'observer';

/**
 * One server of an ensemble: looks for a leader, takes the role that the election gives it, and looks again when that ends.
 *
 * Invariant: when it looks, all of its log is on disk and applied, so that its vote says what it has.
 */
export class Member {
  readonly election: FastLeaderElection;
  readonly #parts: RoleParts;
  readonly #network: MemberNetwork;
  readonly #timers: Timers;
  #role: Role | null = null;
  #mode: MemberMode = 'looking';
  #electionTimer: { cancel(): void } | null = null;
  #electionBeganMs = 0;
  /** Since when nobody is served here; null while somebody is. */
  #unavailableSinceMs: number | null = null;
  #servingSinceMs = 0;
  /** Looking waits for the log. */
  #isDraining = false;
  #isStopped = false;

  constructor(parts: MemberParts, network: MemberNetwork) {
    const { config, quorum, ensembleText } = parts;
    const configuration = new KnownConfiguration(ensembleText);
    this.#parts = { ...parts, configuration, recovery: { needsSnapshot: false } };
    this.#network = network;
    this.#timers = new Timers(parts.scheduler);
    this.election = new FastLeaderElection(
      { serverId: config.serverId, quorum, config: ensembleText },
      {
        send: (to, notification) =>
          network.sendVote(to, writeNotification(notification), notification.state === 'looking'),
        decided: ({ leader }, state) => this.#decided(leader, state),
        voterLooking: () => {},
        configSeen: (text) => this.#configSeen(text),
      },
    );
  }

  get mode(): MemberMode {
    return this.#mode;
  }

  /** Who is in the ensemble, as `formatEnsemble` has it. */
  get configurationText(): Buffer {
    return this.#parts.configuration.text;
  }

  /** What serves clients; null while there is no leader. */
  get service(): Service<WritePath> | null {
    return this.#role?.service ?? null;
  }

  /** Since when clients are served, on the monotonic clock; of no meaning while there is no service. */
  get servingSinceMs(): number {
    return this.#servingSinceMs;
  }

  /** Null unless this server leads, or is about to. */
  get leading(): Leading | null {
    return this.#role instanceof Leading ? this.#role : null;
  }

  /** Ends a session at once, as if its time were over. False if there is none of that id, or if this server does not lead. */
  expireSession(sessionId: bigint): boolean {
    return this.leading?.expireSession(sessionId) ?? false;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timers.stop();
    this.#endRole('the server stops');
  }

  // -- Elections -------------------------------------------------------------------------------------------------------------

  voteReceived(from: ServerId, message: Buffer): void {
    try {
      const notification = readNotification(message);
      this.#elect((nowMs) => this.election.receive(from, notification, nowMs));
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      this.#parts.logger.warn(`server ${from} sent a notification that cannot be read: ${fault.message}`);
    }
  }

  peerConnected(peer: ServerId): void {
    this.#elect((nowMs) => this.election.peerConnected(peer, nowMs));
  }

  peerGone(peer: ServerId): void {
    this.#elect((nowMs) => this.election.peerGone(peer, nowMs));
  }

  #elect(input: (nowMs: number) => void): void {
    if (this.#isStopped) return;
    const { clock } = this.#parts;
    input(clock.monotonicMs());
    const { nextDeadlineMs } = this.election;
    this.#electionTimer?.cancel();
    this.#electionTimer = null;
    if (nextDeadlineMs === null) return;
    this.#electionTimer = this.#timers.after(Math.max(0, nextDeadlineMs - clock.monotonicMs()), () =>
      this.#elect((nowMs) => this.election.tick(nowMs)),
    );
  }

  #configSeen(text: Buffer): void {
    const { configuration, logger } = this.#parts;
    if (configuration.adopt(text)) this.election.updateConfig(configuration.text);
    else
      logger.warn('another server has a configuration with other members: reconfiguration is not supported');
  }

  #look(): void {
    const { store, epochs, committedLog, clock, stats } = this.#parts;
    this.#mode = 'looking';
    this.#unavailableSinceMs ??= clock.monotonicMs();
    this.#isDraining = !store.isDurable;
    if (this.#isDraining) return;
    this.#electionBeganMs = clock.monotonicMs();
    stats.ensemble.lookings++;
    // An established leader without transactions of its own stands at the start of its epoch.
    const lastZxid = Math.max(store.tree.lastProcessedZxid, committedLog.max);
    this.#elect((nowMs) => this.election.begin({ lastZxid, currentEpoch: epochs.currentEpoch }, nowMs));
  }

  #decided(leader: ServerId, state: 'leading' | 'following' | 'observing'): void {
    const { logger, clock, stats } = this.#parts;
    stats.ensemble.electionMs.add(clock.monotonicMs() - this.#electionBeganMs);
    if (state === 'leading') {
      logger.info('this server leads, if a quorum follows');
      this.#mode = 'leader';
      const leading = new Leading(this.#parts, this.#roleEvents);
      this.#role = leading;
      this.#network.openQuorumPort(leading);
      leading.begin();
      return;
    }
    logger.info(`this server is ${state} server ${leader}`);
    this.#mode = state === 'following' ? 'follower' : 'observer';
    const connect = (learning: Learning): LeaderChannel => this.#network.connect(leader, learning);
    this.#role = new Learning(this.#mode, this.#parts, connect, this.#roleEvents);
  }

  // -- Roles -----------------------------------------------------------------------------------------------------------------

  readonly #roleEvents: RoleEvents = {
    failed: (role, reason) => {
      if (this.#role !== role || this.#isStopped) return;
      this.#parts.logger.warn(`the role as ${this.#mode} is over: ${reason}`);
      this.#endRole(reason);
      this.#look();
    },
    established: (epoch) => this.election.updateEpoch(epoch),
    serving: () => this.#serving(),
  };

  #serving(): void {
    const { clock, stats, logger, store, configuration } = this.#parts;
    writeConfigurationNode(store.tree, configuration);
    const { unavailableMs, leaderUnavailableMs } = stats.ensemble;
    this.#servingSinceMs = clock.monotonicMs();
    const forMs = this.#servingSinceMs - (this.#unavailableSinceMs ?? this.#servingSinceMs);
    this.#unavailableSinceMs = null;
    unavailableMs.add(forMs);
    if (this.#mode === 'leader') leaderUnavailableMs.add(forMs);
    logger.info(`serving clients as ${this.#mode}`);
  }

  #endRole(reason: string): void {
    const role = this.#role;
    if (role === null) return;
    this.#role = null;
    if (role instanceof Leading) this.#network.closeQuorumPort();
    role.stop(reason);
  }

  /** Everything up to this zxid is in the log, on disk. */
  durable(zxid: number): void {
    if (this.#isStopped) return;
    this.#role?.durable(zxid);
    if (this.#isDraining && this.#parts.store.isDurable) this.#look();
  }
}
