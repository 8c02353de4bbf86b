import { onAbort } from '../../client/aborts.ts';
import type { Acl, OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import type { Lease } from '../lock/lease.ts';
import { recipePath } from '../paths.ts';
import { Election } from './election.ts';
import { type ElectionParticipant, participants } from './participants.ts';
import type { ErrorPolicy, Term } from './term.ts';

export interface LeaderSelectorOptions extends OperationOptions {
  /** What this participant calls itself: the content of its node. Default empty. */
  readonly id?: string | undefined;
  /**
   * Leads: the process is the leader while this runs, as long as the lease's signal has not aborted. When it has, it should come to
   * an end soon; until it does, this participant does not stand for election again.
   */
  readonly takeLeadership: (lease: Lease) => Promise<void> | void;
  /** Whether to stand again, at the end of the line, when `takeLeadership` has ended. Default false: only `requeue` does. */
  readonly autoRequeue?: boolean | undefined;
  /**
   * What `takeLeadership` ended with, unless that is the reason of its lease's signal. Without this listener it becomes an unhandled
   * rejection, which ends the process.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** When leadership counts as lost. Default: as the client's `statePolicy` says, which is `standard` unless set. */
  readonly errorPolicy?: ErrorPolicy | undefined;
  /** ACL of the nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** The nodes are those of Curator's InterProcessMutex. */
const MARKER = 'lock-';

/**
 * Calls a function while this process leads: Curator's recipe of the same name with the same nodes
 * (`<path>/_c_<uuid>-lock-NNNNNNNNNN`, the content is the id), so that Java programs stand in the same line. Everybody leads in the
 * order of asking; who has led goes to the end of the line or out of it.
 */
export class LeaderSelector implements AsyncDisposable {
  readonly path: string;
  readonly id: string;
  readonly #client: ZooKeeperClient;
  readonly #options: LeaderSelectorOptions;
  #election: Election | null = null;
  #term: Term | null = null;
  #requeue: (() => void) | null = null;
  readonly #endListeners = new Set<(error: Error | null) => void>();

  private constructor(client: ZooKeeperClient, path: string, options: LeaderSelectorOptions) {
    this.path = path;
    this.id = options.id ?? '';
    this.#client = client;
    this.#options = options;
  }

  /**
   * Resolves when the selector stands in line. `signal` bounds that, not the selector. Rejects with `TypeError` for arguments that are not
   * valid; rejects with whatever a create may end with, and then nothing is left behind.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    options: LeaderSelectorOptions,
  ): Promise<LeaderSelector> {
    if (typeof options?.takeLeadership !== 'function') {
      throw new TypeError(`selector ${path}: takeLeadership must be a function`);
    }
    const selector = new LeaderSelector(client, recipePath('selector', path), options);
    const settings = {
      line: { directory: path, marker: MARKER, data: selector.id, acl: options.acl },
      policy: options.errorPolicy,
      serve: (term: Term, stop: AbortSignal) => selector.#serve(term, stop),
      ended: (error: Error | null) => selector.#ended(error),
    };
    selector.#election = await Election.start(client, settings, options.signal);
    return selector;
  }

  /** The node in line, or the last one there was. */
  get ourPath(): string {
    return this.#election!.path;
  }

  /** Whether this process leads at this moment, by the clock. */
  get hasLeadership(): boolean {
    return this.#term?.held ?? false;
  }

  /** Whether the selector has led and stands in line no more, waiting for `requeue`. */
  get idle(): boolean {
    return this.#requeue !== null;
  }

  /** Stands for election again after having led. False if the selector is in line already, leads, or has ended. */
  requeue(): boolean {
    const requeue = this.#requeue;
    this.#requeue = null;
    requeue?.();
    return requeue !== null;
  }

  /**
   * Ends the present leadership, if there is one: the lease's signal aborts with the reason `released`, and the next in line leads
   * when `takeLeadership` has come to its end. False if this process does not lead.
   */
  interrupt(): boolean {
    if (this.#term === null || this.#term.signal.aborted) return false;
    this.#term.end('released');
    return true;
  }

  /** Everybody in line, the leader first, as the server has it now. */
  participants(options?: OperationOptions): Promise<ElectionParticipant[]> {
    return participants(this.#client, this.path, MARKER, options?.signal);
  }

  /** The first in line, null if there is nobody. */
  async leader(options?: OperationOptions): Promise<ElectionParticipant | null> {
    return (await this.participants(options))[0] ?? null;
  }

  /** Calls the listener when the selector ends: with null after `close`, or with the error that will not pass. */
  onEnd(listener: (error: Error | null) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /**
   * Ends leadership and leaves the line for good. Resolves when `takeLeadership` has ended and the node is gone; so do not wait for it
   * in there. Idempotent.
   */
  close(): Promise<void> {
    return this.#election!.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(term: Term, stop: AbortSignal): Promise<void> {
    this.#term = term;
    const { takeLeadership, autoRequeue = false } = this.#options;
    try {
      await takeLeadership(term);
    } catch (error) {
      const { signal } = term;
      if (!(signal.aborted && error === signal.reason)) this.#report(error);
    }
    this.#term = null;
    // Only now: while ours may still work, no other is to lead, as far as that is up to us.
    await term.release().catch(() => {});
    if (!autoRequeue) await this.#untilRequeued(stop);
  }

  #untilRequeued(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (stop.aborted) {
        resolve();
        return;
      }
      const release = onAbort(stop, () => {
        this.#requeue = null;
        resolve();
      });
      this.#requeue = () => {
        release();
        resolve();
      };
    });
  }

  #report(error: unknown): void {
    const { onError } = this.#options;
    if (onError !== undefined) callListener(onError, error);
    else void Promise.reject(error);
  }

  #ended(error: Error | null): void {
    for (const listener of [...this.#endListeners]) callListener(listener, error);
  }
}
