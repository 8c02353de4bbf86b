export { decideLock, type LockDecision } from './decide.ts';
export { decideReadWrite, type LockSide } from './decide-read-write.ts';
export { AcquireTimeoutError, LeaseEndedError, type LeaseEndReason } from './errors.ts';
export { HerdLock } from './herd-lock.ts';
export type { Participant } from './inspect.ts';
export type { Lease } from './lease.ts';
export type { InterProcessLock, LockOptions, TermOptions } from './lock.ts';
export { MultiLease } from './multi-lease.ts';
export { InterProcessMultiLock } from './multi-lock.ts';
export { type AcquireOptions, InterProcessMutex, type LockInspection, type MutexOptions } from './mutex.ts';
export { decidePermits, type PermitCount, type PermitDecision } from './permits.ts';
export {
  InterProcessReadWriteLock,
  LockUpgradeError,
  type ReadWriteAcquireOptions,
  type ReadWriteInspection,
  type ReadWriteParticipant,
  type ReadWriteSide,
} from './read-write.ts';
export { revoke } from './revoke.ts';
export { InterProcessSemaphoreV2, type SemaphoreAcquireOptions } from './semaphore.ts';
export { InterProcessSemaphoreMutex } from './semaphore-mutex.ts';
