import {
  type NodeData,
  NoNodeError,
  type WatchedReadOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { isOver, mayRepeat } from '../repeat.ts';
import { unless, until } from '../until.ts';

/** Pause before a read is repeated that the server refused, so that a missing permission does not keep anybody busy. */
const REFUSED_PAUSE_MS = 1_000;

/** What is told of a node that is read again whenever it changes. */
export interface NodeReaderEvents {
  /** What the node holds now; null if it is not there. Awaited before it is read again. */
  read(node: NodeData | null): void | Promise<void>;
  /** A read failed for a reason that does not go away by itself; it is tried again every second. */
  failed(error: unknown): void;
}

/**
 * Reads a node, and again whenever it may have changed: after connections and sessions were lost as well. Two changes in quick
 * succession may be read as one. Ends with `close` or with the client.
 */
export class NodeReader {
  readonly #client: ZooKeeperClient;
  readonly #path: string;
  readonly #events: NodeReaderEvents;
  readonly #stop = new AbortController();
  #sessionId: bigint;

  constructor(client: ZooKeeperClient, path: string, events: NodeReaderEvents) {
    this.#client = client;
    this.#path = path;
    this.#events = events;
    this.#sessionId = client.sessionId;
  }

  /** Follows the node; resolves when that has ended. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await until(
          (options) => this.#read(options),
          async (node): Promise<undefined> => {
            await this.#events.read(node);
          },
          signal,
        );
      } catch (error) {
        if (signal.aborted || isOver(error)) return;
        // The next read waits for a connection, so this cannot spin.
        if (mayRepeat(error)) continue;
        this.#events.failed(error);
        await this.#pause();
      }
    }
  }

  /** No event comes after this; the watch is taken back. */
  close(): void {
    this.#stop.abort();
  }

  async #read(options: WatchedReadOptions): Promise<NodeData | null> {
    for (;;) {
      const { sessionId } = this.#client;
      // A new session may begin on a server that is behind the one before.
      if (sessionId !== this.#sessionId) await this.#client.sync(this.#path, options);
      const node = await this.#readOnce(options);
      if (this.#client.sessionId !== sessionId) continue;
      this.#sessionId = sessionId;
      return node;
    }
  }

  async #readOnce(options: WatchedReadOptions): Promise<NodeData | null> {
    for (;;) {
      try {
        return await this.#client.get(this.#path, options);
      } catch (error) {
        if (!(error instanceof NoNodeError)) throw error;
      }
      if ((await this.#client.exists(this.#path, options)) === null) return null;
    }
  }

  async #pause(): Promise<void> {
    let cancel = (): void => {};
    const over = new Promise<void>((resolve) => {
      cancel = this.#client.ports.after(REFUSED_PAUSE_MS, resolve);
    });
    await unless(over, this.#stop.signal).catch(cancel);
  }
}
