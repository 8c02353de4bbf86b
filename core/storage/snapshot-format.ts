import type { ByteWriter } from '../../wire/bytes.ts';
import { type Acl, AclVector } from '../../wire/data.ts';
import type { Files } from '../ports.ts';
import { adler32 } from './checksum.ts';
import type { SnapshotSource, ZxidDigest } from './contract.ts';

/** `ZKSN` */
export const SNAPSHOT_MAGIC = 0x5a4b534e;
export const SNAPSHOT_VERSION = 2;
const NO_DATABASE_ID = -1n;
export const SNAPSHOT_HEADER_BYTES = 16;

/** Size of `StatPersisted`. */
export const STAT_PERSISTED_BYTES = 60;

/** Header, sessions and the ACL table: what comes before the nodes. */
export function writeSnapshotHead(writer: ByteWriter, source: SnapshotSource): void {
  writer.writeInt(SNAPSHOT_MAGIC);
  writer.writeInt(SNAPSHOT_VERSION);
  writer.writeLong(NO_DATABASE_ID);
  writeSnapshotBodyHead(writer, source);
}

/** Sessions and the ACL table. */
export function writeSnapshotBodyHead(writer: ByteWriter, source: SnapshotSource): void {
  writeCounted(writer, source.sessions(), ([id, timeoutMs]) => {
    writer.writeLong(id);
    writer.writeInt(timeoutMs);
  });
  writeCounted(writer, source.acls(), ([id, acl]) => {
    writer.writeLongExact(id);
    AclVector.write(writer, acl as Acl[]);
  });
}

function writeCounted<T>(writer: ByteWriter, items: Iterable<T>, write: (item: T) => void): void {
  const countAt = writer.pos;
  writer.writeInt(0);
  let count = 0;
  for (const item of items) {
    write(item);
    count += 1;
  }
  writer.bytes.writeInt32BE(count, countAt);
}

/** One node, as `SnapshotSource.writeNodes` writes it. `statPersisted` is 60 bytes at `statAt`. */
export function writeSnapshotNode(
  writer: ByteWriter,
  path: string,
  data: Uint8Array | null,
  aclId: number,
  statPersisted: Uint8Array,
  statAt = 0,
): void {
  writer.writeString(path);
  writer.writeBuffer(data);
  writer.writeLongExact(aclId);
  writer.writeRaw(statPersisted, statAt, statAt + STAT_PERSISTED_BYTES);
}

/**
 * What comes after the nodes: the end mark and the seal; the digest and another seal if digests are on; since 3.9 the last
 * processed zxid and another seal. Readers of older versions stop after the parts they know. `adler` is the checksum of all
 * that the file holds before the writer's first byte; each seal holds the one of everything before the seal.
 */
export function writeSnapshotEnd(
  writer: ByteWriter,
  adler: number,
  digest: ZxidDigest | null,
  lastProcessedZxid: number | null,
): void {
  let sum = adler;
  let summed = 0;
  const seal = () => {
    sum = adler32(writer.bytes, summed, writer.pos, sum);
    summed = writer.pos;
    writer.writeLongExact(sum);
    writer.writeString('/');
  };
  writer.writeString('/');
  seal();
  if (digest !== null) {
    writer.writeLongExact(digest.zxid);
    writer.writeInt(digest.version);
    writer.writeLong(digest.digest);
    seal();
  }
  if (lastProcessedZxid !== null) {
    writer.writeLongExact(lastProcessedZxid);
    seal();
  }
}

/** A seal is the checksum (8 bytes) and the string "/" (5). */
export const SEAL_BYTES = 13;
const END_BYTES = Buffer.from([0, 0, 0, 1, 0x2f]);
const SNAPSHOT_BYTES_MIN = 10;

/**
 * Whether a file ends as a complete snapshot does: a cheap test that drops what was never finished. It does not prove the
 * snapshot intact; reading it does.
 */
export function endsLikeSnapshot(files: Files, path: string): boolean {
  const file = files.open(path, 'read');
  try {
    const size = file.size();
    if (size < SNAPSHOT_BYTES_MIN) return false;
    const end = Buffer.alloc(END_BYTES.length);
    return file.read(end, size - end.length) === end.length && end.equals(END_BYTES);
  } finally {
    file.close();
  }
}
