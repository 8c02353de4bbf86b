import { onAbort } from '../../client/aborts.ts';
import { type Lease, LeaseEndedError } from '../lock/index.ts';
import { lookingController } from '../lock/looking-signal.ts';

/** The reason that a part's signal aborts with when it has to be given up although its lock is held: another member gets it. */
export class PartRevokedError extends Error {
  readonly code = 'PartRevoked';
  readonly item: string;

  constructor(item: string) {
    super(`part ${JSON.stringify(item)}: to be given up, because it is another member's now [PartRevoked]`);
    this.name = 'PartRevokedError';
    this.item = item;
  }
}

/** An item of the set while it is this member's: nobody else has it before it is released. */
export interface Part extends AsyncDisposable {
  readonly item: string;
  /**
   * Aborts when work on the item has to stop: with `PartRevokedError` because it goes to another member, who gets it once this one
   * has released it; with a `LeaseEndedError` because its lock may not be held any more, as after a lost connection.
   */
  readonly signal: AbortSignal;
  /** Grows with every owner of the item, for whoever has to refuse one that was delayed. */
  readonly fencingToken: number;
  /** Whether the item is this member's at this moment, by the clock, as `Lease.held`. */
  readonly held: boolean;
  /** As `Lease.safeForMs`. */
  safeForMs(): number;
  /**
   * Says that the work on the item has stopped, and lets the next one have it; resolves when the lock is given up. Called from
   * `work` it resolves at once, and the lock is given up when that has settled. A part that nobody asked for back is handed out
   * again, as it is still this member's. Idempotent.
   */
  release(): Promise<void>;
}

/** A part as the partitioner handles it. */
export class OwnedPart implements Part {
  readonly item: string;
  readonly #lease: Lease;
  readonly #controller: AbortController;
  readonly #release: () => void;
  readonly #done: () => Promise<void>;

  constructor(item: string, lease: Lease, done: () => Promise<void>) {
    this.item = item;
    this.#lease = lease;
    this.#done = done;
    // Asking for the lease's signal makes it look at the clock, which runs the listener.
    this.#controller = lookingController(() => void lease.signal.aborted);
    const { signal } = lease;
    this.#release = onAbort(signal, () => this.#controller.abort(signal.reason));
    if (signal.aborted) this.#controller.abort(signal.reason);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get fencingToken(): number {
    return this.#lease.fencingToken;
  }

  get held(): boolean {
    return this.#lease.held;
  }

  safeForMs(): number {
    return this.#lease.safeForMs();
  }

  revoke(): void {
    this.#controller.abort(new PartRevokedError(this.item));
  }

  /** The lock is given up: whoever still looks at the signal learns so. */
  ended(): void {
    this.#release();
    this.#controller.abort(new LeaseEndedError(this.#lease.path, 'released'));
  }

  release(): Promise<void> {
    return this.#done();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
