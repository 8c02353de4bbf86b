import { ephemeralKind, ownerToTtl } from '../../wire/create-mode.ts';
import { NO_NODE } from './node-id.ts';
import { LongField } from './node-store.ts';
import type { DataTree } from './tree.ts';

/**
 * Nodes that have outlived their purpose (ContainerManager): containers that had children and have none any more, or that were
 * never used for `neverUsedMs` (0: those stay), and TTL nodes without children that were not written for their TTL. They are
 * candidates only: the request to remove one is validated again, in order with all others.
 */
export function reapCandidates(tree: DataTree, wallMs: number, neverUsedMs: number): string[] {
  const { store } = tree;
  const due: string[] = [];
  for (const path of tree.owners.containers) {
    const node = tree.findPath(path);
    if (node === NO_NODE || store.numChildren(node) > 0) continue;
    const wasUsed = store.storedCversion(node) !== 0;
    const isStale = neverUsedMs > 0 && wallMs - store.long(node, LongField.mtime) > neverUsedMs;
    if (wasUsed || isStale) due.push(path);
  }
  for (const path of tree.owners.ttlNodes) {
    const node = tree.findPath(path);
    if (node === NO_NODE || store.numChildren(node) > 0) continue;
    const owner = store.rawOwner(node);
    if (ephemeralKind(owner, tree.options.extendedTypes) !== 'ttl') continue;
    if (wallMs - store.long(node, LongField.mtime) > ownerToTtl(owner)) due.push(path);
  }
  return due;
}
