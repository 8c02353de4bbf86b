import {
  type Acl,
  BadVersionError,
  ClosedError,
  ConnectionLossError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  SessionExpiredError,
  type Transaction,
  UnansweredError,
  type ZooKeeperClient,
} from '../client/index.ts';
import { childPath } from '../wire/path.ts';
import { repeatedly } from './repeat.ts';
import { SessionEnd } from './session-end.ts';

/** A node whose version counts the transactions that went through it. */
interface Slot {
  readonly path: string;
  /** Null while it does not exist. */
  version: number | null;
  /** The session that it belongs to; null while it does not exist. */
  sessionId: bigint | null;
}

/** The directory, or a slot, may be taken away between two steps; that often in a row means that something else is wrong. */
const ROUNDS_MAX = 16;

/** What a transaction is made of, added to one that has the receipt already. */
export type Build = (transaction: Transaction<readonly unknown[]>) => Transaction<readonly unknown[]>;

/**
 * Applies transactions exactly once although connections break. Each one also writes a node of ours (a receipt) that is expected to
 * have a certain version: when an answer was lost the same transaction is sent again, and the server refuses it if the first was
 * applied. Receipts are ephemeral nodes, used again and again; there are as many as transactions were under way at once.
 *
 * The promise holds while the session lives. Where it ends before the answer, `SessionExpiredError` says that the outcome is unknown.
 */
export class Receipts {
  readonly #client: ZooKeeperClient;
  readonly #directory: string;
  readonly #acl: readonly Acl[] | undefined;
  #idle: Slot[] = [];

  constructor(client: ZooKeeperClient, directory: string, acl?: readonly Acl[]) {
    this.#client = client;
    this.#directory = directory;
    this.#acl = acl;
  }

  /**
   * Applies what `build` adds. Rejects with the failed operation's own error if nothing was applied, and with the signal's reason:
   * then it may have been applied, as with any other write.
   */
  async apply(build: Build, signal?: AbortSignal): Promise<void> {
    for (let round = 1; ; round++) {
      const failure = await this.#once(build, signal);
      if (failure === null) return;
      if (round >= ROUNDS_MAX) throw failure;
      if (failure instanceof NoNodeError) await this.#makeDirectory(signal);
    }
  }

  /** Deletes the receipts that are not in use; for the end. */
  async close(): Promise<void> {
    const idle = this.#idle;
    this.#idle = [];
    await Promise.all(idle.map((slot) => this.#drop(slot)));
  }

  /** Null if it is applied; the reason why not, where another receipt may do; throws otherwise. */
  async #once(build: Build, signal: AbortSignal | undefined): Promise<Error | null> {
    const slot = this.#take();
    const session = new SessionEnd(this.#client);
    let inDoubt = false;
    try {
      for (;;) {
        try {
          await build(this.#stamp(slot)).commit({ signal });
          return this.#applied(slot);
        } catch (error) {
          if (error instanceof MultiError) {
            // Where the receipt is as expected no earlier attempt was applied either.
            if (error.index > 0) this.#idle.push(slot);
            // Nobody else writes our receipts: an earlier attempt was applied.
            else if (isStamped(error.failure)) return this.#applied(slot);
            else if (error.failure instanceof NoNodeError) {
              if (inDoubt && slot.version !== null) throw unknown(slot, error.failure);
              return error.failure;
            }
            throw error.failure;
          }
          const notApplied = error instanceof UnansweredError && error.outcome === 'not-applied';
          if (error instanceof ConnectionLossError && !session.over) {
            inDoubt ||= !notApplied;
            continue;
          }
          void this.#drop(slot);
          if (!notApplied) throw error;
          if (inDoubt) throw unknown(slot, error);
          // The next session has its own receipts.
          if (session.over && !(error instanceof ClosedError)) return error;
          throw error;
        }
      }
    } finally {
      session.release();
    }
  }

  #stamp(slot: Slot): Transaction<readonly unknown[]> {
    const transaction = this.#client.transaction();
    return slot.version === null
      ? transaction.create(slot.path, '', { mode: 'ephemeral', acl: this.#acl })
      : transaction.set(slot.path, '', { version: slot.version });
  }

  #take(): Slot {
    for (let slot = this.#idle.pop(); slot !== undefined; slot = this.#idle.pop()) {
      if (slot.sessionId === this.#client.sessionId && this.#client.state !== 'lost') return slot;
      // It went with its session.
    }
    return { path: childPath(this.#directory, this.#client.ports.uuid()), version: null, sessionId: null };
  }

  #applied(slot: Slot): null {
    slot.sessionId ??= this.#client.sessionId;
    slot.version = slot.version === null ? 0 : (slot.version + 1) | 0;
    // A version of -1 would mean any.
    if (slot.version >= 0) this.#idle.push(slot);
    else void this.#drop(slot);
    return null;
  }

  async #drop(slot: Slot): Promise<void> {
    // Its name is used once, so a repeated delete hits nobody else's.
    await this.#client.delete(slot.path, { guaranteed: true }).catch(() => {});
  }

  #makeDirectory(signal: AbortSignal | undefined): Promise<void> {
    const options = { mode: 'container', acl: this.#acl, signal } as const;
    return repeatedly(() => this.#client.ensurePath(this.#directory, options));
  }
}

function isStamped(failure: Error): boolean {
  return failure instanceof NodeExistsError || failure instanceof BadVersionError;
}

function unknown(slot: Slot, cause: Error): SessionExpiredError {
  return new SessionExpiredError({ operation: 'transaction', path: slot.path, cause }, 'unknown');
}
