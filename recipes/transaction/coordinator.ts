import { onAbort } from '../../client/aborts.ts';
import {
  type Acl,
  ConnectionLossError,
  MultiError,
  NoNodeError,
  NotEmptyError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { until } from '../until.ts';
import { type About, nodes, TransactionReader, writeOnce } from './nodes.ts';
import { type CommitState, type CoordinatorAction, coordinate } from './state.ts';

interface Step {
  readonly action: Exclude<CoordinatorAction, { readonly kind: 'wait' }>;
  readonly state: CommitState;
  readonly names: readonly string[];
}

const timeToLook = Symbol('time to look');
/** Nobody sleeps longer without a look at the clock: timers for a very long time fire early. */
const SLEEP_MS_MAX = 60_000;

/**
 * Brings one transaction to its end, from whatever is written. Any number of coordinators may do so at once: a decision is created
 * once, and a commit only together with a look at every vote.
 */
export class Coordination {
  readonly #client: ZooKeeperClient;
  readonly #reader: TransactionReader;
  readonly #acl: readonly Acl[] | undefined;
  readonly #signal: AbortSignal;
  #waiting: { readonly precommitted: boolean; readonly sinceMs: number } | null = null;

  constructor(client: ZooKeeperClient, path: string, acl: readonly Acl[] | undefined, signal: AbortSignal) {
    this.#client = client;
    this.#reader = new TransactionReader(client, path);
    this.#acl = acl;
    this.#signal = signal;
  }

  /** Resolves when the transaction is over everywhere and removed. */
  async run(): Promise<void> {
    try {
      const about = await this.#reader.about(this.#signal);
      for (;;) await this.#perform(about, await this.#next(about));
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
      if ((await this.#client.exists(this.#reader.path, { signal: this.#signal })) !== null) throw error;
    }
  }

  /** Waits until there is something to be done. */
  async #next(about: About): Promise<Step> {
    for (;;) {
      const stop = new AbortController();
      const release = onAbort(this.#signal, () => stop.abort(this.#signal.reason));
      let cancel = (): void => {};
      try {
        this.#signal.throwIfAborted();
        return await until(
          (options) => this.#client.children(this.#reader.path, options),
          async (names) => {
            const state = await this.#reader.state(about, names, stop.signal);
            const leftMs = this.#leftMs(about, state);
            const action = coordinate(state, leftMs <= 0);
            if (action.kind !== 'wait') return { action, state, names };
            cancel();
            if (state.decision === null) {
              const delayMs = Math.min(Math.ceil(leftMs), SLEEP_MS_MAX);
              cancel = this.#client.ports.after(delayMs, () => stop.abort(timeToLook));
            }
            return undefined;
          },
          stop.signal,
        );
      } catch (error) {
        if (error !== timeToLook) throw error;
      } finally {
        cancel();
        release();
      }
    }
  }

  /** How long the votes, or then the confirmations, may still take: counted from when this coordinator first missed them. */
  #leftMs(about: About, { precommitted }: CommitState): number {
    const nowMs = this.#client.ports.monotonicMs();
    if (this.#waiting?.precommitted !== precommitted) this.#waiting = { precommitted, sinceMs: nowMs };
    return this.#waiting.sinceMs + about.voteTimeoutMs - nowMs;
  }

  async #perform(about: About, { action, state, names }: Step): Promise<void> {
    const at = (name: string): string => childPath(this.#reader.path, name);
    const { participants } = about;
    switch (action.kind) {
      case 'precommit':
        await this.#write(nodes.precommit, '', participants.map(nodes.vote));
        break;
      case 'decide': {
        const { decision, reason } = action;
        const commit = decision === 'commit' ? participants : [];
        const given = [...commit.map(nodes.vote), ...(state.phases === 3 ? commit.map(nodes.ready) : [])];
        await this.#write(nodes.decision, JSON.stringify({ decision, reason }), given);
        break;
      }
      case 'remove':
        await this.#remove(names.map(at));
        break;
    }
  }

  #write(name: string, data: string, given: readonly string[]): Promise<void> {
    const at = (each: string): string => childPath(this.#reader.path, each);
    return writeOnce(this.#client, { path: at(name), data, acl: this.#acl, given: given.map(at) });
  }

  /** Removes everything at once; nothing, if there is something more than was seen. */
  async #remove(paths: readonly string[]): Promise<void> {
    const transaction = this.#client.transaction();
    for (const path of paths) transaction.delete(path);
    try {
      await transaction.delete(this.#reader.path).commit();
    } catch (error) {
      // Somebody has come to ask, or another coordinator was faster: what there is now has to be read again.
      const changed =
        error instanceof MultiError &&
        (error.failure instanceof NotEmptyError || error.failure instanceof NoNodeError);
      if (!changed && !(error instanceof ConnectionLossError)) throw error;
    }
  }
}
