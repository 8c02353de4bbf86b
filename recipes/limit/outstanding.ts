import type { ZooKeeperClient } from '../../client/index.ts';
import type { Lease } from '../lock/index.ts';

/** Leases that are kept for a time after they were had, and then released. */
export class Outstanding {
  readonly #client: ZooKeeperClient;
  readonly #keepMs: number;
  readonly #kept = new Map<Lease, () => void>();
  #drained: (() => void)[] = [];
  readonly #onEnd = (): void => {
    for (const cancel of this.#kept.values()) cancel();
    this.#kept.clear();
    this.#settle();
  };

  constructor(client: ZooKeeperClient, keepMs: number) {
    this.#client = client;
    this.#keepMs = keepMs;
  }

  keep(lease: Lease): void {
    // It went with its client, and no timer may outlive that.
    if (this.#client.ended) return;
    if (this.#kept.size === 0) this.#client.on('end', this.#onEnd);
    this.#await(lease, this.#client.ports.monotonicMs() + this.#keepMs);
  }

  /** Resolves when nothing is kept. */
  drained(): Promise<void> {
    if (this.#kept.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #await(lease: Lease, untilMs: number): void {
    const { ports } = this.#client;
    // A timer may fire a little early, as one for a very long time does much too early.
    const cancel = ports.after(Math.ceil(untilMs - ports.monotonicMs()), () => {
      if (ports.monotonicMs() < untilMs) this.#await(lease, untilMs);
      else this.#release(lease);
    });
    this.#kept.set(lease, cancel);
  }

  #release(lease: Lease): void {
    // What the server refuses to delete stays until the session ends: nothing that could be done better here.
    const done = (): void => {
      this.#kept.delete(lease);
      this.#settle();
    };
    lease.release().then(done, done);
  }

  #settle(): void {
    if (this.#kept.size > 0) return;
    this.#client.off('end', this.#onEnd);
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
