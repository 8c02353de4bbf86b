import {
  type Acl,
  ClosedError,
  type Codec,
  type OperationOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { type NodeState, PersistentNode } from '../node/index.ts';
import { checkPort, type InstanceFields, ServiceInstance } from './instance.ts';
import { PermanentNode } from './permanent-node.ts';
import { makeSequential } from './sequential-node.ts';
import { removeOwn, takeOver } from './take-over.ts';

/** What of an instance can change while it is registered. */
export type InstanceChanges<T> = Partial<
  Pick<InstanceFields<T>, 'address' | 'port' | 'sslPort' | 'payload' | 'uriSpec' | 'enabled'>
>;

interface Settings<T> {
  readonly directory: string;
  readonly acl: readonly Acl[] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly ended: (registration: ServiceRegistration<T>) => void;
}

/** An instance that is registered. Made by `ServiceDiscovery.register`; ends with `close`. */
export class ServiceRegistration<T> implements AsyncDisposable {
  readonly #codec: Codec<ServiceInstance<T>>;
  readonly #node: PersistentNode | PermanentNode;
  readonly #ended: (registration: ServiceRegistration<T>) => void;
  #instance: ServiceInstance<T>;
  /** The latest update: they take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | null = null;

  private constructor(
    codec: Codec<ServiceInstance<T>>,
    instance: ServiceInstance<T>,
    node: PersistentNode | PermanentNode,
    ended: (registration: ServiceRegistration<T>) => void,
  ) {
    this.#codec = codec;
    this.#instance = instance;
    this.#node = node;
    this.#ended = ended;
  }

  /** @internal Use `ServiceDiscovery.register`. */
  static async start<T>(
    client: ZooKeeperClient,
    codec: Codec<ServiceInstance<T>>,
    instance: ServiceInstance<T>,
    { directory, acl, signal, ended }: Settings<T>,
  ): Promise<ServiceRegistration<T>> {
    const data = await codec.encode(instance);
    const path = childPath(directory, instance.id);
    const node = await startNode(client, path, data, instance, acl, signal);
    return new ServiceRegistration(codec, instance, node, ended);
  }

  /** The instance as it is registered. */
  get instance(): ServiceInstance<T> {
    return this.#instance;
  }

  /** Its node; for `DYNAMIC_SEQUENTIAL` longer than the id. */
  get path(): string {
    return this.#node.path;
  }

  /**
   * How the node stands: `present`, though a lost connection does not change that; `absent` while it has to be made again; `taken`
   * while another session has one of the same id; `closed`. One that is permanent is not looked after and always `present`.
   */
  get state(): NodeState {
    if (this.#closed !== null) return 'closed';
    return this.#node instanceof PersistentNode ? this.#node.state : 'present';
  }

  /** Calls a listener whenever the state changes, until the answer is called. */
  onState(listener: (state: NodeState) => void): () => void {
    return this.#node instanceof PersistentNode ? this.#node.onState(listener) : () => {};
  }

  /**
   * Registers it with other values from now on, and resolves when they can be seen; what is undefined stays as it is. Several at once are
   * applied one after the other. `InvalidValueError` for a payload that the discovery's schema does not allow; `ClosedError` after `close`.
   */
  async update(changes: InstanceChanges<T>, options: OperationOptions = {}): Promise<ServiceInstance<T>> {
    checkPort('port', changes.port);
    checkPort('sslPort', changes.sslPort);
    const updated = this.#turn.then(async () => {
      options.signal?.throwIfAborted();
      if (this.#closed !== null) {
        throw new ClosedError(
          { operation: 'update', path: this.path, detail: 'not registered' },
          'not-applied',
        );
      }
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const instance = new ServiceInstance<T>({ ...fieldsOf(this.#instance), ...given });
      const data = await this.#codec.encode(instance);
      if (this.#node instanceof PersistentNode) await this.#node.set(data, options);
      else await this.#node.write(data, options);
      this.#instance = instance;
      return instance;
    });
    this.#turn = updated.catch(() => {});
    return updated;
  }

  /** Takes the instance out of the registry and resolves when it is gone; one that is permanent stays. Idempotent. */
  close(): Promise<void> {
    if (this.#closed === null) {
      this.#ended(this);
      this.#closed = this.#node instanceof PersistentNode ? this.#node.close() : Promise.resolve();
    }
    return this.#closed;
  }

  /** The same, also for one that is permanent. */
  async unregister(): Promise<void> {
    await this.close();
    if (this.#node instanceof PermanentNode) await this.#node.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function startNode(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
  { serviceType }: ServiceInstance<unknown>,
  acl: readonly Acl[] | undefined,
  signal: AbortSignal | undefined,
): Promise<PersistentNode | PermanentNode> {
  const shared = { parents: 'container', acl, signal } as const;
  const start = (at: string, mode: 'ephemeral' | 'persistent') =>
    PersistentNode.start(client, at, Buffer.from(data), { ...shared, mode });
  switch (serviceType) {
    case 'PERMANENT': {
      const node = new PermanentNode(client, path, acl);
      await node.write(data, { signal });
      return node;
    }
    case 'STATIC':
      return start(path, 'persistent');
    case 'DYNAMIC_SEQUENTIAL': {
      const made = await makeSequential(client, path, data, acl, signal);
      try {
        return await start(made, 'ephemeral');
      } catch (error) {
        removeOwn(client, made).catch(() => {});
        throw error;
      }
    }
    case 'DYNAMIC': {
      const made = await takeOver(client, path, data, acl, signal);
      try {
        return await start(path, 'ephemeral');
      } catch (error) {
        // Nobody will keep what was put there.
        if (made) removeOwn(client, path).catch(() => {});
        throw error;
      }
    }
  }
}

function fieldsOf<T>(instance: ServiceInstance<T>): InstanceFields<T> {
  const { name, id, address, port, sslPort, payload } = instance;
  const { registrationTimeUTC, serviceType, uriSpec, enabled } = instance;
  return {
    name,
    id,
    address,
    port,
    sslPort,
    payload,
    registrationTimeUTC,
    serviceType,
    uriSpec,
    enabled,
  };
}
