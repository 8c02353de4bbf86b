import { EventType } from '../../wire/events.ts';

/** Modes in which one watcher may watch one path; a bit set, since it may hold several at once. */
export const WatchMode = { standard: 1, persistent: 2, persistentRecursive: 4 } as const;
const ANY_MODE = 7;

/** Whoever is told of events: a client's connection. */
export interface Watcher {
  /** `zxid` is -1 for events that replay what was missed; `aclId` is the node's ACL when it changed. */
  deliver(type: EventType, path: string, zxid: number, aclId: number): void;
}

/**
 * One table of watches: path to watchers with their modes, and back. Data watches (getData, exists) and child watches
 * (getChildren) are two of these.
 *
 * Invariants: both directions agree; a standard watch fires once and is gone before its event is delivered; adding one that
 * is there changes nothing.
 */
class WatchTable {
  readonly #byPath = new Map<string, Map<Watcher, number>>();
  readonly #byWatcher = new Map<Watcher, Set<string>>();
  #recursive = 0;
  #watches = 0;

  get paths(): number {
    return this.#byPath.size;
  }

  get watches(): number {
    return this.#watches;
  }

  add(path: string, watcher: Watcher, mode: number): void {
    let watchers = this.#byPath.get(path);
    if (watchers === undefined) {
      watchers = new Map();
      this.#byPath.set(path, watchers);
    }
    const modes = watchers.get(watcher) ?? 0;
    if (modes === 0) {
      this.#watches++;
      let paths = this.#byWatcher.get(watcher);
      if (paths === undefined) {
        paths = new Set();
        this.#byWatcher.set(watcher, paths);
      }
      paths.add(path);
    }
    if ((mode & ~modes & WatchMode.persistentRecursive) !== 0) this.#recursive++;
    watchers.set(watcher, modes | mode);
  }

  modes(path: string, watcher: Watcher): number {
    return this.#byPath.get(path)?.get(watcher) ?? 0;
  }

  /** Takes modes away; false if none of them was there. */
  remove(path: string, watcher: Watcher, mode: number): boolean {
    const watchers = this.#byPath.get(path);
    const modes = watchers?.get(watcher) ?? 0;
    if ((modes & mode) === 0) return false;
    this.#set(path, watchers!, watcher, modes, modes & ~mode);
    return true;
  }

  removeWatcher(watcher: Watcher): void {
    for (const path of this.#byWatcher.get(watcher) ?? []) {
      const watchers = this.#byPath.get(path)!;
      this.#set(path, watchers, watcher, watchers.get(watcher)!, 0);
    }
  }

  /** Whom an event at the path concerns; standard watches among them are spent. Null for nobody. */
  take(path: string): Set<Watcher> | null {
    if (this.#byPath.size === 0) return null;
    let taken: Set<Watcher> | null = null;
    const here = this.#byPath.get(path);
    if (here !== undefined) {
      taken = new Set(here.keys());
      for (const [watcher, modes] of [...here]) {
        if ((modes & WatchMode.standard) !== 0)
          this.#set(path, here, watcher, modes, modes & ~WatchMode.standard);
      }
    }
    if (this.#recursive > 0) taken = this.#takeAbove(path, taken);
    return taken;
  }

  *byPath(): Iterable<readonly [path: string, watchers: Iterable<Watcher>]> {
    for (const [path, watchers] of this.#byPath) yield [path, watchers.keys()];
  }

  *byWatcher(): Iterable<readonly [watcher: Watcher, paths: Iterable<string>]> {
    for (const [watcher, paths] of this.#byWatcher) yield [watcher, paths];
  }

  #takeAbove(path: string, taken: Set<Watcher> | null): Set<Watcher> | null {
    let found = taken;
    for (let at = path; at !== '/'; ) {
      const slash = at.lastIndexOf('/');
      at = slash <= 0 ? '/' : at.slice(0, slash);
      const watchers = this.#byPath.get(at);
      if (watchers === undefined) continue;
      for (const [watcher, modes] of watchers) {
        if ((modes & WatchMode.persistentRecursive) !== 0) {
          found ??= new Set();
          found.add(watcher);
        }
      }
    }
    return found;
  }

  #set(path: string, watchers: Map<Watcher, number>, watcher: Watcher, before: number, after: number): void {
    if ((before & ~after & WatchMode.persistentRecursive) !== 0) this.#recursive--;
    if (after !== 0) {
      watchers.set(watcher, after);
      return;
    }
    this.#watches--;
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    const paths = this.#byWatcher.get(watcher)!;
    paths.delete(path);
    if (paths.size === 0) this.#byWatcher.delete(watcher);
  }
}

/**
 * All watches of a server. Events of one change are delivered before the change is visible to any later read of the same
 * watcher: the tree calls in here while it applies a transaction, and a watcher writes its event to its connection at once.
 */
export class Watches {
  readonly data = new WatchTable();
  readonly child = new WatchTable();

  addData(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, WatchMode.standard);
  }

  addChild(path: string, watcher: Watcher): void {
    this.child.add(path, watcher, WatchMode.standard);
  }

  addPersistent(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, WatchMode.persistent);
    this.child.add(path, watcher, WatchMode.persistent);
  }

