import type { ServerStats } from './admin/stats.ts';
import type { ServerConfig } from './config.ts';
import type { DiskLog } from './io/disk-log.ts';
import type { DiskSnapshots, SnapshotDone } from './io/disk-snapshot.ts';
import type { Clock, Logger, Random } from './ports.ts';
import { type Scheduler, Timers } from './timers.ts';
import { TreeSnapshot } from './tree/snapshot-view.ts';
import type { DataTree } from './tree/tree.ts';

export interface StoreEvents {
  /** Every transaction up to `zxid` is in the log, on disk. */
  durable(zxid: number): void;
  /** The disk failed: nothing becomes durable any more. */
  failed(error: Error): void;
}

export interface StoreParts {
  readonly config: ServerConfig;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
  readonly snapshots: DiskSnapshots;
  /** Makes the log; its events are the store's. */
  readonly openLog: (events: StoreEvents) => DiskLog;
}

/** In how many steps the time of a snapshot is drawn. */
const DRAW_STEPS = 1000;

/**
 * What a server keeps: the tree, the log before it, and snapshots of it. What is appended in a turn is flushed once at its end;
 * snapshots are taken and old ones purged as the configuration says.
 */
export class Store {
  readonly #parts: StoreParts;
  readonly #events: StoreEvents;
  readonly #timers: Timers;
  #tree: DataTree;
  #log: DiskLog;
  #lastLogged: number;
  #durable: number;
  #flushScheduled = false;
  /** Snapshots that wait until everything up to a zxid is on disk. */
  #awaitingDurable: { readonly zxid: number; readonly publish: () => void }[] = [];
  #snapshotAfter: { readonly txns: number; readonly bytes: number };

  /** `tree` is what the files hold. */
  constructor(tree: DataTree, parts: StoreParts, events: StoreEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#timers = new Timers(parts.scheduler);
    this.#tree = tree;
    this.#lastLogged = this.#durable = tree.lastProcessedZxid;
    this.#log = this.#openLog();
    this.#snapshotAfter = this.#drawSnapshotAfter();
  }

  get tree(): DataTree {
    return this.#tree;
  }

  get log(): DiskLog {
    return this.#log;
  }

  /** Last transaction in the log, or in the snapshot that it goes on from. */
  get lastLogged(): number {
    return this.#lastLogged;
  }

  /** Whether everything in the log is on disk. */
  get isDurable(): boolean {
    return this.#durable >= this.#lastLogged;
  }

  #openLog(): DiskLog {
    return this.#parts.openLog({
      durable: (zxid) => {
        this.#durable = zxid;
        this.#releaseSnapshots(zxid);
        if (!this.#timers.isStopped) this.#events.durable(zxid);
      },
      failed: (error) => {
        this.halt();
        this.#releaseSnapshots(Number.POSITIVE_INFINITY);
        this.#events.failed(error);
      },
    });
  }

  /**
   * Closes the log, all of which must be durable, lets `change` work on the files, and goes on in a new one with the tree that it
   * returns. A snapshot under way is given up.
   */
  rewrite(change: () => DataTree): void {
    if (!this.isDurable) throw new Error('the log is still being written');
    this.#parts.snapshots.abort();
    let closed: Error | null | undefined;
    this.#log.close((error) => {
      closed = error;
    });
    if (closed === undefined) throw new Error('the log is still being written');
    if (closed !== null) throw closed;
    this.#tree = change();
    this.#lastLogged = this.#durable = this.#tree.lastProcessedZxid;
    this.#log = this.#openLog();
  }

  /** The tree is another one, which is not on disk. Nothing may be appended until `rewrite`. */
  replaceTree(tree: DataTree): void {
    this.#parts.snapshots.abort();
    this.#tree = tree;
  }

  /** Starts to purge, where the configuration says so. */
  start(): void {
    const { autopurgePurgeIntervalHours } = this.#parts.config;
    if (autopurgePurgeIntervalHours === 0) return;
    this.#purge();
    this.#timers.every(autopurgePurgeIntervalHours * 3_600_000, () => this.#purge());
  }

  /** Puts a transaction into the log; `bytes` are copied. */
  append(zxid: number, bytes: Buffer): void {
    if (this.#timers.isStopped) return;
    this.#lastLogged = zxid;
    this.log.append(zxid, bytes);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#timers.endOfTurn(() => {
      this.#flushScheduled = false;
      this.log.flush();
      this.#maybeSnapshot();
    });
  }

  /** From now on nothing is reported or begun. */
  halt(): void {
    this.#timers.stop();
    this.#parts.snapshots.abort();
  }

  /** What was appended is written, and the log is closed. Rejects with the disk's error. */
  async stop(): Promise<void> {
    this.#timers.stop();
    // The files belong to the next start as soon as this has ended: no snapshot may still be writing to them.
    this.#parts.snapshots.abort();
    const snapshotEnded = new Promise<void>((resolve) => this.#parts.snapshots.whenIdle(resolve));
    try {
      await new Promise<void>((resolve, reject) => {
        this.log.close((error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      await snapshotEnded;
    }
  }

  // -- Snapshots -------------------------------------------------------------------------------------------------------------

  /** From half of the limit to all of it: servers of an ensemble would otherwise all take theirs at once. */
  #drawSnapshotAfter(): { readonly txns: number; readonly bytes: number } {
    const { config, random } = this.#parts;
    const draw = (limit: number): number =>
      Math.floor(limit / 2) * (1 + random.below(DRAW_STEPS) / DRAW_STEPS);
    const { snapCount, snapSizeLimitBytes } = config;
    return { txns: draw(snapCount), bytes: snapSizeLimitBytes === 0 ? Infinity : draw(snapSizeLimitBytes) };
  }

  #maybeSnapshot(): void {
    if (this.#timers.isStopped) return;
    const { txns, bytes } = this.#snapshotAfter;
    const isDue = this.log.txnsSinceRoll > txns || this.log.bytesSinceRoll > bytes;
    if (!isDue || this.#parts.snapshots.busy) return;
    this.#snapshotAfter = this.#drawSnapshotAfter();
    this.log.roll();
    const startedMs = this.#parts.clock.monotonicMs();
    const done: SnapshotDone = (error, path) => {
      const { stats, logger, clock } = this.#parts;
      if (this.#timers.isStopped) return;
      if (error !== null) {
        // The log holds everything, so nothing is lost; the next trigger tries again.
        logger.error(`writing a snapshot failed: ${error.message}`, { path });
        return;
      }
      stats.snapshotMs.add(clock.monotonicMs() - startedMs);
    };
    this.#parts.snapshots.write(new TreeSnapshot(this.tree), done, (publish) => this.#whenDurable(publish));
  }

  /**
   * In an ensemble a transaction may be committed, and so be in the tree and in a snapshot of it, before the own log has it on disk.
   * Were such a snapshot left after a loss of power, the log would end before it.
   */
  #whenDurable(publish: () => void): void {
    if (this.isDurable) publish();
    else this.#awaitingDurable.push({ zxid: this.#lastLogged, publish });
  }

  #releaseSnapshots(zxid: number): void {
    const released = this.#awaitingDurable.filter((waiting) => waiting.zxid <= zxid);
    this.#awaitingDurable = this.#awaitingDurable.filter((waiting) => waiting.zxid > zxid);
    for (const { publish } of released) publish();
  }

  #purge(): void {
    try {
      this.#parts.snapshots.purge(this.#parts.config.autopurgeSnapRetainCount);
    } catch (error) {
      this.#parts.logger.error(`removing old snapshots failed: ${(error as Error).message}`);
    }
  }
}
