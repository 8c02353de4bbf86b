import {
  ConnectionLossError,
  type NodeData,
  NoNodeError,
  type WatchEvent,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { isRefusedForNow } from '../repeat.ts';
import { isRevoked } from './revoke.ts';

/** Why a watch that nobody needs any more ends; an abort without a reason would make an exception each time. */
export const NOT_NEEDED = 'not needed any more';

/** How long after the watch was refused for the moment it is asked for again. */
const ASK_AGAIN_MS = 1_000;

export interface OwnNodeOptions {
  /** Creation of the node, where others may make a node of the same name: theirs is not ours. */
  readonly czxid?: number | undefined;
  /**
   * For how many milliseconds the watch may wait, unless `watch` asks for it: a node that is given back before costs no watch. Default 0:
   * made right after the node, together with the first look at the directory, the watch costs no time.
   */
  readonly watchWithinMs?: number | undefined;
}

/**
 * Watches a node of our own, so that we notice when somebody deletes it or asks for it back. The server hears of the watch's end in
 * the same write as of the node's.
 */
export class OwnNode {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #czxid: number | undefined;
  /** Of the watch that was asked for. */
  #watching: AbortController | null = null;
  #stopped = false;
  #later: (() => void) | null = null;
  /** Counts the watches that were asked for; what an earlier one has seen says nothing about now. */
  #asked = 0;
  #watched = false;
  #deleted = false;
  #revoked = false;
  /** Called once when the node turns out to be deleted. */
  onDeleted: () => void = () => {};
  /** Called once when somebody asks for the node back. */
  onRevoked: () => void = () => {};

  constructor(client: ZooKeeperClient, path: string, { czxid, watchWithinMs = 0 }: OwnNodeOptions = {}) {
    this.#client = client;
    this.path = path;
    this.#czxid = czxid;
    if (watchWithinMs > 0) this.#watchLater(watchWithinMs);
    else this.#watch();
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  get revoked(): boolean {
    return this.#revoked;
  }

  /** Whether the node was there and has been watched ever since: its deletion is told before anything that was done after it. */
  get watched(): boolean {
    return this.#watched;
  }

  /** Asks for the watch now, unless it was asked for. */
  watch(): void {
    if (this.#later === null) return;
    this.#later();
    this.#later = null;
    this.#watch();
  }

  /** Ends the watch. Called before the node's own deletion, it keeps the server from telling us about it. */
  stop(): void {
    this.#later?.();
    this.#later = null;
    this.#stopped = true;
    this.#watching?.abort(NOT_NEEDED);
  }

  #watchLater(delayMs: number): void {
    if (this.#stopped) return;
    this.#later = this.#client.ports.after(delayMs, () => this.watch());
  }

  #watch(): void {
    if (this.#stopped) return;
    this.#watching ??= new AbortController();
    const { signal } = this.#watching;
    const asked = ++this.#asked;
    this.#watched = false;
    const watch = (event: WatchEvent): void => {
      this.#asked++;
      this.#watched = false;
      if (event.type === 'deleted') this.#gone();
      else if (event.type === 'dataChanged') this.#watch();
    };
    this.#client.get(this.path, { watch, watchSignal: signal }).then(
      (node) => this.#read(node, asked === this.#asked),
      (error: unknown) => {
        if (error instanceof NoNodeError) this.#gone();
        // Connections broke until the read was given up. The next one waits for another connection, so this cannot spin.
        else if (error instanceof ConnectionLossError) this.#watch();
        else if (isRefusedForNow(error)) this.#watchLater(ASK_AGAIN_MS);
        // Lost sessions and closed clients are told by the client's state.
      },
    );
  }

  #read(node: NodeData, watched: boolean): void {
    if (this.#stopped) return;
    if (this.#czxid !== undefined && node.stat.czxid !== this.#czxid) {
      this.#gone();
      return;
    }
    this.#watched = watched;
    if (!this.#revoked && isRevoked(node)) {
      this.#revoked = true;
      this.onRevoked();
    }
  }

  #gone(): void {
    if (this.#deleted || this.#stopped) return;
    this.#deleted = true;
    this.onDeleted();
  }
}
