import { onAbort } from '../../client/aborts.ts';
import { waitFor } from '../../client/guaranteed.ts';
import { ClosedError, type ZooKeeperClient } from '../../client/index.ts';
import { DownInstances } from './down-instances.ts';
import { type CallFailure, NoInstanceError, ServiceCallError } from './errors.ts';
import { type InstanceFields, instanceKey, type ServiceInstance } from './instance.ts';
import type { ServiceCache } from './service-cache.ts';
import { type ProviderStrategy, roundRobin, type StrategyView } from './strategies.ts';

export interface ProviderOptions<T> {
  /** Who is chosen; default `roundRobin()`. Not to be shared by providers. */
  readonly strategy?: ProviderStrategy<T> | undefined;
  /** So many errors within `downForMs` mark an instance down. Default 2. */
  readonly downAfterErrors?: number | undefined;
  /** How long errors count, from the first one on; an instance that is down is used again then. Default 30,000. */
  readonly downForMs?: number | undefined;
  /** Which instances may be chosen at all; default all that are enabled, and never one that is not. */
  readonly filter?: ((instance: ServiceInstance<T>) => boolean) | undefined;
}

export interface CallOptions {
  /** Gives up: the call rejects with the signal's reason, and the instance is not blamed. */
  readonly signal?: AbortSignal | undefined;
  /** How many instances are tried, each once. Default 3. */
  readonly attemptsMax?: number | undefined;
  /** After so long an attempt has failed, and its signal aborts. Default: never. */
  readonly attemptTimeoutMs?: number | undefined;
  /**
   * Whether an error is the instance's fault, is noted against it, and another instance is to be tried; otherwise the call rejects
   * with it. Default: every error is.
   */
  readonly retryIf?: ((error: unknown) => boolean) | undefined;
}

/** An attempt did not come to its end in time. */
function late(id: string, timeoutMs: number): DOMException {
  return new DOMException(`instance ${id}: no answer within ${timeoutMs} ms`, 'TimeoutError');
}

/**
 * Chooses instances of a service to call. Made by `ServiceDiscovery.provider`; begins to watch the service when it is first used,
 * until `close`.
 */
export class ServiceProvider<T> implements AsyncDisposable {
  /** The service. */
  readonly name: string;
  readonly #client: ZooKeeperClient;
  readonly #open: (signal: AbortSignal) => Promise<ServiceCache<T>>;
  readonly #strategy: ProviderStrategy<T>;
  readonly #down: DownInstances;
  readonly #filter: (instance: ServiceInstance<T>) => boolean;
  readonly #inFlight = new Map<string, number>();
  readonly #view: StrategyView<T>;
  readonly #closing = new AbortController();
  readonly #ended: () => void;
  #cache: Promise<ServiceCache<T>> | null = null;
  #closed: Promise<void> | null = null;

