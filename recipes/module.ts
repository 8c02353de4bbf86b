import 'reflect-metadata';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { DependencyContainer } from 'tsyringe';
import {
  type ConnectOptions,
  connect,
  type EnsembleProvider,
  type ZooKeeperClient,
} from '../client/index.ts';
import { ZNodeCache } from './cache/index.ts';
import { ConfigStore } from './config/index.ts';
import { SharedCount } from './counter/index.ts';
import { Bindings } from './di/bindings.ts';
import { type ConfigErrorListener, ConfigFeed } from './di/config-feed.ts';
import { ModuleLeases, ModuleMutex } from './di/module-mutex.ts';
import { onResolved } from './di/resolved.ts';
import { closeOnSignals, ignoreSignals, type TerminationSignal } from './di/termination.ts';
import { warn } from './di/warning.ts';
import { bind, opened, type Wiring } from './di/wiring.ts';
import { ServiceDiscovery } from './discovery/index.ts';
import { withEither } from './either.ts';
import { LeaderLatch, type LeaderLatchOptions } from './leader/index.ts';
import { InterProcessReadWriteLock, InterProcessSemaphoreV2 } from './lock/index.ts';
import { PersistentNode } from './node/index.ts';
import { Scope } from './scope.ts';
import * as tokens from './tokens.ts';

export interface ZookitOptions extends ConnectOptions {
  /** `host:port,host:port/chroot`, or an ensemble provider. */
  readonly connectString: string | EnsembleProvider;
  /** All paths lie below this node, which is made: `shop` or `/shop`. Default none. */
  readonly namespace?: string | undefined;
  /** Where services register and are looked for. Default `/services`. */
  readonly discoveryPath?: string | undefined;
  /**
   * Signals at which the module closes before the process ends as it would have; so that what it holds is given back at once and not
   * when its session expires. Default `SIGTERM` and `SIGINT`; none for a program that calls `close` itself.
   */
  readonly closeOn?: readonly TerminationSignal[] | undefined;
  /** Hears of values for `@configValue` that are not valid, and of configs that cannot be followed. Default: the process warns of them. */
  readonly onConfigError?: ConfigErrorListener | undefined;
}

/** The client and what has been started on it, wired into a container. Made by `registerZookit`. */
export class ZookitModule implements AsyncDisposable {
  readonly client: ZooKeeperClient;
  /** What was started, which ends in reverse order; the client last. */
  readonly scope: Scope;
  readonly discovery: ServiceDiscovery;
  readonly #wiring: Wiring;
  readonly #onConfigError: ConfigErrorListener;
  readonly #latches = new Map<string, Promise<LeaderLatch>>();
  readonly #feeds = new Set<ConfigFeed<unknown>>();
  readonly #bindings: Bindings;

