import { Summary } from './summary.ts';

/** What a member of an ensemble counts beside what every server does, whatever role it has: kept over changes of the role. */
export class EnsembleStats {
  /** Transactions that this server proposed and committed as leader. */
  proposals = 0;
  commits = 0;
  /** PROPOSAL packets that this server got as follower, and COMMIT and INFORM packets that it got as learner. */
  proposalsReceived = 0;
  commitsReceived = 0;
  /** How often this server has begun to look for a leader. */
  lookings = 0;
  /** Learners that this server brought up to date, by what they lacked and by its whole tree. */
  diffs = 0;
  snapshots = 0;
  /** Sessions about which learners asked this server when their clients came from elsewhere. */
  revalidations = 0;
  /** Connections that ended because there was no leader, and so nobody to serve them. */
  turnedAway = 0;

  /** Milliseconds from the arrival of a request at the leader to its commit. */
  readonly quorumAckMs = new Summary();
  /** Milliseconds from the beginning of the search for a leader to its end. */
  readonly electionMs = new Summary();
  /** Milliseconds from the end of one role to the moment at which the next one serves clients. */
  readonly unavailableMs = new Summary();
  /** The same where the next role is that of the leader. */
  readonly leaderUnavailableMs = new Summary();
  /** Milliseconds from LEADERINFO to UPTODATE. */
  readonly followerSyncMs = new Summary();
  readonly observerSyncMs = new Summary();

  reset(): void {
    this.proposals = 0;
    this.commits = 0;
    this.proposalsReceived = 0;
    this.commitsReceived = 0;
    this.lookings = 0;
    this.diffs = 0;
    this.snapshots = 0;
    this.revalidations = 0;
    this.turnedAway = 0;
    this.quorumAckMs.reset();
    this.electionMs.reset();
    this.unavailableMs.reset();
    this.leaderUnavailableMs.reset();
    this.followerSyncMs.reset();
    this.observerSyncMs.reset();
  }
}

/** Bytes of the transactions that a leader proposed; -1 before the first, as ZooKeeper has it. */
export class ProposalSizes {
  last = -1;
  min = -1;
  max = -1;

  add(bytes: number): void {
    this.last = bytes;
    if (this.min === -1 || bytes < this.min) this.min = bytes;
    if (bytes > this.max) this.max = bytes;
  }

  reset(): void {
    this.last = -1;
    this.min = -1;
    this.max = -1;
  }
}
