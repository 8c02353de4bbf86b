import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { openAcl, stat, utf8 } from './values.ts';

/** What a recorded step must decode to. `err` stands for a reply that is an error. Times and session ids are left out. */
export interface Expected {
  readonly request: unknown;
  readonly reply?: unknown;
  readonly err?: number;
}

const data = utf8('data');
const create = (path: string, bytes: Buffer | null, flags = 0, acl = openAcl) => ({
  path,
  data: bytes,
  acl,
  flags,
});
const readAcl = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const twoAcls = [
  { perms: 31, id: { scheme: 'world', id: 'anyone' } },
  { perms: 1, id: { scheme: 'ip', id: '10.0.0.0/8' } },
];
const statOfA = stat(2, { dataLength: 4, numChildren: 1, cversion: 1, pzxid: 8 });
const statOfW = stat(28, { dataLength: 1 });
const statOfM = stat(32, { dataLength: 1 });

const creates: Record<string, Expected> = {
  create: { request: create('/a', data), reply: { path: '/a' } },
  'create-null-data': { request: create('/null', null), reply: { path: '/null' } },
  'create-empty-data': { request: create('/empty', utf8('')), reply: { path: '/empty' } },
  'create-unicode': { request: create('/ä中', utf8('ä')), reply: { path: '/ä中' } },
  'create-ephemeral': { request: create('/e', utf8('e'), 1), reply: { path: '/e' } },
  'create-sequential': { request: create('/s-', utf8('s'), 2, readAcl), reply: { path: '/s-0000000005' } },
  'create-ephemeral-sequential': {
    request: create('/a/es-', utf8('es'), 3),
    reply: { path: '/a/es-0000000000' },
  },
  create2: { request: create('/a2', data), reply: { path: '/a2', stat: stat(9, { dataLength: 4 }) } },
  'create2-ephemeral': {
    request: create('/e2', data, 1),
    reply: { path: '/e2', stat: { czxid: 10, dataLength: 4, numChildren: 0, pzxid: 10 } },
  },
  createContainer: {
    request: create('/c', utf8('c'), 4),
    reply: { path: '/c', stat: stat(11, { dataLength: 1 }) },
  },
  createTTL: {
    request: { ...create('/t', utf8('t'), 5), ttl: 1_099_511_627_775 },
    reply: { path: '/t', stat: stat(12, { dataLength: 1 }) },
  },
  'createTTL-sequential': {
    request: { ...create('/t-', utf8('t'), 6), ttl: 600_000 },
    reply: { path: '/t-0000000010', stat: stat(13, { dataLength: 1 }) },
  },
  'create-exists': { request: create('/a', data), err: ErrorCode.NodeExists },
  'create-no-parent': { request: create('/none/a', data), err: ErrorCode.NoNode },
  'create-below-ephemeral': { request: create('/e/a', data), err: ErrorCode.NoChildrenForEphemerals },
  'create-invalid-acl': {
    request: create('/acl', data, 0, [{ perms: 31, id: { scheme: 'nonsense', id: 'x' } }]),
    err: ErrorCode.InvalidACL,
  },
  'create-protected': {
    request: create('/locked', data, 0, [
      { perms: 16, id: { scheme: 'digest', id: 'u:WmhlNCNhRQ4Yk7Zl4xSuXtkV5rk=' } },
    ]),
    reply: { path: '/locked' },
  },
};

