import { serverError } from '../../client/errors.ts';
import { ErrorCode } from '../../wire/errors.ts';
import type { Command } from './command.ts';
import { byCodePoint, formatAcl, formatData, formatIdentities, formatList, formatStat } from './format.ts';
import { printSubtree } from './subtree.ts';
import { UsageError } from './usage-error.ts';

const ls: Command = {
  name: 'ls',
  usage: 'ls [-s] [-w] [-R] path',
  summary: 'children of a node; -s with its stat, -R the whole subtree, -w watch for a change',
  flags: 'swR',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal, print, watch }, { flags, positional: [path = ''] }) {
    if (flags.has('R')) {
      if (flags.has('s') || flags.has('w')) throw new UsageError('-R goes with neither -s nor -w', ls.usage);
      await printSubtree(client, path, signal, print);
      return;
    }
    const options = flags.has('w') ? { signal, watch: watch() } : { signal };
    const { children, stat } = await client.childrenAndStat(path, options);
    print(formatList(children));
    if (flags.has('s')) formatStat(stat).forEach(print);
  },
};

const get: Command = {
  name: 'get',
  usage: 'get [-s] [-w] path',
  summary: 'data of a node; -s with its stat, -w watch for a change',
  flags: 'sw',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal, print, watch }, { flags, positional: [path = ''] }) {
    const options = flags.has('w') ? { signal, watch: watch() } : { signal };
    const { data, stat } = await client.get(path, options);
    print(formatData(data));
    if (flags.has('s')) formatStat(stat).forEach(print);
  },
};

const stat: Command = {
  name: 'stat',
  usage: 'stat [-w] path',
  summary: 'stat of a node; -w watch for a change, or for its creation',
  flags: 'w',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal, print, watch }, { flags, positional: [path = ''] }) {
    const options = flags.has('w') ? { signal, watch: watch() } : { signal };
    const found = await client.exists(path, options);
    if (found === null) throw serverError(ErrorCode.NoNode, { operation: 'stat', path });
    formatStat(found).forEach(print);
  },
};

const getAcl: Command = {
  name: 'getAcl',
  usage: 'getAcl [-s] path',
  summary: 'ACL of a node; -s with its stat',
  flags: 's',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal, print }, { flags, positional: [path = ''] }) {
    const found = await client.getAcl(path, { signal });
    formatAcl(found.acl).forEach(print);
    if (flags.has('s')) formatStat(found.stat).forEach(print);
  },
};

const getEphemerals: Command = {
  name: 'getEphemerals',
  usage: 'getEphemerals [path]',
  summary: 'ephemeral nodes of this session, below the path',
  positional: [0, 1],
  takesPath: true,
  async run({ client, signal, print }, { positional: [path = '/'] }) {
    print(formatList((await client.getEphemerals(path, { signal })).sort(byCodePoint)));
  },
};

const getAllChildrenNumber: Command = {
  name: 'getAllChildrenNumber',
  usage: 'getAllChildrenNumber path',
  summary: 'how many nodes are below a node, on all levels',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal, print }, { positional: [path = ''] }) {
    print(String(await client.getAllChildrenNumber(path, { signal })));
  },
};

const whoami: Command = {
  name: 'whoami',
  usage: 'whoami',
  summary: 'identities of this connection, as ACLs see them',
  positional: [0, 0],
  takesPath: false,
  async run({ client, signal, print }) {
    formatIdentities(await client.whoAmI({ signal })).forEach(print);
  },
};

export const readCommands: readonly Command[] = [
  ls,
  get,
  stat,
  getAcl,
  getEphemerals,
  getAllChildrenNumber,
  whoami,
];
