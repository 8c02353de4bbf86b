import type { CreateModeName } from '../../wire/create-mode.ts';
import { parseAcl } from './acl.ts';
import type { Command } from './command.ts';
import { formatStat } from './format.ts';
import { integerOption, type Options } from './options.ts';
import { UsageError } from './usage-error.ts';

const create: Command = {
  name: 'create',
  usage: 'create [-s] [-e] [-c] [-t ttl] path [data] [acl]',
  summary:
    'a node; -e ephemeral, -s with a sequence number, -c a container, -t removed ttl ms after its last use',
  flags: 'sec',
  values: 't',
  positional: [1, 3],
  takesPath: true,
  async run({ client, signal, print }, options) {
    const [path = '', data, acl] = options.positional;
    const ttlMs = integerOption(options, 't', 1, create.usage);
    const created = await client.create(path, data ?? null, {
      signal,
      mode: modeOf(options, ttlMs),
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(acl === undefined ? {} : { acl: parseAcl(acl) }),
    });
    print(`Created ${created.path}`);
  },
};

function modeOf({ flags }: Options, ttlMs: number | undefined): CreateModeName {
  const sequential = flags.has('s');
  if (flags.has('c')) {
    if (flags.size > 1 || ttlMs !== undefined) {
      throw new UsageError(
        '-c goes with none of -e, -s and -t: a container is always persistent',
        create.usage,
      );
    }
    return 'container';
  }
  if (flags.has('e')) {
    if (ttlMs !== undefined) {
      throw new UsageError(
        '-e does not go with -t: an ephemeral node lives as long as its session',
        create.usage,
      );
    }
    return sequential ? 'ephemeral-sequential' : 'ephemeral';
  }
  if (ttlMs !== undefined) return sequential ? 'persistent-sequential-with-ttl' : 'persistent-with-ttl';
  return sequential ? 'persistent-sequential' : 'persistent';
}

const set: Command = {
  name: 'set',
  usage: 'set [-s] [-v version] path data',
  summary: 'data of a node; -v only if it has this version, -s print its stat',
  flags: 's',
  values: 'v',
  positional: [2, 2],
  takesPath: true,
  async run({ client, signal, print }, options) {
    const [path = '', data = ''] = options.positional;
    const version = integerOption(options, 'v', -1, set.usage);
    const stat = await client.set(path, data, { signal, version });
    if (options.flags.has('s')) formatStat(stat).forEach(print);
  },
};

const deleteNode: Command = {
  name: 'delete',
  usage: 'delete [-v version] path',
  summary: 'a node without children; -v only if it has this version',
  values: 'v',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal }, options) {
    const version = integerOption(options, 'v', -1, deleteNode.usage);
    await client.delete(options.positional[0] ?? '', { signal, version });
  },
};

const deleteAll: Command = {
  name: 'deleteall',
  usage: 'deleteall path',
  summary: 'a node and all below it',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal }, { positional: [path = ''] }) {
    await client.deleteRecursive(path, { signal });
  },
};

const setAcl: Command = {
  name: 'setAcl',
  usage: 'setAcl [-s] [-v version] path acl',
  summary: 'ACL of a node, as scheme:id:cdrwa,…; -v only if it has this aclVersion',
  flags: 's',
  values: 'v',
  positional: [2, 2],
  takesPath: true,
  async run({ client, signal, print }, options) {
    const [path = '', acl = ''] = options.positional;
    const version = integerOption(options, 'v', -1, setAcl.usage);
    const stat = await client.setAcl(path, parseAcl(acl), { signal, version });
    if (options.flags.has('s')) formatStat(stat).forEach(print);
  },
};

const addAuth: Command = {
  name: 'addauth',
  usage: 'addauth scheme auth',
  summary: 'an identity for this connection, for example: addauth digest user:password',
  positional: [2, 2],
  takesPath: false,
  async run({ client, signal }, { positional: [scheme = '', auth = ''] }) {
    await client.addAuth(scheme, auth, { signal });
  },
};

const sync: Command = {
  name: 'sync',
  usage: 'sync path',
  summary: 'wait until the server has all writes that were done before',
  positional: [1, 1],
  takesPath: true,
  async run({ client, signal, print }, { positional: [path = ''] }) {
    await client.sync(path, { signal });
    print('Sync is OK');
  },
};

export const writeCommands: readonly Command[] = [create, set, deleteNode, deleteAll, setAcl, addAuth, sync];
