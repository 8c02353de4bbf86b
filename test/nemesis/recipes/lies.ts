import type { Lease } from '../../../recipes/index.ts';
import type { Resource } from './report.ts';

/**
 * How a worker's recipes may be made wrong, to see whether it is noticed: a lease whose signal never aborts, one that is held for ever, one
 * that is safe for ever; a semaphore with a permit too many; a queue that deletes before it handles.
 */
export interface Lies {
  readonly leases?: Partial<Record<Resource, LeaseLie>> | undefined;
  readonly onePermitMore?: boolean | undefined;
  readonly deletesFirst?: boolean | undefined;
}

export type LeaseLie = 'never-aborts' | 'always-held' | 'always-safe';

/** What is asked of a lease. */
export type Asked = Pick<Lease, 'signal' | 'held' | 'fencingToken' | 'safeForMs'>;

/** The lease as the lie makes it look. */
export function lyingLease(lease: Asked, lie: LeaseLie | undefined): Asked {
  if (lie === undefined) return lease;
  const { fencingToken } = lease;
  const never = new AbortController().signal;
  return {
    fencingToken,
    signal: lie === 'never-aborts' ? never : lease.signal,
    get held() {
      return lie === 'always-held' || lease.held;
    },
    safeForMs: () => (lie === 'always-safe' ? 60_000 : lease.safeForMs()),
  };
}
