import { ErrorCode } from '../../wire/errors.ts';
import { AddWatchMode, EventType, WatcherType } from '../../wire/events.ts';
import { WireFault } from '../../wire/fault.ts';
import type { AddWatchRequest, SetWatches2, WatchesRequest } from '../../wire/requests.ts';
import { OPEN_ACL_ID } from '../tree/acl-table.ts';
import { NO_NODE, type NodeId } from '../tree/node-id.ts';
import { LongField } from '../tree/node-store.ts';
import type { DataTree } from '../tree/tree.ts';
import type { WatcherTypeName } from '../tree/watches.ts';
import type { Connection } from './connection.ts';
import { Refusal } from './refusal.ts';

const watcherTypes: Readonly<Record<number, WatcherTypeName>> = {
  [WatcherType.Children]: 'children',
  [WatcherType.Data]: 'data',
  [WatcherType.Any]: 'any',
  [WatcherType.Persistent]: 'persistent',
  [WatcherType.PersistentRecursive]: 'persistentRecursive',
};

/** Requests that are about watches and nothing else. */
export class WatchRequests {
  readonly #tree: DataTree;

  constructor(tree: DataTree) {
    this.#tree = tree;
  }

  /** Needs no permission, and no node: events are withheld from who may not read the node when they come. */
  add(connection: Connection, { path, mode }: AddWatchRequest): void {
    const { watches } = this.#tree;
    if (mode === AddWatchMode.persistent) watches.addPersistent(path, connection);
    else if (mode === AddWatchMode.persistentRecursive) watches.addPersistentRecursive(path, connection);
    else throw new WireFault('malformed', `addWatch mode ${mode}`);
  }

  check(connection: Connection, { path, type }: WatchesRequest): void {
    if (!this.#tree.watches.contains(path, connection, typeName(type))) {
      throw new Refusal(ErrorCode.NoWatcher, path);
    }
  }

  remove(connection: Connection, { path, type }: WatchesRequest): void {
    if (!this.#tree.watches.remove(path, connection, typeName(type))) {
      throw new Refusal(ErrorCode.NoWatcher, path);
    }
  }

  /** Arms watches again after a reconnect. What happened meanwhile is told at once, with the event it would have been. */
  set(connection: Connection, request: SetWatches2): void {
    const { watches, store } = this.#tree;
    const since = request.relativeZxid;
    for (const path of request.dataWatches ?? []) {
      const node = this.#tree.findPath(path);
      if (node === NO_NODE) this.#tell(connection, EventType.NodeDeleted, path);
      else if (store.long(node, LongField.mzxid) > since)
        this.#tell(connection, EventType.NodeDataChanged, path, node);
      else watches.addData(path, connection);
    }
    for (const path of request.existWatches ?? []) {
      const node = this.#tree.findPath(path);
      if (node !== NO_NODE) this.#tell(connection, EventType.NodeCreated, path, node);
      else watches.addData(path, connection);
    }
    for (const path of request.childWatches ?? []) {
      const node = this.#tree.findPath(path);
      if (node === NO_NODE) this.#tell(connection, EventType.NodeDeleted, path);
      else if (store.long(node, LongField.pzxid) > since)
        this.#tell(connection, EventType.NodeChildrenChanged, path, node);
      else watches.addChild(path, connection);
    }
    for (const path of request.persistentWatches ?? []) watches.addPersistent(path, connection);
    for (const path of request.persistentRecursiveWatches ?? [])
      watches.addPersistentRecursive(path, connection);
  }

  #tell(connection: Connection, type: EventType, path: string, node: NodeId = NO_NODE): void {
    connection.deliver(type, path, -1, node === NO_NODE ? OPEN_ACL_ID : this.#tree.store.aclId(node));
  }
}

function typeName(type: number): WatcherTypeName {
  const name = watcherTypes[type];
  if (name === undefined) throw new WireFault('malformed', `watcher type ${type}`);
  return name;
}
