import type { Acl, Data, ZooKeeperClient } from '../../client/index.ts';
import type { WaitOptions } from '../patience.ts';
import type { Lease, LeaseTerms } from './lease.ts';

/** What all locks have in common: they are waited for, and answer with a lease. */
export interface InterProcessLock {
  /** Where the lock lives; of several locks, their paths with commas between them. */
  readonly path: string;
  /** See the lock itself for what it rejects with. */
  acquire(options?: WaitOptions): Promise<Lease>;
}

/** What the nodes of a lock are like. */
export interface LockOptions {
  /** Content of the lock's nodes, for whoever looks at them. Default empty. */
  readonly data?: Data | undefined;
  /** ACL of the lock's nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** What a lease is to be like. */
export interface TermOptions {
  /**
   * The lease ends by itself after so many milliseconds: its signal aborts (`expired`) and it is given back. This client keeps the
   * time, nobody else: a process that is stopped gives it back when its session expires. Default never.
   */
  readonly leaseMs?: number | undefined;
  /**
   * Called once, with the lease, if somebody asks for it back (`revoke`, Curator's Revoker), also if that was before it was had. The
   * lease goes on until it is released.
   */
  readonly onRevoke?: ((lease: Lease) => void) | undefined;
}

/** Throws `RangeError` if a term is not valid. */
export function assertTerms({ leaseMs }: TermOptions): void {
  if (leaseMs !== undefined && !(leaseMs > 0)) {
    throw new RangeError(`leaseMs must be more than 0, not ${leaseMs}`);
  }
}

/** The terms of a lease that begins now and ends no later than `notAfterMs`, in monotonic milliseconds. */
export function termsFromNow(
  client: ZooKeeperClient,
  { leaseMs, onRevoke }: TermOptions,
  notAfterMs = Number.POSITIVE_INFINITY,
): LeaseTerms {
  const expiresAtMs =
    leaseMs === undefined ? notAfterMs : Math.min(notAfterMs, client.ports.monotonicMs() + leaseMs);
  return { expiresAtMs, onRevoke };
}
