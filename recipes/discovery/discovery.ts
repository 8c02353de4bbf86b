import { type Acl, type Codec, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { childPath } from '../../wire/path.ts';
import { withEither } from '../either.ts';
import { recipePath } from '../paths.ts';
import { checkName, checkPort, ServiceInstance, type ServiceType, serviceTypes } from './instance.ts';
import { localAddress } from './local-address.ts';
import { jsonPayload, type PayloadCodec } from './payload.ts';
import { type ProviderOptions, ServiceProvider } from './provider.ts';
import { recordCodec } from './record.ts';
import { ServiceRegistration } from './registration.ts';
import { type InvalidInstanceListener, ServiceCache } from './service-cache.ts';
import { UriSpec } from './uri-spec.ts';

export interface DiscoveryOptions<T> {
  /** What payloads are in the records. Default `jsonPayload()`: any JSON, and what Java wrote without its type names. */
  readonly payload?: PayloadCodec<T> | undefined;
  /** ACL of the nodes that are created; default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
  /** Hears of nodes that hold no record of an instance. */
  readonly onInvalid?: InvalidInstanceListener | undefined;
}

/** What is registered. Only the name is needed. */
export interface InstanceSpec<T> {
  /** The service. */
  readonly name: string;
  /** Default a random UUID. Two registrations of one id share a node: see `register`. */
  readonly id?: string | undefined;
  /** Default the first address of this machine that is not local to it. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** The port for TLS. */
  readonly sslPort?: number | undefined;
  readonly payload?: T | undefined;
  /** How long it stays registered. Default `DYNAMIC`. */
  readonly serviceType?: ServiceType | undefined;
  /** How it is addressed: `{scheme}://{address}:{port}/api`. */
  readonly uriSpec?: string | UriSpec | undefined;
  /** Whether providers may choose it. Default true. */
  readonly enabled?: boolean | undefined;
}

type Signalled = { readonly signal?: AbortSignal | undefined };

/** Reads under way at once. */
const READS_MAX = 64;

/**
 * Services and their instances, in Curator's layout: a node `<path>/<service>/<id>` with a JSON record for each instance, so that
 * Java and TypeScript programs find each other. `T` is what instances carry as payload.
 */
export class ServiceDiscovery<T = unknown> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #codec: Codec<ServiceInstance<T>>;
  readonly #acl: readonly Acl[] | undefined;
  readonly #onInvalid: InvalidInstanceListener | undefined;
  /** What ends with the discovery, in the order in which it was begun. */
  readonly #open = new Set<AsyncDisposable>();
  readonly #starting = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | null = null;
  #registeredMs = 0;

  constructor(client: ZooKeeperClient, path: string, options: DiscoveryOptions<T> = {}) {
    this.path = recipePath('ServiceDiscovery', path);
    this.#client = client;
    this.#codec = recordCodec(options.payload ?? jsonPayload<T>());
    this.#acl = options.acl;
    this.#onInvalid = options.onInvalid;
  }

  /**
   * Registers an instance until the registration is closed, and resolves when it can be found. While it lasts, the instance comes
   * back by itself: after the session was lost, and when somebody deleted its node.
   *
   * An instance of the same id that is there already, of an earlier run whose session has not expired yet for example, is replaced.
   * Where that was a living one, it waits until this one is gone: an id is for one instance. Who gives up with the signal leaves
   * nothing behind, except that a permanent one may have been registered.
   */
  async register(spec: InstanceSpec<T>, options: Signalled = {}): Promise<ServiceRegistration<T>> {
    const instance = this.#instance(spec);
    return this.#begin(options.signal, (signal) =>
      ServiceRegistration.start(this.#client, this.#codec, instance, {
        directory: this.#directory(instance.name),
        acl: this.#acl,
        signal,
        ended: (ended) => this.#open.delete(ended),
      }),
    );
  }

  /** Takes an instance out of the registry, whoever registered it; false if it was not there. One that is kept comes back. */
  async unregister(name: string, id: string, options: Signalled = {}): Promise<boolean> {
    try {
      await this.#client.delete(this.#pathOf(name, id), options);
      return true;
    } catch (error) {
      if (error instanceof NoNodeError) return false;
      throw error;
    }
  }

  /** Names of the services, in order; those that have had instances before may be among them for a while. */
  async queryForNames(options: Signalled = {}): Promise<string[]> {
    return (await this.#children(this.path, options)).sort();
  }

  /** The instances of a service, as the server of this client has them. Nodes without a record are passed over. */
  async queryForInstances(name: string, options: Signalled = {}): Promise<ServiceInstance<T>[]> {
    const directory = this.#directory(name);
    const nodes = (await this.#children(directory, options)).sort();
    const instances: ServiceInstance<T>[] = [];
    for (let from = 0; from < nodes.length; from += READS_MAX) {
      const batch = nodes.slice(from, from + READS_MAX);
      const found = await Promise.all(batch.map((node) => this.#read(childPath(directory, node), options)));
      instances.push(...found.filter((instance) => instance !== null));
    }
    return instances;
  }

  /** One instance, by the name of its node, which is its id but for `DYNAMIC_SEQUENTIAL`; null if there is none. */
  async queryForInstance(
    name: string,
    id: string,
    options: Signalled = {},
  ): Promise<ServiceInstance<T> | null> {
    return this.#read(this.#pathOf(name, id), options);
  }

  /** The instances of a service, kept up to date until it is closed. The service need not exist. */
  async cache(name: string, options: Signalled = {}): Promise<ServiceCache<T>> {
    return this.#begin(options.signal, (signal) => this.#startCache(name, signal));
  }

  /** Chooses instances of a service to call. Nothing happens before it is used. */
  provider(name: string, options: ProviderOptions<T> = {}): ServiceProvider<T> {
    checkName('service', name);
    this.#closing.signal.throwIfAborted();
    const provider: ServiceProvider<T> = new ServiceProvider(
      this.#client,
      name,
      options,
      (signal) => this.#startCache(name, signal),
      () => this.#open.delete(provider),
    );
    this.#open.add(provider);
    return provider;
  }

  /** Closes everything that came from it, last first: registrations are taken back, except those that are permanent. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error(`the discovery of ${this.path} is closed`));
    await Promise.all(this.#starting);
    const failures: unknown[] = [];
    for (const each of [...this.#open].reverse()) {
      try {
        await each[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Starts what is to end with this; `close` ends the starting, too, and waits for it. */
  async #begin<R extends AsyncDisposable>(
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<R>,
  ): Promise<R> {
    const closing = this.#closing.signal;
    const starting = withEither(closing, signal, start);
    const settled = starting.then(
      () => {},
      () => {},
    );
    this.#starting.add(settled);
    try {
      const started = await starting;
      this.#open.add(started);
      // `close` may have come just before; it has not looked yet at what is open.
      closing.throwIfAborted();
      return started;
    } finally {
      this.#starting.delete(settled);
    }
  }

  #startCache(name: string, signal: AbortSignal | undefined): Promise<ServiceCache<T>> {
    const directory = this.#directory(name);
    this.#closing.signal.throwIfAborted();
    return ServiceCache.start(this.#client, name, directory, this.#codec, {
      signal,
      onInvalid: this.#onInvalid,
      ended: (ended) => this.#open.delete(ended),
    });
  }

  #instance(spec: InstanceSpec<T>): ServiceInstance<T> {
    const { ports } = this.#client;
    const { name, id = ports.uuid(), serviceType = 'DYNAMIC', uriSpec = null } = spec;
    checkName('service', name);
    checkName('id', id);
    checkPort('port', spec.port);
    checkPort('sslPort', spec.sslPort);
    if (!serviceTypes.includes(serviceType)) {
      throw new TypeError(`discovery: there is no serviceType ${JSON.stringify(serviceType)}`);
    }
    return new ServiceInstance<T>({
      name,
      id,
      address: spec.address ?? localAddress(),
      port: spec.port ?? null,
      sslPort: spec.sslPort ?? null,
      payload: spec.payload ?? null,
      registrationTimeUTC: this.#registrationTime(),
      serviceType,
      uriSpec: typeof uriSpec === 'string' ? UriSpec.parse(uriSpec) : uriSpec,
      enabled: spec.enabled ?? true,
    });
  }

  /** Never the same twice: a registration whose answer was lost is recognised by its record. */
  #registrationTime(): number {
    this.#registeredMs = Math.max(Math.floor(this.#client.ports.wallMs()), this.#registeredMs + 1);
    return this.#registeredMs;
  }

  #directory(name: string): string {
    checkName('service', name);
    return childPath(this.path, name);
  }

  #pathOf(name: string, id: string): string {
    checkName('id', id);
    return childPath(this.#directory(name), id);
  }

  async #children(path: string, { signal }: Signalled): Promise<string[]> {
    try {
      return await this.#client.children(path, { signal });
    } catch (error) {
      if (error instanceof NoNodeError) return [];
      throw error;
    }
  }

  async #read(path: string, { signal }: Signalled): Promise<ServiceInstance<T> | null> {
    let data: Buffer | null;
    try {
      ({ data } = await this.#client.get(path, { signal }));
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
    try {
      return await this.#codec.decode(data ?? Buffer.alloc(0));
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error));
      if (this.#onInvalid !== undefined) callListener(this.#onInvalid, path, fault);
      return null;
    }
  }
}
