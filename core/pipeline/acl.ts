import type { Acl, Id } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import type { AuthProviders } from '../auth/providers.ts';
import { aclEntryKey } from '../tree/acl-table.ts';
import type { Connection } from './connection.ts';
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
    const key = aclEntryKey(entry);
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
    for (const held of proven) requireEncodable(path, held);
    return proven.map((held) => ({ perms: entry.perms, id: held }));
  }
  if (!auth.isValid(id))
    throw new Refusal(ErrorCode.InvalidACL, `${path}: ${id.scheme}:${id.id} is not a valid id`);
  requireEncodable(path, id);
  return [entry];
}

/** A character outside the basic plane can be read but not written (see `ByteWriter.writeString`). */
function requireEncodable(path: string, { id }: Id): void {
  if (id !== null && /[\ud800-\udfff]/.test(id)) {
    throw new Refusal(ErrorCode.InvalidACL, `${path}: the id ${id} holds a character beyond U+FFFF`);
  }
}

/** Without ADMIN, a client may see who has rights but not the hashes of their passwords. */
export function maskDigests(acl: readonly Acl[]): Acl[] {
  return acl.map(({ perms, id }) =>
    id.scheme === 'digest'
      ? { perms, id: { scheme: id.scheme, id: id.id?.replace(/:.*/s, ':x') ?? null } }
      : { perms, id },
  );
}

/** Adds what an auth packet proves to a connection's identities, each once. False if it proves nothing. */
export function addIdentities(
  connection: Connection,
  providers: AuthProviders,
  scheme: string | null,
  auth: Uint8Array | null,
): boolean {
  const outcome = providers.authenticate(scheme, auth, connection.link.remoteIp);
  if (!outcome.ok) return false;
  const isHeld = ({ scheme, id }: Id): boolean =>
    connection.ids.some((held) => held.scheme === scheme && held.id === id);
  const added = outcome.ids.filter((id) => !isHeld(id));
  if (connection.ids.length + added.length > IDENTITIES_MAX) return false;
  if (added.length > 0) connection.ids = [...connection.ids, ...added];
  return true;
}

/** More than anybody has; each check of a permission goes through all of them. */
const IDENTITIES_MAX = 1000;
