import type { ByteWriter } from '../../wire/bytes.ts';
import type { Acl } from '../../wire/data.ts';
import type { LoggedTxn } from '../../wire/txn.ts';

/** Where a server's history lies on disk. */
export interface HistoryDirectories {
  /** `<dataDir>/version-2` */
  readonly snapshotDirectory: string;
  /** `<dataLogDir>/version-2`; may be the same. */
  readonly logDirectory: string;
}

/** A transaction in its form in the log, which is also its form in a PROPOSAL and in an INFORM. */
export interface LoggedBytes {
  readonly zxid: number;
  /** Never overwritten. It may keep a whole chunk of a file or of a socket in memory, so whoever holds many copies them. */
  readonly bytes: Buffer;
}

/** Digest of the whole tree right after the transaction `zxid`. */
export interface ZxidDigest {
  readonly zxid: number;
  /** 2 in everything since ZooKeeper 3.6; digests of other versions cannot be compared. */
  readonly version: number;
  readonly digest: bigint;
}

/**
 * What a snapshot is taken of: the tree, while it goes on changing. The copy is fuzzy: sessions and ACLs are read at the
 * start, each batch of nodes as it is when its turn comes; replaying the log from `zxid` on makes it exact. So an ACL must be
 * in the table before a node that refers to it is.
 */
export interface SnapshotSource {
  /** Last transaction that is in the tree at the start: it names the file. */
  readonly zxid: number;
  sessions(): Iterable<readonly [id: bigint, timeoutMs: number]>;
  acls(): Iterable<readonly [id: number, acl: readonly Acl[]]>;
  /**
   * Appends nodes in the snapshot's layout (`path`, `data`, ACL id, `StatPersisted`; the root's path is empty), parents before
   * children, until about `bytesGoal` bytes are written. False when there are no more.
   */
  writeNodes(writer: ByteWriter, bytesGoal: number): boolean;
  /** Asked when the nodes are done: digest after the last transaction in the tree; null if digests are off. */
  digest(): ZxidDigest | null;
  /** Called once at the end, whether the snapshot succeeded or not. */
  close(): void;
}

/**
 * What a snapshot's records are handed to. Views are valid during the call: copy what is kept. Order: all `session`s, all
 * `acl`s, all `node`s, `snapshotLoaded`.
 */
export interface SnapshotSink {
  session(id: bigint, timeoutMs: number): void;
  /** -1 never comes here: it stands for world:anyone with all permissions. */
  acl(id: number, acl: Acl[]): void;
  /** `path` is UTF-8, empty for the root. `statPersisted` is 60 bytes. */
  node(path: Buffer, data: Buffer | null, aclId: number, statPersisted: Buffer): void;
  /** The file was read to its end and every checksum matched. */
  snapshotLoaded(zxid: number, digest: ZxidDigest | null): void;
}

/** What recovery fills. */
export interface RecoverySink extends SnapshotSink {
  /** Forget everything: a snapshot proved invalid half way and an older one is tried. */
  reset(): void;
  /** A logged transaction to apply again, in order, each zxid once. `bytes` is its form on disk. */
  txn(logged: LoggedTxn, bytes: Buffer): void;
}
