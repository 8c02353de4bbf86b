import type { ClientState, StateInfo, ZooKeeperClient } from '../../client/index.ts';
import { LeaseEndedError, type LeaseEndReason } from '../lock/errors.ts';
import type { Lease } from '../lock/lease.ts';
import { lookingController } from '../lock/looking-signal.ts';
import type { Candidate } from './candidate.ts';

/**
 * When leadership counts as lost, as Curator's policies of these names have it:
 * - `standard`: as soon as the connection is lost or the server has not answered for two thirds of the session timeout.
 * - `session`: not before the session may have ended. While the connection is away the leader goes on, for no longer than no server
 *   can have let the session expire: by this machine's clock, counted from when the latest answered request was sent.
 */
export type ErrorPolicy = 'standard' | 'session';

export function checkedPolicy(policy: ErrorPolicy | undefined): ErrorPolicy {
  if (policy === undefined || policy === 'standard' || policy === 'session') return policy ?? 'standard';
  throw new TypeError(`errorPolicy must be 'standard' or 'session', not ${JSON.stringify(policy)}`);
}

/** Leadership of one candidate without an interruption: a lease on being the first in line. */
export class Term implements Lease {
  readonly #client: ZooKeeperClient;
  readonly #candidate: Candidate;
  readonly #policy: ErrorPolicy;
  readonly #controller = lookingController(() => this.#check());
  #over = false;
  #resigned: Promise<void> | null = null;
  #cancelTimer: () => void = () => {};
  readonly #onState = (state: ClientState, info: StateInfo): void => {
    if (state === 'lost') this.end('session-lost', info.reason);
    // A server without a quorum answers, but cannot keep the session alive.
    else if (state === 'readonly') this.end('in-doubt', info.reason);
    else if (state === 'suspended') this.#doubt(info.reason);
  };
  readonly #onDoubt = (): void => this.#doubt(null);
  readonly #onEnd = (error: Error | null): void => this.end('session-lost', error);

  constructor(client: ZooKeeperClient, candidate: Candidate, policy: ErrorPolicy) {
    this.#client = client;
    this.#candidate = candidate;
    this.#policy = policy;
    client.on('state', this.#onState).on('doubt', this.#onDoubt).on('end', this.#onEnd);
    candidate.onDeleted = () => this.end('deleted');
    if (client.sessionId !== candidate.sessionId) this.end('session-lost');
    else if (candidate.gone) this.end('deleted');
    // Asked of the clock: an answer that waited while this process was stopped says nothing about now.
    else if (!client.trusted) this.#doubt(null);
  }

  get fencingToken(): number {
    return this.#candidate.czxid;
  }

  get path(): string {
    return this.#candidate.path;
  }

  get signal(): AbortSignal {
    this.#check();
    return this.#controller.signal;
  }

  get held(): boolean {
    if (this.signal.aborted) return false;
    return this.#policy === 'session' ? this.#client.safeForMs > 0 : this.#client.trusted;
  }

  safeForMs(): number {
    return this.signal.aborted ? 0 : this.#client.safeForMs;
  }

  /** Whether it was given up: the candidate goes back to the end of the line. */
  get resigned(): boolean {
    return this.#resigned !== null;
  }

  /** Steps down: the node is deleted, so that the next in line leads. */
  release(): Promise<void> {
    this.#resigned ??= this.#candidate.withdraw();
    this.end('released');
    return this.#resigned;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Ends the term here; the node stays. */
  end(reason: LeaseEndReason, cause?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#client.off('state', this.#onState).off('doubt', this.#onDoubt).off('end', this.#onEnd);
    this.#candidate.onDeleted = () => {};
    this.#cancelTimer();
    this.#controller.abort(new LeaseEndedError(this.path, reason, cause ?? undefined));
  }

  #check(): void {
    if (this.#over) return;
    const ended = this.#policy === 'session' ? this.#client.safeForMs === 0 : this.#client.mayHaveExpired;
    if (ended) this.end('in-doubt');
  }

  #doubt(cause: unknown): void {
    if (this.#policy === 'standard') this.end('in-doubt', cause);
    else this.#watchClock();
  }

  /** Looks again when the session may have ended; what was answered meanwhile has moved that moment. */
  #watchClock(): void {
    this.#cancelTimer();
    this.#check();
    if (this.#over) return;
    this.#cancelTimer = this.#client.ports.after(Math.ceil(this.#client.safeForMs), () => {
      if (this.#client.trusted) this.#cancelTimer = () => {};
      else this.#watchClock();
    });
  }
}
