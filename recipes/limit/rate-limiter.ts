import { ClosedError, type ZooKeeperClient } from '../../client/index.ts';
import { withEither } from '../either.ts';
import { InterProcessSemaphoreV2, type Lease } from '../lock/index.ts';
import type { LockOptions } from '../lock/lock.ts';
import { recipePath } from '../paths.ts';
import type { WaitOptions } from '../patience.ts';
import { Outstanding } from './outstanding.ts';

export interface RateLimiterOptions extends LockOptions {
  /** How many permits an interval has in the whole cluster; the same everywhere. */
  readonly permits: number;
  /** The same everywhere. Shorter than the session timeout of the clients, see `RateLimiter`. */
  readonly intervalMs: number;
}

export interface RateAcquireOptions extends WaitOptions {
  /** How many permits to take, all or none. Default 1. */
  readonly permits?: number | undefined;
}

/**
 * Lets no more than so many things happen in an interval, in the whole cluster: a semaphore whose permits are kept for `intervalMs`
 * after they were had, and then given back by whoever had them.
 *
 * In no span of `intervalMs` do more than `permits` acquisitions resolve, by the clocks of those who had them; no wall clock is
 * asked. Where a process dies, the servers take its permits back when its session expires, which is not before the session timeout
 * after they last heard of it: with an interval that is shorter, the promise holds for processes that die, too. With a longer one,
 * and where a client is closed before its limiter, permits may come back early. A process that is stopped gives its permits back late.
 */
export class RateLimiter implements AsyncDisposable {
  readonly path: string;
  readonly permits: number;
  readonly intervalMs: number;
  readonly #semaphore: InterProcessSemaphoreV2;
  readonly #outstanding: Outstanding;
  readonly #closing = new AbortController();

  /**
   * Throws `TypeError` if the path is not valid, `RangeError` if `permits` is not a whole number from 1 up or `intervalMs` not a
   * positive number. Does nothing else.
   */
  constructor(client: ZooKeeperClient, path: string, options: RateLimiterOptions) {
    this.path = recipePath('rate limiter', path);
    const { permits, intervalMs, ...nodes } = options;
    if (!(intervalMs > 0 && intervalMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`intervalMs must be more than 0, not ${intervalMs}`);
    }
    this.permits = permits;
    this.intervalMs = intervalMs;
    this.#semaphore = new InterProcessSemaphoreV2(client, path, permits, nodes);
    this.#outstanding = new Outstanding(client, intervalMs);
  }

  /**
   * Resolves when the next thing may happen, in the order of asking. `timeoutMs` 0 asks whether it may at once.
   *
   * Rejects with `AcquireTimeoutError`, the signal's reason, `SessionExpiredError` if the session ends while waiting, `LeaseEndedError`
   * if it is in doubt when the permit comes, `ClosedError` if the limiter is closed, or whatever else an operation may end with:
   * then no permit is used up. Throws `RangeError` if more permits are asked for than an interval has.
   */
  async acquire(options: RateAcquireOptions = {}): Promise<void> {
    const { permits = 1, signal, timeoutMs } = options;
    signal?.throwIfAborted();
    if (this.#closing.signal.aborted) throw this.#closed();
    await withEither(this.#closing.signal, signal, async (stop) => {
      const wait = { signal: stop, timeoutMs };
      const lease: Lease =
        permits === 1
          ? await this.#semaphore.acquire(wait)
          : await this.#semaphore.acquireMany(permits, wait);
      if (stop.aborted) {
        lease.release().catch(() => {});
        throw stop.reason;
      }
      this.#outstanding.keep(lease);
    });
  }

  /**
   * Lets nothing more happen: whoever waits gets `ClosedError`. Resolves when every permit has been kept for its interval and given
   * back, or the client has ended. Idempotent.
   */
  close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(this.#closed());
    return this.#outstanding.drained();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closed(): ClosedError {
    const detail = 'the rate limiter was closed';
    return new ClosedError({ operation: 'acquire', path: this.path, detail }, 'not-applied');
  }
}
