import type { DependencyContainer, InjectionToken } from 'tsyringe';
import type { ZooKeeperClient } from '../client/index.ts';
import type { CacheOptions, ZNodeCache } from './cache/index.ts';
import type { ConfigStore, ConfigStoreOptions } from './config/index.ts';
import type { SharedCount } from './counter/index.ts';
import type { ServiceDiscovery } from './discovery/index.ts';
import type { LeaderLatch, LeaderLatchOptions } from './leader/index.ts';
import type {
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreV2,
  LockOptions,
  MutexOptions,
  PermitCount,
} from './lock/index.ts';
import type { PersistentNode, PersistentNodeOptions } from './node/index.ts';
import type { Scope } from './scope.ts';

declare const provides: unique symbol;

/** What a container is asked for by `@inject(TOKEN)`; `resolve` knows the type of what it gets. */
export type Token<T> = symbol & { readonly [provides]?: T };

export function token<T>(name: string): Token<T> {
  return Symbol(name);
}

/** `container.resolve` with the token's type. */
export function resolve<T>(container: DependencyContainer, wanted: Token<T>): T {
  return container.resolve<T>(wanted as InjectionToken<T>);
}

export type MutexFactory = (path: string, options?: MutexOptions) => InterProcessMutex;
export type ReadWriteLockFactory = (path: string, options?: LockOptions) => InterProcessReadWriteLock;
export type SemaphoreFactory = (
  path: string,
  limit: number | PermitCount,
  options?: LockOptions,
) => InterProcessSemaphoreV2;
export type ConfigStoreFactory = <Out, In>(
  path: string,
  options: ConfigStoreOptions<Out, In>,
) => ConfigStore<Out, In>;

// What these make is running when they resolve, and ends with the module.
export type LatchFactory = (path: string, options?: LeaderLatchOptions) => Promise<LeaderLatch>;
export type CacheFactory = (path: string, options?: CacheOptions<Buffer>) => Promise<ZNodeCache<Buffer>>;
export type CountFactory = (path: string, initial: number) => Promise<SharedCount>;
export type NodeFactory = (
  path: string,
  data: Uint8Array | string,
  options?: PersistentNodeOptions,
) => Promise<PersistentNode>;

/** The client, in the namespace of the module. */
export const CLIENT: Token<ZooKeeperClient> = token('zookit client');
/** What the module has started, for what is to end before it. */
export const SCOPE: Token<Scope> = token('zookit scope');
export const MUTEX_FACTORY: Token<MutexFactory> = token('zookit mutexes');
export const READ_WRITE_LOCK_FACTORY: Token<ReadWriteLockFactory> = token('zookit read-write locks');
export const SEMAPHORE_FACTORY: Token<SemaphoreFactory> = token('zookit semaphores');
export const LATCH_FACTORY: Token<LatchFactory> = token('zookit leader latches');
export const CACHE_FACTORY: Token<CacheFactory> = token('zookit caches');
export const COUNT_FACTORY: Token<CountFactory> = token('zookit shared counts');
export const NODE_FACTORY: Token<NodeFactory> = token('zookit persistent nodes');
export const CONFIG_STORE_FACTORY: Token<ConfigStoreFactory> = token('zookit config stores');
/** The services below the module's `discoveryPath`. */
export const DISCOVERY: Token<ServiceDiscovery> = token('zookit discovery');