  /** @internal Use `registerZookit`. */
  constructor(
    container: DependencyContainer,
    client: ZooKeeperClient,
    scope: Scope,
    {
      discoveryPath = '/services',
      onConfigError = warnOfConfig,
    }: Pick<ZookitOptions, 'discoveryPath' | 'onConfigError'>,
  ) {
    this.client = client;
    this.scope = scope;
    this.#onConfigError = onConfigError;
    this.discovery = scope.own('discovery', new ServiceDiscovery(client, discoveryPath));
    const leases = new ModuleLeases();
    scope.onClose('locks', () => leases.close());
    this.#wiring = {
      scope,
      discovery: this.discovery,
      mutex: (path, options) => new ModuleMutex(leases, client, path, options),
      latch: (path, options) => this.#latch(path, options),
      feed: (path, schema) => this.#feed(path, schema),
    };
    this.#register(container);
    this.#bindings = new Bindings(this.#wiring);
    scope.onClose('decorators', opened(this.#wiring));
    scope.onClose(
      'container',
      onResolved(container, (made, standIn) => this.#bindings.add(made, standIn)),
    );
  }

  /**
   * Ties an instance to this module that its container did not make, one of another framework's for example, and begins what its
   * decorators declare. Resolves when the instance is ready; the same instance again does nothing.
   */
  bind<T extends object>(instance: T): Promise<T> {
    return bind(instance, this.#wiring).then(() => instance);
  }

  /**
   * Resolves when everything that was declared by instances made so far has begun: services registered, elections stood for, values
   * of configs there. Rejects with the first thing that could not begin; where nobody waits here, the process is warned of it.
   */
  ready(): Promise<void> {
    return this.#bindings.ready();
  }

  /** Ends everything that was started, the last first, then the client. Rejects with `CloseError`. Idempotent. */
  close(): Promise<void> {
    return this.scope.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #register(container: DependencyContainer): void {
    const { client, scope } = this;
    const provide = <T>(wanted: tokens.Token<T>, value: T): void => {
      container.register<T>(wanted, { useValue: value });
    };
    /** Gives up with the caller's signal as well as with the module. */
    const started = <T extends AsyncDisposable, O extends { readonly signal?: AbortSignal | undefined }>(
      name: string,
      options: O | undefined,
      start: (options: O & { readonly signal: AbortSignal }) => Promise<T>,
    ): Promise<T> => {
      return scope.start(name, (closing) => {
        return withEither(closing, options?.signal, (signal) => start({ ...(options as O), signal }));
      });
    };
    provide(tokens.CLIENT, client);
    provide(tokens.SCOPE, scope);
    provide(tokens.DISCOVERY, this.discovery);
    provide(tokens.MUTEX_FACTORY, this.#wiring.mutex);
    provide(tokens.READ_WRITE_LOCK_FACTORY, (path, options) => {
      return new InterProcessReadWriteLock(client, path, options);
    });
    provide(tokens.SEMAPHORE_FACTORY, (path, limit, options) => {
      return new InterProcessSemaphoreV2(client, path, limit, options);
    });
    provide(tokens.CONFIG_STORE_FACTORY, (path, options) => new ConfigStore(client, path, options));
    provide(tokens.LATCH_FACTORY, (path, options) => {
      return started(`latch ${path}`, options, (own) => LeaderLatch.start(client, path, own));
    });
    provide(tokens.CACHE_FACTORY, (path, options) => {
      return started(`cache ${path}`, options, (own) => ZNodeCache.start(client, path, own));
    });
    provide(tokens.COUNT_FACTORY, (path, initial) => {
      return scope.start(`count ${path}`, (signal) => SharedCount.start(client, path, initial, { signal }));
    });
    provide(tokens.NODE_FACTORY, (path, data, options) => {
      return started(`node ${path}`, options, (own) => PersistentNode.start(client, path, data, own));
    });
  }

  #latch(path: string, options: LeaderLatchOptions): Promise<LeaderLatch> {
    let latch = this.#latches.get(path);
    if (latch === undefined) {
      latch = this.scope.start(`election ${path}`, (signal) => {
        return LeaderLatch.start(this.client, path, { ...options, signal });
      });
      this.#latches.set(path, latch);
      // The next one who asks may have more luck.
      latch.catch(() => this.#latches.delete(path));
    }
    return latch;
  }

  #feed<T>(path: string, schema: StandardSchemaV1<unknown, T>): ConfigFeed<T> {
    for (const known of this.#feeds) {
      if (known.path === path && known.schema === schema)
        return known as ConfigFeed<unknown> as ConfigFeed<T>;
    }
    const feed = new ConfigFeed(this.scope, this.client, path, schema, this.#onConfigError);
    this.#feeds.add(feed);
    feed.started.catch(() => this.#feeds.delete(feed));
    return feed;
  }
}

function warnOfConfig(path: string, error: Error): void {
  warn(new Error(`config ${path}: ${error.message}`, { cause: error }));
}

/**
 * Connects and registers client, recipes and factories in a container (see tokens.ts). Rejects with whatever `connect` rejects with,
 * and then nothing is registered. The module is open until `close`.
 */
export async function registerZookit(
  container: DependencyContainer,
  options: ZookitOptions,
): Promise<ZookitModule> {
  const { connectString, namespace, discoveryPath, onConfigError, closeOn, ...rest } = options;
  const scope = new Scope();
  // The first one: a signal is heard until nothing is left to give back.
  scope.onClose('signals', () => ignoreSignals(scope));
  const client = await scope.start('client', () => connect(connectString, rest));
  try {
    const own = namespace === undefined ? client : client.namespace(`/${namespace.replace(/^\//, '')}`);
    if (namespace !== undefined) await own.ensurePath('/');
    const module = new ZookitModule(container, own, scope, { discoveryPath, onConfigError });
    closeOnSignals(scope, closeOn);
    return module;
  } catch (error) {
    await scope.close();
    throw error;
  }
}
