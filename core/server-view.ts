import type { ServerStats } from './admin/stats.ts';
import type { ConnectionView, EnsembleView, ServerMode, ServerView, SessionView } from './admin/view.ts';
import type { ServerConfig } from './config.ts';
import { directoryBytes, environment, fileDescriptors } from './io/host-facts.ts';
import type { Connection } from './pipeline/connection.ts';
import type { WritePath } from './pipeline/write-path.ts';
import type { Clock } from './ports.ts';
import type { Service } from './service.ts';
import type { DataTree } from './tree/tree.ts';

/** What is looked at: all of it may be another one the next time, but for a server alone. */
export interface Viewed {
  readonly mode: ServerMode;
  readonly ensemble: EnsembleView | null;
  /** Since when it serves, on the monotonic clock. */
  readonly servingSinceMs: number;
  readonly service: Service<WritePath>;
  readonly tree: DataTree;
}

/** A running server as operators see it. */
export class RunningView implements ServerView {
  readonly config: ServerConfig;
  readonly stats: ServerStats;
  readonly localSessionCount = 0;
  clientPort = 0;
  readonly #viewed: Viewed;
  readonly #clock: Clock;

  constructor(viewed: Viewed, config: ServerConfig, stats: ServerStats, clock: Clock) {
    this.config = config;
    this.stats = stats;
    this.#viewed = viewed;
    this.#clock = clock;
  }

  get mode(): ServerMode {
    return this.#viewed.mode;
  }

  get ensemble(): EnsembleView | null {
    return this.#viewed.ensemble;
  }

  get uptimeMs(): number {
    return this.#clock.monotonicMs() - this.#viewed.servingSinceMs;
  }

  get lastProcessedZxid(): number {
    return this.#viewed.tree.lastProcessedZxid;
  }

  get outstandingRequests(): number {
    let count = this.#viewed.ensemble?.leader?.foreignProposalCount ?? 0;
    for (const connection of this.#viewed.service.clients.connections) count += connection.waitingCount;
    return count;
  }

  /** ZooKeeper counts the root twice, as `/` and as the empty path; tools that compare servers rely on the same number. */
  get nodeCount(): number {
    return this.#viewed.tree.store.count + 1;
  }

  get approximateDataBytes(): number {
    return this.#viewed.tree.store.approximateDataBytes + 1;
  }

  get ephemeralCount(): number {
    return this.#viewed.tree.owners.ephemeralCount;
  }

  get sessionCount(): number {
    return this.#viewed.service.tracker.count;
  }

  get connectionCount(): number {
    return this.#viewed.service.clients.connections.size;
  }

  get watchCount(): number {
    const { data, child } = this.#viewed.tree.watches;
    return data.watches + child.watches;
  }

  *connections(): Iterable<ConnectionView> {
    for (const connection of this.#viewed.service.clients.connections) yield viewOf(connection);
  }

  *sessions(): Iterable<SessionView> {
    const toWall = this.#clock.wallMs() - this.#clock.monotonicMs();
    for (const { id, timeoutMs, expiresAtMs } of this.#viewed.service.tracker.all()) {
      yield { id, timeoutMs, expiresAtMs: Math.round(expiresAtMs + toWall) };
    }
  }

  ephemerals(): Iterable<readonly [bigint, Iterable<string>]> {
    return this.#viewed.tree.owners.ephemerals;
  }

  *dataWatches(): Iterable<readonly [bigint, Iterable<string>]> {
    for (const [watcher, paths] of this.#viewed.tree.watches.data.byWatcher()) {
      yield [(watcher as Connection).session?.id ?? 0n, paths];
    }
  }

  *digests(): Iterable<{ zxid: number; digest: bigint }> {
    yield { zxid: this.#viewed.tree.lastProcessedZxid, digest: this.#viewed.tree.digest.toBigInt() };
  }

  diskUse(): { dataDirBytes: number; logDirBytes: number } {
    return {
      dataDirBytes: directoryBytes(`${this.config.dataDir}/version-2`),
      logDirBytes: directoryBytes(`${this.config.dataLogDir}/version-2`),
    };
  }

  fileDescriptors(): { open: number; max: number } | null {
    return fileDescriptors();
  }

  environment(): Iterable<readonly [string, string]> {
    return environment();
  }
}

function viewOf(connection: Connection): ConnectionView {
  const { link, session, stats } = connection;
  return {
    remoteAddress: link.remoteIp.includes(':')
      ? `[${link.remoteIp}]:${link.remotePort}`
      : `${link.remoteIp}:${link.remotePort}`,
    sessionId: session?.id ?? 0n,
    sessionTimeoutMs: session?.timeoutMs ?? 0,
    establishedMs: connection.establishedWallMs,
    outstanding: connection.waitingCount,
    reading: !connection.paused,
    writing: link.bufferedBytes > 0,
    stats,
  };
}
