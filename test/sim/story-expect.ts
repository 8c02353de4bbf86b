import { isDeepStrictEqual } from 'node:util';
import type { Files } from '../../core/ports.ts';
import { NO_NODE } from '../../core/tree/node-id.ts';
import type { DataTree } from '../../core/tree/tree.ts';
import { stateOf } from '../kit/tree-state.ts';
import type { SimulatedCluster } from './cluster.ts';

/** Where simulated servers keep everything. */
const DIRECTORY = '/data/version-2';

/** All paths but those that every tree has. */
export function pathsOf(tree: DataTree): string[] {
  const { nodes } = stateOf(tree) as { nodes: Record<string, string> };
  return Object.keys(nodes)
    .filter((path) => path !== '' && path !== '/' && !path.startsWith('/zookeeper'))
    .sort();
}

/** Names of the files of a server, and what those of epochs say. */
export function filesOf(files: Files): string[] {
  return files.list(DIRECTORY).map((name) => {
    if (!name.endsWith('Epoch')) return name;
    const file = files.open(`${DIRECTORY}/${name}`, 'read');
    const bytes = Buffer.alloc(file.size());
    file.read(bytes, 0);
    file.close();
    return `${name}: ${bytes}`;
  });
}

/** Throws where what a story expects is not so: unlike what it shows, that is never recorded anew. */
export function expectSo(cluster: SimulatedCluster, words: readonly string[]): void {
  const [first = '', second = '', ...rest] = words;
  const assert = (isSo: boolean): void => {
    if (!isSo) throw new Error(`expected: ${words.join(' ')}; but there is ${cluster.describe()}`);
  };
  if (first === 'leader') assert(cluster.leader?.id === Number(second));
  else if (first === 'no' && second === 'leader') assert(cluster.leader === undefined);
  else if (first === 'equal') assert(areEqual(cluster));
  else if (/^\d+$/.test(first)) expectOf(cluster, Number(first), [second, ...rest], assert);
  else throw new Error(`nobody knows what to expect by "${words.join(' ')}"`);
}

function expectOf(
  cluster: SimulatedCluster,
  server: number,
  [what, ...paths]: readonly string[],
  assert: (isSo: boolean) => void,
): void {
  const { member, store } = cluster.member(server);
  const has = (path: string): boolean => store.tree.findPath(path) !== NO_NODE;
  if (what === 'has') assert(paths.every(has));
  else if (what === 'lacks') assert(!paths.some(has));
  else assert((member?.mode ?? 'down') === what);
}

/** Servers that are up hold the same, to the last bit of each node's Stat. */
function areEqual({ members }: SimulatedCluster): boolean {
  const [first, ...rest] = members
    .filter(({ isUp }) => isUp)
    .map(({ tree }) => ({ ...stateOf(tree), zxid: 0 }));
  return rest.every((state) => isDeepStrictEqual(state, first));
}
