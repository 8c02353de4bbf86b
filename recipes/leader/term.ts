import { type StatePolicy, sessionStates, standardStates, type ZooKeeperClient } from '../../client/index.ts';
import { LeaseEndedError, type LeaseEndReason } from '../lock/errors.ts';
import type { Lease } from '../lock/lease.ts';
import { lookingController } from '../lock/looking-signal.ts';
import { Trust } from '../trust.ts';
import type { Candidate } from './candidate.ts';

/**
 * When leadership counts as lost, as Curator's policies of these names have it:
 * - `standard`: as soon as the connection is lost or the server has not answered for two thirds of the session timeout.
 * - `session`: not before the session may have ended. While the connection is away the leader goes on, for no longer than no server
 *   can have let the session expire: three quarters of its timeout by this machine's clock, counted from when the latest answered
 *   request was sent.
 */
export type ErrorPolicy = 'standard' | 'session';

const policies: Readonly<Record<string, StatePolicy>> = { standard: standardStates, session: sessionStates };

/** What a policy of that name says of the client's states; without a name, what the client's own says. */
export function statesOf(client: ZooKeeperClient, policy: ErrorPolicy | undefined): StatePolicy {
  if (policy === undefined) return client.statePolicy;
  const states = Object.hasOwn(policies, policy) ? policies[policy] : undefined;
  if (states !== undefined) return states;
  throw new TypeError(`errorPolicy must be 'standard' or 'session', not ${JSON.stringify(policy)}`);
}

/** Leadership of one candidate without an interruption: a lease on being the first in line. */
export class Term implements Lease {
  readonly #candidate: Candidate;
  readonly #trust: Trust;
  readonly #controller = lookingController(() => this.#trust.check());
  #over = false;
  #resigned: Promise<void> | null = null;

  constructor(client: ZooKeeperClient, candidate: Candidate, states: StatePolicy) {
    this.#candidate = candidate;
    candidate.onDeleted = () => this.end('deleted');
    // Also by an earlier term of the same candidate that is released late.
    candidate.onWithdrawn = () => this.end('released');
    this.#trust = new Trust(client, candidate.sessionId, (why, cause) => this.end(why, cause), states);
    this.#trust.begin();
    if (candidate.gone) this.end('deleted');
  }

  get fencingToken(): number {
    return this.#candidate.czxid;
  }

  get path(): string {
    return this.#candidate.path;
  }

  get signal(): AbortSignal {
    this.#trust.check();
    return this.#controller.signal;
  }

  get held(): boolean {
    return !this.signal.aborted && this.#trust.holds;
  }

  safeForMs(): number {
    return this.signal.aborted ? 0 : this.#trust.safeForMs();
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
    this.#trust.release();
    this.#candidate.onDeleted = () => {};
    this.#candidate.onWithdrawn = () => {};
    this.#controller.abort(new LeaseEndedError(this.path, reason, cause ?? undefined));
  }
}
