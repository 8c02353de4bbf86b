import {
  type ClientState,
  ClosedError,
  type Codec,
  ConnectionLossError,
  NoNodeError,
  SessionExpiredError,
  type Stat,
  type StateInfo,
  UnimplementedError,
  type Watch,
  type WatchEvent,
  type WatchListener,
  type ZooKeeperClient,
  ZooKeeperError,
} from '../../client/index.ts';
import { pause } from '../../client/retrying.ts';
import { childPath, parentOf } from '../../wire/path.ts';
import { isRefusedForNow, mayRepeat } from '../repeat.ts';
import { type Flight, ReadQueue } from './read-queue.ts';
import type { Extent } from './scope.ts';
import { NodeTable } from './table.ts';
import type { ZNode, ZNodeChange } from './znode.ts';

export interface MirrorOptions<T> {
  readonly codec: Codec<T>;
  readonly concurrency: number;
  /** Whether one-shot watches are used even where the server has persistent ones. */
  readonly oneShot: boolean;
}

export interface MirrorEvents<T> {
  changes(changes: readonly ZNodeChange<T>[]): void;
  /** Everything that was asked for has been read. */
  current(): void;
  /** A node cannot be read, for a reason other than that it is not there. */
  failed(error: ZooKeeperError): void;
  ended(): void;
}

const ASK_AGAIN_MS = 200;

/**
 * Keeps a table like the server's tree: with one persistent watch, or with one-shot watches at every node where the server has no
 * other.
 *
 * On one connection events and replies come in the order of what happened, so a reply is newer than every event before it. A new
 * connection may lead to a server that is behind: nothing is read from it before a `sync`, and what it reports until then is only a
 * reason to read. After a connection or session was lost, persistent watches may have missed something: everything is read again,
 * and the differences are the changes.
 */
export class Mirror<T> {
  readonly table = new NodeTable<T>();
  readonly #client: ZooKeeperClient;
  readonly #extent: Extent;
  readonly #options: MirrorOptions<T>;
  readonly #events: MirrorEvents<T>;
  readonly #queue: ReadQueue;
  /** Aborts when the mirror ends, and takes one-shot watches with it. */
  readonly #ending = new AbortController();
  #oneShot: boolean;
  #watch: Watch | null = null;
  /** The time on one connection from a resync on; null while there is none. Reads end with it. */
  #epoch: AbortController | null = null;
  #synced = false;
  /** Counts complete readings of the tree. */
  #round = 0;

  constructor(client: ZooKeeperClient, extent: Extent, options: MirrorOptions<T>, events: MirrorEvents<T>) {
    this.#client = client;
    this.#extent = extent;
    this.#options = options;
    this.#events = events;
    this.#oneShot = options.oneShot;
    const idle = (): void => {
      if (this.current) this.#events.current();
    };
    this.#queue = new ReadQueue(options.concurrency, (flight) => this.#read(flight), idle);
  }

  /** Whether everything that the server has told about is in the table. */
  get current(): boolean {
    return this.#synced && this.#queue.isIdle;
  }

