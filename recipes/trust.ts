import type { ZooKeeperClient } from '../client/index.ts';
import { type ClientState, type StateInfo, type StatePolicy, standardStates } from '../client/index.ts';

/**
 * Why what depends on a session is not to be relied on any more: `in-doubt` while the session may live, `session-lost` when it has
 * ended or been followed by another.
 */
export type Distrust = 'in-doubt' | 'session-lost';

/**
 * Part of the session timeout that is not counted on. A leader hears of its followers' clients every half tick, so that it may count
 * from that much earlier than their server answered; and a session timeout is at least two ticks.
 */
const MARGIN = 1 / 4;

/**
 * Whether something that was gained in a session, a lock or leadership, may still be relied on. The one rule for all of them:
 * - It ends with the session, and on a server without a quorum, which answers but cannot keep a session alive.
 * - It ends when the connection is away, or the server has answered nothing that was sent for two thirds of the session timeout; unless
 *   the policy says that `suspended` is no error.
 * - It ends in any case when three quarters of the session timeout have passed since the latest request that was answered had been sent,
 *   by the monotonic clock: nobody but a look at it (`check`) tells in time when this process did not get to run.
 */
export class Trust {
  readonly #client: ZooKeeperClient;
  readonly #sessionId: bigint;
  readonly #states: StatePolicy;
  readonly #ended: (why: Distrust, cause: unknown) => void;
  #why: Distrust | null = null;
  #cancelTimer: () => void = () => {};
  readonly #onState = (state: ClientState, { reason }: StateInfo): void => {
    if (state === 'lost') this.#end('session-lost', reason);
    else if (state === 'readonly') this.#end('in-doubt', reason);
    else if (state === 'suspended') this.#doubt(reason);
  };
  readonly #onDoubt = (): void => this.#doubt(null);
  readonly #onEnd = (error: Error | null): void => this.#end('session-lost', error);

  /** `ended` is called once for each reason, the worse one later, from `begin` to `release`. */
  constructor(
    client: ZooKeeperClient,
    sessionId: bigint,
    ended: (why: Distrust, cause: unknown) => void,
    states: StatePolicy = standardStates,
  ) {
    this.#client = client;
    this.#sessionId = sessionId;
    this.#ended = ended;
    this.#states = states;
  }

  /** Listens from now on, and tells what is so already. */
  begin(): void {
    const client = this.#client;
    client.on('state', this.#onState).on('doubt', this.#onDoubt).on('end', this.#onEnd);
    if (client.sessionId !== this.#sessionId || client.ended) this.#end('session-lost', null);
    else if (client.state === 'readonly') this.#end('in-doubt', null);
    // Asked of the clock: an answer that waited while this process was stopped says nothing about now.
    else if (!client.trusted) this.#doubt(null);
  }

  /** Listens no more. */
  release(): void {
    this.#client.off('state', this.#onState).off('doubt', this.#onDoubt).off('end', this.#onEnd);
    this.#cancelTimer();
  }

  /** Whether it may be relied on at this moment, by the clock; false also where the end is about to be told. */
  get holds(): boolean {
    if (this.safeForMs() === 0) return false;
    return !this.#states.isError('suspended') || this.#client.trusted;
  }

  /** For how many milliseconds from now the session surely lives, whatever its servers do; 0 once it is not to be relied on. */
  safeForMs(): number {
    const { safeForMs, sessionTimeoutMs, sessionId } = this.#client;
    if (this.#why !== null || sessionId !== this.#sessionId) return 0;
    return Math.max(0, safeForMs - sessionTimeoutMs * MARGIN);
  }

  /** Looks at the clock: ends it if the session may have expired without anybody having told us. */
  check(): void {
    if (this.#why === null && this.safeForMs() === 0) this.#end('in-doubt', null);
  }

  #doubt(cause: unknown): void {
    if (this.#states.isError('suspended')) this.#end('in-doubt', cause);
    else this.#watchClock();
  }

  /** Looks again when the session may have ended; what was answered meanwhile has moved that moment. */
  #watchClock(): void {
    this.#cancelTimer();
    this.check();
    if (this.#why !== null) return;
    this.#cancelTimer = this.#client.ports.after(Math.ceil(this.safeForMs()), () => {
      if (this.#client.trusted) this.#cancelTimer = () => {};
      else this.#watchClock();
    });
  }

  #end(why: Distrust, cause: unknown): void {
    if (this.#why === why || this.#why === 'session-lost') return;
    this.#why = why;
    this.#cancelTimer();
    this.#ended(why, cause);
  }
}
