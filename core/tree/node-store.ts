import { viewOf } from '../../wire/bytes.ts';
import { crc32 } from '../storage/checksum.ts';
import { BlobStore } from './blobs.ts';
import { copyWords } from './copy.ts';
import { NO_NODE, type NodeId } from './node-id.ts';
import {
  BLOB,
  DATA_LENGTH,
  FLAG_DATA_NULL,
  FLAG_LIVE,
  FLAGS,
  NodeSlots,
  PATH_BYTES,
  STAT_PERSISTED_BYTES,
} from './node-slots.ts';
import { PathIndex } from './path-index.ts';
import { Utf8Scratch } from './utf8.ts';

export { LongField } from './node-slots.ts';

/**
 * The znodes of a tree, outside the collected heap: a slot of 128 bytes each (`NodeSlots`), and a blob that holds the path and,
 * right behind it, the data. It knows layout and links, nothing of transactions.
 *
 * Invariants: the index finds exactly the live nodes by path; a node's blob is as long as its path and its `DATA_LENGTH`.
 */
export class NodeStore extends NodeSlots {
  readonly #index: PathIndex;
  readonly blobs = new BlobStore();
  /** Where paths are encoded to look them up. */
  readonly scratch = new Utf8Scratch();
  #count = 0;
  #dataBytes = 0;

  constructor(hashSeed: number) {
    super();
    this.#index = new PathIndex(this, hashSeed);
  }

  /** Live nodes. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of paths and data in all nodes (ZooKeeper's approximate data size). */
  get approximateDataBytes(): number {
    return this.#dataBytes;
  }

  // -- Finding ---------------------------------------------------------------------------------------------------------

  /** The node at the path `bytes[start, end)` in UTF-8, or NO_NODE. */
  find(bytes: Uint8Array, start: number, end: number): NodeId {
    return this.#index.find(bytes, start, end);
  }

  findPath(path: string): NodeId {
    const length = this.scratch.encode(path);
    return this.#index.find(this.scratch.bytes, 0, length);
  }