  get ended(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Sets the watch and begins to read; resolves when the watch is set. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    this.#client.on('state', this.#onState).on('end', this.#onEnd);
    if (!this.#oneShot) await this.#addWatch(signal);
    if (this.#epoch === null && this.#client.connected) this.#begin(true);
  }

  /** Ends all watching and reading. The table stays as it is. */
  async stop(): Promise<void> {
    if (this.ended) return;
    this.#client.off('state', this.#onState).off('end', this.#onEnd);
    this.#pause();
    this.#ending.abort();
    this.#events.ended();
    await this.#watch?.remove();
  }

  async #addWatch(signal: AbortSignal | undefined): Promise<void> {
    const listener: WatchListener = (event) => this.#onEvent(event);
    const recursive = this.#extent.scope !== 'node';
    while (this.#watch === null) {
      try {
        this.#watch = await this.#client.addWatch(this.#extent.root, listener, { recursive, signal });
      } catch (error) {
        if (error instanceof UnimplementedError) {
          this.#oneShot = true;
          return;
        }
        if (isRefusedForNow(error)) await pause(this.#client.ports, ASK_AGAIN_MS, signal);
        // The next one waits for another connection, so this cannot spin.
        else if (!mayRepeat(error)) throw error;
      }
    }
    if (this.ended) await this.#watch.remove();
  }

  readonly #onEnd = (): void => void this.stop();

  readonly #onState = (state: ClientState, info: StateInfo): void => {
    if (state === 'suspended' || state === 'lost') this.#pause();
    // One-shot watches that were set report what they missed; those of a lost session are gone. Persistent ones say `resync`.
    else if (this.#oneShot) this.#begin(info.newSession);
  };

  #onEvent({ type, path, reason }: WatchEvent): void {
    if (this.ended) return;
    if (type === 'resync') this.#begin(true);
    else if (type === 'ended') {
      if (reason === 'removed') this.#restore(path);
    } else if (type === 'childrenChanged') this.#ask('names', path);
    else if (type !== 'deleted') this.#touched(path);
    else if (this.#synced) this.#deleted(path);
    else this.#ask(path === this.#extent.root ? this.#topIs() : 'node', path);
  }

  /** Somebody removed all of the client's watches on a path: the cache goes on. */
  #restore(path: string): void {
    if (this.#oneShot) {
      this.#ask('node', path);
      this.#ask('names', path);
      return;
    }
    this.#pause();
    this.#watch = null;
    this.#addWatch(this.#ending.signal).then(
      () => this.#begin(true),
      (error: unknown) => {
        if (error instanceof ZooKeeperError && !this.ended) this.#events.failed(error);
      },
    );
  }

  /** A connection is there: reads go on, with `full` of everything. */
  #begin(full: boolean): void {
    if (this.ended) return;
    this.#pause();
    const epoch = new AbortController();
    this.#epoch = epoch;
    if (full || this.#round === 0) {
      this.#round++;
      this.#queue.clear();
      const what = this.#extent.holds(this.#extent.root) ? 'node' : 'names';
      this.#queue.add({ what, path: this.#extent.root, deep: true });
    }
    const open = (): void => {
      if (this.#epoch !== epoch) return;
      this.#synced = true;
      this.#queue.open();
    };
    // A server without a quorum refuses to sync; what it has is all there is.
    this.#client.sync(this.#extent.root, { signal: epoch.signal }).then(open, open);
  }

