export { registerZookit, ZookitModule, type ZookitOptions } from '../module.ts';
export { CloseError, Scope } from '../scope.ts';
export * from '../tokens.ts';
export type { ConfigErrorListener } from './config-feed.ts';
export { type ConfigValueOptions, configValue } from './config-value.ts';
export { type LeaderOnlyOptions, leaderOnly, NotLeaderError } from './leader-only.ts';
export { type LockedOptions, locked } from './locked.ts';
export { registerService, type ServiceSpecOf } from './register-service.ts';
export type { TerminationSignal } from './termination.ts';