const reads: Record<string, Expected> = {
  exists: { request: { path: '/a', watch: false }, reply: { stat: statOfA } },
  'exists-no-node': { request: { path: '/none', watch: false }, err: ErrorCode.NoNode },
  getData: { request: { path: '/a', watch: false }, reply: { data, stat: statOfA } },
  'getData-null': { request: { path: '/null', watch: false }, reply: { data: null, stat: stat(3) } },
  'getData-empty': { request: { path: '/empty', watch: false }, reply: { data: utf8(''), stat: stat(4) } },
  'getData-no-node': { request: { path: '/none', watch: false }, err: ErrorCode.NoNode },
  'getData-no-auth': { request: { path: '/locked', watch: false }, err: ErrorCode.NoAuth },
  getACL: {
    request: { path: '/s-0000000005' },
    reply: { acl: readAcl, stat: stat(7, { dataLength: 1 }) },
  },
  'getACL-no-auth': { request: { path: '/locked' }, err: ErrorCode.NoAuth },
  getChildren2: {
    request: { path: '/a', watch: false },
    reply: { children: ['es-0000000000'], stat: statOfA },
  },
  'getChildren2-none': { request: { path: '/null', watch: false }, reply: { children: [], stat: stat(3) } },
  getChildren: { request: { path: '/a', watch: false }, reply: { children: ['es-0000000000'] } },
  getEphemerals: {
    request: { path: '/e' },
    reply: { children: expectSet(['/e', '/e2']) },
  },
  'getEphemerals-all': {
    request: { path: '/' },
    reply: { children: expectSet(['/e', '/e2', '/a/es-0000000000']) },
  },
  getAllChildrenNumber: { request: { path: '/a' }, reply: { totalNumber: 1 } },
  sync: { request: { path: '/a' }, reply: { path: '/a' } },
};

const changes: Record<string, Expected> = {
  setData: {
    request: { path: '/a', data: utf8('more data'), version: 0 },
    reply: { stat: { ...statOfA, mzxid: 19, version: 1, dataLength: 9 } },
  },
  'setData-null': {
    request: { path: '/a', data: null, version: -1 },
    reply: { stat: { ...statOfA, mzxid: 20, version: 2, dataLength: 0 } },
  },
  'setData-bad-version': {
    request: { path: '/a', data: utf8('x'), version: 7 },
    err: ErrorCode.BadVersion,
  },
  setACL: {
    request: { path: '/a2', acl: twoAcls, version: 0 },
    reply: { stat: stat(9, { aversion: 1, dataLength: 4 }) },
  },
  'setACL-bad-version': { request: { path: '/a2', acl: openAcl, version: 0 }, err: ErrorCode.BadVersion },
  'delete-not-empty': { request: { path: '/a', version: -1 }, err: ErrorCode.NotEmpty },
  'delete-bad-version': { request: { path: '/empty', version: 3 }, err: ErrorCode.BadVersion },
  delete: { request: { path: '/empty', version: 0 }, reply: null },
  'delete-bad-arguments': { request: { path: '/zookeeper', version: -1 }, err: ErrorCode.BadArguments },
};

const watches: Record<string, Expected> = {
  'exists-watch': { request: { path: '/w', watch: true }, err: ErrorCode.NoNode },
  'event-created': { request: create('/w', utf8('w')), reply: { path: '/w' } },
  'getData-watch': { request: { path: '/w', watch: true }, reply: { data: utf8('w'), stat: statOfW } },
  'event-data-changed': {
    request: { path: '/w', data: utf8('v'), version: -1 },
    reply: { stat: { ...statOfW, mzxid: 29, version: 1 } },
  },
  'getChildren-watch': { request: { path: '/w', watch: true }, reply: { children: [] } },
  'event-children-changed': { request: create('/w/c', utf8('w')), reply: { path: '/w/c' } },
  'addWatch-persistent': { request: { path: '/w', mode: 0 }, reply: { err: 0 } },
  'addWatch-recursive': { request: { path: '/r', mode: 1 }, reply: { err: 0 } },
  'event-deleted': { request: { path: '/w/c', version: -1 }, reply: null },
  removeWatches: { request: { path: '/w', type: 3 }, reply: null },
  'removeWatches-none': { request: { path: '/r', type: 1 }, reply: null },
  'two-watchers': {
    request: { path: '/w', watch: true },
    reply: { data: utf8('v'), stat: { czxid: 28, cversion: 2, pzxid: 31 } },
  },
  checkWatches: { request: { path: '/w', type: 2 }, reply: null },
  'before-cut': { request: { path: '/later', watch: true }, err: ErrorCode.NoNode },
  'drop-recursive': { request: { path: '/r', type: 3 }, reply: null },
};

