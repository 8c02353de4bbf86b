import {
  ConnectionLossError,
  type NodeData,
  NodeExistsError,
  NoNodeError,
  type Stat,
  type WatchedReadOptions,
  type WatchListener,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { parentOf } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { until } from '../until.ts';
import { AcquireTimeoutError } from './errors.ts';
import { type Lease, leaseOn } from './lease.ts';
import { OwnNode } from './own-node.ts';
import type { Place } from './place.ts';

/**
 * The simple lock: whoever creates the ephemeral node `path` holds it, and everybody else watches it and tries again when it goes.
 * Here to be compared with: each release wakes all who wait, and who gets the lock is chance. `InterProcessMutex` wakes one, in
 * order.
 */
export class HerdLock {
  readonly path: string;
  readonly #client: ZooKeeperClient;

  /** Throws `TypeError` if the path is not valid. Does nothing else. */
  constructor(client: ZooKeeperClient, path: string) {
    this.path = recipePath('lock', path);
    if (path === '/') throw new TypeError('lock: / cannot be created and deleted');
    this.#client = client;
  }

  /** Waits for the lock, as `InterProcessMutex.acquire` does; rejects with the same errors, leaving no node. */
  async acquire(options: WaitOptions = {}): Promise<Lease> {
    const place = await patiently(
      this.#client.ports,
      options,
      (timeoutMs) => new AcquireTimeoutError(this.path, timeoutMs),
      (signal, wait) => new HerdContender(this.#client, this.path).contend(signal, wait),
    );
    return leaseOn(this.#client, place, {}, options.signal);
  }
}

/** One who contends for a path that others create as well: a node there is known as our own by the id in its data. */
class HerdContender {
  readonly #client: ZooKeeperClient;
  readonly #path: string;
  readonly #id: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.#client = client;
    this.#path = path;
    this.#id = client.ports.uuid();
  }

  async contend(signal: AbortSignal, wait: boolean): Promise<Place> {
    try {
      for (;;) {
        const stat = (await this.#create(signal)) ?? (await this.#untilGone(signal, wait));
        if (stat === null) continue;
        const { czxid, ephemeralOwner: sessionId } = stat;
        const node = new OwnNode(this.#client, this.#path, { czxid });
        return { node, czxid, sessionId, giveBack: () => this.#delete() };
      }
    } catch (error) {
      this.#abandon().catch(() => {});
      throw error;
    }
  }

  /** Our node's Stat, or null if there is another's, or we cannot tell. */
  async #create(signal: AbortSignal): Promise<Stat | null> {
    try {
      return (await this.#client.create(this.#path, this.#id, { mode: 'ephemeral', signal })).stat;
    } catch (error) {
      if (error instanceof NodeExistsError || error instanceof ConnectionLossError) return null;
      if (!(error instanceof NoNodeError)) throw error;
      await this.#client.ensurePath(parentOf(this.#path), { mode: 'container', signal });
      return null;
    }
  }

  /** Waits until the node is gone: null; or answers with the Stat of the one that is there, if it is ours after all. */
  #untilGone(signal: AbortSignal, wait: boolean): Promise<Stat | null> {
    let gone = false;
    return until<NodeData | null, Stat | null>(
      (options) => {
        if (gone) return Promise.resolve(null);
        const watch: WatchListener = (event) => {
          gone = event.type === 'deleted';
          options.watch?.(event);
        };
        return this.#read({ ...options, watch });
      },
      (node) => {
        if (node === null) return null;
        return this.#isOurs(node) ? node.stat : undefined;
      },
      signal,
      wait,
    );
  }

  async #read(options?: WatchedReadOptions): Promise<NodeData | null> {
    try {
      return await this.#client.get(this.#path, options);
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  }

  /** One of an earlier session is about to vanish. */
  #isOurs({ data, stat }: NodeData): boolean {
    return stat.ephemeralOwner === this.#client.sessionId && data?.toString() === this.#id;
  }

  /** Deletes the node that a create without an answer may have made; a server that lags behind does not show it yet. */
  async #abandon(): Promise<void> {
    for (;;) {
      try {
        await this.#client.sync(this.#path);
        return await this.#delete();
      } catch (error) {
        if (!(error instanceof ConnectionLossError)) throw error;
      }
    }
  }

  /**
   * Deletes the node if it is ours: while its session lives nobody else's can take its place, and a request of one session is never
   * sent in another.
   */
  async #delete(): Promise<void> {
    for (;;) {
      try {
        const node = await this.#read();
        if (node !== null && this.#isOurs(node)) await this.#client.delete(this.#path);
        return;
      } catch (error) {
        if (error instanceof NoNodeError) return;
        if (!(error instanceof ConnectionLossError)) throw error;
      }
    }
  }
}
