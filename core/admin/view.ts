import type { SessionId, Zxid } from '../../wire/ids.ts';
import type { ServerConfig } from '../config.ts';
import type { ProposalSizes } from './ensemble-stats.ts';
import type { ConnectionStats, ServerStats } from './stats.ts';

export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/** One connection as `stat`, `cons` and `dump` show it. */
export interface ConnectionView {
  /** Peer's address as `ip:port`; IPv6 in brackets. */
  readonly remoteAddress: string;
  /** 0n before a session is established, and for a connection that carries a four-letter word. */
  readonly sessionId: SessionId;
  readonly sessionTimeoutMs: number;
  /** When the connection was accepted, on the wall clock. */
  readonly establishedMs: number;
  /** Requests received and not answered. */
  readonly outstanding: number;
  /** Whether more is being read from it, and whether bytes wait to be written to it. */
  readonly reading: boolean;
  readonly writing: boolean;
  readonly stats: ConnectionStats;
}

/**
 * A session and the moment, on the wall clock, at which it will be expired if nothing is heard from its client. A learner knows the
 * timeout only: its leader has the clock.
 */
export interface SessionView {
  readonly id: SessionId;
  readonly timeoutMs: number;
  readonly expiresAtMs: number;
}

/** What a member of an ensemble shows beside what every server does. */
export interface EnsembleView {
  /** The server that leads; this one or another. */
  readonly leaderId: number;
  /** How many servers have a vote. */
  readonly quorumSize: number;
  /** The text that `/zookeeper/config` holds. */
  readonly membership: string;
  /** Null on a learner. */
  readonly leader: LeaderView | null;
}

/** What only a leader shows. */
export interface LeaderView {
  /** How long it has been serving. */
  readonly uptimeMs: number;
  /** Servers that are connected to it, in whatever phase. */
  readonly learnerCount: number;
  /** Followers that get every proposal, voters and others. */
  readonly syncedFollowerCount: number;
  /** Those among them that the configuration gives no vote. */
  readonly syncedNonVotingFollowerCount: number;
  readonly syncedObserverCount: number;
  /** Syncs of learners that wait for a commit. */
  readonly pendingSyncCount: number;
  /** Proposals without a commit that no client of the leader itself waits for. */
  readonly foreignProposalCount: number;
  readonly proposalSizes: ProposalSizes;
}

/** What an operator can see of a server in any state. */
export interface HostView {
  /** Name and value pairs that describe process and machine, without the version. */
  environment(): Iterable<readonly [string, string]>;
}

/**
 * What an operator can see of a server that serves clients: the only thing that four-letter words know. Everything is computed on demand,
 * so a server implements it with getters over what it has; only `stats` is kept up to date as it works.
 */
export interface ServerView extends HostView {
  readonly config: ServerConfig;
  readonly stats: ServerStats;
  readonly mode: ServerMode;
  /** Null for a server alone. */
  readonly ensemble: EnsembleView | null;
  /** The port in use, also when the configuration says 0. */
  readonly clientPort: number;
  /** For how long it has been serving: a member begins anew with each role. */
  readonly uptimeMs: number;
  readonly lastProcessedZxid: Zxid;
  /** Requests received and not answered, over all connections; on a leader also those that learners have forwarded. */
  readonly outstandingRequests: number;
  /** Nodes as ZooKeeper counts them: the root twice, as `/` and as the empty path. */
  readonly nodeCount: number;
  /** Bytes of all paths and data, with both paths of the root. */
  readonly approximateDataBytes: number;
  readonly ephemeralCount: number;
  readonly sessionCount: number;
  readonly localSessionCount: number;
  readonly connectionCount: number;
  /** Watches of every kind. */
  readonly watchCount: number;
  /** Connections in the order of their arrival, the one that asks included. */
  connections(): Iterable<ConnectionView>;
  sessions(): Iterable<SessionView>;
  /** Sessions that own nodes, with the paths. */
  ephemerals(): Iterable<readonly [SessionId, Iterable<string>]>;
  /**
   * Sessions of this server that watch data or existence, with the paths (ZooKeeper's words do not list child watches; a
   * persistent watch counts as both).
   */
  dataWatches(): Iterable<readonly [SessionId, Iterable<string>]>;
  /** Digests of the tree at some past zxids, oldest first. */
  digests(): Iterable<{ readonly zxid: Zxid; readonly digest: bigint }>;
  /** Bytes of the files in `dataDir/version-2` and `dataLogDir/version-2`, as allocated lengths. */
  diskUse(): { readonly dataDirBytes: number; readonly logDirBytes: number };
  /** Open files of the process and its limit; null where the system does not tell. */
  fileDescriptors(): { readonly open: number; readonly max: number } | null;
}
