import type { EnsembleConfig } from '../config.ts';

/** Id of a server, from its `myid` file. */
export type ServerId = number;

/** Decides which sets of servers may commit. Any two quorums share a server. */
export interface QuorumVerifier {
  /** Every server with a vote, also one whose vote weighs nothing. Observers are not among them. */
  readonly voters: readonly ServerId[];
  /** Whether these servers form a quorum. Servers that are not voters add nothing. */
  contains(servers: ReadonlySet<ServerId>): boolean;
  /** What the server's vote counts; 0 for one that must never lead, and for who is not a voter. */
  weightOf(server: ServerId): number;
}

/** More than half of the voters. A server alone is a majority of one. */
export class Majority implements QuorumVerifier {
  readonly voters: readonly ServerId[];

  constructor(voters: readonly ServerId[]) {
    this.voters = voters;
  }

  contains(servers: ReadonlySet<ServerId>): boolean {
    let count = 0;
    for (const voter of this.voters) if (servers.has(voter)) count++;
    return count * 2 > this.voters.length;
  }

  weightOf(server: ServerId): number {
    return this.voters.includes(server) ? 1 : 0;
  }
}

/** Voters that are counted together: `group.N` with the weight of each of its servers. */
export interface WeightedGroup {
  readonly id: number;
  readonly weights: ReadonlyMap<ServerId, number>;
}

/**
 * Quorums of groups and weights: more than half of the groups, in each of them more than half of its weight. Groups that
 * weigh nothing are not counted, and a server of weight 0 acknowledges and votes, but adds nothing and never leads.
 *
 * Two quorums share a group, since each has most of the groups; in that group they share a server, since each has most of its
 * weight.
 */
export class Hierarchical implements QuorumVerifier {
  readonly voters: readonly ServerId[];
  readonly #groups: readonly { readonly weights: ReadonlyMap<ServerId, number>; readonly total: number }[];
  readonly #weights = new Map<ServerId, number>();

  /** Throws when a server is in two groups, a weight is not a natural number, or nothing weighs anything. */
  constructor(groups: readonly WeightedGroup[]) {
    for (const { id, weights } of groups) {
      for (const [server, weight] of weights) {
        if (this.#weights.has(server)) {
          throw new Error(`server ${server} is in group ${id} and in another: list it in one group.N only`);
        }
        if (!Number.isSafeInteger(weight) || weight < 0) {
          throw new Error(
            `the weight ${weight} of server ${server} is not a natural number: correct weight.${server}`,
          );
        }
        this.#weights.set(server, weight);
      }
    }
    this.voters = [...this.#weights.keys()].sort((a, b) => a - b);
    this.#groups = groups
      .map(({ weights }) => ({
        weights,
        total: [...weights.values()].reduce((sum, weight) => sum + weight, 0),
      }))
      .filter(({ total }) => total > 0);
    if (this.#groups.length === 0) {
      throw new Error('no server has a vote that counts: give a weight.N above 0 to at least one');
    }
  }

  contains(servers: ReadonlySet<ServerId>): boolean {
    let groupCount = 0;
    for (const { weights, total } of this.#groups) {
      let present = 0;
      for (const [server, weight] of weights) if (servers.has(server)) present += weight;
      if (present * 2 > total) groupCount++;
    }
    return groupCount * 2 > this.#groups.length;
  }

  weightOf(server: ServerId): number {
    return this.#weights.get(server) ?? 0;
  }
}

/**
 * The quorums of an ensemble as it is configured: groups where there are `group.N` lines, else a plain majority. Observers have
 * no vote, also where a group lists them. Throws when there is no voter, or when groups leave a voter out or name a server
 * that is not a member.
 */
export function quorumOf(ensemble: EnsembleConfig): QuorumVerifier {
  const voters = ensemble.servers.filter(({ role }) => role === 'participant').map(({ id }) => id);
  if (voters.length === 0) {
    throw new Error('the ensemble has no voter: at least one server.N must be a participant');
  }
  if (ensemble.groups.length === 0) return new Majority(voters);
  const weightOf = new Map(ensemble.weights.map(({ server, weight }) => [server, weight]));
  const members = new Set(ensemble.servers.map(({ id }) => id));
  const grouped = new Set<ServerId>();
  const groups = ensemble.groups.map(({ id, servers }) => {
    const stranger = servers.find((server) => !members.has(server));
    if (stranger !== undefined) {
      throw new Error(
        `group.${id} names ${stranger}, which is no server: add server.${stranger} or take it out`,
      );
    }
    const weights = new Map<ServerId, number>();
    for (const server of servers) {
      if (!voters.includes(server)) continue;
      if (weights.has(server)) throw new Error(`group.${id} names server ${server} twice: list it once`);
      weights.set(server, weightOf.get(server) ?? 1);
      grouped.add(server);
    }
    return { id, weights };
  });
  const left = voters.find((voter) => !grouped.has(voter));
  if (left !== undefined) throw new Error(`server ${left} is in no group: add it to a group.N line`);
  return new Hierarchical(groups);
}
