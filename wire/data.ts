import {
  type Codec,
  type Decoded,
  encode,
  int,
  long,
  longApproximate,
  longExact,
  record,
  text,
  ustring,
  vector,
} from './codec.ts';

export const Id = record('Id', { scheme: ustring, id: ustring });
export type Id = Decoded<typeof Id>;

export const Acl = record('ACL', { perms: int, id: Id });
export type Acl = Decoded<typeof Acl>;

export const Perms = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** world:anyone may do everything: ZooKeeper's OPEN_ACL_UNSAFE. */
export const OPEN_ACL: readonly Acl[] = Object.freeze([
  Object.freeze({ perms: Perms.all, id: Object.freeze({ scheme: 'world', id: 'anyone' }) }),
]);

const plainAclVector = vector(Acl);
const openAclBytes = encode(plainAclVector, [...OPEN_ACL]);

/**
 * A list of ACLs. Nearly every create carries the open one: it is recognized by its bytes and read as one shared, frozen list.
 */
export const AclVector: Codec<Acl[] | null> = {
  bytesMin: plainAclVector.bytesMin,
  read(reader) {
    const end = reader.pos + openAclBytes.length;
    if (end <= reader.end && isOpenAclAt(reader.bytes, reader.pos)) {
      reader.pos = end;
      return OPEN_ACL as Acl[];
    }
    return plainAclVector.read(reader);
  },
  write: plainAclVector.write,
};

function isOpenAclAt(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < openAclBytes.length; i++) if (bytes[at + i] !== openAclBytes[i]) return false;
  return true;
}

/**
 * What clients are shown of a node. Times are milliseconds since 1970 on the server's clock. `cversion` counts creations and
 * deletions of children; `ephemeralOwner` is 0 for container and TTL nodes.
 */
export const Stat = record('Stat', {
  czxid: longExact,
  mzxid: longExact,
  ctime: longApproximate,
  mtime: longApproximate,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: longExact,
});
export type Stat = Decoded<typeof Stat>;

/** Size of a `Stat` on the wire. */
export const STAT_BYTES = 68;

/**
 * What the disk holds of a node. `cversion` counts creations only; `ephemeralOwner` is raw (container and TTL nodes have bit
 * patterns of their own, see `EphemeralKind`).
 */
export const StatPersisted = record('StatPersisted', {
  czxid: longExact,
  mzxid: longExact,
  ctime: longApproximate,
  mtime: longApproximate,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  pzxid: longExact,
});
export type StatPersisted = Decoded<typeof StatPersisted>;

/** Identity of a connection as whoAmI shows it. */
export const ClientInfo = record('ClientInfo', { authScheme: text, user: ustring });
export type ClientInfo = Decoded<typeof ClientInfo>;
