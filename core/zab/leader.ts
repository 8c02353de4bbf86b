import { decode, encode } from '../../wire/codec.ts';
import { WireFault } from '../../wire/fault.ts';
import { counterOf, epochOf, formatZxid, makeZxid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import {
  isQuorumPacketType,
  type QuorumPacket,
  QuorumPacketType,
  quorumPacketName,
} from '../../wire/quorum.ts';
import {
  CUTS_SNAPSHOTS,
  LEARNER_PROTOCOL_VERSION,
  RevalidateReply,
  RevalidateRequest,
  readAckEpoch,
  readForwardedRequest,
  readLearnerInfo,
  readPingReply,
  writeLeaderInfo,
} from '../../wire/quorum-payloads.ts';
import { Fifo } from '../fifo.ts';
import type { LoggedBytes } from '../storage/contract.ts';
import { StorageError } from '../storage/errors.ts';
import { LeaderDiscovery } from './leader-discovery.ts';
import { LeaderLimits } from './leader-limits.ts';
import { packets, synchronize, unreadable } from './leader-sync.ts';
import type { Broadcast, LeaderEffects, LeaderParts, LearnerLink } from './leader-types.ts';
import { LearnerHandler } from './learner-handler.ts';
import type { ServerId } from './quorum.ts';
import { RoleFailure } from './role-failure.ts';

/** The leader makes way while there are zxids left for more than what can come until its next tick. */
const COUNTER_MAX = 0xffff_ffff - 2 ** 24;

/**
 * A leader and its learners, from the election's end until it fails: discovery, synchronization, broadcast. One learner's fault
 * ends its connection and nothing else.
 *
 * Invariants: nothing is proposed before a quorum has acknowledged NEWLEADER (this server's own history is on disk from the
 * start); a learner is sent proposals and commits from the moment its synchronization was queued, without a gap; without a quorum
 * of voters that were heard from within the limit, the leader gives up.
 */
export class Leader {
  readonly #parts: LeaderParts;
  readonly #effects: LeaderEffects;
  readonly #discovery: LeaderDiscovery;
  readonly #handlers = new Set<LearnerHandler>();
  /** Voters that have acknowledged NEWLEADER. */
  readonly #acknowledged = new Set<ServerId>();
  readonly #pendingSyncs = new Fifo<{ readonly zxid: number; readonly handler: LearnerHandler }>();
  readonly #limits: LeaderLimits;
  #nowMs: number;
  #broadcast: Broadcast | null = null;
  #hasFailed = false;

  constructor(parts: LeaderParts, effects: LeaderEffects, nowMs: number) {
    this.#parts = parts;
    this.#effects = effects;
    this.#limits = new LeaderLimits(parts, nowMs);
    this.#nowMs = nowMs;
    this.#acknowledged.add(parts.serverId);
    this.#discovery = new LeaderDiscovery(parts);
  }

  get epoch(): number | null {
    return this.#discovery.epoch;
  }

  get isServing(): boolean {
    return this.#broadcast !== null;
  }

  /** Syncs of learners that wait for a commit. */
  get pendingSyncCount(): number {
    return this.#pendingSyncs.length;
  }

  get handlers(): Iterable<LearnerHandler> {
    return this.#handlers;
  }

  /** Begins: a server whose own voice is a quorum serves at once. */
  begin(): void {
    this.#guarded(() => {
      this.#discovery.begin();
      this.#tryToServe();
    });
  }

  // -- Learners come, speak and go -------------------------------------------------------------------------------------------

  connected(link: LearnerLink, nowMs: number): LearnerHandler {
    const handler = new LearnerHandler(link, nowMs);
    this.#handlers.add(handler);
    if (this.#hasFailed) this.#drop(handler, 'this server leads no more');
    return handler;
  }

  disconnected(handler: LearnerHandler): void {
    this.#handlers.delete(handler);
    handler.phase = 'closed';
  }

  packet(handler: LearnerHandler, packet: QuorumPacket, nowMs: number): void {
    if (handler.phase === 'closed') return;
    this.#nowMs = nowMs;
    handler.heardMs = nowMs;
    this.#guarded(() => {
      try {
        this.#process(handler, packet);
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault;
        this.#drop(handler, fault.message);
      }
    });
  }

  /** Half a tick has passed. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#guarded(() => {
      this.#dropSilent();
      if (this.#broadcast === null) this.#limits.assertStepInTime(nowMs);
      else this.#assertHasZxids(this.#broadcast.lastProposed);
      // Whoever has left looks for a leader, and cannot join this one as long as no quorum follows it.
      if (this.#discovery.epoch !== null) this.#assertHasQuorum();
      const ping = packets.ping(this.#broadcast?.lastProposed ?? this.#parts.lastZxid);
      for (const handler of this.#handlers) if (handler.isForwarding) handler.link.send(ping);
    });
  }

  /** The role is over: every learner's connection ends. */
  close(reason: string): void {
    this.#hasFailed = true;
    for (const handler of [...this.#handlers]) this.#drop(handler, reason);
  }

  // -- Broadcast -------------------------------------------------------------------------------------------------------------

  /** A transaction was proposed (LeaderProcessRequest). */
  proposed(proposal: LoggedBytes, nowMs: number): void {
    const packet = packets.proposal(proposal);
    for (const handler of this.#handlers) {
      if (!handler.isForwarding || handler.kind !== 'follower') continue;
      handler.link.send(packet);
      handler.forwarded(proposal.zxid, nowMs);
    }
  }

  /** A transaction was committed (LeaderTryToCommit). */
  committed(proposal: LoggedBytes): void {
    const commit = packets.commit(proposal.zxid);
    const inform = packets.inform(proposal);
    for (const handler of this.#handlers) {
      if (handler.isForwarding) handler.link.send(handler.kind === 'follower' ? commit : inform);
    }
    while (this.#pendingSyncs.length > 0 && this.#pendingSyncs.head!.zxid <= proposal.zxid) {
      this.#pendingSyncs.shift()!.handler.link.send(packets.sync());
    }
  }

  // -- Packets ---------------------------------------------------------------------------------------------------------------

  #process(handler: LearnerHandler, packet: QuorumPacket): void {
    switch (packet.type) {
      case QuorumPacketType.FOLLOWERINFO:
      case QuorumPacketType.OBSERVERINFO:
        this.#processInfo(handler, packet);
        return;
      case QuorumPacketType.ACKEPOCH:
        this.#processACKEPOCH(handler, packet);
        return;
      case QuorumPacketType.ACK:
        this.#processACK(handler, packet);
        return;
      case QuorumPacketType.PING:
        this.#assertActive(handler, packet);
        readPingReply(packet.data, (sessionId, timeoutMs) => this.#effects.touch(sessionId, timeoutMs));
        return;
      case QuorumPacketType.REVALIDATE:
        this.#assertActive(handler, packet);
        this.#processREVALIDATE(handler, packet);
        return;
      case QuorumPacketType.REQUEST:
        this.#assertActive(handler, packet);
        this.#processREQUEST(handler, packet);
        return;
      default:
        if (isQuorumPacketType(packet.type)) this.#drop(handler, `it sent ${quorumPacketName(packet.type)}`);
    }
  }

  /** A learner has clients, and says more than what it is asked, once it has acknowledged NEWLEADER. */
  #assertActive(handler: LearnerHandler, { type }: QuorumPacket): void {
    if (handler.phase === 'active') return;
    throw new WireFault('malformed', `it sent ${quorumPacketName(type)} before it was up to date`);
  }

  /** LeaderProcessFOLLOWERINFO */
  #processInfo(handler: LearnerHandler, packet: QuorumPacket): void {
    if (handler.phase !== 'info') {
      this.#drop(handler, `it sent ${quorumPacketName(packet.type)} twice`);
      return;
    }
    const { serverid, protocolVersion, configVersion } = readLearnerInfo(packet.data);
    if (serverid === null || protocolVersion < LEARNER_PROTOCOL_VERSION) {
      this.#drop(handler, `its protocol version ${protocolVersion} is too old`);
      return;
    }
    if (serverid === this.#parts.serverId || serverid < 0) {
      this.#drop(handler, `it calls itself server ${serverid}: give it a myid of its own`);
      return;
    }
    if (configVersion > this.#parts.configVersion) {
      this.#drop(handler, `it knows configuration ${formatZxid(configVersion)}, newer than this leader's`);
      return;
    }
    for (const other of this.#handlers) {
      if (other.serverId === serverid) this.#drop(other, `server ${serverid} has connected anew`);
    }
    handler.serverId = serverid;
    handler.kind = packet.type === QuorumPacketType.FOLLOWERINFO ? 'follower' : 'observer';
    handler.cutsSnapshots =
      packet.authinfo?.some(
        ({ scheme, id }) => scheme === CUTS_SNAPSHOTS.scheme && id === CUTS_SNAPSHOTS.id,
      ) ?? false;
    const wasChosen = this.#discovery.epoch !== null;
    const refusal = this.#discovery.processFOLLOWERINFO(serverid, epochOf(packet.zxid));
    if (refusal !== null) {
      this.#drop(handler, refusal);
      return;
    }
    handler.phase = 'epoch';
    if (wasChosen) this.#sendLEADERINFO(handler);
    else if (this.#discovery.epoch !== null) {
      this.#limits.beginStep(this.#nowMs);
      for (const other of this.#handlers) if (other.phase === 'epoch') this.#sendLEADERINFO(other);
    }
  }

  #sendLEADERINFO(handler: LearnerHandler): void {
    handler.link.send(packets.leaderInfo(this.#discovery.epoch!, writeLeaderInfo()));
  }

  /** LeaderProcessACKEPOCH */
  #processACKEPOCH(handler: LearnerHandler, packet: QuorumPacket): void {
    if (handler.phase !== 'epoch' || this.#discovery.epoch === null) {
      this.#drop(handler, 'it sent ACKEPOCH out of its turn');
      return;
    }
    handler.lastZxid = packet.zxid;
    const currentEpoch = readAckEpoch(packet.data);
    handler.phase = 'agreement';
    const wasAgreed = this.#discovery.isAgreed;
    this.#discovery.processACKEPOCH(handler.serverId, currentEpoch, packet.zxid);
    if (!this.#discovery.isAgreed) return;
    if (!wasAgreed) this.#limits.beginStep(this.#nowMs);
    for (const other of this.#handlers) if (other.phase === 'agreement') this.#synchronize(other);
    this.#tryToServe();
  }

  /** History that cannot be read after all ends the learner's attempt; its next one gets a snapshot. */
  #synchronize(handler: LearnerHandler): void {
    try {
      this.#sendHistory(handler);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#drop(handler, unreadable(error));
    }
  }

  #sendHistory(handler: LearnerHandler): void {
    const newLeader = packets.newLeader(this.#discovery.epoch!, this.#parts.config);
    this.#broadcast?.forgetAcks(handler.serverId);
    const start = this.#effects.syncStart(handler.lastZxid, handler.cutsSnapshots);
    // Observers hear of a transaction when it is committed.
    const outstanding = handler.kind === 'follower' ? [...(this.#broadcast?.outstanding() ?? [])] : [];
    synchronize(handler.link, start, outstanding, newLeader, () => {
      handler.heardMs = this.#nowMs;
    });
    handler.phase = 'acknowledgement';
    for (const { zxid } of outstanding) handler.forwarded(zxid, this.#nowMs);
  }

  /** LeaderProcessACKLD before the learner is active, LeaderProcessACK after. */
  #processACK(handler: LearnerHandler, { zxid }: QuorumPacket): void {
    if (handler.phase === 'acknowledgement' && zxid === makeZxid(this.#discovery.epoch!, 0)) {
      handler.phase = 'active';
      if (handler.kind === 'follower') this.#acknowledged.add(handler.serverId);
      if (this.#broadcast !== null) this.#sendUPTODATE(handler);
      else this.#tryToServe();
      return;
    }
    // Apache ZooKeeper 3.8.0 may acknowledge transactions of the DIFF before NEWLEADER (ZOOKEEPER-4685).
    const isAwaited = handler.phase === 'acknowledgement' && counterOf(zxid) !== 0;
    if (handler.phase !== 'active' && !isAwaited) {
      this.#drop(handler, `it acknowledged ${formatZxid(zxid)} in place of NEWLEADER`);
      return;
    }
    // The answer to UPTODATE.
    if (counterOf(zxid) === 0 || handler.kind !== 'follower') return;
    const last = this.#broadcast?.lastProposed ?? this.#parts.lastZxid;
    if (zxid > last) {
      this.#drop(handler, `it acknowledged ${formatZxid(zxid)}, but ${formatZxid(last)} was proposed last`);
      return;
    }
    handler.acknowledged(zxid, this.#nowMs);
    this.#broadcast?.processAck(handler.serverId, zxid);
  }

  #sendUPTODATE(handler: LearnerHandler): void {
    handler.link.send(packets.upToDate());
    handler.toldUpToDate(this.#nowMs);
  }

  #processREVALIDATE(handler: LearnerHandler, { data }: QuorumPacket): void {
    if (data === null) throw new WireFault('truncated', 'REVALIDATE without data');
    const { sessionId, timeout } = decode(RevalidateRequest, data);
    const valid = this.isServing && this.#effects.revalidate(handler.serverId, sessionId, timeout);
    handler.link.send(packets.revalidate(encode(RevalidateReply, { sessionId, valid })));
  }

  #processREQUEST(handler: LearnerHandler, packet: QuorumPacket): void {
    if (this.#broadcast === null) {
      this.#drop(handler, 'it forwarded a request before it was up to date');
      return;
    }
    const request = readForwardedRequest(packet.data);
    if (request.type !== OpCode.sync) {
      this.#effects.request(handler.serverId, request, packet);
      return;
    }
    const { lastProposed, lastCommitted } = this.#broadcast;
    if (lastProposed === lastCommitted) handler.link.send(packets.sync());
    else this.#pendingSyncs.push({ zxid: lastProposed, handler });
  }

  // -- Within ----------------------------------------------------------------------------------------------------------------

  #tryToServe(): void {
    const { quorum, epochs } = this.#parts;
    if (this.#hasFailed || this.#broadcast !== null) return;
    if (!this.#discovery.isAgreed || !quorum.contains(this.#acknowledged)) return;
    this.#broadcast = this.#effects.serve(epochs.currentEpoch);
    for (const handler of this.#handlers) {
      if (handler.phase === 'active') this.#sendUPTODATE(handler);
    }
  }

  #dropSilent(): void {
    for (const handler of [...this.#handlers]) {
      const reason = this.#limits.reasonToDrop(handler, this.isServing, this.#nowMs);
      if (reason !== null) this.#drop(handler, reason);
    }
  }

  /** Those that are silent for too long were dropped. Who is being synchronized anew is alive (LearnerHandler.synced). */
  #assertHasQuorum(): void {
    const { quorum, serverId } = this.#parts;
    const alive = new Set([serverId]);
    for (const handler of this.#handlers) {
      if (handler.phase !== 'info' && handler.kind === 'follower') alive.add(handler.serverId);
    }
    if (!quorum.contains(alive))
      throw new RoleFailure(`only servers ${[...alive].join(', ')} are left of a quorum`);
  }

  /** The counter starts again in the next epoch, and an epoch needs an election (ZOOKEEPER-1277). */
  #assertHasZxids(lastProposed: number): void {
    if (epochOf(lastProposed) === this.#discovery.epoch && counterOf(lastProposed) < COUNTER_MAX) return;
    throw new RoleFailure(`the zxid counter of epoch ${this.#discovery.epoch} is about to run out`);
  }

  #drop(handler: LearnerHandler, reason: string): void {
    if (handler.phase === 'closed') return;
    this.disconnected(handler);
    handler.link.close(reason);
  }

  #guarded(action: () => void): void {
    if (this.#hasFailed) return;
    try {
      action();
    } catch (failure) {
      if (!(failure instanceof RoleFailure)) throw failure;
      this.close(failure.message);
      this.#effects.fail(failure.message);
    }
  }
}
