export { FencedOutError } from './errors.ts';
export { type Fenced, FencedRedis, type FencedRedisOptions, type FencedWriter } from './fenced-redis.ts';
export { fencedSet } from './fenced-set.ts';
export type { RedisScripting, RedisValue } from './scripts.ts';
