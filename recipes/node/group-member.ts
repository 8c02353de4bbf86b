import type { Data, OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { ZNodeCache } from '../cache/index.ts';
import { recipePath } from '../paths.ts';
import { memberPath } from './member-path.ts';
import type { KeptEphemeralOptions } from './node-options.ts';
import { PersistentNode } from './persistent-node.ts';

/**
 * A member of a group, who knows the others: Curator's recipe of the same name, with the same nodes (`<path>/<id>`, ephemeral, with
 * the member's data), so that Java members are in it too.
 */
export class GroupMember implements AsyncDisposable {
  readonly path: string;
  readonly id: string;
  readonly #node: PersistentNode;
  readonly #cache: ZNodeCache;

  private constructor(path: string, id: string, node: PersistentNode, cache: ZNodeCache) {
    this.path = path;
    this.id = id;
    this.#node = node;
    this.#cache = cache;
  }

  /**
   * Joins the group and resolves when the others are known. While another session is in the group with the same id, as that of this
   * program before it was killed, it waits; `existing` may say otherwise.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    id: string,
    data: Data = Buffer.alloc(0),
    options: KeptEphemeralOptions = {},
  ): Promise<GroupMember> {
    recipePath('group', path);
    const node = await PersistentNode.start(client, memberPath('group', path, id), data, options);
    try {
      const cache = await ZNodeCache.start(client, path, { scope: 'children', signal: options.signal });
      return new GroupMember(path, id, node, cache);
    } catch (error) {
      node.close().catch(() => {});
      throw error;
    }
  }

  /** Ids and data of the members, as far as this one knows; it is always one of them itself. */
  members(): Map<string, Buffer> {
    const members = new Map<string, Buffer>();
    for (const { path, data } of this.#cache) members.set(nameOf(path), data);
    if (!members.has(this.id) && this.#node.state !== 'closed') {
      members.set(this.id, Buffer.from(this.#node.data ?? ''));
    }
    return members;
  }

  /** Gives this member other data; resolves when they are written. */
  set(data: Data, options?: OperationOptions): Promise<void> {
    return this.#node.set(data, options);
  }

  /** Calls a listener with the id of a member that came, went or has other data, until the answer is called. */
  onChange(listener: (id: string) => void): () => void {
    return this.#cache.onChange(({ node }) => listener(nameOf(node.path)));
  }

  /** Leaves the group; resolves when the node is gone. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#cache.close(), this.#node.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The node of a member. */
  pathOf(id: string): string {
    return childPath(this.path, id);
  }
}
