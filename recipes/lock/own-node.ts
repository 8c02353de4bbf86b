import {
  ConnectionLossError,
  NoNodeError,
  type WatchEvent,
  type ZooKeeperClient,
} from '../../client/index.ts';

/**
 * Watches a node of our own, so that we notice when somebody deletes it. Made right after the node, together with the first look
 * at the directory, it costs no time; the server hears of its end in the same write as of the node's.
 */
export class OwnNode {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #watching = new AbortController();
  #deleted = false;
  /** Called once when the node turns out to be deleted. */
  onDeleted: () => void = () => {};

  constructor(client: ZooKeeperClient, path: string) {
    this.#client = client;
    this.path = path;
    this.#watch();
  }

  get deleted(): boolean {
    return this.#deleted;
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
    this.#client.get(this.path, { watch, watchSignal: signal }).catch((error) => {
      if (error instanceof NoNodeError) this.#gone();
      // Connections broke until the read was given up. The next one waits for another connection, so this cannot spin.
      else if (error instanceof ConnectionLossError) this.#watch();
      // Lost sessions and closed clients are told by the client's state.
    });
  }

  #gone(): void {
    if (this.#deleted || this.#watching.signal.aborted) return;
    this.#deleted = true;
    this.onDeleted();
  }
}
