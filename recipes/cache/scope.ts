import { isWithin, parentOf } from '../../wire/path.ts';
import type { CacheScope } from './znode.ts';

/** What of the tree a cache holds. */
export class Extent {
  readonly root: string;
  readonly scope: CacheScope;

  constructor(root: string, scope: CacheScope) {
    this.root = root;
    this.scope = scope;
  }

  /** Whether the node belongs into the cache. */
  holds(path: string): boolean {
    if (this.scope === 'node') return path === this.root;
    if (this.scope === 'children') return path !== '/' && path !== this.root && parentOf(path) === this.root;
    return isWithin(this.root, path);
  }

  /** Whether children of the node belong into it. */
  lists(path: string): boolean {
    if (this.scope === 'node') return false;
    return this.scope === 'children' ? path === this.root : isWithin(this.root, path);
  }

  /** Whether the node's parent is in the cache wherever the node is. */
  hasParent(path: string): boolean {
    return this.scope === 'tree' && path !== this.root;
  }
}
