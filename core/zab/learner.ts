import { WireFault } from '../../wire/fault.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import type { InlineReader } from '../../wire/quorum-reader.ts';
import { LearnerBroadcast } from './learner-broadcast.ts';
import { type Accepted, LearnerDiscovery } from './learner-discovery.ts';
import { LearnerSync, type Synchronized } from './learner-sync.ts';
import type { LearnerEffects, LearnerParts, Received } from './learner-types.ts';
import { RoleFailure } from './role-failure.ts';

/**
 * A follower or an observer on one connection to one leader, phase by phase: discovery, synchronization, broadcast. One that has
 * failed is given up, never mended.
 */
export class Learner {
  readonly #parts: LearnerParts;
  readonly #effects: LearnerEffects;
  readonly #discovery: LearnerDiscovery;
  #epoch: number | null = null;
  #sync: LearnerSync | null = null;
  #broadcast: LearnerBroadcast | null = null;
  #hasFailed = false;

  constructor(parts: LearnerParts, effects: LearnerEffects) {
    this.#parts = parts;
    this.#effects = effects;
    this.#discovery = new LearnerDiscovery(parts, effects);
  }

  /** The epoch that was agreed on; null before that. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /**
   * What is in the log and not committed, oldest first. When the role ends it is history all the same, until a later leader cuts
   * it off.
   */
  get proposed(): readonly Received[] {
    return this.#broadcast?.proposed ?? [];
  }

  /** The connection to the leader stands. */
  begin(): void {
    this.#guarded(() => this.#discovery.begin());
  }

  /** One packet of the leader. Returns who reads on in the stream, if packets do not follow at once. */
  packet(packet: QuorumPacket): InlineReader | null {
    let inline: InlineReader | null = null;
    this.#guarded(() => {
      inline = this.#dispatch(packet);
    });
    return inline;
  }

  /** Everything up to this zxid is on disk. */
  durable(zxid: number): void {
    this.#guarded(() => (this.#broadcast ?? this.#sync)?.durable(zxid));
  }

  /** The connection is gone, or the leader has been silent for too long. */
  lost(reason: string): void {
    this.#guarded(() => {
      throw new RoleFailure(reason);
    });
  }

  #dispatch(packet: QuorumPacket): InlineReader | null {
    if (this.#broadcast !== null) this.#broadcast.packet(packet);
    else if (this.#sync !== null) return this.#sync.packet(packet);
    else this.#beginSync(this.#discovery.processLEADERINFO(packet));
    return null;
  }

  #beginSync(accepted: Accepted): void {
    this.#epoch = accepted.epoch;
    this.#sync = new LearnerSync(accepted, this.#parts, this.#effects, {
      synchronized: (result) => this.#beginBroadcast(accepted.epoch, result),
      guarded: (action) => this.#guarded(action),
    });
  }

  #beginBroadcast(epoch: number, synchronized: Synchronized): void {
    this.#broadcast = new LearnerBroadcast(this.#parts.kind, epoch, this.#effects, synchronized.lastZxid);
    this.#broadcast.begin(synchronized);
    for (const packet of synchronized.packets) {
      if (this.#hasFailed) return;
      this.#broadcast.packet(packet);
    }
  }

  #guarded(action: () => void): void {
    if (this.#hasFailed) return;
    try {
      action();
    } catch (failure) {
      if (!(failure instanceof RoleFailure || failure instanceof WireFault)) throw failure;
      this.#hasFailed = true;
      this.#effects.fail(failure.message);
    }
  }
}
