import type { ByteWriter } from '../wire/bytes.ts';
import { EventType } from '../wire/events.ts';
import { ReservedXid, type Zxid } from '../wire/ids.ts';
import { OpCode } from '../wire/opcodes.ts';
import { parentOf } from '../wire/path.ts';
import { SetWatches, SetWatches2 } from '../wire/requests.ts';
import type { Chroot } from './chroot.ts';
import { writeFrame } from './frames.ts';

/** What happened to a node, and how a watch may end. */
export type WatchEventType = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged' | 'resync' | 'ended';

/**
 * What a watch reports. `resync`, only for persistent watches: changes may have been missed, read again. `ended`, the last
 * one: the session is gone, the client was closed or the watch was removed.
 */
export interface WatchEvent {
  readonly type: WatchEventType;
  /** The node that changed; for `resync` and `ended` the node that the watch was set on. */
  readonly path: string;
  /** Zxid of the change, where the server tells it (3.9 and later). */
  readonly zxid: Zxid | null;
  /** Why a watch ended. */
  readonly reason?: WatchEndReason;
}
export type WatchEndReason = 'session-lost' | 'closed' | 'removed';

export type WatchListener = (event: WatchEvent) => void;

/**
 * The tables, by what set the watch: get and exists of a node that was there (`data`), exists of a missing one (`exist`),
 * children (`child`), and the two kinds that firing does not remove.
 */
export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'recursive';
export const watchKinds: readonly WatchKind[] = ['data', 'exist', 'child', 'persistent', 'recursive'];

/** How many paths and listeners each table holds. */
export type WatchCounts = Record<WatchKind, { readonly paths: number; readonly listeners: number }>;

type Table = Map<string, Set<WatchListener>>;

/** Path bytes in one SetWatches request at most, so that its frame stays far below any server's limit (ZOOKEEPER-706). */
export const REARM_PATH_BYTES_MAX = 128 * 1024;

const eventTypes: Partial<Record<number, WatchEventType>> = {
  [EventType.NodeCreated]: 'created',
  [EventType.NodeDeleted]: 'deleted',
  [EventType.NodeDataChanged]: 'dataChanged',
  [EventType.NodeChildrenChanged]: 'childrenChanged',
};

/**
 * Who listens to what. Keyed by the server's paths, as these are what the server has to be told again after a reconnect;
 * listeners see their own.
 */
