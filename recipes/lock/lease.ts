import { ClosedError, NoNodeError, SessionExpiredError, type ZooKeeperClient } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { whileSession } from '../session-end.ts';
import { Trust } from '../trust.ts';
import { LeaseEndedError, type LeaseEndReason } from './errors.ts';
import { lookingController } from './looking-signal.ts';
import { giveBack, type Place } from './place.ts';

/** Proof of holding a lock, as far as there can be one, for as long as `signal` has not aborted. */
export interface Lease extends AsyncDisposable {
  /**
   * Grows with every holder of the lock: a resource that remembers the highest one it has seen and refuses lower ones is safe from
   * a holder that was delayed. The zxid that created the node.
   */
  readonly fencingToken: number;
  /** The node that stands for the lock. */
  readonly path: string;
  /**
   * Aborts, with a `LeaseEndedError` that says why, when the lock may not be held any more: the connection is lost or the server has
   * not answered for two thirds of the session timeout (`in-doubt`), the session is lost (`session-lost`), the node was deleted, the
   * time asked for is over (`expired`), or the lease was released.
   *
   * The signal itself, kept from before, looks at the clock whenever it is asked: `aborted`, `reason` and `throwIfAborted` tell the
   * truth right after this process was stopped or blocked for three quarters of the session timeout, even before anything else could run.
   * Listeners (and signals made of it with `AbortSignal.any`) hear of it then, or at the event loop's next turn.
   */
  readonly signal: AbortSignal;
  /**
   * Whether the lock is held at this moment, by the clock: false once the signal has aborted, and also where it is about to, because
   * this process was stopped for so long that the session may have expired meanwhile. Ask before what cannot be fenced.
   */
  readonly held: boolean;
  /**
   * For how many milliseconds from now no server can let the lock pass to another: what is left of three quarters of the session
   * timeout, counted from when the latest request that was answered had been sent, by the monotonic clock of this machine; at most
   * what is left of `leaseMs`. 0 once the lease has ended. It says nothing about somebody who deletes the lock's node.
   */
  safeForMs(): number;
  /**
   * Gives the lock up; the last lease of a re-entrant lock deletes the node, however often the connection breaks. Resolves when the
   * node is gone, or its session is lost and with it the node. Idempotent.
   */
  release(): Promise<void>;
}

/** What one lease on a place is to be like. */
export interface LeaseTerms {
  /** When it ends by itself, in monotonic milliseconds. Default never. */
  readonly expiresAtMs?: number | undefined;
  /** Called once if somebody asks for the lock back while the lease lasts. */
  readonly onRevoke?: ((lease: Lease) => void) | undefined;
}

/**
 * A place in a lock's directory while somebody holds it: shared by the leases that were handed on re-entrantly, watched for
 * anything that puts it into doubt, and given back when the last lease is released.
 */
export class Hold {
  readonly place: Place;
  readonly #client: ZooKeeperClient;
  readonly #leases = new Set<HeldLease>();
  #ended: LeaseEndedError | null = null;
  #deleted: Promise<void> | null = null;
  readonly #trust: Trust;

