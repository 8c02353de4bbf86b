import {
  ConnectionLossError,
  type NodeData,
  NoNodeError,
  type WatchEvent,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { isRevoked } from './revoke.ts';

/**
 * Watches a node of our own, so that we notice when somebody deletes it or asks for it back. Made right after the node, together
 * with the first look at the directory, it costs no time; the server hears of its end in the same write as of the node's.
 */
export class OwnNode {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #czxid: number | undefined;
  readonly #watching = new AbortController();
  #deleted = false;
  #revoked = false;
  /** Called once when the node turns out to be deleted. */
  onDeleted: () => void = () => {};
  /** Called once when somebody asks for the node back. */
  onRevoked: () => void = () => {};

  /** `czxid` where others may make a node of the same name: theirs is not ours. */
  constructor(client: ZooKeeperClient, path: string, czxid?: number) {
    this.#client = client;
    this.path = path;
    this.#czxid = czxid;
    this.#watch();
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  get revoked(): boolean {
    return this.#revoked;
  }

  /** Ends the watch. Called before the node's own deletion, it keeps the server from telling us about it. */
  stop(): void {
    this.#watching.abort();
  }

  #watch(): void {
    const { signal } = this.#watching;
    if (signal.aborted) return;
    const watch = (event: WatchEvent): void => {
      if (event.type === 'deleted') this.#gone();
      else if (event.type === 'dataChanged') this.#watch();
    };
    this.#client.get(this.path, { watch, watchSignal: signal }).then(
      (node) => this.#read(node),
      (error: unknown) => {
        if (error instanceof NoNodeError) this.#gone();
        // Connections broke until the read was given up. The next one waits for another connection, so this cannot spin.
        else if (error instanceof ConnectionLossError) this.#watch();
        // Lost sessions and closed clients are told by the client's state.
      },
    );
  }

  #read(node: NodeData): void {
    if (this.#watching.signal.aborted) return;
    if (this.#czxid !== undefined && node.stat.czxid !== this.#czxid) {
      this.#gone();
    } else if (!this.#revoked && isRevoked(node)) {
      this.#revoked = true;
      this.onRevoked();
    }
  }

  #gone(): void {
    if (this.#deleted || this.#watching.signal.aborted) return;
    this.#deleted = true;
    this.onDeleted();
  }
}
