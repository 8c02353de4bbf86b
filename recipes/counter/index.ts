export {
  type AtomicNumber,
  DistributedAtomicBigInt,
  DistributedAtomicInteger,
  DistributedAtomicLong,
} from './atomic-number.ts';
export { type AtomicResult, type AtomicValueOptions, DistributedAtomicValue } from './atomic-value.ts';
export type { AtomicOptions } from './atomic-writer.ts';
export { CachedAtomicLong } from './cached-atomic-long.ts';
export type { AtomicStats } from './change.ts';
export { SharedCount, type SharedCountOptions } from './shared-count.ts';
export { SharedValue, type SharedValueOptions, type VersionedValue } from './shared-value.ts';
