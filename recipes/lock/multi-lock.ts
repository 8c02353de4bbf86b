import { onAbort } from '../../client/aborts.ts';
import type { WaitOptions } from '../patience.ts';
import type { Lease } from './lease.ts';
import type { InterProcessLock } from './lock.ts';
import { MultiLease, releaseAll } from './multi-lease.ts';

/**
 * Several locks as one, of any kinds, also on several ensembles: all of them or none. They are acquired one after another in the
 * order given, and released in reverse. Whoever takes some of the same locks must name them in the same order, or two may wait for
 * each other for ever.
 */
export class InterProcessMultiLock implements InterProcessLock {
  readonly locks: readonly InterProcessLock[];

  /** Throws `RangeError` if there is no lock, `TypeError` if one comes twice, as it would wait for itself. */
  constructor(locks: readonly InterProcessLock[]) {
    if (locks.length === 0) throw new RangeError('multi-lock: at least one lock is needed');
    if (new Set(locks).size < locks.length) throw new TypeError('multi-lock: a lock is named twice');
    this.locks = [...locks];
  }

  get path(): string {
    return this.locks.map(({ path }) => path).join(', ');
  }

  /**
   * Waits for all of the locks; `timeoutMs` is for each of them (0 asks each once), a `signal` for all together. Rejects with what
   * the first lock that cannot be had rejects with, or with the reason of a lease that ended while another was waited for. Then
   * the leases already acquired are released, the last one first, in the background.
   */
  async acquire(options: WaitOptions = {}): Promise<MultiLease> {
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const leases: Lease[] = [];
    // Aborts when the caller gives up, and when a lease ends: what cannot be had as a whole need not be waited on any longer.
    const stop = new AbortController();
    const forget: (() => void)[] = [];
    if (signal !== undefined) forget.push(onAbort(signal, () => stop.abort(signal.reason)));
    try {
      for (const lock of this.locks) {
        const lease = await lock.acquire({ signal: stop.signal, timeoutMs });
        leases.push(lease);
        forget.push(onAbort(lease.signal, () => stop.abort(lease.signal.reason)));
        for (const { signal: each } of leases) each.throwIfAborted();
        stop.signal.throwIfAborted();
      }
      return new MultiLease(leases);
    } catch (error) {
      releaseAll(leases).catch(() => {});
      throw error;
    } finally {
      for (const each of forget) each();
    }
  }
}
