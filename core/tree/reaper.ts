import { ephemeralKind, ownerToTtl } from '../../wire/create-mode.ts';
import { NO_NODE } from './node-id.ts';
import { LongField } from './node-store.ts';
import type { DataTree } from './tree.ts';

/** Nodes looked at before the walk offers a pause. */
const LOOKED_AT_MAX = 2000;

/**
 * Nodes that have outlived their purpose (ContainerManager): containers that had children and have none any more, or that were
 * never used for `neverUsedMs` (0: those stay), and TTL nodes without children that were not written for their TTL. They are
 * candidates only: the request to remove one is validated again, in order with all others.
 *
 * Yields null now and then between two candidates: a point to go on from in a later turn, however many nodes there are. The tree
 * may change in between.
 */
export function* reapCandidates(
  tree: DataTree,
  wallMs: number,
  neverUsedMs: number,
): Generator<string | null> {
  let lookedAt = 0;
  for (const path of tree.owners.containers) {
    if (isContainerDue(tree, path, wallMs, neverUsedMs)) yield path;
    if (++lookedAt % LOOKED_AT_MAX === 0) yield null;
  }
  for (const path of tree.owners.ttlNodes) {
    if (isTtlDue(tree, path, wallMs)) yield path;
    if (++lookedAt % LOOKED_AT_MAX === 0) yield null;
  }
}

function isContainerDue(tree: DataTree, path: string, wallMs: number, neverUsedMs: number): boolean {
  const { store } = tree;
  const node = tree.findPath(path);
  if (node === NO_NODE || store.numChildren(node) > 0) return false;
  const wasUsed = store.storedCversion(node) !== 0;
  return wasUsed || (neverUsedMs > 0 && wallMs - store.long(node, LongField.mtime) > neverUsedMs);
}

function isTtlDue(tree: DataTree, path: string, wallMs: number): boolean {
  const { store } = tree;
  const node = tree.findPath(path);
  if (node === NO_NODE || store.numChildren(node) > 0) return false;
  const owner = store.rawOwner(node);
  if (ephemeralKind(owner, tree.options.extendedTypes) !== 'ttl') return false;
  return wallMs - store.long(node, LongField.mtime) > ownerToTtl(owner);
}
