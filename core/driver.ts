import { encode } from '../wire/codec.ts';
import type { FourLetterWord } from '../wire/four-letter.ts';
import { OpCode } from '../wire/opcodes.ts';
import { DeleteContainerRequest } from '../wire/requests.ts';
import type { ServerStats } from './admin/stats.ts';
import type { AuthProviders } from './auth/providers.ts';
import type { ServerConfig } from './config.ts';
import type { DiskLog } from './io/disk-log.ts';
import type { DiskSnapshots } from './io/disk-snapshot.ts';
import { Clients } from './pipeline/clients.ts';
import type { Connection } from './pipeline/connection.ts';
import { LeaderPath } from './pipeline/leader-path.ts';
import { type ProcessorParts, RequestProcessor } from './pipeline/processor.ts';
import type { Clock, Logger, Random } from './ports.ts';
import { SessionTracker } from './session/tracker.ts';
import { reapCandidates } from './tree/reaper.ts';
import { TreeSnapshot } from './tree/snapshot-view.ts';
import type { DataTree } from './tree/tree.ts';
import { Majority } from './zab/quorum.ts';

/** The driver's way to time: callbacks in later turns. Real timers in production, the simulator's queue in simulation. */
export interface Scheduler {
  /** Once this turn's input has been read. */
  endOfTurn(callback: () => void): void;
  after(delayMs: number, callback: () => void): { cancel(): void };
}

export interface DriverParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly auth: AuthProviders;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
  readonly snapshots: DiskSnapshots;
  /** Makes the log; `durable` and `failed` are the driver's. */
  readonly openLog: (events: { durable(zxid: number): void; failed(error: Error): void }) => DiskLog;
  readonly fourLetterReply: (word: FourLetterWord) => string;
  /** The disk failed: nothing may be acknowledged any more. */
  readonly onFailure: (error: Error) => void;
}

/** In how many steps the time of a snapshot is drawn. */
const DRAW_STEPS = 1000;
/** Removals of containers and TTL nodes are spread out in steps of this length. */
const REAP_STEP_MS = 50;

/**
 * Feeds inputs to the protocol code and performs its effects in order. What holds it all together: a transaction is appended
 * to the log in the turn in which it is proposed, the log is flushed once at the end of the turn, and only when the log says
 * that it is durable is it acknowledged, committed, applied and answered.
 */
export class Driver {
  readonly clients: Clients;
  readonly processor: RequestProcessor;
  readonly path: LeaderPath;
  readonly tracker: SessionTracker;
  readonly log: DiskLog;
  readonly #parts: DriverParts;
  readonly #timers = new Set<{ cancel(): void }>();
  #flushScheduled = false;
  #snapshotAfter: { readonly txns: number; readonly bytes: number };
  #onSnapshotEnd: (() => void) | null = null;
  #stopped = false;

  constructor(parts: DriverParts) {
    this.#parts = parts;
    const { config, tree, clock, stats, logger } = parts;
    this.tracker = new SessionTracker(config.tickTimeMs, clock.monotonicMs());
    for (const [id, timeoutMs] of tree.sessions) this.tracker.track(id, timeoutMs, clock.monotonicMs());
    const shared: ProcessorParts = {
      ...parts,
      tracker: this.tracker,
    };
    this.log = parts.openLog({
      durable: (zxid) => this.#durable(zxid),
      failed: (error) => this.#fail(error),
    });
    const { serverId } = config;
    let path!: LeaderPath;
    this.processor = new RequestProcessor(
      shared,
      {
        sessionReady: (connection) => this.clients.sessionReady(connection),
        sessionClosed: (session) => this.clients.sessionClosed(session),
        close: (connection, reason) => this.clients.close(connection, reason),
        markDirty: (connection) => this.clients.markDirty(connection),
        resume: (connection) => this.clients.resume(connection),
      },
      (committed) => {
        const quorum = new Majority([serverId]);
        path = new LeaderPath({ ...shared, serverId, quorum }, committed, ({ zxid, bytes }) =>
          this.#append(zxid, bytes),
        );
        return path;
      },
    );
    this.path = path;
    this.clients = new Clients({
      config,
      tree,
      clock,
      stats,
      logger,
      tracker: this.tracker,
      processor: this.processor,
      fourLetterReply: parts.fourLetterReply,
    });
    this.#snapshotAfter = this.#drawSnapshotAfter();
  }

  /** Starts the clocks: expiry of sessions, removal of containers, purging. */
  start(): void {
    this.#scheduleExpiry();
    const { containerCheckIntervalMs, autopurgePurgeIntervalHours } = this.#parts.config;
    this.#every(containerCheckIntervalMs, () => this.#reap());
    if (autopurgePurgeIntervalHours > 0) {
      this.#purge();
      this.#every(autopurgePurgeIntervalHours * 3_600_000, () => this.#purge());
    }
  }

