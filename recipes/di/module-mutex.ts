import type { ZooKeeperClient } from '../../client/index.ts';
import { type AcquireOptions, InterProcessMutex, type Lease, type MutexOptions } from '../lock/index.ts';

/** The leases of a module's mutexes, which are given back before its client closes: what is released is not mourned by a lock delay. */
export class ModuleLeases {
  readonly #held = new Set<Lease>();
  #closed = false;

  /** A lease was had. One that comes after the end is given back at once. */
  async take(lease: Lease): Promise<Lease> {
    if (this.#closed) {
      await lease.release();
      lease.signal.throwIfAborted();
    }
    const { signal } = lease;
    // One in doubt is left to its session: nobody knows what its holder is still doing.
    if (signal.aborted) return lease;
    this.#held.add(lease);
    signal.addEventListener('abort', () => this.#held.delete(lease), { once: true });
    return lease;
  }

  /** Gives all of them back. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held].map((lease) => lease.release()));
  }
}

/** A mutex whose leases end with a module at the latest. */
export class ModuleMutex extends InterProcessMutex {
  readonly #leases: ModuleLeases;

  constructor(leases: ModuleLeases, client: ZooKeeperClient, path: string, options?: MutexOptions) {
    super(client, path, options);
    this.#leases = leases;
  }

  override async acquire(options?: AcquireOptions): Promise<Lease> {
    return this.#leases.take(await super.acquire(options));
  }
}