  /** @internal Use `ServiceDiscovery.provider`. */
  constructor(
    client: ZooKeeperClient,
    name: string,
    options: ProviderOptions<T>,
    open: (signal: AbortSignal) => Promise<ServiceCache<T>>,
    ended: () => void,
  ) {
    const { strategy = roundRobin(), downAfterErrors = 2, downForMs = 30_000, filter = () => true } = options;
    if (!(downAfterErrors >= 1)) {
      throw new RangeError(`provider of ${name}: downAfterErrors must be 1 or more, not ${downAfterErrors}`);
    }
    if (!(downForMs >= 0)) {
      throw new RangeError(`provider of ${name}: downForMs must be 0 or more, not ${downForMs}`);
    }
    this.name = name;
    this.#client = client;
    this.#strategy = strategy;
    this.#down = new DownInstances(downAfterErrors, downForMs);
    this.#filter = filter;
    this.#open = open;
    this.#ended = ended;
    this.#view = {
      random: client.ports.random,
      inFlight: (instance) => this.#inFlight.get(instanceKey(instance)) ?? 0,
    };
  }

  /** An instance to use now, by the strategy: not for keeping. Rejects with `NoInstanceError` if there is none. */
  async getInstance(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ServiceInstance<T>> {
    const { instances } = await this.#started(options.signal);
    return this.#pick(instances, this.#usable(instances));
  }

  /** The instances that could be chosen: enabled, passed by the filter and not down. */
  async getAllInstances(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ServiceInstance<T>[]> {
    return this.#usable((await this.#started(options.signal)).instances);
  }

  /** Notes an error against an instance, as `call` does. */
  noteError(instance: InstanceFields<unknown>): void {
    this.#down.note(instance, this.#client.ports.monotonicMs());
  }

  /**
   * Calls a function with an instance. If it fails, the error is noted against the instance and another one is tried, which has not
   * been tried by this call: so what is called may be done more than once. Its signal aborts with that of the call, and when the
   * attempt has taken too long.
   *
   * Rejects with `NoInstanceError` if there was no instance at all, otherwise with `ServiceCallError`, which has all failures.
   */
  async call<R>(
    work: (instance: ServiceInstance<T>, signal: AbortSignal) => R | PromiseLike<R>,
    options: CallOptions = {},
  ): Promise<R> {
    const { signal, attemptsMax = 3, attemptTimeoutMs, retryIf = () => true } = options;
    if (!(attemptsMax >= 1)) {
      throw new RangeError(`call of ${this.name}: attemptsMax must be 1 or more, not ${attemptsMax}`);
    }
    if (attemptTimeoutMs !== undefined && !(attemptTimeoutMs > 0)) {
      throw new RangeError(`call of ${this.name}: attemptTimeoutMs must be above 0, not ${attemptTimeoutMs}`);
    }
    const tried = new Set<string>();
    const failures: CallFailure[] = [];
    while (failures.length < attemptsMax) {
      // Looked at for every attempt: instances come and go.
      const { instances } = await this.#started(signal);
      const left = this.#usable(instances).filter((instance) => !tried.has(instanceKey(instance)));
      if (left.length === 0 && failures.length > 0) break;
      const instance = this.#pick(instances, left);
      tried.add(instanceKey(instance));
      try {
        return await this.#attempt(instance, work, signal, attemptTimeoutMs);
      } catch (error) {
        // Whoever gave up learns of that, whatever the work made of it.
        signal?.throwIfAborted();
        if (!retryIf(error)) throw error;
        this.noteError(instance);
        failures.push({ id: instance.id, error });
      }
    }
    throw new ServiceCallError(this.name, failures);
  }

  /** Ends the watching; calls under way go on. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#ended();
    this.#closing.abort(new Error(`the provider of ${this.name} is closed`));
    const cache = await this.#cache?.catch(() => null);
    await cache?.close();
  }

  /** The cache, started by whoever needs it first; who fails to start it leaves that to the next. */
  async #started(signal: AbortSignal | undefined): Promise<ServiceCache<T>> {
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    this.#cache ??= this.#open(this.#closing.signal);
    const starting = this.#cache;
    try {
      const cache = await waitFor(starting, signal);
      if (!cache.closed) return cache;
    } catch (error) {
      // Who only waited no longer has nothing against it.
      starting.catch(() => this.#forget(starting));
      throw error;
    }
    // It ended with its client, and what it knows is of the past.
    this.#closing.signal.throwIfAborted();
    const context = { operation: 'provider', path: this.name };
    throw new ClosedError(context, 'not-applied');
  }

  #forget(starting: Promise<ServiceCache<T>>): void {
    if (this.#cache === starting) this.#cache = null;
  }

  #usable(instances: readonly ServiceInstance<T>[]): ServiceInstance<T>[] {
    const nowMs = this.#client.ports.monotonicMs();
    return instances.filter(
      (instance) => instance.enabled && this.#filter(instance) && !this.#down.isDown(instance, nowMs),
    );
  }

  #pick(known: readonly ServiceInstance<T>[], usable: readonly ServiceInstance<T>[]): ServiceInstance<T> {
    if (usable.length > 0) return this.#strategy.pick(usable, this.#view);
    const nowMs = this.#client.ports.monotonicMs();
    const down = known.filter((instance) => this.#down.isDown(instance, nowMs)).length;
    throw new NoInstanceError(this.name, known.length, `${down} marked down`);
  }

  async #attempt<R>(
    instance: ServiceInstance<T>,
    work: (instance: ServiceInstance<T>, signal: AbortSignal) => R | PromiseLike<R>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<R> {
    const key = instanceKey(instance);
    const stop = new AbortController();
    const release = signal === undefined ? () => {} : onAbort(signal, () => stop.abort(signal.reason));
    const cancel =
      timeoutMs === undefined
        ? () => {}
        : this.#client.ports.after(timeoutMs, () => stop.abort(late(instance.id, timeoutMs)));
    this.#inFlight.set(key, (this.#inFlight.get(key) ?? 0) + 1);
    try {
      // Work that does not mind its signal is not waited for.
      return await waitFor((async () => await work(instance, stop.signal))(), stop.signal);
    } finally {
      cancel();
      release();
      const left = this.#inFlight.get(key)! - 1;
      if (left === 0) this.#inFlight.delete(key);
      else this.#inFlight.set(key, left);
    }
  }
}