  received(connection: Connection, chunk: Buffer): void {
    if (this.#stopped) return;
    this.clients.received(connection, chunk);
    this.clients.flush();
  }

  drained(connection: Connection): void {
    if (this.#stopped) return;
    this.processor.nowMs = this.#parts.clock.monotonicMs();
    this.clients.drained(connection);
    this.clients.flush();
  }

  /** Ends a session at once, as if its time were over. False if there is none of that id. */
  expireSession(sessionId: bigint): boolean {
    const session = this.tracker.get(sessionId);
    if (session === undefined || session.closing || this.#stopped) return false;
    this.processor.nowMs = this.#parts.clock.monotonicMs();
    this.#parts.stats.sessionsExpired++;
    this.tracker.setClosing(session);
    this.processor.submitOwn(OpCode.closeSession, sessionId, Buffer.alloc(0));
    return true;
  }

  /** No input counts any more; what was appended is written, and the log is closed. */
  async stop(): Promise<void> {
    this.#halt();
    for (const connection of [...this.clients.connections])
      this.clients.close(connection, 'the server stops');
    // The files belong to the next start as soon as this has ended: no snapshot may still be writing to them.
    const snapshotEnded = new Promise<void>((resolve) => {
      if (this.#parts.snapshots.busy) this.#onSnapshotEnd = resolve;
      else resolve();
    });
    this.#parts.snapshots.abort();
    try {
      await new Promise<void>((resolve, reject) => {
        this.log.close((error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      await snapshotEnded;
    }
  }

  #halt(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  // -- Log -----------------------------------------------------------------------------------------------------------------

  #append(zxid: number, bytes: Buffer): void {
    if (this.#stopped) return;
    this.log.append(zxid, bytes);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#parts.scheduler.endOfTurn(() => {
      this.#flushScheduled = false;
      if (this.#stopped) return;
      this.log.flush();
      this.#maybeSnapshot();
    });
  }

  #durable(zxid: number): void {
    if (this.#stopped) return;
    this.processor.nowMs = this.#parts.clock.monotonicMs();
    this.path.durable(zxid);
    this.clients.flush();
  }

  /** A server that cannot store must not answer: connections are dropped as they are. */
  #fail(error: Error): void {
    this.#halt();
    this.#parts.snapshots.abort();
    this.#parts.onFailure(error);
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
    if (this.#stopped) return;
    const { txns, bytes } = this.#snapshotAfter;
    const isDue = this.log.txnsSinceRoll > txns || this.log.bytesSinceRoll > bytes;
    if (!isDue || this.#parts.snapshots.busy) return;
    this.#snapshotAfter = this.#drawSnapshotAfter();
    this.log.roll();
    const startedMs = this.#parts.clock.monotonicMs();
    this.#parts.snapshots.write(new TreeSnapshot(this.#parts.tree), (error, path) => {
      const { stats, logger, clock } = this.#parts;
      this.#onSnapshotEnd?.();
      if (this.#stopped) return;
      if (error !== null) {
        // The log holds everything, so nothing is lost; the next trigger tries again.
        logger.error(`writing a snapshot failed: ${error.message}`, { path });
        return;
      }
      stats.snapshotMs.add(clock.monotonicMs() - startedMs);
    });
  }

  #purge(): void {
    try {
      this.#parts.snapshots.purge(this.#parts.config.autopurgeSnapRetainCount);
    } catch (error) {
      this.#parts.logger.error(`removing old snapshots failed: ${(error as Error).message}`);
    }
  }

  // -- Clocks ----------------------------------------------------------------------------------------------------------------

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#parts.scheduler.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#stopped) callback();
    });
    this.#timers.add(timer);
  }

  #every(intervalMs: number, callback: () => void): void {
    this.#after(intervalMs, () => {
      callback();
      this.#every(intervalMs, callback);
    });
  }

  /**
   * Sessions end at multiples of the tick. Input that has arrived is read first: after a pause of the whole process, the
   * heartbeats that wait in the sockets must count before anyone is expired.
   */
  #scheduleExpiry(): void {
    const { clock, scheduler } = this.#parts;
    this.#after(Math.max(1, this.tracker.nextExpiryMs - clock.monotonicMs()), () => {
      scheduler.endOfTurn(() => {
        if (this.#stopped) return;
        this.#expire();
        this.#scheduleExpiry();
      });
    });
  }

  #expire(): void {
    const { clock, stats, logger } = this.#parts;
    this.processor.nowMs = clock.monotonicMs();
    this.clients.closeSessionless(this.processor.nowMs);
    for (const session of this.tracker.expire(this.processor.nowMs)) {
      stats.sessionsExpired++;
      logger.info(`session 0x${BigInt.asUintN(64, session.id).toString(16)} has expired`, {
        timeoutMs: session.timeoutMs,
      });
      this.processor.submitOwn(OpCode.closeSession, session.id, Buffer.alloc(0));
    }
  }

  #reap(): void {
    const { tree, clock, config } = this.#parts;
    this.#reapSome(reapCandidates(tree, clock.wallMs(), config.containerMaxNeverUsedIntervalMs));
  }

  /** At most `containerMaxPerMinute`, evenly spread; a large tree is looked through in steps. */
  #reapSome(candidates: Iterator<string | null>): void {
    const perMs = this.#parts.config.containerMaxPerMinute / 60_000;
    const countMax = Math.max(1, Math.floor(perMs * REAP_STEP_MS));
    this.processor.nowMs = this.#parts.clock.monotonicMs();
    let count = 0;
    while (count < countMax) {
      const { value: path, done } = candidates.next();
      if (done === true) return;
      if (path === null) break;
      const body = encode(DeleteContainerRequest, { path: Buffer.from(path, 'utf8') });
      this.processor.submitOwn(OpCode.deleteContainer, 0n, body);
      count++;
    }
    this.#after(Math.ceil(count / perMs), () => this.#reapSome(candidates));
  }
}
