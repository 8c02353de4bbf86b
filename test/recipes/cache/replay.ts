import { NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import type { CacheScope, ZNodeCache, ZNodeChange } from '../../../recipes/cache/index.ts';
import { childPath, parentOf } from '../../../wire/path.ts';

/** Paths and mzxids of what a cache of the scope is to hold, as the server has it. */
export async function treeOf(
  client: ZooKeeperClient,
  root: string,
  scope: CacheScope,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const visit = async (path: string, deep: boolean): Promise<void> => {
    try {
      const { stat } = await client.get(path);
      found.set(path, stat.mzxid);
      if (deep) {
        for (const name of await client.children(path)) {
          await visit(childPath(path, name), scope === 'tree');
        }
      }
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
    }
  };
  await visit(root, scope !== 'node');
  if (scope === 'children') found.delete(root);
  return found;
}

/** Applies a cache's changes one by one to what it held first, and keeps what is wrong with any of them. */
export class Replay {
  readonly faults: string[] = [];
  readonly #nodes = new Map<string, { czxid: number; mzxid: number }>();
  /** Every `created` or `changed` there was, by path and mzxid. */
  readonly #seen = new Set<string>();
  readonly #scope: CacheScope;
  readonly #root: string;

  constructor(cache: ZNodeCache, scope: CacheScope) {
    this.#scope = scope;
    this.#root = cache.path;
    for (const { path, stat } of cache) {
      this.#nodes.set(path, stat);
      this.#seen.add(`${path} ${stat.mzxid}`);
    }
    cache.onChange((change) => this.#apply(change));
  }

  contents(): Map<string, number> {
    return new Map([...this.#nodes].map(([path, { mzxid }]) => [path, mzxid]));
  }

  check(): void {
    if (this.faults.length > 0) throw new Error(this.faults.slice(0, 5).join('\n'));
  }

  #apply({ type, node, before }: ZNodeChange): void {
    const { path, stat } = node;
    const known = this.#nodes.get(path);
    const wrong = (what: string): number => this.faults.push(`${type} ${path} mzxid ${stat.mzxid}: ${what}`);
    if ((known === undefined) !== (type === 'created')) wrong('it is not so that it can happen');
    if (before !== undefined && before.stat.mzxid !== known?.mzxid) wrong('another node before');
    if (type === 'deleted') {
      if ([...this.#nodes.keys()].some((other) => other.startsWith(`${path}/`))) wrong('before its children');
      this.#nodes.delete(path);
      return;
    }
    if (type === 'changed' && stat.czxid !== known?.czxid) wrong('another node by its czxid');
    const hasParent = this.#scope === 'tree' && path !== this.#root;
    if (hasParent && !this.#nodes.has(parentOf(path))) wrong('before its parent');
    const key = `${path} ${stat.mzxid}`;
    if (this.#seen.has(key)) wrong('for the second time');
    this.#seen.add(key);
    this.#nodes.set(path, stat);
  }
}
