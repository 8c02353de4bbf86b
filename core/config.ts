import type { HostPort, ServerLine } from '../wire/server-line.ts';

export type { HostPort, ServerLine };

/**
 * Everything a server can be told, in typed form. `core/zoo-cfg.ts` reads it from a zoo.cfg; tests write it by hand on top of
 * `defaultConfig`. Names are ZooKeeper's, with the unit added.
 */
export interface ServerConfig {
  /** Where snapshots, myid and epoch files live. */
  readonly dataDir: string;
  /** Where transaction logs live; the same as `dataDir` unless told otherwise. */
  readonly dataLogDir: string;
  /** 0 lets the system choose. */
  readonly clientPort: number;
  /** Address to listen on; null means every one. */
  readonly clientPortAddress: string | null;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Connections that one IP address may hold; 0 means no limit. */
  readonly maxClientCnxns: number;
  /** Connections in all; 0 means no limit. */
  readonly maxCnxns: number;
  /** Transactions between two snapshots; the server draws a number between half of it and all of it each time. */
  readonly snapCount: number;
  /** Bytes of log between two snapshots, drawn in the same way; 0 sets no limit. */
  readonly snapSizeLimitBytes: number;
  readonly autopurgeSnapRetainCount: number;
  /** 0 never purges. */
  readonly autopurgePurgeIntervalHours: number;
  /** Words that are answered; `*` answers all. */
  readonly fourLetterWordWhitelist: readonly string[];
  /** Longest frame accepted from a client, in bytes. */
  readonly juteMaxBufferBytes: number;
  /** Whether TTL nodes are known (`extendedTypesEnabled`). */
  readonly extendedTypesEnabled: boolean;
  /** `user:base64(sha1(user:password))` of the super user, null for none. */
  readonly superDigest: string | null;
  readonly digestAuthEnabled: boolean;
  readonly skipAcl: boolean;
  readonly preAllocSizeBytes: number;
  /** When false, replies do not wait for fdatasync: a crash of the machine loses acknowledged writes. */
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
  readonly digestEnabled: boolean;
  readonly snapshotTrustEmpty: boolean;
  readonly containerCheckIntervalMs: number;
  readonly containerMaxPerMinute: number;
  /** Age at which a container that never had a child is removed; 0 never. */
  readonly containerMaxNeverUsedIntervalMs: number;
  readonly enforceQuota: boolean;
  /** Requests of one connection under way beyond which it is not read; protects memory. */
  readonly globalOutstandingLimit: number;
  /** This server's id: from the file `myid`, 1 for a server alone. */
  readonly serverId: number;
  /** The file's own settings as `key=value` lines, secrets left out. */
  readonly initialConfig: string;
  /** Connections that the system may queue before they are accepted; -1 leaves it to the system. */
  readonly clientPortListenBacklog: number;
  /** Whether directories that are not there are made. */
  readonly dataDirAutocreate: boolean;
  readonly ensemble: EnsembleConfig;
}

/** What a server is told about the ensemble it belongs to. */
export interface EnsembleConfig {
  /** The `server.N` lines, by id. Empty, or one voter, for a server alone. */
  readonly servers: readonly ServerLine[];
  /** `group.N`: ids of the servers in each group, for quorums that are not plain majorities. */
  readonly groups: readonly { readonly id: number; readonly servers: readonly number[] }[];
  /** `weight.N`: votes of a server, 1 where nothing is said. */
  readonly weights: readonly { readonly server: number; readonly weight: number }[];
  /** Ticks that a follower may take to connect and synchronise. */
  readonly initLimitTicks: number;
  /** Ticks that a follower may be behind or silent. */
  readonly syncLimitTicks: number;
  readonly connectToLearnerMasterLimitTicks: number;
  readonly peerType: 'participant' | 'observer';
  readonly electionCnxTimeoutMs: number;
  readonly electionPortBindRetry: number;
  readonly quorumListenOnAllIPs: boolean;
  /** Whether the leader has clients of its own. */
  readonly leaderServes: boolean;
  readonly commitLogCount: number;
  /** Log files are sent to a learner where they are shorter than this times the newest snapshot; never if negative, always if 0. */
  readonly snapshotSizeFactor: number;
  readonly readOnlyModeEnabled: boolean;
}

/** A server that knows of no other. */
export const noEnsemble: EnsembleConfig = {
  servers: [],
  groups: [],
  weights: [],
  initLimitTicks: 10,
  syncLimitTicks: 5,
  connectToLearnerMasterLimitTicks: 0,
  peerType: 'participant',
  electionCnxTimeoutMs: 5000,
  electionPortBindRetry: 3,
  quorumListenOnAllIPs: false,
  leaderServes: true,
  commitLogCount: 500,
  snapshotSizeFactor: 0.33,
  readOnlyModeEnabled: false,
};

export const defaultConfig: Omit<ServerConfig, 'dataDir' | 'dataLogDir'> = {
  clientPort: 2181,
  clientPortAddress: null,
  tickTimeMs: 2000,
  minSessionTimeoutMs: 4000,
  maxSessionTimeoutMs: 40_000,
  maxClientCnxns: 60,
  maxCnxns: 0,
  snapCount: 100_000,
  snapSizeLimitBytes: 4 * 1024 ** 3,
  autopurgeSnapRetainCount: 3,
  autopurgePurgeIntervalHours: 0,
  fourLetterWordWhitelist: ['srvr'],
  juteMaxBufferBytes: 0xfffff,
  extendedTypesEnabled: false,
  superDigest: null,
  digestAuthEnabled: true,
  skipAcl: false,
  preAllocSizeBytes: 64 * 1024 * 1024,
  forceSync: true,
  fsyncWarningThresholdMs: 1000,
  digestEnabled: true,
  snapshotTrustEmpty: false,
  containerCheckIntervalMs: 60_000,
  containerMaxPerMinute: 10_000,
  containerMaxNeverUsedIntervalMs: 0,
  enforceQuota: false,
  globalOutstandingLimit: 1000,
  serverId: 1,
  initialConfig: '',
  clientPortListenBacklog: -1,
  dataDirAutocreate: true,
  ensemble: noEnsemble,
};
