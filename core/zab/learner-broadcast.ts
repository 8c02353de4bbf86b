import { decode } from '../../wire/codec.ts';
import { formatZxid, makeZxid } from '../../wire/ids.ts';
import {
  isQuorumPacketType,
  type QuorumPacket,
  QuorumPacketType,
  quorumPacketName,
} from '../../wire/quorum.ts';
import { RevalidateReply, writePingReply } from '../../wire/quorum-payloads.ts';
import { Fifo } from '../fifo.ts';
import type { Synchronized } from './learner-sync.ts';
import type { LearnerEffects, LearnerKind, Received } from './learner-types.ts';
import { assertFollows, receivedOf, takeCommitted } from './received.ts';
import { RoleFailure } from './role-failure.ts';

/**
 * The learner's part of broadcast (FollowerProcessPROPOSAL, FollowerProcessCOMMIT, FollowerProcessUPTODATE), from the moment at
 * which it has acknowledged NEWLEADER.
 *
 * Invariants: a transaction is acknowledged when it is on disk, in order, each by itself (Apache ZooKeeper counts them so);
 * transactions are applied in the order in which they were proposed.
 */
export class LearnerBroadcast {
  readonly #kind: LearnerKind;
  readonly #effects: LearnerEffects;
  readonly #epoch: number;
  /** In the log, not committed yet. */
  readonly #proposed = new Fifo<Received>();
  /** Logged, not acknowledged yet. */
  readonly #unacknowledged = new Fifo<number>();
  #lastReceived: number;
  #isServing = false;

  constructor(kind: LearnerKind, epoch: number, effects: LearnerEffects, lastZxid: number) {
    this.#kind = kind;
    this.#epoch = epoch;
    this.#effects = effects;
    this.#lastReceived = lastZxid;
  }

  /** Takes up what was proposed during synchronization. */
  begin({ proposed }: Synchronized): void {
    for (const received of proposed) this.#log(received);
  }

  get proposed(): readonly Received[] {
    return this.#proposed.toArray();
  }

  packet(packet: QuorumPacket): void {
    switch (packet.type) {
      case QuorumPacketType.PROPOSAL:
        this.#processPROPOSAL(packet);
        return;
      case QuorumPacketType.COMMIT:
      case QuorumPacketType.COMMITANDACTIVATE:
        this.#processCOMMIT(packet);
        return;
      case QuorumPacketType.INFORM:
      case QuorumPacketType.INFORMANDACTIVATE:
        this.#processINFORM(packet);
        return;
      case QuorumPacketType.UPTODATE:
        this.#processUPTODATE();
        return;
      case QuorumPacketType.PING:
        this.#processPING(packet);
        return;
      case QuorumPacketType.REVALIDATE:
        this.#processREVALIDATE(packet);
        return;
      case QuorumPacketType.SYNC:
        this.#effects.synced();
        return;
      default:
        if (!isQuorumPacketType(packet.type)) return;
        throw new RoleFailure(`the leader sent ${quorumPacketName(packet.type)} during broadcast`);
    }
  }

  /** Everything up to this zxid is on disk. */
  durable(zxid: number): void {
    while (this.#unacknowledged.length > 0 && this.#unacknowledged.head! <= zxid) {
      this.#acknowledge(this.#unacknowledged.shift()!);
    }
  }

  #acknowledge(zxid: number): void {
    this.#effects.send({ type: QuorumPacketType.ACK, zxid, data: null, authinfo: null });
  }

  /** An observer has no part in proposals, and is told when they are committed. */
  #processPROPOSAL(packet: QuorumPacket): void {
    if (this.#kind === 'observer') return;
    assertFollows(packet.zxid, this.#lastReceived);
    this.#log(receivedOf(packet));
  }

  #processCOMMIT({ zxid }: QuorumPacket): void {
    if (this.#kind === 'follower') this.#effects.commit(takeCommitted(this.#proposed, zxid));
  }

  #log(received: Received): void {
    this.#lastReceived = received.zxid;
    this.#proposed.push(received);
    this.#unacknowledged.push(received.zxid);
    this.#effects.log(received);
  }

  /** Observers hear of a transaction when it is committed, and acknowledge none. */
  #processINFORM(packet: QuorumPacket): void {
    if (this.#kind === 'follower') {
      throw new RoleFailure(`the leader sent INFORM ${formatZxid(packet.zxid)} to a follower`);
    }
    assertFollows(packet.zxid, this.#lastReceived);
    const received = receivedOf(packet);
    this.#lastReceived = received.zxid;
    this.#effects.log(received);
    this.#effects.commit(received);
  }

  #processUPTODATE(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    // Apache ZooKeeper expects it and counts it for nothing.
    this.#acknowledge(makeZxid(this.#epoch, 0));
    this.#effects.serve();
  }

  #processPING({ zxid }: QuorumPacket): void {
    const data = writePingReply(this.#effects.takeTouched());
    this.#effects.send({ type: QuorumPacketType.PING, zxid, data, authinfo: null });
  }

  #processREVALIDATE({ data }: QuorumPacket): void {
    if (data === null) throw new RoleFailure('REVALIDATE names no session');
    const { sessionId, valid } = decode(RevalidateReply, data);
    this.#effects.revalidated(sessionId, valid);
  }
}
