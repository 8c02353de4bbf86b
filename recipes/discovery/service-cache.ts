import type { Codec, ZooKeeperClient } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import {
  type CacheResync,
  type ChangesOptions,
  type ZNode,
  ZNodeCache,
  type ZNodeChange,
} from '../cache/index.ts';
import type { WaitOptions } from '../patience.ts';
import { instanceKey, type ServiceInstance } from './instance.ts';

/** A node among instances that holds no record of one that could be read, and why. Such nodes are passed over. */
export type InvalidInstanceListener = (path: string, error: Error) => void;

/** What happened to the instances of a service; `before` is what `instance` was before it changed. */
export type ServiceChange<T> =
  | { readonly type: 'added'; readonly instance: ServiceInstance<T> }
  | { readonly type: 'changed'; readonly instance: ServiceInstance<T>; readonly before: ServiceInstance<T> }
  | { readonly type: 'removed'; readonly instance: ServiceInstance<T> };

/** What a change of a node means for the instances; null if nothing, as it was and is none that can be read. */
export function serviceChange<T>(change: ZNodeChange<ServiceInstance<T>>): ServiceChange<T> | null {
  const instance = change.type === 'deleted' ? undefined : change.node.value;
  const before = change.before?.value;
  if (instance === undefined) return before === undefined ? null : { type: 'removed', instance: before };
  return before === undefined ? { type: 'added', instance } : { type: 'changed', instance, before };
}

/** The instances of a service, kept up to date. Made by `ServiceDiscovery.cache`. */
export class ServiceCache<T> implements AsyncDisposable {
  /** The service. */
  readonly name: string;
  readonly #cache: ZNodeCache<ServiceInstance<T>>;
  readonly #onInvalid: InvalidInstanceListener | undefined;
  #instances: readonly ServiceInstance<T>[] | null = null;
  #closed: Promise<void> | null = null;
  readonly #ended: (cache: ServiceCache<T>) => void;

  private constructor(
    name: string,
    cache: ZNodeCache<ServiceInstance<T>>,
    onInvalid: InvalidInstanceListener | undefined,
    ended: (cache: ServiceCache<T>) => void,
  ) {
    this.name = name;
    this.#cache = cache;
    this.#onInvalid = onInvalid;
    this.#ended = ended;
    for (const node of cache) this.#report(node);
    cache.onChange(({ type, node }) => {
      this.#instances = null;
      if (type !== 'deleted') this.#report(node);
    });
  }

  /** @internal Use `ServiceDiscovery.cache`. */
  static async start<T>(
    client: ZooKeeperClient,
    name: string,
    path: string,
    codec: Codec<ServiceInstance<T>>,
    options: {
      readonly signal: AbortSignal | undefined;
      readonly onInvalid: InvalidInstanceListener | undefined;
      readonly ended: (cache: ServiceCache<T>) => void;
    },
  ): Promise<ServiceCache<T>> {
    const { signal, onInvalid, ended } = options;
    const cache = await ZNodeCache.start(client, path, { scope: 'children', codec, signal });
    return new ServiceCache(name, cache, onInvalid, ended);
  }

  /** The instances that are registered, disabled ones included, in the order of their ids. */
  get instances(): readonly ServiceInstance<T>[] {
    if (this.#instances === null) {
      const instances = [...this.#cache].flatMap(({ value }) => (value === undefined ? [] : [value]));
      this.#instances = instances.sort(byKey);
    }
    return this.#instances;
  }

  /** Whether all that the server has told about is known here; false without a connection, when it may have changed. */
  get current(): boolean {
    return this.#cache.current;
  }

  /** Whether it is kept up to date no longer: after `close`, and when the client has ended. */
  get closed(): boolean {
    return this.#cache.closed;
  }

  /** Waits until the instances are at least those that were registered when this was called. */
  sync(options?: WaitOptions): Promise<void> {
    return this.#cache.sync(options);
  }

  /** Calls a listener with every change, after the cache has taken it, until the answer is called. */
  onChange(listener: (change: ServiceChange<T>) => void): () => void {
    return this.#cache.onChange((change) => {
      const meaning = serviceChange(change);
      if (meaning !== null) listener(meaning);
    });
  }

  /** Changes for `for await`; `resync`, the first and where changes were lost, says to look at `instances`. */
  async *changes(options?: ChangesOptions): AsyncGenerator<ServiceChange<T> | CacheResync, undefined> {
    for await (const change of this.#cache.changes(options)) {
      const meaning = change.type === 'resync' ? change : serviceChange(change);
      if (meaning !== null) yield meaning;
    }
    return undefined;
  }

  /** Ends the watching; `instances` stay as they were. Idempotent. */
  close(): Promise<void> {
    if (this.#closed === null) {
      this.#ended(this);
      this.#closed = this.#cache.close();
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #report({ path, fault }: ZNode<ServiceInstance<T>>): void {
    if (fault !== undefined && this.#onInvalid !== undefined) callListener(this.#onInvalid, path, fault);
  }
}

function byKey(a: ServiceInstance<unknown>, b: ServiceInstance<unknown>): number {
  const [keyA, keyB] = [instanceKey(a), instanceKey(b)];
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}
