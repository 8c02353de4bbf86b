export { type RateAcquireOptions, RateLimiter, type RateLimiterOptions } from './rate-limiter.ts';
