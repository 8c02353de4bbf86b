import { decode, encode } from '../../wire/codec.ts';
import { WireFault } from '../../wire/fault.ts';
import { counterOf, epochOf, formatZxid, makeZxid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../wire/quorum.ts';
import {
  LEARNER_PROTOCOL_VERSION,
  RevalidateReply,
  RevalidateRequest,
  readAckEpoch,
  readForwardedRequest,
  readLearnerInfo,
  readPingReply,
  writeLeaderInfo,
} from '../../wire/quorum-payloads.ts';
import { LeaderDiscovery } from './leader-discovery.ts';
import { packets, synchronize } from './leader-sync.ts';
import type { Broadcast, Committed, LeaderEffects, LeaderParts, LearnerLink } from './leader-types.ts';
import { LearnerHandler } from './learner-handler.ts';
import type { ServerId } from './quorum.ts';
import { RoleFailure } from './role-failure.ts';

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
  readonly #pendingSyncs: { readonly zxid: number; readonly handler: LearnerHandler }[] = [];
  readonly #beganMs: number;
  #nowMs: number;
  #broadcast: Broadcast | null = null;
  #hasFailed = false;

  constructor(parts: LeaderParts, effects: LeaderEffects, nowMs: number) {
    this.#parts = parts;
    this.#effects = effects;
    this.#beganMs = nowMs;
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

  get handlers(): Iterable<LearnerHandler> {
    return this.#handlers;
  }

  /** Begins: a server whose own voice is a quorum serves at once. */
  begin(): void {
    this.#guarded(() => this.#tryToServe());
  }

  // -- Learners come, speak and go -------------------------------------------------------------------------------------------

  connected(link: LearnerLink, nowMs: number): LearnerHandler {
    const handler = new LearnerHandler(link, nowMs);
    this.#handlers.add(handler);
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
      if (this.#broadcast === null) this.#assertBeginsInTime();
      else this.#assertHasQuorum();
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
  proposed(proposal: Committed, nowMs: number): void {
    const packet = packets.proposal(proposal);
    for (const handler of this.#handlers) {
      if (!handler.isForwarding || handler.kind !== 'follower') continue;
      handler.link.send(packet);
      handler.forwarded(proposal.zxid, nowMs);
    }
  }

  /** A transaction was committed (LeaderTryToCommit). */
  committed(proposal: Committed): void {
    const commit = packets.commit(proposal.zxid);
    const inform = packets.inform(proposal);
    for (const handler of this.#handlers) {
      if (handler.isForwarding) handler.link.send(handler.kind === 'follower' ? commit : inform);
    }
    while (this.#pendingSyncs.length > 0 && this.#pendingSyncs[0]!.zxid <= proposal.zxid) {
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
        readPingReply(packet.data, (sessionId, timeoutMs) => this.#effects.touch(sessionId, timeoutMs));
        return;
      case QuorumPacketType.REVALIDATE:
        this.#processREVALIDATE(handler, packet);
        return;
      case QuorumPacketType.REQUEST:
        this.#processREQUEST(handler, packet);
        return;
      default:
        this.#drop(handler, `it sent ${quorumPacketName(packet.type)}`);
    }
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
    if (configVersion > this.#parts.configVersion) {
      this.#drop(handler, `it knows configuration ${formatZxid(configVersion)}, newer than this leader's`);
      return;
    }
    for (const other of this.#handlers) {
      if (other.serverId === serverid) this.#drop(other, `server ${serverid} has connected anew`);
    }
    handler.serverId = serverid;
    handler.kind = packet.type === QuorumPacketType.FOLLOWERINFO ? 'follower' : 'observer';
    handler.phase = 'epoch';
    const wasChosen = this.#discovery.epoch !== null;
    this.#discovery.processFOLLOWERINFO(serverid, epochOf(packet.zxid));
    if (wasChosen) this.#sendLEADERINFO(handler);
    else if (this.#discovery.epoch !== null) {
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
    handler.phase = 'agreement';
    this.#discovery.processACKEPOCH(handler.serverId, readAckEpoch(packet.data), packet.zxid);
    if (!this.#discovery.isAgreed) return;
    for (const other of this.#handlers) if (other.phase === 'agreement') this.#synchronize(other);
    this.#tryToServe();
  }

  #synchronize(handler: LearnerHandler): void {
    const newLeader = packets.newLeader(this.#discovery.epoch!, this.#parts.config);
    this.#broadcast?.forgetAcks(handler.serverId);
    const start = this.#effects.syncStart(handler.lastZxid);
    synchronize(handler.link, handler.kind, start, this.#broadcast?.outstanding() ?? [], newLeader);
    handler.phase = 'acknowledgement';
  }

  /** LeaderProcessACKLD before the learner is active, LeaderProcessACK after. */
  #processACK(handler: LearnerHandler, { zxid }: QuorumPacket): void {
    if (handler.phase === 'acknowledgement' && zxid === makeZxid(this.#discovery.epoch!, 0)) {
      handler.phase = 'active';
      if (handler.kind === 'follower') this.#acknowledged.add(handler.serverId);
      if (this.#broadcast !== null) handler.link.send(packets.upToDate());
      else this.#tryToServe();
      return;
    }
    if (!handler.isForwarding) {
      this.#drop(handler, `it acknowledged ${formatZxid(zxid)} before NEWLEADER`);
      return;
    }
    // The answer to UPTODATE.
    if (counterOf(zxid) === 0 || handler.kind !== 'follower') return;
    handler.acknowledged(zxid, this.#nowMs);
    this.#broadcast?.processAck(handler.serverId, zxid);
  }

  #processREVALIDATE(handler: LearnerHandler, { data }: QuorumPacket): void {
    if (data === null) throw new WireFault('truncated', 'REVALIDATE without data');
    const { sessionId, timeout } = decode(RevalidateRequest, data);
    const valid = this.isServing && this.#effects.revalidate(handler.serverId, sessionId, timeout);
    handler.link.send(packets.revalidate(encode(RevalidateReply, { sessionId, valid })));
  }

  #processREQUEST(handler: LearnerHandler, packet: QuorumPacket): void {
    if (handler.phase !== 'active' || this.#broadcast === null) {
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
    if (this.#broadcast !== null || !this.#discovery.isAgreed || !quorum.contains(this.#acknowledged)) return;
    this.#broadcast = this.#effects.serve(epochs.currentEpoch);
    for (const handler of this.#handlers) {
      if (handler.phase === 'active') handler.link.send(packets.upToDate());
    }
  }

  #dropSilent(): void {
    const { tickTimeMs, initLimitTicks, syncLimitTicks } = this.#parts;
    for (const handler of [...this.#handlers]) {
      const limitTicks = handler.phase === 'active' ? syncLimitTicks : initLimitTicks + syncLimitTicks;
      const silentMs = this.#nowMs - handler.heardMs;
      if (silentMs > limitTicks * tickTimeMs) this.#drop(handler, `it has been silent for ${silentMs} ms`);
      else if (handler.owesForMs(this.#nowMs) > (initLimitTicks + syncLimitTicks) * tickTimeMs) {
        this.#drop(handler, 'it acknowledges no proposals');
      }
    }
  }

  #assertBeginsInTime(): void {
    const { tickTimeMs, initLimitTicks } = this.#parts;
    const waitedMs = this.#nowMs - this.#beganMs;
    if (waitedMs <= initLimitTicks * tickTimeMs) return;
    throw new RoleFailure(`no quorum of followers within initLimit, ${initLimitTicks * tickTimeMs} ms`);
  }

  #assertHasQuorum(): void {
    const { quorum, serverId, tickTimeMs, syncLimitTicks } = this.#parts;
    const alive = new Set([serverId]);
    for (const handler of this.#handlers) {
      const isHeard = this.#nowMs - handler.heardMs <= syncLimitTicks * tickTimeMs;
      if (handler.phase === 'active' && handler.kind === 'follower' && isHeard) alive.add(handler.serverId);
    }
    if (!quorum.contains(alive))
      throw new RoleFailure(`only servers ${[...alive].join(', ')} are left of a quorum`);
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
