import { type Acl, type Codec, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { pause } from '../leader/election.ts';
import type { Lease } from '../lock/lease.ts';
import { until } from '../until.ts';
import { nodes, TransactionReader, type WrittenVote, writeOnce } from './nodes.ts';
import { type ParticipantAction, participate } from './state.ts';

/** A participant's part in one transaction. */
export interface TransactionPart<T> {
  /** The transaction, by the same name for all of them. */
  readonly id: string;
  readonly payload: T;
  readonly participants: readonly string[];
  /** Grows with every process that takes this participant's part: what it writes to can refuse lower ones. */
  readonly fencingToken: number;
  /** Aborts when another process may take this participant's part, and when this one is closed. */
  readonly signal: AbortSignal;
}

/**
 * What a participant does. A process may die at any moment, also right after one of these has done its work, and then they are called
 * again, in the same or another process: each has to be idempotent, told apart by the transaction's `id`.
 */
export interface ParticipantHandlers<T> {
  /**
   * Makes sure that a commit cannot fail any more, and keeps that where it outlives the process. Returning is a vote for the commit,
   * throwing one against it. From the vote on the participant does what was decided, and nothing else.
   */
  readonly prepare: (part: TransactionPart<T>) => Promise<void> | void;
  /** Carries it out. Called again, after a while, if it throws. */
  readonly commit: (part: TransactionPart<T>) => Promise<void> | void;
  /** Undoes what was prepared, if anything was: it may never have come to that. Called again, after a while, if it throws. */
  readonly rollback: (part: TransactionPart<T>) => Promise<void> | void;
}

export interface ThreePhaseHandlers<T> extends ParticipantHandlers<T> {
  /** All have voted for the commit: returning confirms that this participant is still there to do it. Called again if it throws. */
  readonly preCommit?: ((part: TransactionPart<T>) => Promise<void> | void) | undefined;
}

export interface ParticipationSettings<T> {
  readonly id: string;
  readonly handlers: ThreePhaseHandlers<T>;
  readonly codec: Codec<T>;
  readonly acl: readonly Acl[] | undefined;
  readonly retryMs: number;
  readonly report: (error: unknown) => void;
}

/** Of what a handler throws, which may be anything; a vote that does not fit into a node would be none. */
const REASON_LENGTH_MAX = 1_000;

/** One participant's way through one transaction, from whatever is written. */
export class Participation<T> {
  readonly #client: ZooKeeperClient;
  readonly #reader: TransactionReader;
  readonly #transaction: string;
  readonly #settings: ParticipationSettings<T>;
  readonly #lease: Lease;
  readonly #signal: AbortSignal;

  constructor(
    client: ZooKeeperClient,
    directory: string,
    transaction: string,
    settings: ParticipationSettings<T>,
    lease: Lease,
  ) {
    this.#client = client;
    this.#reader = new TransactionReader(client, childPath(directory, transaction));
    this.#transaction = transaction;
    this.#settings = settings;
    this.#lease = lease;
    this.#signal = lease.signal;
  }

  /** Resolves when this participant has nothing more to do. */
  async run(): Promise<void> {
    const { id } = this.#settings;
    const signal = this.#signal;
    try {
      const about = await this.#reader.about(signal);
      if (!about.participants.includes(id)) return;
      for (;;) {
        const action = await until(
          (options) => this.#client.children(this.#reader.path, options),
          async (names) => {
            const next = participate(await this.#reader.state(about, names, signal), id);
            return next === 'wait' ? undefined : next;
          },
          signal,
        );
        if (action === 'over') return;
        await this.#perform(action, about.participants);
      }
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
      if ((await this.#client.exists(this.#reader.path, { signal })) !== null) throw error;
    }
  }

  async #perform(
    action: Exclude<ParticipantAction, 'wait' | 'over'>,
    participants: readonly string[],
  ): Promise<void> {
    const { id, handlers } = this.#settings;
    switch (action) {
      case 'prepare': {
        const vote = await this.#vote(participants);
        await this.#write(nodes.vote(id), vote);
        break;
      }
      case 'confirm':
        await this.#insist(async (part) => handlers.preCommit?.(part), participants);
        await this.#write(nodes.ready(id), null);
        break;
      case 'commit':
      case 'rollback':
        await this.#insist(async (part) => handlers[action](part), participants);
        await this.#write(nodes.done(id), null);
        break;
    }
  }

  async #vote(participants: readonly string[]): Promise<WrittenVote> {
    // Apart from the rest: a lost connection says nothing about the commit.
    const bytes = await this.#reader.payload(this.#signal);
    try {
      await this.#settings.handlers.prepare(await this.#part(bytes, participants));
      return { vote: 'yes' };
    } catch (error) {
      // Given up because another process may take the part: no vote.
      this.#signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      return { vote: 'no', reason: reason.slice(0, REASON_LENGTH_MAX) };
    }
  }

  /** Does what has been decided, however often it takes. */
  async #insist(
    work: (part: TransactionPart<T>) => Promise<void>,
    participants: readonly string[],
  ): Promise<void> {
    const { report, retryMs } = this.#settings;
    const bytes = await this.#reader.payload(this.#signal);
    for (;;) {
      this.#signal.throwIfAborted();
      try {
        await work(await this.#part(bytes, participants));
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        report(error);
        await pause(this.#client, retryMs, this.#signal);
      }
    }
  }

  async #part(bytes: Uint8Array, participants: readonly string[]): Promise<TransactionPart<T>> {
    const payload = await this.#settings.codec.decode(bytes);
    // No handler is called that another process may have been called for meanwhile.
    this.#signal.throwIfAborted();
    const { fencingToken } = this.#lease;
    return { id: this.#transaction, payload, participants, fencingToken, signal: this.#signal };
  }

  /** Refused by the server if another process has taken the part. */
  #write(name: string, content: unknown): Promise<void> {
    const data = content === null ? '' : JSON.stringify(content);
    const path = childPath(this.#reader.path, name);
    return writeOnce(this.#client, { path, data, acl: this.#settings.acl, lease: this.#lease.path });
  }
}
