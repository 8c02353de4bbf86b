import { encode } from '../wire/codec.ts';
import { formatSessionId } from '../wire/ids.ts';
import { OpCode } from '../wire/opcodes.ts';
import { DeleteContainerRequest } from '../wire/requests.ts';
import type { ServerStats } from './admin/stats.ts';
import type { ServerConfig } from './config.ts';
import type { WritePath } from './pipeline/write-path.ts';
import type { Clock, Logger } from './ports.ts';
import type { Service } from './service.ts';
import { type Scheduler, Timers } from './timers.ts';
import { reapCandidates } from './tree/reaper.ts';
import type { DataTree } from './tree/tree.ts';

export interface HousekeepingParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
  /** Whether sessions are heard through learners too, which tell of them when they are asked. */
  readonly hasLearners?: boolean;
}

/** Removals of containers and TTL nodes are spread out in steps of this length. */
const REAP_STEP_MS = 50;

/** What a leader does by itself, by transactions of its own: it ends sessions, and removes containers and TTL nodes. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  readonly #service: Service<WritePath>;
  readonly #timers: Timers;

  constructor(parts: HousekeepingParts, service: Service<WritePath>) {
    this.#parts = parts;
    this.#service = service;
    this.#timers = new Timers(parts.scheduler);
  }

  start(): void {
    this.#scheduleExpiry();
    this.#timers.every(this.#parts.config.containerCheckIntervalMs, () => this.#reap());
  }

  stop(): void {
    this.#timers.stop();
  }

  /** Ends a session at once, as if its time were over. False if there is none of that id. */
  expireSession(sessionId: bigint): boolean {
    const { tracker, processor } = this.#service;
    const session = tracker.get(sessionId);
    if (session === undefined || session.closing || this.#timers.isStopped) return false;
    this.#service.turn(() => {
      this.#parts.stats.sessionsExpired++;
      tracker.setClosing(session);
      processor.submitOwn(OpCode.closeSession, sessionId, Buffer.alloc(0));
    });
    return true;
  }

  /**
   * Sessions end at multiples of the tick. Input that has arrived is read first: after a pause of the whole process, the
   * heartbeats that wait in the sockets must count before anyone is expired. Learners were not asked for theirs meanwhile, so
   * they have a tick to tell.
   */
  #scheduleExpiry(delayMsMin = 1): void {
    const { clock, config, hasLearners = false } = this.#parts;
    const nowMs = clock.monotonicMs();
    const delayMs = Math.max(delayMsMin, this.#service.tracker.nextExpiryMs - nowMs);
    this.#timers.after(delayMs, () => {
      this.#timers.endOfTurn(() => {
        const lateMs = clock.monotonicMs() - nowMs - delayMs;
        if (hasLearners && lateMs > config.tickTimeMs / 2) {
          this.#scheduleExpiry(config.tickTimeMs);
          return;
        }
        this.#service.turn(() => this.#expire());
        this.#scheduleExpiry();
      });
    });
  }

  #expire(): void {
    const { stats, logger } = this.#parts;
    const { clients, processor, tracker } = this.#service;
    clients.closeSessionless(processor.nowMs);
    for (const session of tracker.expire(processor.nowMs)) {
      stats.sessionsExpired++;
      logger.info(`session ${formatSessionId(session.id)} has expired`, { timeoutMs: session.timeoutMs });
      processor.submitOwn(OpCode.closeSession, session.id, Buffer.alloc(0));
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
    let count = 0;
    let done = false;
    this.#service.turn(() => {
      while (count < countMax) {
        const next = candidates.next();
        done = next.done === true;
        if (done || next.value === null) return;
        const body = encode(DeleteContainerRequest, { path: Buffer.from(next.value, 'utf8') });
        this.#service.processor.submitOwn(OpCode.deleteContainer, 0n, body);
        count++;
      }
    });
    if (!done) this.#timers.after(Math.ceil(count / perMs), () => this.#reapSome(candidates));
  }
}
