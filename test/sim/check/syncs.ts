import { describe, type History, type Operation } from '../../history/history.ts';

const epochOf = (zxid: number): number => Math.floor(zxid / 0x1_0000_0000);

/**
 * A sync shows everything that the leader had acknowledged to anybody before it was asked for. The leader, that is, of the same epoch:
 * one that has lost its quorum answers syncs until it knows, as Apache ZooKeeper's does.
 */
export function checkSyncs({ operations }: History): string[] {
  const answered = operations
    .filter(({ outcome }) => 'zxid' in outcome)
    .sort((a, b) => a.answeredMs - b.answeredMs);
  const syncs = operations
    .filter(({ action, outcome }) => action.type === 'sync' && outcome.kind === 'ok')
    .sort((a, b) => a.invokedMs - b.invokedMs);
  const found: string[] = [];
  /** By epoch: what was answered with the highest zxid. */
  const latest = new Map<number, { readonly operation: Operation; readonly zxid: number }>();
  let next = 0;
  for (const sync of syncs) {
    for (; next < answered.length && answered[next]!.answeredMs < sync.invokedMs; next++) {
      const operation = answered[next]!;
      if (!('zxid' in operation.outcome)) continue;
      const { zxid } = operation.outcome;
      const epoch = epochOf(zxid);
      if (zxid > (latest.get(epoch)?.zxid ?? -1)) latest.set(epoch, { operation, zxid });
    }
    if (!('zxid' in sync.outcome)) continue;
    const before = latest.get(epochOf(sync.outcome.zxid));
    if (before === undefined || sync.outcome.zxid >= before.zxid) continue;
    found.push(`${describe(sync)} does not show what was there before it, of ${describe(before.operation)}`);
  }
  return found;
}
