import { EventType } from '../../../wire/events.ts';
import { parentOf } from '../../../wire/path.ts';
import type { WatchJournal, WatchKind } from '../watch-journal.ts';
import type { Change } from './changes.ts';

interface Event {
  readonly type: number;
  readonly path: string;
}

const eventTypes = {
  created: EventType.NodeCreated,
  changed: EventType.NodeDataChanged,
  deleted: EventType.NodeDeleted,
} as const;

const inWords = ({ type, path }: Event): string => {
  const name = Object.entries(EventType).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
  return `${name} ${path}`;
};
const hex = (zxid: number): string => `0x${zxid.toString(16)}`;

/** What a session watches, as it should be. */
class Watches {
  readonly #paths: Record<WatchKind, Set<string>> = {
    data: new Set(),
    exists: new Set(),
    child: new Set(),
    persistent: new Set(),
    recursive: new Set(),
  };

  arm(kind: WatchKind, path: string): void {
    this.#paths[kind].add(path);
  }

  get isEmpty(): boolean {
    return Object.values(this.#paths).every((paths) => paths.size === 0);
  }

  get oneShots(): Iterable<readonly [kind: 'data' | 'exists' | 'child', path: string]> {
    const { data, exists, child } = this.#paths;
    const of = <K extends WatchKind>(kind: K, paths: Set<string>) =>
      [...paths].map((path) => [kind, path] as const);
    return [...of('data', data), ...of('exists', exists), ...of('child', child)];
  }

  /** The events of a change, and what they use up. */
  fire({ kind, path }: Change): Event[] {
    const { child, persistent } = this.#paths;
    const events: Event[] = [];
    const own = { type: eventTypes[kind], path };
    const isWatched = this.#paths.data.has(path) || this.#paths.exists.has(path);
    const childWatched = kind === 'deleted' && child.has(path);
    if (isWatched || childWatched || persistent.has(path) || this.#isBelowRecursive(path)) events.push(own);
    this.used(own);
    if (kind === 'changed' || path === '/') return events;
    const above = { type: EventType.NodeChildrenChanged, path: parentOf(path) };
    if (child.has(above.path) || persistent.has(above.path)) events.push(above);
    this.used(above);
    return events;
  }

  /** One-shot watches that an event ends. */
  used({ type, path }: Event): void {
    const { data, exists, child } = this.#paths;
    if (type === EventType.NodeChildrenChanged) child.delete(path);
    else {
      data.delete(path);
      exists.delete(path);
      if (type === EventType.NodeDeleted) child.delete(path);
    }
  }

  /** Of watches that are asked for again each list is told by itself: a node that is gone is told of twice. */
  usedBySetWatches(event: Event): void {
    const { data, child } = this.#paths;
    if (event.type !== EventType.NodeDeleted) this.used(event);
    else if (!data.delete(event.path)) child.delete(event.path);
  }

  /** Whether the event could be for one of these one-shot watches, asked for again on a new connection. */
  mayCatchUp({ type, path }: Event): boolean {
    const { data, exists, child } = this.#paths;
    switch (type) {
      case EventType.NodeCreated:
        return exists.has(path);
      case EventType.NodeDataChanged:
        return data.has(path);
      case EventType.NodeDeleted:
        return data.has(path) || child.has(path);
      default:
        return child.has(path);
    }
  }

  #isBelowRecursive(path: string): boolean {
    for (let at = path; ; at = parentOf(at)) {
      if (this.#paths.recursive.has(at)) return true;
      if (at === '/') return false;
    }
  }
}

/** Goes through one session's journal beside what was committed. */
class Session {
  readonly found: string[] = [];
  readonly #changes: readonly Change[];
  readonly #watches = new Watches();
  /** Changes before this one have fired what they had to. */
  #next = 0;
  /** Of the last transaction that fired anything, in any order. */
  #due: Event[] = [];
  #dueZxid = 0;
  /** Set while watches are asked for again: what was seen before. */
  #seenZxid: number | null = null;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
  }

  /** The next transaction up to a zxid that fires anything. */
  #fireNext(upToZxid: number): boolean {
    while (this.#next < this.#changes.length) {
      const { zxid } = this.#changes[this.#next]!;
      if (zxid > upToZxid) return false;
      for (; this.#changes[this.#next]?.zxid === zxid; this.#next++) {
        this.#due.push(...this.#watches.fire(this.#changes[this.#next]!));
      }
      this.#dueZxid = zxid;
      if (this.#due.length > 0) return true;
    }
    return false;
  }

  event(event: Event): void {
    if (this.#seenZxid !== null) {
      this.#catchUp(event);
      return;
    }
    if (this.#due.length === 0) this.#fireNext(Number.POSITIVE_INFINITY);
    const at = this.#due.findIndex(({ type, path }) => type === event.type && path === event.path);
    if (at >= 0) this.#due.splice(at, 1);
    else {
      const due = this.#due.length === 0 ? 'nothing' : `${inWords(this.#due[0]!)} of ${hex(this.#dueZxid)}`;
      this.found.push(`${inWords(event)} came, where ${due} was due`);
    }
  }

  #catchUp(event: Event): void {
    const wasChanged = this.#changes.some(
      ({ zxid, path, kind }) =>
        zxid > this.#seenZxid! &&
        (path === event.path ||
          (event.type === EventType.NodeChildrenChanged &&
            kind !== 'changed' &&
            parentOf(path) === event.path)),
    );
    if (!wasChanged || !this.#watches.mayCatchUp(event)) {
      this.found.push(`${inWords(event)} came after a move, and nothing had happened that was watched`);
    }
    this.#watches.usedBySetWatches(event);
  }

  /** Events come before the answers that show what they tell of. */
  answer(zxid: number): void {
    if (this.#seenZxid !== null) return;
    if (this.#due.length === 0) this.#fireNext(zxid);
    while (this.#due.length > 0 && this.#dueZxid <= zxid) {
      for (const event of this.#due) {
        this.found.push(
          `${inWords(event)} of ${hex(this.#dueZxid)} is missing before the answer of ${hex(zxid)}`,
        );
      }
      this.#due = [];
      this.#fireNext(zxid);
    }
  }

  armed(kind: WatchKind, path: string): void {
    this.#watches.arm(kind, path);
  }

  moved(seenZxid: number): void {
    this.#due = [];
    this.#seenZxid = this.#watches.isEmpty ? null : seenZxid;
    this.#next = this.#firstAfter(seenZxid);
  }

  /** As of `zxid`: whatever had happened meanwhile to what is watched was told before this. */
  rearmed(zxid: number): void {
    const seenZxid = this.#seenZxid;
    this.#seenZxid = null;
    this.#next = this.#firstAfter(zxid);
    if (seenZxid === null) return;
    const meanwhile = this.#changes.filter((change) => change.zxid > seenZxid && change.zxid <= zxid);
    for (const [kind, path] of this.#watches.oneShots) {
      const own = meanwhile.filter((change) => change.path === path);
      const below = meanwhile.some((change) => change.kind !== 'changed' && parentOf(change.path) === path);
      const isThere = own.length > 0 && own.at(-1)!.kind !== 'deleted';
      const wasMissed =
        kind === 'exists'
          ? isThere
          : kind === 'data'
            ? own.length > 0
            : below || own.at(-1)?.kind === 'deleted';
      if (wasMissed) this.found.push(`what happened to ${path} until ${hex(zxid)} was not told after a move`);
    }
  }

  #firstAfter(zxid: number): number {
    const at = this.#changes.findIndex((change) => change.zxid > zxid);
    return at < 0 ? this.#changes.length : at;
  }
}

/**
 * Watch events come in the order of what they tell of, none is missing and none is made up: each before the first answer that shows
 * its change. On a new connection, what has changed meanwhile is told before the answer to the request that renews the watches.
 */
export function checkWatches(journals: readonly WatchJournal[], changes: readonly Change[]): string[] {
  return journals.flatMap((journal) => {
    const session = new Session(changes);
    for (const entry of journal.entries) {
      switch (entry.kind) {
        case 'armed':
          session.armed(entry.watch, entry.path);
          break;
        case 'event':
          session.event(entry);
          break;
        case 'answer':
          session.answer(entry.zxid);
          break;
        case 'moved':
          session.moved(entry.seenZxid);
          break;
        case 'rearmed':
          session.rearmed(entry.zxid);
          break;
      }
    }
    return session.found.map((why) => `session 0x${journal.session.toString(16)}: ${why}`);
  });
}
