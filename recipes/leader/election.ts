import {
  ClosedError,
  ConnectionLossError,
  NoNodeError,
  NotReadOnlyError,
  SessionExpiredError,
  type StatePolicy,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { pause as pauseOrReject } from '../../client/retrying.ts';
import { isRefusedForNow } from '../repeat.ts';
import { untilWritable } from '../writable.ts';
import { Candidate, type Line } from './candidate.ts';
import { type ErrorPolicy, statesOf, Term } from './term.ts';

export interface ElectionSettings {
  readonly line: Line;
  /** When leadership counts as lost. Default as the client's `statePolicy` says. */
  readonly policy?: ErrorPolicy | undefined;
  /**
   * Leads. Called with each term, one after the other; must not reject. When it resolves without the term having been released, the
   * candidate keeps its place and leads again as soon as it is known to be still the first.
   */
  readonly serve: (term: Term, stop: AbortSignal) => Promise<void>;
  /** Called once when the election is over; null if `close` asked for it. `client` if that is because the client has ended. */
  readonly ended: (error: Error | null, client: boolean) => void;
}

const ASK_AGAIN_MS = 1_000;

/**
 * Keeps a candidate in the line, over lost connections, deleted nodes, deleted directories and new sessions, until it is closed or
 * meets an error that will not pass.
 *
 * Invariants: at most one candidate at a time; a term belongs to one candidate and ends before that one is withdrawn; whatever ends
 * the election, its node is deleted and nothing of it listens any more.
 */
export class Election {
  readonly #client: ZooKeeperClient;
  readonly #settings: ElectionSettings;
  readonly #states: StatePolicy;
  readonly #stop = new AbortController();
  #candidate: Candidate;
  #term: Term | null = null;
  #clientEnd: Error | null = null;
  readonly #run: Promise<void>;
  readonly #onClientEnd = (error: Error | null): void => {
    if (!this.#stop.signal.aborted) this.#clientEnd = error ?? new Error('the client was closed');
    this.#stop.abort();
  };

  private constructor(
    client: ZooKeeperClient,
    settings: ElectionSettings,
    states: StatePolicy,
    first: Candidate,
  ) {
    this.#client = client;
    this.#settings = settings;
    this.#states = states;
    this.#candidate = first;
    client.on('end', this.#onClientEnd);
    this.#run = this.#campaign();
  }

  /** Resolves when the first node stands in line. Rejects as a create does, also with `SessionExpiredError`; then nothing is left behind. `TypeError` for a policy that is none. */
  static async start(
    client: ZooKeeperClient,
    settings: ElectionSettings,
    signal: AbortSignal | undefined,
  ): Promise<Election> {
    const states = statesOf(client, settings.policy);
    return new Election(client, settings, states, await Candidate.stand(client, settings.line, signal));
  }

  /** Path of the node that stands in line, or stood there last. */
  get path(): string {
    return this.#candidate.path;
  }

  /** Steps down or out of the line; resolves when the node is gone and `serve` has come to its end. */
  close(): Promise<void> {
    this.#stop.abort();
    this.#term?.end('released');
    return this.#run;
  }

  async #campaign(): Promise<void> {
    const stop = this.#stop.signal;
    let failure: Error | null = null;
    try {
      while (!stop.aborted) {
        await this.#lead();
        // Nothing waits for a node that does not count any more.
        this.#candidate.withdraw().catch(() => {});
        if (!stop.aborted) this.#candidate = await this.#stand();
      }
    } catch (error) {
      if (!stop.aborted) failure = error as Error;
    }
    this.#client.off('end', this.#onClientEnd);
    await this.#candidate.withdraw().catch(() => {});
    // A client that is about to end refuses requests before it says so.
    if (failure instanceof ClosedError)
      this.#clientEnd ??= new Error('the client was closed', { cause: failure });
    this.#settings.ended(this.#clientEnd ?? failure, this.#clientEnd !== null);
  }

  /** Lets the candidate lead as often as it is the first, until it is out of the line. */
  async #lead(): Promise<void> {
    const { serve } = this.#settings;
    const stop = this.#stop.signal;
    for (;;) {
      try {
        while (await this.#candidate.untilFirst(stop)) {
          const term = new Term(this.#client, this.#candidate, this.#states);
          this.#term = term;
          try {
            if (!term.signal.aborted) await serve(term, stop);
          } finally {
            this.#term = null;
            term.end('released');
          }
          if (stop.aborted) return;
        }
        return;
      } catch (error) {
        if (stop.aborted || error instanceof SessionExpiredError) return;
        await this.#pass(error);
      }
    }
  }

  async #stand(): Promise<Candidate> {
    for (;;) {
      try {
        return await Candidate.stand(this.#client, this.#settings.line, this.#stop.signal);
      } catch (error) {
        if (!(error instanceof SessionExpiredError)) await this.#pass(error);
        this.#stop.signal.throwIfAborted();
      }
    }
  }

  /** Waits until it makes sense to try again; throws an error that will not pass. */
  async #pass(error: unknown): Promise<void> {
    const stop = this.#stop.signal;
    stop.throwIfAborted();
    // The next request waits for another connection, so this cannot spin.
    if (error instanceof ConnectionLossError) return;
    if (error instanceof NotReadOnlyError) return untilWritable(this.#client, stop);
    // A directory is made with the node, unless somebody goes on deleting it.
    if (!(isRefusedForNow(error) || error instanceof NoNodeError)) throw error;
    await pause(this.#client, ASK_AGAIN_MS, stop);
  }
}

/** Waits for a while, or until the signal aborts; never rejects. */
export function pause(client: ZooKeeperClient, delayMs: number, signal: AbortSignal): Promise<void> {
  return pauseOrReject(client.ports, delayMs, signal).catch(() => {});
}
