import { NO_NODE } from '../../core/tree/node-id.ts';
import type { DataTree } from '../../core/tree/tree.ts';
import { viewOf } from '../../wire/bytes.ts';

/** Everything that replicas must agree on, in a form that compares: what one tree holds and another does not shows by path. */
export function stateOf(tree: DataTree): Record<string, unknown> {
  const { store } = tree;
  const nodes: Record<string, string> = {};
  const persisted = Buffer.alloc(60);
  const shown = Buffer.alloc(68);
  const pending = [tree.findPath('/')];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    store.copyStatPersisted(node, viewOf(persisted), 0);
    store.copyStat(node, viewOf(shown), 0);
    const data = store.data(node);
    const acl = tree.acls.get(store.aclId(node)).map(({ perms, id }) => `${perms} ${id.scheme}:${id.id}`);
    nodes[store.path(node)] = [
      data === null ? 'null' : data.toString('hex'),
      acl.join(','),
      persisted.toString('hex'),
      shown.toString('hex'),
    ].join(' | ');
    for (let child = store.firstChildOf(node); child !== NO_NODE; child = store.nextSiblingOf(child))
      pending.push(child);
  }
  const sorted = (paths: Iterable<string>): string[] => [...paths].sort();
  return {
    nodes,
    zxid: tree.lastProcessedZxid,
    digest: tree.digest.toBigInt(),
    count: store.count,
    dataBytes: store.approximateDataBytes,
    sessions: [...tree.sessions].map(([id, timeoutMs]) => `${id} ${timeoutMs}`).sort(),
    ephemerals: [...tree.owners.ephemerals].map(([id, paths]) => `${id} ${sorted(paths).join(' ')}`).sort(),
    containers: sorted(tree.owners.containers),
    ttlNodes: sorted(tree.owners.ttlNodes),
    quotas: sorted(tree.quotas.paths),
  };
}

/** How often each list is in use by nodes, beside what the table counts: they must agree, or lists are lost or kept for ever. */
export function aclUsage(tree: DataTree): { used: number; listed: number } {
  const { store } = tree;
  const ids = new Set<number>();
  const pending = [tree.findPath('/')];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const id = store.aclId(node);
    if (id !== -1) ids.add(id);
    for (let child = store.firstChildOf(node); child !== NO_NODE; child = store.nextSiblingOf(child))
      pending.push(child);
  }
  return { used: ids.size, listed: [...tree.acls.entries()].length };
}
