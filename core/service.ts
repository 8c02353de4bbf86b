import type { FourLetterWord } from '../wire/four-letter.ts';
import type { ServerStats } from './admin/stats.ts';
import type { AuthProviders } from './auth/providers.ts';
import type { ServerConfig } from './config.ts';
import { Clients } from './pipeline/clients.ts';
import type { Connection } from './pipeline/connection.ts';
import { RequestProcessor } from './pipeline/processor.ts';
import type { Committed, WritePath } from './pipeline/write-path.ts';
import type { Clock, Logger } from './ports.ts';
import { SessionTracker } from './session/tracker.ts';
import type { Scheduler } from './timers.ts';
import type { DataTree } from './tree/tree.ts';

export interface ServiceParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly auth: AuthProviders;
  readonly stats: ServerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
  readonly fourLetterReply: (word: FourLetterWord) => string;
}

/** What a learner does otherwise: another server watches over its sessions. */
export interface ServiceOptions {
  readonly tracker?: SessionTracker;
  readonly revalidate?: (sessionId: bigint, timeoutMs: number) => void;
}

/** Serves clients for as long as the server has a role: their connections and sessions, and their requests in order. */
export class Service<Path extends WritePath> {
  readonly clients: Clients;
  readonly processor: RequestProcessor;
  readonly tracker: SessionTracker;
  readonly path: Path;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #stopped = false;
  #isFlushPlanned = false;

  /** `pathTo` makes the way that writes go. */
  constructor(
    parts: ServiceParts,
    pathTo: (committed: Committed) => Path,
    { tracker, revalidate }: ServiceOptions = {},
  ) {
    const { config, tree, clock, scheduler } = parts;
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.tracker = tracker ?? new SessionTracker(config.tickTimeMs, clock.monotonicMs());
    for (const [id, timeoutMs] of tree.sessions) this.tracker.track(id, timeoutMs, clock.monotonicMs());
    const shared = { ...parts, tracker: this.tracker };
    let path!: Path;
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
        path = pathTo(committed);
        return path;
      },
    );
    this.path = path;
    this.clients = new Clients({ ...shared, processor: this.processor, revalidate });
  }

  received(connection: Connection, chunk: Buffer): void {
    if (this.#stopped) return;
    this.clients.received(connection, chunk);
    this.clients.flush();
  }

  drained(connection: Connection): void {
    this.turn(() => this.clients.drained(connection));
  }

  /** Runs what came from elsewhere than a client, and sends what it led to. */
  turn(action: () => void): void {
    if (this.#stopped) return;
    this.processor.nowMs = this.#clock.monotonicMs();
    action();
    this.clients.flush();
  }

  /** Runs one of many things that come together, as packets do. What they lead to is sent at the end of the turn, all at once. */
  gather(action: () => void): void {
    if (this.#stopped) return;
    this.processor.nowMs = this.#clock.monotonicMs();
    action();
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#scheduler.endOfTurn(() => {
      this.#isFlushPlanned = false;
      this.clients.flush();
    });
  }

  /** No input counts any more. Connections stay as they are. */
  halt(): void {
    this.#stopped = true;
  }

  /** No input counts any more, and every connection ends, after what was about to be sent. */
  stop(reason: string): void {
    this.halt();
    this.clients.flush();
    for (const connection of [...this.clients.connections]) this.clients.close(connection, reason);
  }
}
