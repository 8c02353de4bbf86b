export { decideLock, type LockDecision } from './decide.ts';
export { AcquireTimeoutError, LeaseEndedError, type LeaseEndReason } from './errors.ts';
export type { Lease } from './lease.ts';
export { type AcquireOptions, InterProcessMutex, type MutexOptions } from './mutex.ts';
