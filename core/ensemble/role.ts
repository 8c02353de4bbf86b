import type { FourLetterWord } from '../../wire/four-letter.ts';
import type { ServerStats } from '../admin/stats.ts';
import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import type { DiskSnapshots } from '../io/disk-snapshot.ts';
import type { WritePath } from '../pipeline/write-path.ts';
import type { Clock, Files, Logger } from '../ports.ts';
import type { Service } from '../service.ts';
import type { HistoryDirectories } from '../storage/contract.ts';
import type { Store } from '../store.ts';
import type { Scheduler } from '../timers.ts';
import type { DataTree, TreeOptions } from '../tree/tree.ts';
import type { CommittedLog } from '../zab/commit-log.ts';
import type { Epochs, Received } from '../zab/learner-types.ts';
import type { QuorumVerifier } from '../zab/quorum.ts';
import type { KnownConfiguration } from './known-configuration.ts';

/** What a member of an ensemble has, whatever its role. */
export interface MemberParts {
  readonly config: ServerConfig;
  readonly quorum: QuorumVerifier;
  /** Text of the configuration, as NEWLEADER and notifications carry it. */
  readonly ensembleText: Buffer;
  readonly store: Store;
  readonly committedLog: CommittedLog;
  readonly epochs: Epochs;
  readonly snapshots: DiskSnapshots;
  readonly files: Files;
  readonly directories: HistoryDirectories;
  readonly treeOptions: TreeOptions;
  /** Reads the history on disk into a new tree. */
  readonly restore: () => DataTree;
  readonly auth: AuthProviders;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
  readonly fourLetterReply: (word: FourLetterWord) => string;
}

/** What a role has beyond that. */
export interface RoleParts extends MemberParts {
  /** Outlives roles: a leader asked for a cut that this server's files do not allow, so the next one has to send its tree. */
  readonly recovery: { needsSnapshot: boolean };
  /** Outlives roles too, as its version comes from other servers. */
  readonly configuration: KnownConfiguration;
}

/** What a role tells the member. */
export interface RoleEvents {
  /** The role is over. Told once, as the last thing of a call. */
  failed(role: Role, reason: string): void;
  /** The epoch that this server leads or follows in is agreed on. */
  established(epoch: number): void;
  /** Clients may come, to `Role.service`. */
  serving(): void;
}

/** Leading, following or observing, from the election's end until it fails. */
export interface Role {
  /** Null until clients may come. */
  readonly service: Service<WritePath> | null;
  /** Everything up to this zxid is in the log, on disk. */
  durable(zxid: number): void;
  /** Ends the role: connections of clients and servers are closed, and what is logged and not committed is applied. */
  stop(reason: string): void;
}

/** Transactions become part of the tree, and of the history that is in memory. */
export function apply(
  { store, committedLog }: Pick<MemberParts, 'store' | 'committedLog'>,
  transactions: Iterable<Received>,
): void {
  for (const { zxid, bytes, logged } of transactions) {
    committedLog.add(zxid, bytes);
    store.tree.apply(logged);
  }
}

/**
 * What is logged counts as history when a role ends, committed or not: a later leader may cut it off again. A snapshot under way
 * would show it under the zxid of an earlier one, and so outlive the cut.
 */
export function applyUncommitted(
  parts: Pick<MemberParts, 'store' | 'committedLog' | 'snapshots'>,
  transactions: readonly Received[],
): void {
  if (transactions.length > 0) parts.snapshots.abort();
  apply(parts, transactions);
}
