export { ItemInDoubtError, NoSuchElementError } from './errors.ts';
export {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  type OvertakingOptions,
} from './kinds.ts';
export type { ConsumeOptions, Handler, Handling, ItemFailure, QueueOptions } from './options.ts';
export type { PoisonItem } from './poison.ts';
export type { Queue } from './queue.ts';
export { SimpleDistributedQueue, type SimpleQueueOptions } from './simple.ts';
