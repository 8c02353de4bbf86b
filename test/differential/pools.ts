import type { Acl } from '../../wire/data.ts';
import type { Rng } from '../kit/seed.ts';

/** Ordinary places, few enough that operations meet. */
export const places = [
  '/a',
  '/b',
  '/c',
  '/a/x',
  '/a/y',
  '/a/s-',
  '/b/x',
  '/b/s-',
  '/b/x/1',
  '/b/x/1/2',
  '/c/e',
  '/c/e/f',
  '/ä',
  '/with space',
  '/a/中文',
  '/missing/parent',
] as const;

/** Below here nodes have any ACL, and nobody watches: what a watcher may see depends on the ACL since 3.9.2. */
export const guardedRoot = '/acl';
export const guardedPlaces = ['/acl', '/acl/1', '/acl/2', '/acl/s-', '/acl/1/x', '/acl/2/y'] as const;

/** Paths that are wrong, special, or at an edge. */
export const oddPaths = [
  '',
  '/',
  'nolead',
  '/a/',
  '//',
  '/a//b',
  '//a',
  '/.',
  '/..',
  '/a/.',
  '/a/..',
  '/a/./b',
  '/a/../b',
  '/a\u0000b',
  '/a\u0007',
  '/a/\u007f',
  '/\ue000',
  '/\ufffd',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
  '/zookeeper/nothing',
  `/${'long'.repeat(300)}`,
] as const;

export const isGuarded = (path: string): boolean =>
  path === guardedRoot || path.startsWith(`${guardedRoot}/`);

export const open: Acl = { perms: 31, id: { scheme: 'world', id: 'anyone' } };

/** `user:password` pairs that sessions authenticate with, and their digests as ACLs name them. */
export const users = {
  alice: { auth: 'alice:pw', id: 'alice:V55/p2T0OpjQ+low3NVAH4aLvm0=' },
  bob: { auth: 'bob:pw', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' },
} as const;

/** ACL entries that servers accept. */
export const goodAcls: readonly Acl[] = [
  open,
  { perms: 1, id: { scheme: 'world', id: 'anyone' } },
  { perms: 0, id: { scheme: 'world', id: 'anyone' } },
  { perms: 5, id: { scheme: 'world', id: 'anyone' } },
  { perms: 27, id: { scheme: 'world', id: 'anyone' } },
  { perms: 255, id: { scheme: 'world', id: 'anyone' } },
  { perms: 31, id: { scheme: 'digest', id: users.alice.id } },
  { perms: 15, id: { scheme: 'digest', id: users.alice.id } },
  { perms: 16, id: { scheme: 'digest', id: users.bob.id } },
  { perms: 3, id: { scheme: 'digest', id: users.bob.id } },
  { perms: 31, id: { scheme: 'auth', id: '' } },
  { perms: 7, id: { scheme: 'auth', id: 'whatever' } },
  { perms: 31, id: { scheme: 'ip', id: '127.0.0.1' } },
  { perms: 9, id: { scheme: 'ip', id: '127.0.0.0/8' } },
  { perms: 31, id: { scheme: 'ip', id: '10.0.0.0/8' } },
  { perms: 31, id: { scheme: 'ip', id: '127.0.0.1/32' } },
  { perms: 31, id: { scheme: 'ip', id: '0.0.0.0/0' } },
];

/** ACL entries that make the list invalid. */
export const badAcls: readonly Acl[] = [
  { perms: 31, id: { scheme: 'world', id: 'someone' } },
  { perms: 31, id: { scheme: 'digest', id: 'nocolon' } },
  { perms: 31, id: { scheme: 'digest', id: 'a:b:c' } },
  { perms: 31, id: { scheme: 'digest', id: '' } },
  { perms: 31, id: { scheme: 'ip', id: '300.1.1.1' } },
  { perms: 31, id: { scheme: 'ip', id: '10.0.0.0/33' } },
  { perms: 31, id: { scheme: 'ip', id: '10.0.0.0/x' } },
  { perms: 31, id: { scheme: 'ip', id: '10.0.0' } },
  { perms: 31, id: { scheme: 'nonsense', id: 'x' } },
  { perms: 31, id: { scheme: 'super', id: 'x:y' } },
  { perms: 31, id: { scheme: '', id: 'x' } },
];

export function guardedAcl(rng: Rng): Acl[] | null {
  const roll = rng.below(100);
  if (roll < 2) return null;
  if (roll < 4) return [];
  const acl = Array.from({ length: rng.between(1, 3) }, () => rng.pick(goodAcls));
  if (roll < 12) acl.splice(rng.below(acl.length + 1), 0, rng.pick(badAcls));
  return acl;
}

/** An ACL that leaves a node open to all, if the server takes it. */
export function openAcl(rng: Rng): Acl[] | null {
  const roll = rng.below(100);
  if (roll < 1) return null;
  if (roll < 2) return [];
  if (roll < 4) return [open, rng.pick(badAcls)];
  if (roll < 8) return [open, open];
  return [open];
}

export function someData(rng: Rng): Buffer | null {
  const roll = rng.below(100);
  if (roll < 8) return null;
  if (roll < 16) return Buffer.alloc(0);
  if (roll < 17) return Buffer.alloc(rng.between(10_000, 200_000), rng.below(256));
  return Buffer.from(`data ${rng.below(1000)}`);
}
