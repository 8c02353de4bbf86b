import { expect, it } from 'vitest';
import { commands } from '../../../cli/shell/commands.ts';
import { completions } from '../../../cli/shell/complete.ts';

const tree: Record<string, string[]> = { '/': ['zookeeper', 'apps', 'app'], '/apps': ['b', 'a'], '/app': [] };
const complete = (line: string) => completions(line, commands, async (path) => tree[path] ?? []);

it.each<[string, string[], string]>([
  ['del', ['delete ', 'deleteall '], 'del'],
  ['getA', ['getAcl ', 'getAllChildrenNumber '], 'getA'],
  ['nothing', [], 'nothing'],
  ['ls ', ['/app', '/apps', '/zookeeper'], ''],
  ['ls /', ['/app', '/apps', '/zookeeper'], '/'],
  ['ls -R /ap', ['/app', '/apps'], '/ap'],
  ['get /apps/', ['/apps/a', '/apps/b'], '/apps/'],
  ['get /apps/b', ['/apps/b'], '/apps/b'],
  ['get /gone/x', [], '/gone/x'],
  ['get rel', [], 'rel'],
  ['addauth /', [], '/'],
  ['unknown /', [], '/'],
])('%j', async (line, candidates, word) => {
  expect(await complete(line)).toEqual([candidates, word]);
});
