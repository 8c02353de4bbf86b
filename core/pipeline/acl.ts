import type { Acl, Id } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import type { AuthProviders } from '../auth/providers.ts';
import { Refusal } from './refusal.ts';

function isOpen(acl: readonly Acl[]): boolean {
  const first = acl[0];
  return first !== undefined && acl.length === 1 && first.id.scheme === 'world' && first.id.id === 'anyone';
}

/**
 * The ACL as it will be stored: duplicates dropped, `auth` expanded to the identities that the client has proven
 * (PrepRequestProcessor.fixupACL). Refuses a list that is empty, or names an unknown scheme or an impossible id.
 */
export function fixupAcl(
  path: string,
  acl: readonly Acl[] | null,
  ids: readonly Id[],
  auth: AuthProviders,
): Acl[] {
  if (acl === null || acl.length === 0) throw new Refusal(ErrorCode.InvalidACL, `${path}: the list is empty`);
  if (isOpen(acl)) return acl as Acl[];
  const fixed: Acl[] = [];
  const seen = new Set<string>();
  for (const entry of acl) {
    const key = `${entry.perms}\n${entry.id.scheme}\n${entry.id.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    fixed.push(...expand(path, entry, ids, auth));
  }
  return fixed;
}

function expand(path: string, entry: Acl, ids: readonly Id[], auth: AuthProviders): Acl[] {
  const { id } = entry;
  if (id.scheme === 'world' && id.id === 'anyone') return [entry];
  if (id.scheme === 'auth') {
    const proven = ids.filter((held) => auth.isAuthenticated(held.scheme));
    if (proven.length === 0) {
      throw new Refusal(ErrorCode.InvalidACL, `${path}: auth is named, but the client has not authenticated`);
    }
    return proven.map((held) => ({ perms: entry.perms, id: held }));
  }
  if (!auth.isValid(id))
    throw new Refusal(ErrorCode.InvalidACL, `${path}: ${id.scheme}:${id.id} is not a valid id`);
  return [entry];
}

/** Without ADMIN, a client may see who has rights but not the hashes of their passwords. */
export function maskDigests(acl: readonly Acl[]): Acl[] {
  return acl.map(({ perms, id }) =>
    id.scheme === 'digest'
      ? { perms, id: { scheme: id.scheme, id: id.id?.replace(/:.*/s, ':x') ?? null } }
      : { perms, id },
  );
}
