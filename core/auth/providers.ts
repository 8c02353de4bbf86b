import type { Acl, Id } from '../../wire/data.ts';
import type { ServerConfig } from '../config.ts';
import { isValidIpId, matchesIpId } from './ip.ts';

/** base64 of the SHA-1 of some text; the one hash that authentication needs, supplied by the edge. */
export type Sha1Base64 = (text: string) => string;

export type AuthOutcome = { readonly ok: true; readonly ids: readonly Id[] } | { readonly ok: false };

const failed: AuthOutcome = { ok: false };

/**
 * The authentication schemes of a server: `world` and `ip` always, `digest` unless switched off. `super` is no scheme to
 * authenticate with, but what a digest login of the super user earns besides.
 */
export class AuthProviders {
  readonly #digestEnabled: boolean;
  readonly #superDigest: string | null;
  readonly #sha1Base64: Sha1Base64;

  constructor(config: Pick<ServerConfig, 'digestAuthEnabled' | 'superDigest'>, sha1Base64: Sha1Base64) {
    this.#digestEnabled = config.digestAuthEnabled;
    this.#superDigest = config.superDigest;
    this.#sha1Base64 = sha1Base64;
  }

  /** What an auth packet earns a connection. The ip scheme ignores what the client says: its address is known already. */
  authenticate(scheme: string | null, auth: Uint8Array | null, address: string): AuthOutcome {
    if (scheme === 'ip') return { ok: true, ids: [{ scheme: 'ip', id: address }] };
    if (scheme !== 'digest' || !this.#digestEnabled) return failed;
    if (auth === null) return failed;
    const text = Buffer.from(auth).toString('utf8');
    // ZooKeeper hashes whatever it is given; text without a colon is its own user name.
    const user = text.split(':', 1)[0] ?? '';
    const id = `${user}:${this.#sha1Base64(text)}`;
    const ids: Id[] = [{ scheme: 'digest', id }];
    if (this.#superDigest !== null && id === this.#superDigest) ids.unshift({ scheme: 'super', id: '' });
    return { ok: true, ids };
  }

  /** Whether an ACL may name this id; `world:anyone` and `auth` are judged elsewhere. */
  isValid(id: Id): boolean {
    if (id.id === null) return false;
    if (id.scheme === 'ip') return isValidIpId(id.id);
    if (id.scheme === 'digest' && this.#digestEnabled) return id.id.split(':').length === 2;
    return false;
  }

  /** Whether an identity of this scheme proves who the client is, so that `auth:` may expand to it. */
  isAuthenticated(scheme: string | null): boolean {
    return scheme === 'digest' && this.#digestEnabled;
  }

  matches(held: Id, wanted: Id): boolean {
    if (held.scheme !== wanted.scheme) return false;
    if (held.scheme === 'ip') return matchesIpId(held.id ?? '', wanted.id ?? '');
    return held.id === wanted.id && this.isAuthenticated(held.scheme);
  }

  /** The user as whoAmI shows it: a digest's hash is no one's business. */
  userName(id: Id): string | null {
    return id.scheme === 'digest' ? (id.id?.split(':', 1)[0] ?? null) : id.id;
  }

  /** Whether one of these identities is granted one of these permissions. The super user is granted everything. */
  permits(acl: readonly Acl[], perms: number, ids: readonly Id[]): boolean {
    for (const id of ids) if (id.scheme === 'super') return true;
    for (const entry of acl) {
      if ((entry.perms & perms) === 0) continue;
      if (entry.id.scheme === 'world' && entry.id.id === 'anyone') return true;
      for (const held of ids) if (this.matches(held, entry.id)) return true;
    }
    return false;
  }
}
