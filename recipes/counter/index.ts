export { SharedCount, type SharedCountOptions } from './shared-count.ts';
export { SharedValue, type SharedValueOptions, type VersionedValue } from './shared-value.ts';
