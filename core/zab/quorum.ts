/** Id of a server, from its `myid` file. */
export type ServerId = number;

/** Decides which sets of servers may commit. Any two quorums share a server. */
export interface QuorumVerifier {
  readonly voters: readonly ServerId[];
  /** Whether these servers form a quorum. */
  contains(servers: ReadonlySet<ServerId>): boolean;
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
}