  #pause(): void {
    const epoch = this.#epoch;
    this.#epoch = null;
    this.#synced = false;
    this.#queue.shut();
    epoch?.abort();
  }

  #ask(what: 'node' | 'names', path: string, deep = false): void {
    const { holds, lists } = this.#extent;
    const wanted = what === 'node' ? holds.call(this.#extent, path) : lists.call(this.#extent, path);
    if (wanted && !this.ended) this.#queue.add({ what, path, deep });
  }

  #touched(path: string): void {
    if (this.#extent.holds(path)) this.#ask('node', path);
    // The node whose children are held is back: only one-shot watches have to be set again.
    else if (this.#oneShot) this.#ask('names', path);
  }

  #deleted(path: string): void {
    // A reply that came before this event may be handed on after it.
    this.#queue.void('node', path);
    this.#queue.void('names', path);
    if (this.#extent.holds(path)) this.#report(this.table.remove(path));
    // Its creation is for a watch on the parent to tell, and at the top for one that is set by asking.
    if (this.#oneShot && path === this.#extent.root) this.#ask(this.#topIs(), path);
  }

  #topIs(): 'node' | 'names' {
    return this.#extent.holds(this.#extent.root) ? 'node' : 'names';
  }

  #report(changes: readonly ZNodeChange<T>[]): void {
    if (changes.length > 0 && !this.ended) this.#events.changes(changes);
  }

  async #read(flight: Flight): Promise<void> {
    const { what, path, deep } = flight.reading;
    const signal = this.#epoch!.signal;
    try {
      if (what === 'node') {
        const node = await this.#get(path, signal);
        if (flight.void) return;
        if (this.#mayHaveMoved(node)) flight.again = flight.reading;
        else this.#took(node, deep);
      } else {
        const options = { signal, ...this.#watching() };
        const { children, stat } = await this.#client.childrenAndStat(path, options);
        if (!flight.void) this.#listed(path, children, stat, deep);
      }
    } catch (error) {
      if (!flight.void) await this.#missed(flight, error, signal);
    }
  }

  async #get(path: string, signal: AbortSignal): Promise<ZNode<T>> {
    const { data, stat } = await this.#client.get(path, { signal, ...this.#watching() });
    const bytes = data ?? Buffer.alloc(0);
    try {
      return { path, data: bytes, stat, value: await this.#options.codec.decode(bytes) };
    } catch (cause) {
      const fault = cause instanceof Error ? cause : new Error(String(cause));
      return { path, data: bytes, stat, value: undefined, fault };
    }
  }

  #watching(): { watch: WatchListener; watchSignal: AbortSignal } | Record<string, never> {
    if (!this.#oneShot) return {};
    return { watch: (event) => this.#onEvent(event), watchSignal: this.#ending.signal };
  }

  /** Why a reading came to nothing. */
  async #missed(flight: Flight, error: unknown, signal: AbortSignal): Promise<void> {
    const { what, path } = flight.reading;
    if (error instanceof NoNodeError) {
      this.#absent(what, path);
      if (this.#oneShot && path === this.#extent.root) await this.#awaitRoot(signal);
    } else if (error instanceof ConnectionLossError || isRefusedForNow(error)) {
      flight.again = flight.reading;
      await this.#pauseForServer();
    } else if (error instanceof ZooKeeperError) {
      // A lost session or a closed client are told by the client's state.
      if (error instanceof SessionExpiredError || error instanceof ClosedError) return;
      this.#absent(what, path);
      this.#events.failed(error);
    } else {
      throw error;
    }
  }

  #absent(what: 'node' | 'names', path: string): void {
    const gone = what === 'node' ? [path] : this.table.children(path).map((name) => childPath(path, name));
    for (const at of gone) this.#report(this.table.remove(at));
  }

  /** Sets a watch for the creation of the top, which is not there. */
  async #awaitRoot(signal: AbortSignal): Promise<void> {
    const { root } = this.#extent;
    try {
      const stat = await this.#client.exists(root, { signal, ...this.#watching() });
      if (stat !== null) this.#ask(this.#topIs(), root);
    } catch (error) {
      if (isRefusedForNow(error)) await this.#pauseForServer();
      this.#ask(this.#topIs(), root);
    }
  }

  /** Until a server that refuses may be asked again, or the mirror ends. */
  #pauseForServer(): Promise<void> {
    return pause(this.#client.ports, ASK_AGAIN_MS, this.#ending.signal).catch(() => {});
  }

  #took(node: ZNode<T>, deep: boolean): void {
    const { path, stat } = node;
    // Read before its parent was: the reading of the parent finds it.
    if (this.#isNew(node) && this.#extent.hasParent(path)) {
      if (this.table.roundOf(parentOf(path)) !== this.#round) return;
    }
    const changes = this.table.put(node, this.#round);
    this.#report(changes);
    const created = changes.some(({ type }) => type === 'created');
    if (!this.#extent.lists(path) || !(deep || created)) return;
    // Children that come later have events of their own.
    if (stat.numChildren === 0 && !this.#oneShot) this.#listed(path, [], stat, deep);
    else this.#ask('names', path, deep);
  }

  #isNew({ path, stat }: ZNode<T>): boolean {
    return this.table.get(path)?.stat.czxid !== stat.czxid;
  }

  /** Whether a new node may be the child of a new parent, which is about to be read: it has to come after that one. */
  #mayHaveMoved(node: ZNode<T>): boolean {
    return (
      this.#isNew(node) && this.#extent.hasParent(node.path) && this.#queue.has('node', parentOf(node.path))
    );
  }

  #listed(path: string, names: readonly string[], stat: Stat, deep: boolean): void {
    if (this.#extent.holds(path)) {
      const known = this.table.get(path);
      if (known === undefined) return;
      if (known.stat.czxid !== stat.czxid) {
        // Another node by now: what is known is not its.
        this.#ask('node', path, deep);
        return;
      }
    }
    const there = new Set(names);
    for (const name of this.table.children(path)) {
      const child = childPath(path, name);
      if (!there.has(name) && !this.#isNewer(child, stat)) this.#report(this.table.remove(child));
    }
    for (const name of names) {
      const child = childPath(path, name);
      if (deep || this.table.get(child) === undefined) this.#ask('node', child, deep);
    }
  }

  /** Whether a child was created after its parent was read. */
  #isNewer(child: string, parent: Stat): boolean {
    const node = this.table.get(child);
    return node !== undefined && this.table.roundOf(child) === this.#round && node.stat.czxid > parent.pzxid;
  }
}
