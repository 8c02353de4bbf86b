import {
  type Acl,
  ConnectionLossError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { LeaseEndedError } from '../lock/errors.ts';
import type { CommitState, Decision, Vote } from './state.ts';

/** What a transaction is about: written when it begins, never changed. */
export interface About {
  readonly phases: 2 | 3;
  readonly participants: readonly string[];
  /** Infinity, for which JSON has null, if it is never too late. */
  readonly voteTimeoutMs: number;
  /** The asker that began it. */
  readonly begunBy?: string;
}

/** Names of the nodes below a transaction's own. */
export const nodes = {
  payload: 'payload',
  precommit: 'precommit',
  decision: 'decision',
  vote: (id: string): string => `vote-${id}`,
  ready: (id: string): string => `ready-${id}`,
  done: (id: string): string => `done-${id}`,
};

/** What the node of a vote holds. */
export interface WrittenVote {
  readonly vote: Vote;
  /** Why it is against the commit. */
  readonly reason?: string;
}

interface Written {
  readonly decision: Decision;
  readonly reason: string | null;
}

/** Reads one transaction. What is written once is read once. */
export class TransactionReader {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #votes = new Map<string, Vote>();
  readonly #objections = new Map<string, string>();
  #decision: Written | null = null;

  constructor(client: ZooKeeperClient, path: string) {
    this.path = path;
    this.#client = client;
  }

  /** Rejects with `NoNodeError` if the transaction is not there any more; so do the others. */
  async about(signal: AbortSignal | undefined): Promise<About> {
    const about = await this.#json<Omit<About, 'voteTimeoutMs'> & { voteTimeoutMs: number | null }>(
      '',
      signal,
    );
    return { ...about, voteTimeoutMs: about.voteTimeoutMs ?? Number.POSITIVE_INFINITY };
  }

  async payload(signal: AbortSignal | undefined): Promise<Uint8Array> {
    const path = childPath(this.path, nodes.payload);
    return (await this.#client.get(path, { signal })).data ?? new Uint8Array();
  }

  async decision(signal: AbortSignal | undefined): Promise<Written> {
    this.#decision ??= await this.#json<Written>(nodes.decision, signal);
    return this.#decision;
  }

  /** How it stands, by the names of its children. */
  async state(about: About, names: readonly string[], signal: AbortSignal | undefined): Promise<CommitState> {
    const { phases, participants } = about;
    const there = new Set(names);
    const having = (name: (id: string) => string): string[] =>
      participants.filter((id) => there.has(name(id)));
    const decided = there.has(nodes.decision) ? await this.decision(signal) : null;
    // Votes say nothing more once there is a decision.
    const voted = having(nodes.vote);
    if (decided === null) await Promise.all(voted.map((id) => this.#readVote(id, signal)));
    const known = knownNames(participants);
    return {
      phases,
      participants,
      votes: decided === null ? new Map(this.#votes) : new Map(),
      objections: this.#objections,
      precommitted: there.has(nodes.precommit),
      ready: new Set(having(nodes.ready)),
      decision: decided?.decision ?? null,
      done: new Set(having(nodes.done)),
      asked: names.some((name) => !known.has(name)),
    };
  }

  async #readVote(id: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#votes.has(id)) return;
    const { vote, reason } = await this.#json<WrittenVote>(nodes.vote(id), signal);
    if (reason !== undefined) this.#objections.set(id, reason);
    this.#votes.set(id, vote === 'yes' ? 'yes' : 'no');
  }

  async #json<T>(name: string, signal: AbortSignal | undefined): Promise<T> {
    const path = name === '' ? this.path : childPath(this.path, name);
    const { data } = await this.#client.get(path, { signal });
    try {
      return JSON.parse(data?.toString() ?? '') as T;
    } catch (cause) {
      throw new TypeError(`${path} does not hold what a transaction writes there`, { cause });
    }
  }
}

function knownNames(participants: readonly string[]): Set<string> {
  const each = participants.flatMap((id) => [nodes.vote(id), nodes.ready(id), nodes.done(id)]);
  return new Set([nodes.payload, nodes.precommit, nodes.decision, ...each]);
}

export interface WriteOnce {
  readonly path: string;
  readonly data: string;
  readonly acl: readonly Acl[] | undefined;
  /** The node of the writer's leadership: without it nothing is written. */
  readonly lease?: string | undefined;
  /** Nodes that have to be there and never changed. */
  readonly given?: readonly string[];
}

/**
 * Creates a node that is written once; if it is there already, whoever wrote it, that is good too. Goes on over lost connections.
 * Rejects with `LeaseEndedError` if the writer does not lead any more, and with `NoNodeError` if the transaction is not there any more
 * or something given is missing.
 */
export async function writeOnce(client: ZooKeeperClient, what: WriteOnce): Promise<void> {
  const { path, data, acl, lease, given = [] } = what;
  for (;;) {
    const transaction = client.transaction();
    if (lease !== undefined) transaction.check(lease, -1);
    for (const each of given) transaction.check(each, 0);
    try {
      await transaction.create(path, data, { acl }).commit();
      return;
    } catch (error) {
      if (error instanceof ConnectionLossError) continue;
      if (!(error instanceof MultiError)) throw error;
      if (error.failure instanceof NodeExistsError) return;
      if (lease !== undefined && error.index === 0 && error.failure instanceof NoNodeError) {
        throw new LeaseEndedError(lease, 'deleted', error.failure);
      }
      throw error.failure;
    }
  }
}
