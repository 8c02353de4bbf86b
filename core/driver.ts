import type { FourLetterWord } from '../wire/four-letter.ts';
import type { AuthProviders } from './auth/providers.ts';
import { Housekeeping } from './housekeeping.ts';
import type { Connection } from './pipeline/connection.ts';
import { LeaderPath } from './pipeline/leader-path.ts';
import { Service } from './service.ts';
import { Store, type StoreParts } from './store.ts';
import type { DataTree } from './tree/tree.ts';
import { Majority } from './zab/quorum.ts';

export interface DriverParts extends StoreParts {
  readonly tree: DataTree;
  readonly auth: AuthProviders;
  readonly fourLetterReply: (word: FourLetterWord) => string;
  /** The disk failed: nothing may be acknowledged any more. */
  readonly onFailure: (error: Error) => void;
}

/**
 * A server alone: an ensemble of one. What holds it all together: a transaction is appended to the log in the turn in which it is
 * proposed, the log is flushed once at the end of the turn, and only when the log says that it is durable is it acknowledged,
 * committed, applied and answered.
 */
export class Driver {
  readonly store: Store;
  readonly service: Service<LeaderPath>;
  readonly #housekeeping: Housekeeping;

  constructor(parts: DriverParts) {
    const { serverId } = parts.config;
    this.store = new Store(parts.tree, parts, {
      durable: (zxid) => this.service.turn(() => this.service.path.durable(zxid)),
      failed: (error) => {
        // A server that cannot store must not answer: connections are dropped as they are.
        this.#halt();
        parts.onFailure(error);
      },
    });
    const quorum = new Majority([serverId]);
    this.service = new Service(
      parts,
      (committed) =>
        new LeaderPath({ ...parts, serverId, quorum }, committed, {
          log: ({ zxid, bytes }) => this.store.append(zxid, bytes),
        }),
    );
    this.#housekeeping = new Housekeeping(parts, this.service);
  }

  /** Starts the clocks: expiry of sessions, removal of containers, purging. */
  start(): void {
    this.#housekeeping.start();
    this.store.start();
  }

  received(connection: Connection, chunk: Buffer): void {
    this.service.received(connection, chunk);
  }

  drained(connection: Connection): void {
    this.service.drained(connection);
  }

  /** Ends a session at once, as if its time were over. False if there is none of that id. */
  expireSession(sessionId: bigint): boolean {
    return this.#housekeeping.expireSession(sessionId);
  }

  /** No input counts any more; what was appended is written, and the log is closed. */
  async stop(): Promise<void> {
    this.#housekeeping.stop();
    this.service.stop('the server stops');
    await this.store.stop();
  }

  #halt(): void {
    this.#housekeeping.stop();
    this.service.halt();
  }
}
