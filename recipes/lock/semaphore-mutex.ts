import type { OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import type { Lease } from './lease.ts';
import type { InterProcessLock, LockOptions } from './lock.ts';
import { InterProcessSemaphoreV2, type SemaphoreAcquireOptions } from './semaphore.ts';

/**
 * A lock that one holder in the whole cluster has at a time, made of a semaphore with one permit: Curator's recipe of the same name
 * and with the same nodes. It stands in no common line with an `InterProcessMutex` on the same path.
 *
 * It knows no re-entrance: who holds it and asks again waits for itself.
 */
export class InterProcessSemaphoreMutex implements InterProcessLock {
  readonly path: string;
  readonly #semaphore: InterProcessSemaphoreV2;

  /** Throws `TypeError` if the path is not valid. Does nothing else: the directories are made by the first `acquire`. */
  constructor(client: ZooKeeperClient, path: string, options: LockOptions = {}) {
    this.#semaphore = new InterProcessSemaphoreV2(client, path, 1, options);
    this.path = path;
  }

  /** Waits for the lock, see `InterProcessSemaphoreV2.acquire`. The fencing token grows with every holder. */
  acquire(options: SemaphoreAcquireOptions = {}): Promise<Lease> {
    return this.#semaphore.acquire(options);
  }

  /** Paths of the nodes of the holder and of whoever is next. */
  participants(options?: OperationOptions): Promise<string[]> {
    return this.#semaphore.participants(options);
  }
}
