export type { Acl, ClientInfo, Id, Stat } from '../wire/data.ts';
export { OPEN_ACL, Perms } from '../wire/data.ts';
export { formatSessionId, formatZxid, type SessionId, type Zxid } from '../wire/ids.ts';
export type { AuthInfo } from './auth.ts';
export type { AclProvider } from './behaviour.ts';
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type StateListener,
} from './circuit-breaker.ts';
export type { Circumstances } from './circumstances.ts';
export { type DeleteOptions, ZooKeeperClient } from './client.ts';
export { bytes, type Codec, json, text } from './codec.ts';
export { connect } from './connect.ts';
export type { Data, OperationOptions } from './context.ts';
export type { CreateOptions } from './create.ts';
export { type DnsSrvOptions, dnsSrvEnsemble, type EnsembleProvider, fixedEnsemble } from './ensemble.ts';
export * from './errors.ts';
export { compressed } from './gzip.ts';
export { type ConnectString, DEFAULT_PORT, parseConnectString } from './hosts.ts';
export type { ReadOp, ReadResult, ReadResults } from './multi-read.ts';
export type { ConnectOptions } from './options.ts';
export { type ClientPorts, type Endpoint, formatEndpoint, type Link, type LinkEvents } from './ports.ts';
export type { AclAndStat, ChildrenAndStat, GetOptions, NodeData, WatchedReadOptions } from './reads.ts';
export type { BackoffPolicy } from './retry.ts';
export {
  type ExponentialBackoffOptions,
  exponentialBackoff,
  type Failure,
  isRetryable,
  type RetryPolicy,
  retryForever,
  retryTimes,
  retryUntilElapsed,
  withinSession,
} from './retry-policies.ts';
export { type RetryOptions, retry } from './retrying.ts';
export { InvalidValueError, type ValueFault } from './schema.ts';
export type { ClientState, StateInfo } from './state.ts';
export { type StatePolicy, sessionStates, standardStates } from './state-policy.ts';
export type { AttemptMessage, OperationMessage, Span, StateMessage, Tracer } from './tracing.ts';
export { Transaction, type TransactionCreated } from './transaction.ts';
export type { EnsureOptions } from './trees.ts';
export { type PathParams, type TypedChange, TypedNodes, type TypedValue } from './typed.ts';
export type { AddWatchOptions, Watch, WatchTypeName } from './watch-ops.ts';
export { WatchStream, type WatchStreamOptions } from './watch-stream.ts';
export type {
  WatchCounts,
  WatchEndReason,
  WatchEvent,
  WatchEventType,
  WatchKind,
  WatchListener,
} from './watches.ts';
export type {
  Created,
  CreateModeName,
  NodeOptions,
  SetAclOptions,
  SetOptions,
  VersionOptions,
} from './writes.ts';