  constructor(client: ZooKeeperClient, place: Place) {
    this.place = place;
    this.#client = client;
    place.node.onDeleted = () => this.#end('deleted');
    place.node.onRevoked = () => {
      for (const lease of [...this.#leases]) lease.revoked();
    };
    this.#trust = new Trust(client, place.sessionId, (why, cause) => this.#end(why, cause));
    this.#trust.begin();
    if (this.#ended === null && place.node.deleted) this.#end('deleted');
  }

  get client(): ZooKeeperClient {
    return this.#client;
  }

  get trust(): Trust {
    return this.#trust;
  }

  /** A further lease on the place; throws what ended it, if something has. */
  lease(terms: LeaseTerms = {}): HeldLease {
    this.#trust.check();
    if (this.#ended !== null) throw this.#ended;
    if (this.#deleted !== null) throw new LeaseEndedError(this.place.node.path, 'released');
    const lease = new HeldLease(this, terms);
    this.#leases.add(lease);
    // Asked for while we waited; who gets the lease hears of it after that.
    if (this.place.node.revoked) queueMicrotask(() => lease.revoked());
    return lease;
  }

  /** One lease fewer; the last one deletes the node. */
  async release(lease: HeldLease): Promise<void> {
    this.#leases.delete(lease);
    if (this.#leases.size > 0) return;
    this.#deleted ??= this.#giveBack();
    await this.#deleted;
  }

  /** Deletes the node of a place that nobody has a lease on. */
  giveUp(): void {
    this.#deleted ??= this.#giveBack();
    this.#deleted.catch(() => {});
  }

  async #giveBack(): Promise<void> {
    this.#trust.release();
    // Off the server first, in the same write: a release then notifies the next in line and nobody else.
    this.place.node.stop();
    try {
      await whileSession(this.#client, giveBack(this.#client, this.place));
    } catch (error) {
      // Without the node or its session there is nothing left to give back.
      const gone =
        error instanceof NoNodeError || error instanceof SessionExpiredError || error instanceof ClosedError;
      if (!gone) throw error;
    }
  }

  #end(reason: LeaseEndReason, cause?: unknown): void {
    if (this.#deleted !== null) return;
    // What is in doubt may still turn out to be lost; the signals have aborted by then.
    this.#ended = new LeaseEndedError(this.place.node.path, reason, cause ?? undefined);
    // It goes with its session; no timer of its watch may outlive the client.
    if (reason === 'session-lost') this.place.node.stop();
    for (const lease of [...this.#leases]) lease.abort(this.#ended);
  }
}

/**
 * The first lease on a place that was won. Throws, and gives the place back in the background, if it is in doubt before anybody had it,
 * or if the signal has aborted: nobody would release it.
 */
export function leaseOn(
  client: ZooKeeperClient,
  place: Place,
  terms: LeaseTerms = {},
  signal?: AbortSignal,
): HeldLease {
  const hold = new Hold(client, place);
  try {
    signal?.throwIfAborted();
    return hold.lease(terms);
  } catch (error) {
    hold.giveUp();
    throw error;
  }
}

/** One lease on a place. */
export class HeldLease implements Lease {
  readonly expiresAtMs: number;
  readonly #hold: Hold;
  /** Made when somebody asks for the signal: until then nobody can have been waiting for it. */
  #controller: AbortController | null = null;
  /** Makes the reason for which the lease has ended; null while it lasts. */
  #ended: (() => LeaseEndedError) | null = null;
  #onRevoke: ((lease: Lease) => void) | null;
  #cancelExpiry: () => void = () => {};
  #released: Promise<void> | null = null;

  constructor(hold: Hold, { expiresAtMs = Number.POSITIVE_INFINITY, onRevoke }: LeaseTerms) {
    this.#hold = hold;
    this.expiresAtMs = expiresAtMs;
    this.#onRevoke = onRevoke ?? null;
    this.#awaitExpiry();
  }

  get hold(): Hold {
    return this.#hold;
  }

  get fencingToken(): number {
    return this.#hold.place.czxid;
  }

  get path(): string {
    return this.#hold.place.node.path;
  }

  get signal(): AbortSignal {
    this.#check();
    if (this.#controller === null) {
      this.#controller = lookingController(() => this.#check());
      if (this.#ended !== null) this.#controller.abort(this.#ended());
    }
    return this.#controller.signal;
  }

  get held(): boolean {
    this.#check();
    return this.#ended === null && this.#hold.trust.holds;
  }

  safeForMs(): number {
    this.#check();
    if (this.#ended !== null) return 0;
    return Math.min(this.#hold.trust.safeForMs(), this.#leftMs());
  }

  abort(reason: LeaseEndedError): void {
    // Without its session there is nothing to give back when the time is over, and no timer may outlive the client.
    if (reason.reason === 'session-lost') this.#cancelExpiry();
    this.#end(() => reason);
  }

  /** Somebody asks for the lock back. */
  revoked(): void {
    const listener = this.#onRevoke;
    this.#check();
    if (listener === null || this.#ended !== null) return;
    this.#onRevoke = null;
    callListener(listener, this);
  }

  release(): Promise<void> {
    return this.#release('released');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #release(reason: 'released' | 'expired'): Promise<void> {
    if (this.#released === null) {
      this.#cancelExpiry();
      this.#released = this.#hold.release(this);
      this.#end(() => new LeaseEndedError(this.path, reason));
    }
    return this.#released;
  }

  #end(reason: () => LeaseEndedError): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#controller?.abort(reason());
  }

  #leftMs(): number {
    return Math.max(0, this.expiresAtMs - this.#hold.client.ports.monotonicMs());
  }

  #check(): void {
    this.#hold.trust.check();
    if (this.#leftMs() === 0) this.#release('expired').catch(() => {});
  }

  #awaitExpiry(): void {
    if (this.expiresAtMs === Number.POSITIVE_INFINITY) return;
    // A timer may fire early, as one for a very long time does.
    this.#cancelExpiry = this.#hold.client.ports.after(Math.ceil(this.#leftMs()), () => {
      this.#cancelExpiry = () => {};
      if (this.#leftMs() > 0) this.#awaitExpiry();
      else this.#check();
    });
  }
}
