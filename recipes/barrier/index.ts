export { type BarrierOptions, DistributedBarrier } from './barrier.ts';
export { CountDownLatch, type CountDownOptions } from './count-down-latch.ts';
export { DistributedDoubleBarrier } from './double-barrier.ts';
