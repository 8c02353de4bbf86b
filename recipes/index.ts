export * from './cache/index.ts';
export * from './config/index.ts';
export * from './counter/index.ts';
export { WaitTimeoutError } from './errors.ts';
export * from './leader/index.ts';
export * from './limit/index.ts';
export * from './lock/index.ts';
export * from './node/index.ts';
export type { WaitOptions } from './patience.ts';
