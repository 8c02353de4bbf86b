import { epochOf, formatZxid, makeZxid } from '../../wire/ids.ts';
import {
  isQuorumPacketType,
  type QuorumPacket,
  QuorumPacketType,
  quorumPacketName,
} from '../../wire/quorum.ts';
import type { InlineReader } from '../../wire/quorum-reader.ts';
import { Fifo } from '../fifo.ts';
import type { Accepted } from './learner-discovery.ts';
import type { LearnerEffects, LearnerParts, Received } from './learner-types.ts';
import { assertFollows, receivedOf, takeCommitted } from './received.ts';
import { RoleFailure } from './role-failure.ts';

/** What the learner has become once its history is the leader's. */
export interface Synchronized {
  /** Last transaction of the history. */
  readonly lastZxid: number;
  /** Proposed on top of it, not committed and not logged yet: broadcast begins with them. */
  readonly proposed: readonly Received[];
  /** Packets that came while the disk was busy, to be taken next. */
  readonly packets: readonly QuorumPacket[];
}

/** Whose phase this is: `Learner`. */
export interface SyncOwner {
  synchronized(result: Synchronized): void;
  /** Runs what comes back later, unless the role has ended. */
  guarded(action: () => void): void;
}

/**
 * The learner's part of synchronization (FollowerProcessSyncMessage, FollowerProcessPROPOSALInSync,
 * FollowerProcessCOMMITInSync, FollowerProcessNEWLEADER): takes over the leader's history, and says so when it is safe.
 *
 * Invariants, in this order at NEWLEADER: every committed transaction of the new history is on disk, then `currentEpoch` is, then
 * the ACK is sent (ZOOKEEPER-3911, 4646, 4643). What was proposed but not committed by then stays in memory until the ACK is
 * sent, and is acknowledged after it (4685, 4394). Transactions follow each other without a gap (4925).
 */
export class LearnerSync {
  readonly #epoch: number;
  readonly #toldZxid: number;
  readonly #parts: LearnerParts;
  readonly #effects: LearnerEffects;
  readonly #owner: SyncOwner;
  #mode: 'unknown' | 'log' | 'snapshot' = 'unknown';
  /** Last transaction that was received. */
  #lastReceived: number;
  readonly #proposed = new Fifo<Received>();
  /** Last transaction that is part of the history, and so in the log or in the snapshot to come. */
  #lastTaken: number;
  #durable: number;
  /** Set from NEWLEADER on: what must be durable before it is acknowledged. */
  #awaited: number | null = null;
  /** What has come since NEWLEADER. */
  readonly #packets: QuorumPacket[] = [];
  #isAcknowledged = false;

  constructor(accepted: Accepted, parts: LearnerParts, effects: LearnerEffects, owner: SyncOwner) {
    this.#epoch = accepted.epoch;
    this.#toldZxid = accepted.toldZxid;
    this.#parts = parts;
    this.#effects = effects;
    this.#owner = owner;
    this.#lastReceived = this.#lastTaken = this.#durable = parts.lastZxid;
  }