  /** For the index: whether this node has that path. */
  hasPath(id: NodeId, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.int(id, PATH_BYTES) !== end - start) return false;
    const ref = this.uint(id, BLOB);
    const chunk = this.blobs.chunk(ref);
    const offset = this.blobs.offset(ref) - start;
    for (let i = start; i < end; i++) {
      if (chunk[offset + i] !== bytes[i]) return false;
    }
    return true;
  }

  // -- Adding and removing -----------------------------------------------------------------------------------------------

  /** Adds a node that is not there yet, at the path `bytes[0, length)`. All stat fields are zero. Only the root has no parent. */
  insert(bytes: Uint8Array, length: number, parent: NodeId, data: Uint8Array | null): NodeId {
    const id = this.takeSlot();
    this.setInt(id, PATH_BYTES, length);
    this.#writeBlob(id, bytes, length, data);
    this.#index.add(id, bytes, 0, length);
    if (parent !== NO_NODE) this.link(id, parent);
    this.#count++;
    this.#dataBytes += length + (data?.length ?? 0);
    return id;
  }

  /** Removes a node that has no children. */
  remove(id: NodeId): void {
    const parent = this.parentOf(id);
    const ref = this.uint(id, BLOB);
    const at = this.blobs.offset(ref);
    const pathEnd = at + this.int(id, PATH_BYTES);
    this.#index.remove(id, this.blobs.chunk(ref), at, pathEnd);
    if (parent !== NO_NODE) this.unlink(id, parent);
    const size = pathEnd - at + this.int(id, DATA_LENGTH);
    this.blobs.free(ref, size);
    this.#count--;
    this.#dataBytes -= size;
    this.giveSlot(id);
  }

  /** Every node below one, in no order; not that one itself. */
  *below(top: NodeId): Iterable<NodeId> {
    if (top === NO_NODE) return;
    const pending = [top];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (let child = this.firstChildOf(at); child !== NO_NODE; child = this.nextSiblingOf(child)) {
        yield child;
        pending.push(child);
      }
    }
  }

  // -- Path and data -----------------------------------------------------------------------------------------------------

  path(id: NodeId): string {
    const ref = this.uint(id, BLOB);
    const at = this.blobs.offset(ref);
    return this.blobs.chunk(ref).toString('utf8', at, at + this.int(id, PATH_BYTES));
  }

  /** The path's bytes, a view valid until the node changes. */
  pathBytes(id: NodeId): Buffer {
    const ref = this.uint(id, BLOB);
    const at = this.blobs.offset(ref);
    return this.blobs.chunk(ref).subarray(at, at + this.int(id, PATH_BYTES));
  }

  /** Bytes of the path; 0 for the root. */
  pathLength(id: NodeId): number {
    return this.int(id, PATH_BYTES);
  }

  /** Copies the path from its byte `from` on into `target` at `at`. */
  copyPath(id: NodeId, from: number, target: DataView, at: number): void {
    const ref = this.uint(id, BLOB);
    const length = this.int(id, PATH_BYTES) - from;
    copyWords(this.blobs.view(ref), this.blobs.offset(ref) + from, target, at, length);
  }

  /** The data, a view valid until the node changes; null where the node has none. */
  data(id: NodeId): Buffer | null {
    if ((this.int(id, FLAGS) & FLAG_DATA_NULL) !== 0) return null;
    const ref = this.uint(id, BLOB);
    const at = this.blobs.offset(ref) + this.int(id, PATH_BYTES);
    return this.blobs.chunk(ref).subarray(at, at + this.int(id, DATA_LENGTH));
  }

  isDataNull(id: NodeId): boolean {
    return (this.int(id, FLAGS) & FLAG_DATA_NULL) !== 0;
  }

  dataLength(id: NodeId): number {
    return this.int(id, DATA_LENGTH);
  }

  setData(id: NodeId, data: Uint8Array | null): void {
    const before = this.int(id, DATA_LENGTH);
    const pathBytes = this.int(id, PATH_BYTES);
    this.#dataBytes += (data?.length ?? 0) - before;
    const ref = this.uint(id, BLOB);
    if (this.blobs.fits(pathBytes + before, pathBytes + (data?.length ?? 0))) {
      if (data !== null) this.blobs.chunk(ref).set(data, this.blobs.offset(ref) + pathBytes);
      this.#setDataLength(id, data);
      return;
    }
    const path = Buffer.from(this.pathBytes(id));
    this.blobs.free(ref, pathBytes + before);
    this.#writeBlob(id, path, pathBytes, data);
  }

  /** Copies the data into `target` at `at`; returns the number of bytes. */
  copyData(id: NodeId, target: DataView, at: number): number {
    const length = this.int(id, DATA_LENGTH);
    const ref = this.uint(id, BLOB);
    copyWords(this.blobs.view(ref), this.blobs.offset(ref) + this.int(id, PATH_BYTES), target, at, length);
    return length;
  }

  /** Bytes of the node's record in a snapshot. */
  snapshotBytes(id: NodeId): number {
    return 4 + this.int(id, PATH_BYTES) + 4 + this.int(id, DATA_LENGTH) + 8 + STAT_PERSISTED_BYTES;
  }

  /** Copies the node's record in a snapshot (path, data, ACL id, persisted stat) into `target` at `at`; returns the end. */
  copySnapshotRecord(id: NodeId, target: DataView, at: number): number {
    const ref = this.uint(id, BLOB);
    const chunk = this.blobs.view(ref);
    const from = this.blobs.offset(ref);
    const pathBytes = this.int(id, PATH_BYTES);
    const dataLength = this.int(id, DATA_LENGTH);
    const aclId = this.aclId(id);
    target.setInt32(at, pathBytes);
    copyWords(chunk, from, target, at + 4, pathBytes);
    let to = at + 4 + pathBytes;
    target.setInt32(to, this.isDataNull(id) ? -1 : dataLength);
    copyWords(chunk, from + pathBytes, target, to + 4, dataLength);
    to += 4 + dataLength;
    target.setInt32(to, aclId < 0 ? -1 : 0);
    target.setInt32(to + 4, aclId);
    this.copyStatPersisted(id, target, to + 8);
    return to + 8 + STAT_PERSISTED_BYTES;
  }

  /**
   * CRC-32 over path (empty for the root), data, and {czxid, mzxid, pzxid, ctime, mtime, version, stored cversion, aversion,
   * raw owner}: a node's part in the digest of the tree.
   */
  computeDigest(id: NodeId): number {
    this.copyDigestStat(id, digestView);
    return crc32(digestScratch, 0, STAT_PERSISTED_BYTES, this.bodyCrc(id));
  }

  /** CRC-32 over path and data. */
  bodyCrc(id: NodeId): number {
    const ref = this.uint(id, BLOB);
    const at = this.blobs.offset(ref);
    return crc32(this.blobs.chunk(ref), at, at + this.int(id, PATH_BYTES) + this.int(id, DATA_LENGTH));
  }

  // -- Within ------------------------------------------------------------------------------------------------------------

  #writeBlob(id: NodeId, path: Uint8Array, pathLength: number, data: Uint8Array | null): void {
    const ref = this.blobs.allocate(pathLength + (data?.length ?? 0));
    const chunk = this.blobs.chunk(ref);
    const at = this.blobs.offset(ref);
    for (let i = 0; i < pathLength; i++) chunk[at + i] = path[i]!;
    if (data !== null) chunk.set(data, at + pathLength);
    this.setInt(id, BLOB, ref | 0);
    this.#setDataLength(id, data);
  }

  #setDataLength(id: NodeId, data: Uint8Array | null): void {
    this.setInt(id, DATA_LENGTH, data?.length ?? 0);
    this.setInt(id, FLAGS, data === null ? FLAG_LIVE | FLAG_DATA_NULL : FLAG_LIVE);
  }
}

/** The stat part of what a node's digest covers. */
const digestScratch = Buffer.alloc(STAT_PERSISTED_BYTES);
const digestView = viewOf(digestScratch);
