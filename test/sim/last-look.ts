import { NO_NODE } from '../../core/tree/node-id.ts';
import type { DataTree } from '../../core/tree/tree.ts';
import { viewOf } from '../../wire/bytes.ts';
import { decode } from '../../wire/codec.ts';
import { Stat } from '../../wire/data.ts';
import type { Seen } from '../history/history.ts';
import { stateOf } from '../kit/tree-state.ts';

const STAT_BYTES = 68;

/** Everything that replicas agree on but for the zxid: that of a leader may stand at the start of its epoch. */
export function comparable(tree: DataTree): string {
  const all = stateOf(tree);
  const nodes = Object.entries(all.nodes as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1));
  const state = { ...all, nodes, zxid: null };
  return JSON.stringify(state, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}

/** The nodes that the history judges. */
export function seenIn(tree: DataTree): Map<string, Seen> {
  const { store } = tree;
  const found = new Map<string, Seen>();
  const pending = [tree.findPath('/')];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const path = store.path(node);
    if (path !== '/' && !path.startsWith('/t/') && !path.startsWith('/zookeeper')) {
      const bytes = Buffer.alloc(STAT_BYTES);
      store.copyStat(node, viewOf(bytes), 0);
      const stat = decode(Stat, bytes);
      found.set(path, {
        path,
        data: Buffer.from(store.data(node) ?? []).toString(),
        version: stat.version,
        czxid: stat.czxid,
        mzxid: stat.mzxid,
        ephemeralOwner: stat.ephemeralOwner,
      });
    }
    for (let child = store.firstChildOf(node); child !== NO_NODE; child = store.nextSiblingOf(child)) {
      pending.push(child);
    }
  }
  return found;
}

/** Where two of these begin to differ, with a little of what is around. */
export function difference(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 80), at + 60);
  return `${around(one)} | ${around(other)}`;
}
