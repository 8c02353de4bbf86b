import {
  type Acl,
  ConnectionLossError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { mayRepeat, repeatedly } from '../repeat.ts';
import { until } from '../until.ts';
import { OutcomeUnknownError } from './errors.ts';
import { type About, nodes, TransactionReader } from './nodes.ts';
import type { Decision } from './state.ts';

/** How a transaction ended. */
export interface CommitOutcome {
  readonly id: string;
  readonly decision: Decision;
  /** Why it is rolled back; null for a commit. */
  readonly reason: string | null;
}

/** Until when to wait: for the decision, or until every participant has carried it out. */
export type WaitFor = 'decision' | 'everybody';

/**
 * One that wants to read the outcome of a transaction. Its ephemeral node below the transaction's keeps that from being removed
 * before; when the asker has died, nobody waits for it.
 */
export class Asker {
  readonly #client: ZooKeeperClient;
  readonly #directory: string;
  readonly #id: string;
  readonly #acl: readonly Acl[] | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #path: string;
  readonly #own: string;

  constructor(
    client: ZooKeeperClient,
    directory: string,
    id: string,
    acl: readonly Acl[] | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#client = client;
    this.#directory = directory;
    this.#id = id;
    this.#acl = acl;
    this.#signal = signal;
    this.#path = childPath(directory, id);
    this.#own = childPath(this.#path, `asker-${client.ports.uuid()}`);
  }

  /** Writes the transaction down, in one step with the asker. From then on it goes on without us. */
  async begin(about: About, payload: Uint8Array): Promise<void> {
    try {
      await this.#begin(about, payload);
    } catch (error) {
      // It may have been begun all the same: it is not to wait for us then.
      await this.#leave();
      throw error;
    }
  }

  async #begin(about: About, payload: Uint8Array): Promise<void> {
    const acl = this.#acl;
    const signal = this.#signal;
    let inDoubt = false;
    for (;;) {
      const transaction = this.#client
        .transaction()
        .create(this.#path, JSON.stringify({ ...about, begunBy: this.#own }), { acl })
        .create(childPath(this.#path, nodes.payload), payload, { acl })
        .create(this.#own, '', { mode: 'ephemeral', acl });
      try {
        await transaction.commit({ signal });
        return;
      } catch (error) {
        if (error instanceof ConnectionLossError) {
          inDoubt ||= error.outcome === 'unknown';
        } else if (error instanceof MultiError && error.failure instanceof NoNodeError) {
          await this.#client.ensurePath(this.#directory, { acl, signal });
        } else if (inDoubt && error instanceof MultiError && error.failure instanceof NodeExistsError) {
          const { begunBy } = await new TransactionReader(this.#client, this.#path).about(signal);
          if (begunBy === this.#own) return;
          throw error.failure;
        } else {
          throw error instanceof MultiError ? error.failure : error;
        }
      }
    }
  }

  /** Waits for the outcome, and leaves nothing behind. */
  async outcome(waitFor: WaitFor): Promise<CommitOutcome> {
    const reader = new TransactionReader(this.#client, this.#path);
    const signal = this.#signal;
    try {
      for (;;) {
        try {
          const about = await reader.about(signal);
          return await until(
            (options) => this.#client.children(this.#path, options),
            async (names) => {
              await this.#stay(names);
              const { decision, done } = await reader.state(about, names, signal);
              if (decision === null) return undefined;
              if (waitFor === 'everybody' && !about.participants.every((id) => done.has(id)))
                return undefined;
              return { id: this.#id, ...(await reader.decision(signal)) };
            },
            signal,
          );
        } catch (error) {
          if (error instanceof NoNodeError) {
            if (await this.#isGone()) throw new OutcomeUnknownError(this.#directory, this.#id);
            continue;
          }
          // In the next session there is an asker again.
          if (!mayRepeat(error)) throw error;
        }
      }
    } finally {
      await this.#leave();
    }
  }

  /** Whether nothing is written, rather than not known to a server that lags behind. */
  #isGone(): Promise<boolean> {
    const signal = this.#signal;
    return repeatedly(async () => {
      await this.#client.sync(this.#path, { signal });
      return (await this.#client.exists(this.#path, { signal })) === null;
    });
  }

  async #stay(names: readonly string[]): Promise<void> {
    if (names.includes(this.#own.slice(this.#path.length + 1))) return;
    try {
      await this.#client.create(this.#own, '', { mode: 'ephemeral', acl: this.#acl, signal: this.#signal });
    } catch (error) {
      if (!(error instanceof NodeExistsError)) throw error;
    }
  }

  /** Whoever gives up waiting does not wait for this either. */
  async #leave(): Promise<void> {
    const gone = this.#client.delete(this.#own, { guaranteed: true }).catch(() => {});
    if (this.#signal?.aborted !== true) await gone;
  }
}
