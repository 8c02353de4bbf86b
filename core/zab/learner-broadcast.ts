import { decode } from '../../wire/codec.ts';
import { makeZxid } from '../../wire/ids.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../wire/quorum.ts';
import { RevalidateReply, writePingReply } from '../../wire/quorum-payloads.ts';
import type { Synchronized } from './learner-sync.ts';
import type { LearnerEffects, Received } from './learner-types.ts';
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
  readonly #effects: LearnerEffects;
  readonly #epoch: number;
  /** In the log, not committed yet. */
  readonly #proposed: Received[] = [];
  /** Logged, not acknowledged yet. */
  readonly #unacknowledged: number[] = [];
  #lastReceived: number;
  #isServing = false;

  constructor(epoch: number, effects: LearnerEffects, { lastZxid, proposed }: Synchronized) {
    this.#epoch = epoch;
    this.#effects = effects;
    this.#lastReceived = lastZxid;
    for (const received of proposed) this.#log(received);
  }

  get proposed(): readonly Received[] {
    return this.#proposed;
  }

  packet(packet: QuorumPacket): void {
    switch (packet.type) {
      case QuorumPacketType.PROPOSAL:
        this.#processPROPOSAL(packet);
        return;
      case QuorumPacketType.COMMIT:
      case QuorumPacketType.COMMITANDACTIVATE:
        this.#effects.commit(takeCommitted(this.#proposed, packet.zxid));
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
        throw new RoleFailure(`the leader sent ${quorumPacketName(packet.type)} during broadcast`);
    }
  }

  /** Everything up to this zxid is on disk. */
  durable(zxid: number): void {
    let count = 0;
    while (count < this.#unacknowledged.length && this.#unacknowledged[count]! <= zxid) {
      this.#acknowledge(this.#unacknowledged[count++]!);
    }
    this.#unacknowledged.splice(0, count);
  }

  #acknowledge(zxid: number): void {
    this.#effects.send({ type: QuorumPacketType.ACK, zxid, data: null, authinfo: null });
  }

  #processPROPOSAL(packet: QuorumPacket): void {
    assertFollows(packet.zxid, this.#lastReceived);
    this.#log(receivedOf(packet));
  }

  #log(received: Received): void {
    this.#lastReceived = received.zxid;
    this.#proposed.push(received);
    this.#unacknowledged.push(received.zxid);
    this.#effects.log(received);
  }

  /** Observers hear of a transaction when it is committed, and acknowledge none. */
  #processINFORM(packet: QuorumPacket): void {
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