  packet(packet: QuorumPacket): InlineReader | null {
    if (this.#awaited !== null) this.#packets.push(packet);
    else if (this.#mode === 'unknown') return this.#processSyncMessage(packet);
    else this.#process(packet);
    return null;
  }

  /** Everything up to this zxid is on disk. */
  durable(zxid: number): void {
    this.#durable = zxid;
    if (this.#awaited !== null && this.#mode === 'log' && zxid >= this.#awaited) this.#acknowledge();
  }

  #process(packet: QuorumPacket): void {
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
      case QuorumPacketType.NEWLEADER:
        this.#processNEWLEADER(packet);
        return;
      case QuorumPacketType.PING:
        return;
      default:
        if (!isQuorumPacketType(packet.type)) return;
        throw new RoleFailure(`the leader sent ${quorumPacketName(packet.type)} during synchronization`);
    }
  }

  #processSyncMessage(packet: QuorumPacket): InlineReader | null {
    switch (packet.type) {
      case QuorumPacketType.DIFF:
        this.#assertCanBeginFromLog(packet);
        this.#mode = 'log';
        return null;
      case QuorumPacketType.TRUNC:
        this.#assertCanBeginFromLog(packet);
        if (!this.#effects.truncate(packet.zxid)) {
          throw new RoleFailure(
            `the log cannot be cut back to ${formatZxid(packet.zxid)}, as the leader asks`,
          );
        }
        this.#mode = 'log';
        this.#goOnFrom(packet.zxid);
        return null;
      case QuorumPacketType.SNAP:
        this.#mode = 'snapshot';
        this.#goOnFrom(packet.zxid);
        return this.#effects.receiveSnapshot(packet.zxid);
      default:
        throw new RoleFailure(`the leader began synchronization with ${quorumPacketName(packet.type)}`);
    }
  }

  #assertCanBeginFromLog({ type }: QuorumPacket): void {
    if (this.#toldZxid === this.#parts.lastZxid) return;
    throw new RoleFailure(`the leader sent ${quorumPacketName(type)} to a learner that needs a snapshot`);
  }

  #goOnFrom(zxid: number): void {
    this.#lastReceived = this.#lastTaken = this.#durable = zxid;
  }

  #processPROPOSAL(packet: QuorumPacket): void {
    const received = this.#receive(packet);
    if (received !== null) this.#proposed.push(received);
  }

  #processCOMMIT({ zxid }: QuorumPacket): void {
    if (zxid > this.#lastTaken) this.#take(takeCommitted(this.#proposed, zxid));
  }

  /** What was proposed to an observer before (leaders of old do that) is committed by this. */
  #processINFORM(packet: QuorumPacket): void {
    if (packet.zxid <= this.#lastTaken) return;
    if (this.#proposed.length > 0) this.#take(takeCommitted(this.#proposed, packet.zxid));
    else {
      const received = this.#receive(packet);
      if (received !== null) this.#take(received);
    }
  }

  /** A snapshot will cover what is committed on top of it; else the log must hold it. */
  #take(received: Received): void {
    this.#lastTaken = received.zxid;
    if (this.#mode === 'log') this.#effects.log(received);
    this.#effects.commit(received);
  }

  /** Null for what the history holds already: a leader may send it once more. */
  #receive(packet: QuorumPacket): Received | null {
    if (packet.zxid <= this.#lastReceived) return null;
    assertFollows(packet.zxid, this.#lastReceived);
    this.#lastReceived = packet.zxid;
    return receivedOf(packet);
  }

  #processNEWLEADER({ zxid }: QuorumPacket): void {
    if (epochOf(zxid) !== this.#epoch) {
      throw new RoleFailure(`NEWLEADER names epoch ${epochOf(zxid)}, but ${this.#epoch} was agreed on`);
    }
    this.#awaited = this.#lastTaken;
    if (this.#mode === 'snapshot') {
      this.#effects.persistSnapshot(() => this.#owner.guarded(() => this.#acknowledge()));
    } else if (this.#durable >= this.#awaited) this.#acknowledge();
  }

  #acknowledge(): void {
    if (this.#isAcknowledged) return;
    this.#isAcknowledged = true;
    const { epochs } = this.#parts;
    if (epochs.currentEpoch !== this.#epoch) epochs.setCurrentEpoch(this.#epoch);
    const zxid = makeZxid(this.#epoch, 0);
    this.#effects.send({ type: QuorumPacketType.ACK, zxid, data: null, authinfo: null });
    // Observers hear of the same transactions again when they are committed.
    const proposed = this.#parts.kind === 'follower' ? this.#proposed.toArray() : [];
    this.#owner.synchronized({ lastZxid: this.#lastTaken, proposed, packets: this.#packets });
  }
}
