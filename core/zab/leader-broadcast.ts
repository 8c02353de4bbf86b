import { counterOf, epochOf, makeZxid } from '../../wire/ids.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import { Fifo } from '../fifo.ts';
import type { QuorumVerifier, ServerId } from './quorum.ts';
import { RoleFailure } from './role-failure.ts';

/** A transaction on its way to being committed. `bytes` are the same in the log, in a PROPOSAL and in an INFORM. */
export interface Proposal<Request> {
  readonly zxid: number;
  readonly logged: LoggedTxn;
  readonly bytes: Buffer;
  /** What asked for it, if that was on this server. */
  readonly request: Request | null;
}

/** What broadcasting asks of its surroundings, in the order in which it must happen. */
export interface BroadcastEffects<Request> {
  /** To the own log, and (in an ensemble) to every follower that is in sync. */
  propose(proposal: Proposal<Request>): void;
  /** Apply it and answer. Called in the order of zxids, each once. */
  commit(proposal: Proposal<Request>): void;
}

/**
 * The leader's part of Zab's broadcast phase (LeaderProcessRequest, LeaderProcessACK, LeaderTryToCommit). A server alone is
 * the leader of an ensemble of one: it runs this with itself as the only voter.
 *
 * Invariants: proposals and commits are in the order of their zxids, without gaps; a proposal is committed only when a quorum
 * has it on disk; the own acknowledgement counts like any other, and only once the own log is durable up to it. Links are
 * FIFO, so acknowledging a zxid acknowledges all before it, and one number a server is all that is remembered.
 */
export class LeaderBroadcast<Request> {
  readonly #quorum: QuorumVerifier;
  readonly #effects: BroadcastEffects<Request>;
  readonly #ackedZxid = new Map<ServerId, number>();
  readonly #outstanding = new Fifo<Proposal<Request>>();
  #lastProposed: number;
  #lastCommitted: number;

  constructor(quorum: QuorumVerifier, lastZxid: number, effects: BroadcastEffects<Request>) {
    this.#quorum = quorum;
    this.#effects = effects;
    this.#lastProposed = lastZxid;
    this.#lastCommitted = lastZxid;
  }

  get lastProposed(): number {
    return this.#lastProposed;
  }

  get lastCommitted(): number {
    return this.#lastCommitted;
  }

  get outstandingCount(): number {
    return this.#outstanding.length;
  }

  /** Proposed and not committed, oldest first. */
  outstanding(): readonly Proposal<Request>[] {
    return this.#outstanding.toArray();
  }

  /**
   * The zxid of the next proposal. When the epoch's counter has run out, a server alone goes on in the next epoch, as if it had
   * elected itself again. In an ensemble only a new election can go on from there: this throws a `RoleFailure`, and the leader
   * makes way at its next tick.
   */
  nextZxid(): number {
    if (counterOf(this.#lastProposed) < 0xffff_ffff) return this.#lastProposed + 1;
    if (this.#quorum.voters.length > 1) {
      throw new RoleFailure('the zxid counter of this epoch has run out; a new epoch is needed');
    }
    return makeZxid(epochOf(this.#lastProposed) + 1, 1);
  }

  propose(proposal: Proposal<Request>): void {
    if (proposal.zxid !== this.nextZxid()) {
      throw new Error(`proposal ${proposal.zxid} does not follow ${this.#lastProposed}`);
    }
    this.#lastProposed = proposal.zxid;
    this.#outstanding.push(proposal);
    this.#effects.propose(proposal);
  }

  /** A server has everything up to this zxid on its disk. */
  processAck(from: ServerId, zxid: number): void {
    if (zxid <= (this.#ackedZxid.get(from) ?? -1)) return;
    this.#ackedZxid.set(from, zxid);
    if (zxid > this.#lastCommitted) this.#tryToCommit();
  }

  /**
   * A server is synchronized anew. What it had logged beyond the commits will be cut off its log and proposed again: if its earlier
   * acknowledgements went on counting, a transaction could be committed that a quorum does not have.
   */
  forgetAcks(from: ServerId): void {
    this.#ackedZxid.delete(from);
  }

  #tryToCommit(): void {
    const upTo = this.#quorumAckedZxid();
    while (this.#outstanding.length > 0 && this.#outstanding.head!.zxid <= upTo) {
      const proposal = this.#outstanding.shift()!;
      this.#lastCommitted = proposal.zxid;
      this.#effects.commit(proposal);
    }
  }

  /** The greatest zxid that a quorum has acknowledged: those that are ahead are added one by one until they are a quorum. */
  #quorumAckedZxid(): number {
    const ahead = [...this.#ackedZxid].sort(([, a], [, b]) => b - a);
    const servers = new Set<ServerId>();
    for (const [server, zxid] of ahead) {
      servers.add(server);
      if (this.#quorum.contains(servers)) return zxid;
    }
    return -1;
  }
}
