import {
  type Data,
  NodeExistsError,
  NoNodeError,
  type OperationOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { pause } from '../../client/retrying.ts';
import { childPath } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { isOver, mayRepeat } from '../repeat.ts';
import { Keeper, type NodeState } from './keeper.ts';
import { Subscribers } from './listeners.ts';
import type { KeptNodeOptions } from './node-options.ts';

export interface PersistentTtlNodeOptions extends KeptNodeOptions {
  /** Name of the child that keeps the node alive. Default `touch`, as Curator's. */
  readonly childName?: string | undefined;
  /** The child is touched so many times within `ttlMs`. Default 2. */
  readonly touchesPerTtl?: number | undefined;
}

/**
 * A node that outlives sessions and goes when nobody has kept it for `ttlMs`: Curator's recipe of the same name. Node and child are
 * TTL nodes, and the child is written again and again; while it is there the node has a child and stays. Any number of clients may
 * keep the same one. Servers have to allow TTL nodes (`extendedTypesEnabled=true`).
 */
export class PersistentTtlNode implements AsyncDisposable {
  readonly path: string;
  readonly ttlMs: number;
  readonly #client: ZooKeeperClient;
  readonly #keeper: Keeper;
  readonly #child: string;
  readonly #everyMs: number;
  readonly #options: PersistentTtlNodeOptions;
  readonly #states = new Subscribers<[state: NodeState]>();
  readonly #errors = new Subscribers<[error: Error]>();
  readonly #ending = new AbortController();
  #touching: Promise<void> = Promise.resolve();

  private constructor(
    client: ZooKeeperClient,
    path: string,
    ttlMs: number,
    data: Data,
    options: PersistentTtlNodeOptions,
  ) {
    const { childName = 'touch', touchesPerTtl = 2, parents = 'container', acl } = options;
    this.path = recipePath('TTL node', path);
    this.#child = recipePath('TTL node', childPath(path, childName));
    if (!(Number.isSafeInteger(ttlMs) && ttlMs > 0)) {
      throw new RangeError(`TTL node: ttlMs must be a positive integer, not ${ttlMs}`);
    }
    if (!(touchesPerTtl > 1 && touchesPerTtl < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`TTL node: touchesPerTtl must be more than 1, not ${touchesPerTtl}`);
    }
    this.ttlMs = ttlMs;
    this.#client = client;
    this.#options = options;
    this.#everyMs = ttlMs / touchesPerTtl;
    const settings = {
      mode: 'persistent-with-ttl' as const,
      ttlMs,
      parents,
      protected: false,
      acl,
      replace: false,
      remove: false,
    };
    this.#keeper = new Keeper(client, path, data, settings, {
      state: (state) => this.#states.tell(state),
      failed: (error) => this.#errors.tell(error),
    });
  }

  /**
   * Makes the node, or takes over the one that is there, and begins to touch it. Rejects with `UnimplementedError` where the server
   * has no TTL nodes, and as `PersistentNode.start` does.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    ttlMs: number,
    data: Data = Buffer.alloc(0),
    options: PersistentTtlNodeOptions = {},
  ): Promise<PersistentTtlNode> {
    const node = new PersistentTtlNode(client, path, ttlMs, data, options);
    await node.#keeper.start(options.signal);
    node.#touching = node.#touchOn();
    return node;
  }

  get data(): Data {
    return this.#keeper.data;
  }

  get state(): NodeState {
    return this.#keeper.state;
  }

  /** As `PersistentNode.set`. */
  set(data: Data, options?: OperationOptions): Promise<void> {
    return this.#keeper.set(data, options?.signal);
  }

  /** Calls a listener whenever the state changes, until the answer is called. */
  onState(listener: (state: NodeState) => void): () => void {
    return this.#states.add(listener);
  }

  /** Calls a listener when the node or its child cannot be written; it is tried again. */
  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /** Stops touching. The node stays until its time is over. Idempotent. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([this.#keeper.close(), this.#touching]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #touchOn(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#touch(signal);
      } catch (error) {
        if (signal.aborted || isOver(error)) return;
        // The next one waits for another connection, so this cannot spin.
        if (mayRepeat(error)) continue;
        this.#errors.tell(error instanceof Error ? error : new Error(String(error)));
      }
      await pause(this.#client.ports, this.#everyMs, signal).catch(() => {});
    }
  }

  async #touch(signal: AbortSignal): Promise<void> {
    try {
      await this.#client.set(this.#child, '', { signal });
      return;
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
    }
    const { ttlMs } = this;
    const options = { mode: 'persistent-with-ttl', ttlMs, acl: this.#options.acl, signal } as const;
    await this.#client.create(this.#child, '', options).catch((error: unknown) => {
      // Somebody else keeps it too, or the node is about to be made again.
      if (!(error instanceof NodeExistsError || error instanceof NoNodeError)) throw error;
    });
  }
}
