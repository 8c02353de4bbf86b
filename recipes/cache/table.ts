import { childPath, nameOf, parentOf } from '../../wire/path.ts';
import type { ZNode, ZNodeChange } from './znode.ts';

interface Entry<T> {
  node: ZNode<T>;
  /** The round of reading in which the node was seen last. */
  round: number;
}

/**
 * The nodes of a cache. What goes in and out is answered with the changes that lead from the table before to the one after: parents
 * are created before and deleted after their children, so applying them one by one never leaves the tree in pieces.
 */
export class NodeTable<T> {
  /** In the order of creation, so that parents come first. */
  readonly #entries = new Map<string, Entry<T>>();
  readonly #children = new Map<string, Set<string>>();

  get size(): number {
    return this.#entries.size;
  }

  get(path: string): ZNode<T> | undefined {
    return this.#entries.get(path)?.node;
  }

  /** The round in which the node was seen last; undefined if it is not there. */
  roundOf(path: string): number | undefined {
    return this.#entries.get(path)?.round;
  }

  children(path: string): readonly string[] {
    return [...(this.#children.get(path) ?? [])];
  }

  *nodes(): Generator<ZNode<T>, void> {
    for (const { node } of this.#entries.values()) yield node;
  }

  /** Takes a node as it was read. The same czxid is the same node, the same mzxid the same content. */
  put(node: ZNode<T>, round: number): ZNodeChange<T>[] {
    const entry = this.#entries.get(node.path);
    if (entry !== undefined && entry.node.stat.czxid === node.stat.czxid) {
      const before = entry.node;
      entry.node = node;
      entry.round = round;
      return before.stat.mzxid === node.stat.mzxid ? [] : [{ type: 'changed', node, before }];
    }
    const changes = this.remove(node.path);
    this.#entries.set(node.path, { node, round });
    if (node.path !== '/') {
      const parent = parentOf(node.path);
      const siblings = this.#children.get(parent);
      if (siblings === undefined) this.#children.set(parent, new Set([nameOf(node.path)]));
      else siblings.add(nameOf(node.path));
    }
    changes.push({ type: 'created', node });
    return changes;
  }

  /** Removes a node, if it is there, and everything below it. */
  remove(path: string): ZNodeChange<T>[] {
    const changes: ZNodeChange<T>[] = [];
    // Parents before children, read backwards below.
    const doomed = [path];
    for (let i = 0; i < doomed.length; i++) {
      for (const name of this.#children.get(doomed[i]!) ?? []) doomed.push(childPath(doomed[i]!, name));
    }
    for (const at of doomed.reverse()) {
      const entry = this.#entries.get(at);
      if (entry === undefined) continue;
      this.#entries.delete(at);
      if (at !== '/') this.#forget(parentOf(at), nameOf(at));
      changes.push({ type: 'deleted', node: entry.node, before: entry.node });
    }
    return changes;
  }

  #forget(parent: string, name: string): void {
    const names = this.#children.get(parent);
    names?.delete(name);
    if (names?.size === 0) this.#children.delete(parent);
  }
}