const transactions: Record<string, Expected> = {
  multi: {
    request: [
      { type: OpCode.create, body: create('/m', utf8('m')) },
      { type: OpCode.createContainer, body: create('/m/c', utf8('c'), 4) },
      { type: OpCode.createTTL, body: { ...create('/m/t', utf8('t'), 5), ttl: 5_000_000 } },
      { type: OpCode.check, body: { path: '/m', version: 0 } },
      { type: OpCode.setData, body: { path: '/m', data: utf8('n'), version: 0 } },
      { type: OpCode.delete, body: { path: '/m/c', version: -1 } },
    ],
    reply: [
      { type: OpCode.create, body: { path: '/m' } },
      { type: OpCode.create2, body: { path: '/m/c', stat: statOfM } },
      { type: OpCode.create2, body: { path: '/m/t', stat: statOfM } },
      { type: OpCode.check, body: null },
      { type: OpCode.setData, body: { stat: { czxid: 32, version: 1, dataLength: 1 } } },
      { type: OpCode.delete, body: null },
    ],
  },
  'multi-failed': {
    request: [
      { type: OpCode.setData, body: { path: '/m', data: utf8('o'), version: -1 } },
      { type: OpCode.check, body: { path: '/m', version: 9 } },
      { type: OpCode.delete, body: { path: '/m', version: -1 } },
    ],
    reply: [
      { type: OpCode.error, body: { err: ErrorCode.Ok } },
      { type: OpCode.error, body: { err: ErrorCode.BadVersion } },
      { type: OpCode.error, body: { err: ErrorCode.RuntimeInconsistency } },
    ],
  },
  multiRead: {
    request: [
      { type: OpCode.getData, body: { path: '/m', watch: false } },
      { type: OpCode.getChildren, body: { path: '/m', watch: false } },
      { type: OpCode.getData, body: { path: '/none', watch: false } },
    ],
    reply: [
      { type: OpCode.getData, body: { data: utf8('n'), stat: { czxid: 32, version: 1, numChildren: 1 } } },
      { type: OpCode.getChildren, body: { children: ['t'] } },
      { type: OpCode.error, body: { err: ErrorCode.NoNode } },
    ],
  },
};

const others: Record<string, Expected> = {
  auth: { request: { type: 0, scheme: 'digest', auth: utf8('u:secret') }, reply: null },
  'auth-failed': {
    request: { type: 0, scheme: 'nonsense', auth: utf8('x') },
    err: ErrorCode.AuthFailed,
  },
  whoAmI: {
    request: null,
    reply: {
      clientInfo: [
        { authScheme: 'digest', user: 'u' },
        { authScheme: 'ip', user: '127.0.0.1' },
      ],
    },
  },
  reconfig: {
    request: {
      joiningServers: 'server.9=localhost:2889:3889;2182',
      leavingServers: null,
      newMembers: null,
      curConfigId: -1,
    },
    err: ErrorCode.ReconfigDisabled,
  },
  getConfig: {
    request: { path: '/zookeeper/config', watch: false },
    reply: { data: utf8(''), stat: stat(0, { aversion: -1 }) },
  },
  ping: { request: null, reply: null },
  close: { request: null, reply: null },
  'old-client': { request: null, reply: null },
};

/** By the label of the step; `setWatches` and `setWatches2`, which hold several exchanges, have tests of their own. */
export const expectedByLabel: Readonly<Record<string, Expected>> = {
  ...creates,
  ...reads,
  ...changes,
  ...watches,
  ...transactions,
  ...others,
};

/** A list whose order nobody promises. */
function expectSet(names: string[]): { readonly unordered: string[] } {
  return { unordered: names };
}
