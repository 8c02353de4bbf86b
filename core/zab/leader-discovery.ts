import { formatZxid } from '../../wire/ids.ts';
import type { LeaderParts } from './leader-types.ts';
import type { ServerId } from './quorum.ts';
import { RoleFailure } from './role-failure.ts';

/** How far a learner had come when it accepted the epoch. */
interface History {
  readonly currentEpoch: number;
  readonly lastZxid: number;
}

/**
 * The leader's part of discovery (LeaderProcessFOLLOWERINFO, LeaderProcessACKEPOCH): finds an epoch that is newer than any that a
 * quorum has promised to follow, and makes sure that nobody of a quorum knows more than this server does.
 *
 * Invariants: the epoch is chosen once, when a quorum (this server included) has said what it accepted; it is on disk as accepted
 * before anybody is told; it becomes the current one only when a quorum has promised it and none of them is ahead.
 */
export class LeaderDiscovery {
  readonly #parts: LeaderParts;
  /** The accepted epochs of the servers that have come, observers too. */
  readonly #accepted = new Map<ServerId, number>();
  readonly #promised = new Set<ServerId>();
  #epoch: number | null = null;
  #isAgreed = false;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
    this.#accepted.set(parts.serverId, parts.epochs.acceptedEpoch);
    this.#propose();
  }

  /** The epoch, once it is chosen. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /** Whether a quorum has promised to follow the epoch: synchronization may begin. */
  get isAgreed(): boolean {
    return this.#isAgreed;
  }

  /**
   * A learner has come. Observers have no voice, but the epoch must be new to them too. One that has promised a later epoch than
   * this leader's, to a leader that failed, could never follow again: so this leader makes way for an election, which finds
   * an epoch that is new to all. Apache ZooKeeper leaves such a server out until some other reason ends the leader's term.
   */
  processFOLLOWERINFO(from: ServerId, acceptedEpoch: number): void {
    if (this.#epoch !== null) {
      if (acceptedEpoch <= this.#epoch) return;
      throw new RoleFailure(`server ${from} has promised epoch ${acceptedEpoch}, later than ${this.#epoch}`);
    }
    this.#accepted.set(from, acceptedEpoch);
    this.#propose();
  }

  #propose(): void {
    const { quorum, epochs, serverId } = this.#parts;
    if (!quorum.contains(new Set(this.#accepted.keys()))) return;
    const epoch = Math.max(...this.#accepted.values()) + 1;
    epochs.setAcceptedEpoch(epoch);
    this.#epoch = epoch;
    this.#promise(serverId);
  }

  /**
   * A learner answers. `currentEpoch` is -1 where it had accepted the same epoch before: that may have been from another leader, so
   * it is no promise to this one, and says nothing of how far it has come.
   */
  processACKEPOCH(from: ServerId, currentEpoch: number, lastZxid: number): void {
    if (currentEpoch === -1) return;
    this.#assertNotAhead(from, { currentEpoch, lastZxid });
    this.#promise(from);
  }

  /** A learner that knows more must lead itself, or what it knows is lost. */
  #assertNotAhead(from: ServerId, theirs: History): void {
    if (this.#isAgreed) return;
    const { epochs, lastZxid } = this.#parts;
    const ours: History = { currentEpoch: epochs.currentEpoch, lastZxid };
    const isAhead =
      theirs.currentEpoch > ours.currentEpoch ||
      (theirs.currentEpoch === ours.currentEpoch && theirs.lastZxid > ours.lastZxid);
    if (!isAhead) return;
    throw new RoleFailure(
      `server ${from} is ahead with epoch ${theirs.currentEpoch} and ${formatZxid(theirs.lastZxid)}: this one has ${ours.currentEpoch} and ${formatZxid(ours.lastZxid)}`,
    );
  }

  #promise(from: ServerId): void {
    const { quorum, epochs } = this.#parts;
    this.#promised.add(from);
    if (this.#isAgreed || !quorum.contains(this.#promised)) return;
    epochs.setCurrentEpoch(this.#epoch!);
    this.#isAgreed = true;
  }
}
