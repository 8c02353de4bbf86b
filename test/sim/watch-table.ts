import { EventType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { FakeClient } from '../kit/fake-client.ts';
import type { RawEvent } from '../kit/raw-client.ts';
import type { WatchKind } from './watch-journal.ts';

/** What a client believes that it watches, as ZooKeeper's clients keep it: to ask for it again on a new connection. */
export class WatchTable {
  readonly #paths: Readonly<Record<WatchKind, Set<string>>> = {
    data: new Set(),
    exists: new Set(),
    child: new Set(),
    persistent: new Set(),
    recursive: new Set(),
  };

  add(watch: WatchKind, path: string): void {
    this.#paths[watch].add(path);
  }

  fired({ type, path }: RawEvent): void {
    const { data, exists, child } = this.#paths;
    if (type === EventType.NodeChildrenChanged) child.delete(path);
    else {
      data.delete(path);
      exists.delete(path);
      if (type === EventType.NodeDeleted) child.delete(path);
    }
  }

  get isEmpty(): boolean {
    return Object.values(this.#paths).every((paths) => paths.size === 0);
  }

  /** Asks a server for all of them again, as of what the client has seen. */
  sendAgain(client: FakeClient, relativeZxid: number): void {
    const { data, exists, child, persistent, recursive } = this.#paths;
    client.send(OpCode.setWatches2, {
      relativeZxid,
      dataWatches: [...data],
      existWatches: [...exists],
      childWatches: [...child],
      persistentWatches: [...persistent],
      persistentRecursiveWatches: [...recursive],
    });
  }
}
