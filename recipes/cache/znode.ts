import type { Stat } from '../../client/index.ts';

/** A node as it was read. */
export interface ZNode<T = Buffer> {
  readonly path: string;
  /** Its content; empty also where the node has none. Not to be changed. */
  readonly data: Buffer;
  readonly stat: Stat;
  /** What the codec makes of the content: without a codec the bytes themselves; undefined where it makes nothing of them. */
  readonly value: T | undefined;
  /** Why the codec made nothing of the content. */
  readonly fault?: Error | undefined;
}

/** What happened to a node: `before` is what was there, for `changed` and `deleted`. */
export type ZNodeChange<T = Buffer> =
  | { readonly type: 'created'; readonly node: ZNode<T>; readonly before?: undefined }
  | { readonly type: 'changed'; readonly node: ZNode<T>; readonly before: ZNode<T> }
  /** `node` is the last that was known of it. */
  | { readonly type: 'deleted'; readonly node: ZNode<T>; readonly before: ZNode<T> };

/** A node alone, the children of a node without the node itself, or a node and everything below it. */
export type CacheScope = 'node' | 'children' | 'tree';
