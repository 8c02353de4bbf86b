import { OpCode } from '../../wire/opcodes.ts';
import { CONFIG_NODE } from '../tree/special-nodes.ts';
import type { DataTree } from '../tree/tree.ts';
import type { KnownConfiguration } from './known-configuration.ts';

/**
 * Writes what this server knows of its ensemble to `/zookeeper/config`, where clients look for it. No transaction does that, as in
 * Apache ZooKeeper: each server has it from its own file, and the node counts in no digest. Its times stay 0, so that it is the
 * same everywhere.
 */
export function writeConfigurationNode(tree: DataTree, { text, version }: KnownConfiguration): void {
  const node = tree.findPath(CONFIG_NODE);
  if (tree.store.data(node)?.equals(text)) return;
  // The version is that of a transaction that the tree may not hold yet.
  const zxid = Math.min(version, tree.lastProcessedZxid);
  const body = { path: CONFIG_NODE, data: text, version: -1 };
  tree.apply({
    header: { clientId: 0n, cxid: 0, zxid, time: 0, type: OpCode.setData },
    txn: { type: OpCode.setData, body },
    digest: null,
  });
}
