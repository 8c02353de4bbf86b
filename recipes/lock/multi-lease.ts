import { onAbort } from '../../client/aborts.ts';
import { LeaseEndedError } from './errors.ts';
import type { Lease } from './lease.ts';
import { lookingController } from './looking-signal.ts';

/** Several leases as one: held while all of them are. */
export class MultiLease implements Lease {
  /** The leases, in the order in which they were acquired. Each may be released alone, which ends the whole. */
  readonly leases: readonly Lease[];
  readonly #controller = lookingController(() => this.#look());
  #forget: (() => void)[] = [];
  #released: Promise<void> | null = null;

  /** `leases` must not be empty. */
  constructor(leases: readonly Lease[]) {
    this.leases = leases;
    for (const { signal } of leases) {
      this.#forget.push(onAbort(signal, () => this.#end(signal.reason)));
    }
    this.#look();
  }

  /**
   * The token of the lease that was acquired last, which is the highest. It grows from holder to holder among those who acquire the
   * same locks in the same order, and says nothing to others: what one of the locks protects is to be given the token of that
   * lock's own lease, from `leases`.
   */
  get fencingToken(): number {
    return this.leases.at(-1)!.fencingToken;
  }

  /** The nodes of the leases, with commas between them. */
  get path(): string {
    return this.leases.map(({ path }) => path).join(', ');
  }

  /** Aborts with the reason of the first of the leases that ends. */
  get signal(): AbortSignal {
    this.#look();
    return this.#controller.signal;
  }

  /** Whether all of the leases are. */
  get held(): boolean {
    return this.leases.every((lease) => lease.held) && !this.signal.aborted;
  }

  /** The least of what the leases say. */
  safeForMs(): number {
    return this.#released === null ? Math.min(...this.leases.map((lease) => lease.safeForMs())) : 0;
  }

  /** Releases all, the last one first; rejects with an `AggregateError` if some could not be, after all were tried. Idempotent. */
  release(): Promise<void> {
    if (this.#released === null) {
      this.#end(new LeaseEndedError(this.path, 'released'));
      this.#released = releaseAll(this.leases);
    }
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Asking a lease's signal makes it look at the clock. */
  #look(): void {
    const ended = this.leases.find(({ signal }) => signal.aborted);
    if (ended !== undefined) this.#end(ended.signal.reason);
  }

  #end(reason: unknown): void {
    for (const forget of this.#forget) forget();
    this.#forget = [];
    this.#controller.abort(reason);
  }
}

/** Releases the last one first, without waiting for one before the next is asked: what hangs does not keep the others. */
export async function releaseAll(leases: readonly Lease[]): Promise<void> {
  const results = await Promise.allSettled(leases.toReversed().map((lease) => lease.release()));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length > 0) {
    throw new AggregateError(errors, `${errors.length} of ${leases.length} leases could not be released`);
  }
}
