export { decideLock, type LockDecision } from './decide.ts';
export { AcquireTimeoutError, LeaseEndedError, type LeaseEndReason } from './errors.ts';
export { HerdLock } from './herd-lock.ts';
export type { Participant } from './inspect.ts';
export type { Lease } from './lease.ts';
export { type AcquireOptions, InterProcessMutex, type LockInspection, type MutexOptions } from './mutex.ts';
export { revoke } from './revoke.ts';
