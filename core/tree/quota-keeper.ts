import { NO_NODE, type NodeId } from './node-id.ts';
import type { NodeStore } from './node-store.ts';
import { countedPathOf, limitedPathOf, QuotaPaths, StatsTrack, statsNodePath } from './quota.ts';

/**
 * Keeps the usage of every path that has a quota in its stats node. That is bookkeeping of each server for itself, without
 * transactions, and outside the digest.
 */
export class QuotaKeeper {
  readonly paths = new QuotaPaths();
  readonly #store: NodeStore;

  constructor(store: NodeStore) {
    this.#store = store;
  }

  /** A change below a quota: so many bytes and nodes more. */
  count(path: string, bytes: number, nodes: number): void {
    const limited = this.paths.nearest(path);
    if (limited === null) return;
    this.#update(limited, (stats) => {
      stats.set('count', stats.get('count') + nodes);
      stats.set('bytes', stats.get('bytes') + bytes);
    });
  }

  /** A node below /zookeeper/quota came or went: it may be one that sets a limit, or one that counts. */
  nodeCame(path: string): void {
    const limited = limitedPathOf(path);
    if (limited !== null) this.paths.add(limited);
    const counted = countedPathOf(path);
    if (counted !== null) this.#recount(counted);
  }

  nodeWent(path: string): void {
    const limited = limitedPathOf(path);
    if (limited !== null) this.paths.delete(limited);
  }

  /** After a snapshot was loaded: which quotas there are, and what is used of them. */
  rebuild(): void {
    for (const node of this.#store.below(this.#store.findPath('/zookeeper/quota'))) {
      const limited = limitedPathOf(this.#store.path(node));
      if (limited !== null) this.paths.add(limited);
    }
    for (const path of this.paths) this.#recount(path);
  }

  /** Usage is counted anew from the nodes themselves: the node that has the quota and all below it. */
  #recount(path: string): void {
    const top = this.#store.findPath(path);
    let nodes = 0;
    let bytes = 0;
    const include = (node: NodeId): void => {
      nodes++;
      bytes += this.#store.dataLength(node);
    };
    if (top !== NO_NODE) {
      include(top);
      for (const node of this.#store.below(top)) include(node);
    }
    this.#update(path, (stats) => {
      stats.set('count', nodes);
      stats.set('bytes', bytes);
    });
  }

  #update(limited: string, change: (stats: StatsTrack) => void): void {
    const node = this.#store.findPath(statsNodePath(limited));
    if (node === NO_NODE) return;
    const stats = new StatsTrack((this.#store.data(node) ?? '').toString('latin1'));
    change(stats);
    this.#store.setData(node, Buffer.from(stats.toString(), 'latin1'));
  }
}
