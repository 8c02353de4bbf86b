import { expect } from 'vitest';
import type { MixedEnsemble } from './mixed-ensemble.ts';
import { eventually } from './processes.ts';
import { listTree } from './tree-listing.ts';

/** Each server writes its own ensemble's configuration there, without a transaction. */
const CONFIG_NODE = '/zookeeper/config';

/**
 * All members that run show the same nodes, count the same, and none has found that it computes otherwise than the leader does
 * (each transaction carries the digest that the leader's tree has after it). Nobody may be writing.
 */
export async function expectAgreement(ensemble: MixedEnsemble): Promise<Map<string, string>> {
  const { running } = ensemble;
  const trees = await Promise.all(
    running.map(async (id) => {
      await using client = await ensemble.client(id);
      await client.auth('digest', 'super:superpw');
      const tree = await listTree(client);
      tree.delete(CONFIG_NODE);
      await client.close();
      return tree;
    }),
  );
  const [first] = trees as [Map<string, string>];
  for (const [index, tree] of trees.entries()) {
    expect(tree, `the nodes of servers ${running[0]} and ${running[index]}`).toEqual(first);
  }
  for (const name of ['znode_count', 'approximate_data_size', 'ephemerals_count', 'global_sessions']) {
    // The last session to be closed may still be on its way to some.
    await eventually(`all have the same ${name}`, async () => {
      const values = await Promise.all(running.map((id) => ensemble.monitored(id, name)));
      return values.every((value) => value !== null && value === values[0]);
    });
  }
  for (const id of running) {
    expect(await ensemble.monitored(id, 'digest_mismatches_count'), `digests of server ${id}`).toBe('0');
  }
  return first;
}