  addPersistentRecursive(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, WatchMode.persistentRecursive);
  }

  contains(path: string, watcher: Watcher, type: WatcherTypeName): boolean {
    const { table, mode } = selectors[type];
    if (table === 'data') return (this.data.modes(path, watcher) & mode) !== 0;
    if (table === 'child') return (this.child.modes(path, watcher) & mode) !== 0;
    return ((this.data.modes(path, watcher) | this.child.modes(path, watcher)) & mode) !== 0;
  }

  /** False if there was none of that type. */
  remove(path: string, watcher: Watcher, type: WatcherTypeName): boolean {
    const { table, mode } = selectors[type];
    const fromChild = table !== 'data' && this.child.remove(path, watcher, mode);
    const fromData = table !== 'child' && this.data.remove(path, watcher, mode);
    return fromChild || fromData;
  }

  removeWatcher(watcher: Watcher): void {
    this.data.removeWatcher(watcher);
    this.child.removeWatcher(watcher);
  }

  created(path: string, parent: string, zxid: number, aclId: number, parentAclId: number): void {
    deliver(this.data.take(path), null, EventType.NodeCreated, path, zxid, aclId);
    deliver(this.child.take(parent), null, EventType.NodeChildrenChanged, parent, zxid, parentAclId);
  }

  /** Who watched the data hears of the deletion once, even where it watched the children too. */
  deleted(path: string, parent: string, zxid: number, aclId: number, parentAclId: number): void {
    const told = this.data.take(path);
    deliver(told, null, EventType.NodeDeleted, path, zxid, aclId);
    deliver(this.child.take(path), told, EventType.NodeDeleted, path, zxid, aclId);
    deliver(this.child.take(parent), null, EventType.NodeChildrenChanged, parent, zxid, parentAclId);
  }

  dataChanged(path: string, zxid: number, aclId: number): void {
    deliver(this.data.take(path), null, EventType.NodeDataChanged, path, zxid, aclId);
  }
}

function deliver(
  watchers: Set<Watcher> | null,
  except: Set<Watcher> | null,
  type: EventType,
  path: string,
  zxid: number,
  aclId: number,
): void {
  if (watchers === null) return;
  for (const watcher of watchers) {
    if (except === null || !except.has(watcher)) watcher.deliver(type, path, zxid, aclId);
  }
}

export type WatcherTypeName = 'children' | 'data' | 'any' | 'persistent' | 'persistentRecursive';

const selectors: Record<WatcherTypeName, { table: 'data' | 'child' | 'both'; mode: number }> = {
  children: { table: 'child', mode: WatchMode.standard },
  data: { table: 'data', mode: WatchMode.standard },
  persistent: { table: 'both', mode: WatchMode.persistent },
  persistentRecursive: { table: 'data', mode: WatchMode.persistentRecursive },
  any: { table: 'both', mode: ANY_MODE },
};
