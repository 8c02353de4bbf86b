export { decideLock, type LockDecision } from './lock/decide.ts';
export { AcquireTimeoutError, LeaseEndedError, type LeaseEndReason } from './lock/errors.ts';
export type { Lease } from './lock/lease.ts';
export { type AcquireOptions, InterProcessMutex, type MutexOptions } from './lock/mutex.ts';
