export { type CacheOptions, type CacheResync, type ChangesOptions, ZNodeCache } from './cache.ts';
export type { CacheScope, ZNode, ZNodeChange } from './znode.ts';