export class Watches {
  readonly #chroot: Chroot;
  readonly #tables: Record<WatchKind, Table> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    recursive: new Map(),
  };
  readonly #call: (listener: WatchListener, event: WatchEvent) => void;

  /** `call` runs a listener and deals with what it throws. */
  constructor(chroot: Chroot, call: (listener: WatchListener, event: WatchEvent) => void) {
    this.#chroot = chroot;
    this.#call = call;
  }

  add(kind: WatchKind, path: string, listener: WatchListener): void {
    const table = this.#tables[kind];
    const listeners = table.get(path);
    if (listeners === undefined) table.set(path, new Set([listener]));
    else listeners.add(listener);
  }

  /** Removes one listener; true if it was there. */
  remove(kind: WatchKind, path: string, listener: WatchListener): boolean {
    const table = this.#tables[kind];
    const listeners = table.get(path);
    if (listeners === undefined || !listeners.delete(listener)) return false;
    if (listeners.size === 0) table.delete(path);
    return true;
  }

  has(kind: WatchKind, path: string): boolean {
    return this.#tables[kind].has(path);
  }

  /** Whether changes of a path are reported by a watch that firing does not remove. */
  isPersistent(path: string): boolean {
    return this.has('persistent', path) || this.has('recursive', path);
  }

  /** Takes all listeners of the given kinds off a path and tells them that their watch has ended. */
  end(kinds: readonly WatchKind[], path: string, reason: WatchEndReason): number {
    const listeners = new Set<WatchListener>();
    for (const kind of kinds) this.#take(kind, path, listeners);
    this.#tell(listeners, { type: 'ended', path: this.#chroot.toClient(path), zxid: null, reason });
    return listeners.size;
  }

  /** Ends every watch of the given kinds. */
  endAll(kinds: readonly WatchKind[], reason: WatchEndReason): void {
    for (const kind of kinds) {
      for (const path of [...this.#tables[kind].keys()]) this.end([kind], path, reason);
    }
  }

  /** Hands an event from the server to its listeners; those of one-shot watches are taken off first. */
  dispatch(type: number, path: string, zxid: Zxid | null): void {
    const name = eventTypes[type];
    if (name === undefined) return;
    const listeners = new Set<WatchListener>();
    if (name !== 'childrenChanged') {
      this.#take('data', path, listeners);
      this.#take('exist', path, listeners);
    }
    if (name === 'childrenChanged' || name === 'deleted') this.#take('child', path, listeners);
    this.#collect('persistent', path, listeners);
    if (name !== 'childrenChanged') this.#collectRecursive(path, listeners);
    this.#tell(listeners, { type: name, path: this.#chroot.toClient(path), zxid });
    if (name === 'created' || name === 'deleted') this.#tellParent(path, zxid);
  }

  /**
   * A recursive watch does not report that children have changed, but whoever waits for that on the same path relies on it: a server
   * may hold no other watch there. One that does reports it too; then a plain persistent watch hears of it twice.
   */
  #tellParent(path: string, zxid: Zxid | null): void {
    if (this.#tables.recursive.size === 0) return;
    const parent = parentOf(path);
    if (!this.has('recursive', parent)) return;
    const listeners = new Set<WatchListener>();
    this.#take('child', parent, listeners);
    this.#collect('persistent', parent, listeners);
    this.#tell(listeners, { type: 'childrenChanged', path: this.#chroot.toClient(parent), zxid });
  }

  /** Tells every persistent watch that changes may have been missed. */
  resync(): void {
    for (const kind of ['persistent', 'recursive'] as const) {
      for (const [path, listeners] of [...this.#tables[kind]]) {
        this.#tell(new Set(listeners), { type: 'resync', path: this.#chroot.toClient(path), zxid: null });
      }
    }
  }

  /** The same for those on one path. */
  resyncPath(path: string): void {
    const listeners = new Set<WatchListener>();
    for (const kind of ['persistent', 'recursive'] as const) this.#collect(kind, path, listeners);
    this.#tell(listeners, { type: 'resync', path: this.#chroot.toClient(path), zxid: null });
  }

  /** The requests that set all watches again on a new connection, each of bounded size. */
  rearm(relativeZxid: Zxid): SetWatches2[] {
    return this.#rearmOf(relativeZxid, (kind) => this.#tables[kind].keys());
  }

  /** The same for the watches of one path; null if it has none. */
  rearmPath(path: string, relativeZxid: Zxid): SetWatches2 | null {
    const batches = this.#rearmOf(relativeZxid, (kind) => (this.has(kind, path) ? [path] : []));
    return batches[0] ?? null;
  }

  #rearmOf(relativeZxid: Zxid, paths: (kind: WatchKind) => Iterable<string>): SetWatches2[] {
    const batches: SetWatches2[] = [];
    let bytes = REARM_PATH_BYTES_MAX;
    for (const kind of watchKinds) {
      for (const path of paths(kind)) {
        const pathBytes = Buffer.byteLength(path) + 4;
        if (bytes + pathBytes > REARM_PATH_BYTES_MAX) {
          batches.push(emptyBatch(relativeZxid));
          bytes = 0;
        }
        bytes += pathBytes;
        batches.at(-1)![fields[kind]]!.push(path);
      }
    }
    return batches;
  }

  counts(): WatchCounts {
    const count = (table: Table) => {
      let listeners = 0;
      for (const set of table.values()) listeners += set.size;
      return { paths: table.size, listeners };
    };
    const { data, exist, child, persistent, recursive } = this.#tables;
    return {
      data: count(data),
      exist: count(exist),
      child: count(child),
      persistent: count(persistent),
      recursive: count(recursive),
    };
  }

  #take(kind: WatchKind, path: string, into: Set<WatchListener>): void {
    const table = this.#tables[kind];
    const listeners = table.get(path);
    if (listeners === undefined) return;
    table.delete(path);
    for (const listener of listeners) into.add(listener);
  }

  #collect(kind: WatchKind, path: string, into: Set<WatchListener>): void {
    const listeners = this.#tables[kind].get(path);
    if (listeners !== undefined) for (const listener of listeners) into.add(listener);
  }

  #collectRecursive(path: string, into: Set<WatchListener>): void {
    if (this.#tables.recursive.size === 0) return;
    for (let at = path; ; at = parentOf(at)) {
      this.#collect('recursive', at, into);
      if (at === '/') return;
    }
  }

  #tell(listeners: Set<WatchListener>, event: WatchEvent): void {
    for (const listener of listeners) this.#call(listener, event);
  }
}

const fields = {
  data: 'dataWatches',
  exist: 'existWatches',
  child: 'childWatches',
  persistent: 'persistentWatches',
  recursive: 'persistentRecursiveWatches',
} as const satisfies Record<WatchKind, keyof SetWatches2>;

function emptyBatch(relativeZxid: Zxid): SetWatches2 {
  return {
    relativeZxid,
    dataWatches: [],
    existWatches: [],
    childWatches: [],
    persistentWatches: [],
    persistentRecursiveWatches: [],
  };
}

/** Writes a request that sets watches again; the older kind where it will do, as servers before 3.6 know no other. */
export function writeRearm(writer: ByteWriter, batch: SetWatches2): void {
  const persistent = batch.persistentWatches!.length + batch.persistentRecursiveWatches!.length;
  if (persistent > 0) writeFrame(writer, ReservedXid.setWatches, OpCode.setWatches2, SetWatches2, batch);
  else writeFrame(writer, ReservedXid.setWatches, OpCode.setWatches, SetWatches, batch);
}
