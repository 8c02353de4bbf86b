import type { ZooKeeperClient } from './client.ts';
import { CircuitOpenError } from './errors.ts';
import { callListener } from './listeners.ts';
import { exponentialBackoff, type RetryPolicy } from './retry-policies.ts';
import type { ClientState, StateInfo } from './state.ts';

export interface CircuitBreakerOptions {
  /**
   * When an open circuit looks whether the connection is back. When the policy gives up, the circuit closes and what has become of the
   * connection is told. Default: exponential delays from 1 to 30 seconds.
   */
  readonly policy?: RetryPolicy | undefined;
}

export type StateListener = (state: ClientState, info: StateInfo) => void;

interface Change {
  readonly state: ClientState;
  readonly info: StateInfo;
}

/**
 * Keeps an unsteady connection from making whatever depends on it unsteady. The first state that counts as an error (by the client's
 * `statePolicy`) is told at once and opens the circuit. While it is open nothing more is told, however often the connection comes and
 * goes, and `run` refuses work instead of letting it wait. The circuit closes when the policy looks and finds the connection there;
 * then only what has changed in the end is told: `lost`, if the session was lost meanwhile, and the present state.
 */
export class CircuitBreaker implements Disposable {
  readonly #client: ZooKeeperClient;
  readonly #policy: RetryPolicy;
  readonly #listeners = new Set<StateListener>();
  readonly #onState = (state: ClientState, info: StateInfo): void => this.#changed({ state, info });
  readonly #onEnd = (): void => this.close();
  #cancel: (() => void) | null = null;
  #openedMs = 0;
  #retries = 0;
  /** What listeners were told last. */
  #told: ClientState | null = null;
  #lost: Change | null = null;
  #latest: Change | null = null;

  /** Begins to listen at once; `close` ends that. */
  constructor(client: ZooKeeperClient, options: CircuitBreakerOptions = {}) {
    this.#client = client;
    this.#policy = options.policy ?? exponentialBackoff({ baseMs: 1_000, maxMs: 30_000 });
    client.on('state', this.#onState).on('end', this.#onEnd);
  }

  get open(): boolean {
    return this.#cancel !== null;
  }

  /** Listens to the states that are told; the answer ends that. */
  onState(listener: StateListener): () => void {
    const own: StateListener = (state, info) => listener(state, info);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Does work unless the circuit is open: then it rejects with `CircuitOpenError` at once. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.open)
      throw new CircuitOpenError({ operation: 'run', path: null, cause: this.#latest?.info.reason });
    return work();
  }

  /** Ends the listening. The client goes on. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#listeners.clear();
    this.#client.off('state', this.#onState).off('end', this.#onEnd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #changed(change: Change): void {
    this.#latest = change;
    if (this.open) {
      if (change.state === 'lost') this.#lost = change;
      return;
    }
    if (this.#client.statePolicy.isError(change.state)) {
      // Open before anybody is told, who may then close it.
      this.#told = change.state;
      this.#retries = 0;
      this.#lost = null;
      this.#openedMs = this.#client.ports.monotonicMs();
      this.#wait(change);
    }
    this.#tell(change);
  }

  #wait({ info }: Change): void {
    const { ports } = this.#client;
    const elapsedMs = ports.monotonicMs() - this.#openedMs;
    const failure = { retries: this.#retries++, elapsedMs, error: info.reason };
    const delayMs = this.#policy.delayMs(failure, ports.random);
    if (delayMs === null) this.#closeCircuit();
    else this.#cancel = ports.after(delayMs, () => this.#look());
  }

  #look(): void {
    const latest = this.#latest!;
    if (this.#client.statePolicy.isError(latest.state)) this.#wait(latest);
    else this.#closeCircuit();
  }

  #closeCircuit(): void {
    this.#cancel = null;
    const lost = this.#lost;
    const latest = this.#latest!;
    this.#lost = null;
    if (lost !== null && latest.state !== 'lost' && this.#told !== 'lost') this.#tell(lost);
    if (latest.state !== this.#told) this.#tell(latest);
  }

  #tell({ state, info }: Change): void {
    this.#told = state;
    for (const listener of [...this.#listeners]) callListener(listener, state, info);
  }
}
