import {
  type Codec,
  type OperationOptions,
  type SessionId,
  text,
  type ZooKeeperClient,
  type ZooKeeperError,
} from '../../client/index.ts';
import { nameOf } from '../../wire/path.ts';
import {
  type CacheResync,
  type ChangesOptions,
  type ZNode,
  ZNodeCache,
  type ZNodeChange,
} from '../cache/index.ts';
import { mapped } from '../cache/stream.ts';
import { recipePath } from '../paths.ts';
import type { WaitOptions } from '../patience.ts';
import type { NodeState } from './keeper.ts';
import { memberPath } from './member-path.ts';
import type { KeptEphemeralOptions } from './node-options.ts';
import { PersistentNode } from './persistent-node.ts';

/** Somebody who is here. */
export interface Member<T> {
  readonly id: string;
  /** What the member says about itself; undefined if the codec makes nothing of it. */
  readonly value: T | undefined;
  /** Why not. */
  readonly fault?: Error | undefined;
  /** Since when, by the server's clock: milliseconds since 1970. */
  readonly sinceMs: number;
  readonly sessionId: SessionId;
  /** Zxid of the member's node: who came earlier has the smaller one. */
  readonly czxid: number;
}

/** Somebody came, went, or says something else about itself. Who comes back with a new session left and joined. */
export type MembershipChange<T> =
  | { readonly type: 'joined'; readonly member: Member<T>; readonly before?: undefined }
  | { readonly type: 'changed'; readonly member: Member<T>; readonly before: Member<T> }
  | { readonly type: 'left'; readonly member: Member<T>; readonly before: Member<T> };

export interface MembershipOptions<T> extends KeptEphemeralOptions {
  /** Joins with this id; without one it only looks on. */
  readonly id?: string | undefined;
  /** What it says about itself, with an id. */
  readonly value?: T | undefined;
  /** Default text. */
  readonly codec?: Codec<T> | undefined;
}

/**
 * Who is here: the members of a cluster with what they say about themselves, and who comes and goes. The nodes are those of
 * Curator's GroupMember: `<path>/<id>`, ephemeral.
 *
 * A member that died is here until its session has expired. While this client has no connection the list is the last that was
 * known; `current` tells.
 */
export class ClusterMembership<T = string> implements AsyncDisposable {
  readonly path: string;
  /** The id that it joined with; undefined if it only looks on. */
  readonly id: string | undefined;
  readonly #codec: Codec<T>;
  readonly #node: PersistentNode | null;
  readonly #cache: ZNodeCache<T>;

  private constructor(
    path: string,
    id: string | undefined,
    codec: Codec<T>,
    node: PersistentNode | null,
    cache: ZNodeCache<T>,
  ) {
    this.path = path;
    this.id = id;
    this.#codec = codec;
    this.#node = node;
    this.#cache = cache;
  }

  /**
   * Joins, if an id is given, and resolves when everybody who is here is known, this member among them. While another session is
   * here with the same id it waits, unless `existing` says otherwise. Rejects with `InvalidValueError` if the codec refuses the value, and as `PersistentNode.start`
   * does; nothing is left behind then.
   */
  static async start<T = string>(
    client: ZooKeeperClient,
    path: string,
    options: MembershipOptions<T> = {},
  ): Promise<ClusterMembership<T>> {
    const { id, value, signal, ...kept } = options;
    recipePath('membership', path);
    const at = id === undefined ? null : memberPath('membership', path, id);
    const codec = options.codec ?? (text as Codec<unknown> as Codec<T>);
    const data = value === undefined ? Buffer.alloc(0) : await codec.encode(value);
    const cache = await ZNodeCache.start<T>(client, path, { scope: 'children', codec, signal });
    let node: PersistentNode | null = null;
    try {
      if (at !== null) {
        const { parents, acl, existing } = kept;
        node = await PersistentNode.start(client, at, data, { parents, acl, existing, signal });
        await cache.sync({ signal });
      }
      return new ClusterMembership(path, id, codec, node, cache);
    } catch (error) {
      node?.close().catch(() => {});
      cache.close().catch(() => {});
      throw error;
    }
  }

  /** How many are here. */
  get size(): number {
    return this.#cache.size;
  }

  /** Whether the list is what the server has told last; false without a connection, and while it is read again. */
  get current(): boolean {
    return this.#cache.current;
  }

  /** How this member's own node stands; undefined if it only looks on. */
  get ownState(): NodeState | undefined {
    return this.#node?.state;
  }

  get(id: string): Member<T> | undefined {
    const node = this.#cache.get(memberPath('membership', this.path, id));
    return node === undefined ? undefined : memberOf(node);
  }

  /** Everybody who is here, who came first before the others. */
  members(): Member<T>[] {
    return [...this.#cache].map((node) => memberOf(node)).sort((a, b) => a.czxid - b.czxid);
  }

  /** Says something else about this member; resolves when it is written. Rejects with `TypeError` if it only looks on. */
  async set(value: T, options?: OperationOptions): Promise<void> {
    if (this.#node === null)
      throw new TypeError(`membership ${this.path}: not joined, so there is nothing to set`);
    await this.#node.set(await this.#codec.encode(value), options);
  }

  /** Waits until everybody who was here when this was called is known, as `ZNodeCache.sync` does. */
  sync(options?: WaitOptions): Promise<void> {
    return this.#cache.sync(options);
  }

  /** Calls a listener with every change, after `members` has taken it, until the answer is called. */
  onChange(listener: (change: MembershipChange<T>) => void): () => void {
    return this.#cache.onChange((change) => listener(changeOf(change)));
  }

  /** Calls a listener when a member's node cannot be read, until the answer is called. */
  onError(listener: (error: ZooKeeperError) => void): () => void {
    return this.#cache.onError(listener);
  }

  /** Calls a listener when this member's own node comes, goes or is somebody else's, until the answer is called. */
  onOwnState(listener: (state: NodeState) => void): () => void {
    return this.#node === null ? () => {} : this.#node.onState(listener);
  }

  /** Changes as an async iterable; `resync` comes first, and after more than `bufferMax` unread ones: look at `members` then. */
  changes(options?: ChangesOptions): AsyncIterableIterator<MembershipChange<T> | CacheResync, undefined> {
    return mapped(this.#cache.changes(options), (change) =>
      change.type === 'resync' ? change : changeOf(change),
    );
  }

  /** Leaves; resolves when the node is gone. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#cache.close(), this.#node?.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function memberOf<T>({ path, stat, value, fault }: ZNode<T>): Member<T> {
  const { ctime: sinceMs, ephemeralOwner: sessionId, czxid } = stat;
  const member = { id: nameOf(path), value, sinceMs: Number(sinceMs), sessionId, czxid };
  return fault === undefined ? member : { ...member, fault };
}

function changeOf<T>(change: ZNodeChange<T>): MembershipChange<T> {
  const member = memberOf(change.node);
  if (change.type === 'created') return { type: 'joined', member };
  return { type: change.type === 'deleted' ? 'left' : 'changed', member, before: memberOf(change.before) };
}
