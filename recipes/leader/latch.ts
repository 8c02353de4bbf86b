import { onAbort } from '../../client/aborts.ts';
import type { Acl, OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { Listeners } from '../../client/listeners.ts';
import { WaitTimeoutError } from '../errors.ts';
import type { Lease } from '../lock/lease.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions, wouldWait } from '../patience.ts';
import { unless } from '../until.ts';
import { Election } from './election.ts';
import { ElectionClosedError } from './errors.ts';
import { type ElectionParticipant, participants } from './participants.ts';
import type { ErrorPolicy, Term } from './term.ts';

export interface LeaderLatchOptions extends OperationOptions {
  /** What this participant calls itself: the content of its node. Default empty. */
  readonly id?: string | undefined;
  /** When leadership counts as lost. Default: as the client's `statePolicy` says, which is `standard` unless set. */
  readonly errorPolicy?: ErrorPolicy | undefined;
  /** ACL of the nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

const MARKER = 'latch-';

interface LatchEvents extends Record<string, readonly unknown[]> {
  change: [term: Lease | null];
  end: [error: Error | null];
}

/**
 * Stands for election from `start` to `close` and leads whenever its node is the first in line: Curator's recipe of the same name
 * with the same nodes (`<path>/_c_<uuid>-latch-NNNNNNNNNN`, the content is the id), so that Java programs stand in the same line.
 *
 * Leadership comes in terms, each a `Lease`. A term that ended because the connection was in doubt is followed by another one, with
 * the same fencing token, if the session turns out to have survived. After a lost session, or when somebody deleted the node or its
 * directory, the latch goes to the end of the line by itself.
 */
export class LeaderLatch implements AsyncDisposable {
  readonly path: string;
  readonly id: string;
  readonly #client: ZooKeeperClient;
  readonly #listeners = new Listeners<LatchEvents>();
  #election: Election | null = null;
  #term: Term | null = null;
  #closed: ElectionClosedError | null = null;

  private constructor(client: ZooKeeperClient, path: string, id: string) {
    this.path = path;
    this.id = id;
    this.#client = client;
  }

  /**
   * Resolves when the latch stands in line. `signal` bounds that, not the latch. Rejects with `TypeError` for arguments that are not
   * valid; rejects with whatever a create may end with, and then nothing is left behind.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    options: LeaderLatchOptions = {},
  ): Promise<LeaderLatch> {
    const latch = new LeaderLatch(client, recipePath('latch', path), options.id ?? '');
    const settings = {
      line: { directory: path, marker: MARKER, data: latch.id, acl: options.acl },
      policy: options.errorPolicy,
      serve: (term: Term) => latch.#serve(term),
      ended: (error: Error | null) => latch.#ended(error),
    };
    latch.#election = await Election.start(client, settings, options.signal);
    return latch;
  }

  /** The node in line, or the last one there was. */
  get ourPath(): string {
    return this.#election!.path;
  }

  /** Whether this latch leads at this moment, by the clock: `Lease.held` of the present term. */
  get hasLeadership(): boolean {
    return this.#term?.held ?? false;
  }

  /** The present term, null while somebody else leads. */
  get term(): Lease | null {
    return this.#term === null || this.#term.signal.aborted ? null : this.#term;
  }

  /**
   * The present term, or the next one when it comes. Releasing it steps down: the latch goes to the end of the line.
   *
   * Rejects with `WaitTimeoutError`, with the signal's reason, and with `ElectionClosedError` if the latch or the client is closed.
   */
  leadership(options: WaitOptions = {}): Promise<Lease> {
    return patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new WaitTimeoutError('not the leader', this.path, timeoutMs),
      async (signal, wait) => {
        for (;;) {
          if (this.#closed !== null) throw this.#closed;
          const { term } = this;
          if (term !== null) return term;
          if (!wait) throw wouldWait;
          await this.#change(signal);
        }
      },
    );
  }

  /**
   * Each term when it begins, for `for await`: the next one is asked for when the loop's body is done and comes when the earlier one
   * has ended. Ends when the signal aborts or the latch is closed; throws `ElectionClosedError` if an error ended the latch.
   */
  async *terms({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Lease, void> {
    try {
      for (;;) {
        const term = await this.leadership({ signal });
        yield term;
        while (this.term === term) await this.#change(signal);
      }
    } catch (error) {
      const closed = error instanceof ElectionClosedError && error.cause === undefined;
      if (!closed && signal?.aborted !== true) throw error;
    }
  }

  /** Everybody in line, the leader first, as the server has it now. */
  participants(options?: OperationOptions): Promise<ElectionParticipant[]> {
    return participants(this.#client, this.path, MARKER, options?.signal);
  }

  /** The first in line, null if there is nobody. */
  async leader(options?: OperationOptions): Promise<ElectionParticipant | null> {
    return (await this.participants(options))[0] ?? null;
  }

  /** Calls the listener with each term that begins and with null when it ends; the answer unsubscribes. */
  onChange(listener: (term: Lease | null) => void): () => void {
    return this.#on('change', listener);
  }

  /** Calls the listener when the latch ends: with null after `close`, or with the error that will not pass. */
  onEnd(listener: (error: Error | null) => void): () => void {
    return this.#on('end', listener);
  }

  /** Steps down or out of the line for good. Resolves when the node is gone. Idempotent. */
  close(): Promise<void> {
    return this.#election!.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #on<K extends 'change' | 'end'>(event: K, listener: (...args: LatchEvents[K]) => void): () => void {
    this.#listeners.add(event, listener);
    return () => this.#listeners.remove(event, listener);
  }

  async #serve(term: Term): Promise<void> {
    this.#term = term;
    const { signal } = term;
    const ended = new Promise<void>((resolve) => {
      const end = (): void => {
        if (this.#term !== term) return;
        this.#term = null;
        this.#listeners.emit('change', null);
        resolve();
      };
      onAbort(signal, end);
      // Looking at a signal may abort it: one that did before it was listened to does not call.
      if (signal.aborted) end();
    });
    if (this.#term !== term) return;
    this.#listeners.emit('change', term);
    await ended;
  }

  #ended(error: Error | null): void {
    this.#closed =
      error === null ? new ElectionClosedError(this.path) : new ElectionClosedError(this.path, error);
    this.#listeners.emit('end', error);
  }

  /** Resolves when a term begins or ends, or the latch ends. */
  async #change(signal: AbortSignal | undefined): Promise<void> {
    let wake: () => void = () => {};
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const releases = [this.onChange(() => wake()), this.onEnd(() => wake())];
    try {
      await unless(changed, signal);
    } finally {
      for (const release of releases) release();
    }
  }
}
