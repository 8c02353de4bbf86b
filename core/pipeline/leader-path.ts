import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import type { Clock } from '../ports.ts';
import type { DataTree } from '../tree/tree.ts';
import { LeaderBroadcast, type Proposal } from '../zab/leader-broadcast.ts';
import type { QuorumVerifier, ServerId } from '../zab/quorum.ts';
import { OutstandingChanges } from './outstanding.ts';
import { Proposer } from './proposer.ts';
import type { ClientRequest, Committed, WritePath } from './write-path.ts';

export type ClientProposal = Proposal<ClientRequest>;

export interface LeaderPathParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly auth: AuthProviders;
  readonly clock: Clock;
  readonly serverId: ServerId;
  readonly quorum: QuorumVerifier;
}

/**
 * Every so many transactions nothing is taken over from the preparation: nodes are looked up, and digests are worked out from
 * what is stored. This finds a tree that differs from what was prepared. A recovery works out all of them.
 */
const DIGEST_CHECK_INTERVAL = 64;

/** What a leader's write path asks of its surroundings, in order. */
export interface LeaderPathEffects {
  /** Put the proposal into the log, and send it to learners; tell `durable` when it is on disk. */
  log(proposal: ClientProposal): void;
  /** The proposal is committed: it is applied next. */
  commit?(proposal: ClientProposal): void;
}

/** The leader's write path: prepare, propose, log, acknowledge, commit, apply. A server alone leads itself. */
export class LeaderPath implements WritePath {
  readonly forwardsSyncs = false;
  readonly outstanding: OutstandingChanges;
  readonly broadcast: LeaderBroadcast<ClientRequest>;
  readonly #parts: LeaderPathParts;
  readonly #proposer: Proposer;
  readonly #committed: Committed;
  readonly #effects: LeaderPathEffects;

  constructor(parts: LeaderPathParts, committed: Committed, effects: LeaderPathEffects) {
    this.#parts = parts;
    this.#committed = committed;
    this.#effects = effects;
    this.outstanding = new OutstandingChanges(parts.tree);
    this.#proposer = new Proposer(parts, this.outstanding);
    this.broadcast = new LeaderBroadcast(parts.quorum, parts.tree.lastProcessedZxid, {
      propose: (proposal) => effects.log(proposal),
      commit: (proposal) => this.#commit(proposal),
    });
  }

  get lastProposed(): number {
    return this.broadcast.lastProposed;
  }

  get lastCommitted(): number {
    return this.broadcast.lastCommitted;
  }

  submit(request: ClientRequest): void {
    this.broadcast.propose(this.#proposer.proposalOf(request, this.broadcast.nextZxid()));
  }

  /** Everything up to this zxid is in the own log, on disk. */
  durable(zxid: number): void {
    this.broadcast.processAck(this.#parts.serverId, zxid);
  }

  #commit(proposal: ClientProposal): void {
    this.#effects.commit?.(proposal);
    const { logged, zxid, request } = proposal;
    const prepared = zxid % DIGEST_CHECK_INTERVAL === 0 ? null : this.outstanding;
    const applied = this.#parts.tree.apply(logged, prepared);
    this.outstanding.applied(zxid);
    this.#committed.committed(logged, request, applied);
  }
}
