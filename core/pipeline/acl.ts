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

/** Adds what an auth packet proves to a connection's identities, each once. Returns why not, or null when it has. */
export function addIdentities(
  connection: Connection,
  providers: AuthProviders,
  scheme: string | null,
  auth: Uint8Array | null,
): string | null {
  const outcome = providers.authenticate(scheme, auth, connection.link.remoteIp);
  if (!outcome.ok) return `authentication by ${scheme} failed`;
  const isHeld = ({ scheme, id }: Id): boolean =>
    connection.ids.some((held) => held.scheme === scheme && held.id === id);
  const added = outcome.ids.filter((id) => !isHeld(id));
  if (added.length === 0) return null;
  const ids = [...connection.ids, ...added];
  if (ids.length > IDENTITIES_MAX) return `it would have more than ${IDENTITIES_MAX} identities`;
  if (bytesOf(ids) > IDENTITIES_BYTES_MAX) {
    return `its identities would have more than ${IDENTITIES_BYTES_MAX} bytes`;
  }
  connection.ids = ids;
  return null;
}

function bytesOf(ids: readonly Id[]): number {
  let bytes = 0;
  for (const { scheme, id } of ids) bytes += Buffer.byteLength(scheme ?? '') + Buffer.byteLength(id ?? '');
  return bytes;
}

/**
 * More than anybody has; each check of a permission goes through all of them. Apache ZooKeeper sets no limit, neither of these
 * nor of their bytes.
 */
const IDENTITIES_MAX = 1000;
/** A learner sends them along with every write, in a packet whose size the leader bounds for the sake of all its clients. */
const IDENTITIES_BYTES_MAX = 64 * 1024;
