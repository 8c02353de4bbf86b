export { IdsUnavailableError, type IdsUnavailableReason, NameLostError, NameTakenError } from './errors.ts';
export type { Registration } from './registration.ts';
export { NameRegistry, type NameRegistryOptions, type RegisterOptions } from './registry.ts';
export { Snowflake, type SnowflakeOptions } from './snowflake.ts';
export { parseSnowflake, type SnowflakeParts } from './snowflake-bits.ts';
export { UniqueIds, type UniqueIdsOptions } from './unique-ids.ts';
export { WorkerId, type WorkerIdOptions } from './worker-id.ts';
