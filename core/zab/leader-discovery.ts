import { EPOCH_MAX, formatZxid } from '../../wire/ids.ts';
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
  /** Voters that have said what they accepted. */
  readonly #joined = new Set<ServerId>();
  readonly #promised = new Set<ServerId>();
  /** The latest epoch that anybody who has come has accepted, observers too. */
  #latestAccepted: number;
  #epoch: number | null = null;
  #isAgreed = false;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
    this.#latestAccepted = parts.epochs.acceptedEpoch;
  }

  /** Counts this server itself. */
  begin(): void {
    this.#joined.add(this.#parts.serverId);
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
   * A learner has come. Observers have no voice, but the epoch must be new to them too. A voter that has promised a later epoch
   * than this leader's, to a leader that failed, could never follow again: so this leader makes way for an election, and takes
   * over the promise, so that the next epoch is later whoever comes first. Apache ZooKeeper leaves such a server out until
   * some other reason ends the leader's term, and so is everybody here who has no vote. Returns why the learner is refused.
   */
  processFOLLOWERINFO(from: ServerId, acceptedEpoch: number): string | null {
    if (acceptedEpoch >= EPOCH_MAX)
      return `it has accepted epoch ${acceptedEpoch}, after which there is none`;
    if (this.#epoch !== null) {
      if (acceptedEpoch <= this.#epoch) return null;
      const reason = `server ${from} has promised epoch ${acceptedEpoch}, later than ${this.#epoch}`;
      if (!this.#hasVoice(from)) return reason;
      this.#parts.epochs.setAcceptedEpoch(acceptedEpoch);
      throw new RoleFailure(reason);
    }
    if (acceptedEpoch > this.#latestAccepted) this.#latestAccepted = acceptedEpoch;
    if (this.#hasVoice(from)) this.#joined.add(from);
    this.#propose();
    return null;
  }

  #hasVoice(server: ServerId): boolean {
    return this.#parts.quorum.weightOf(server) > 0;
  }

  #propose(): void {
    const { quorum, epochs, serverId } = this.#parts;
    if (!quorum.contains(this.#joined)) return;
    const epoch = this.#latestAccepted + 1;
    if (epoch > EPOCH_MAX) {
      throw new RoleFailure(
        `epoch ${this.#latestAccepted} was the last one: load the data into a new ensemble`,
      );
    }
    epochs.setAcceptedEpoch(epoch);
    this.#epoch = epoch;
    this.#promise(serverId);
  }

  /**
   * A learner answers. `currentEpoch` is -1 where it had accepted the same epoch before: that may have been from another leader, so
   * it is no promise to this one, and says nothing of how far it has come. Who has no voice cannot lead in this server's place:
   * if it is ahead (of a leader that failed before it was established), it will be cut back.
   */
  processACKEPOCH(from: ServerId, currentEpoch: number, lastZxid: number): void {
    if (currentEpoch === -1 || !this.#hasVoice(from)) return;
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
