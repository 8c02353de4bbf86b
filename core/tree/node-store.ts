import { STAT_BYTES } from '../../wire/data.ts';
import { crc32 } from '../storage/checksum.ts';
import { BlobStore } from './blobs.ts';
import { NO_NODE, type NodeId } from './node-id.ts';
import { PathIndex } from './path-index.ts';
import { Utf8Scratch } from './utf8.ts';

/**
 * Layout of a node's slot. The last 68 bytes are the node's Stat exactly as clients are sent it, kept current at every change,
 * so that a read copies it as it is; what clients are not shown (the stored cversion, the raw owner) stands before it.
 */
const SLOT_BYTES = 128;
const PARENT = 0;
const FIRST_CHILD = 4;
const NEXT = 8;
const PREVIOUS = 12;
const BLOB = 16;
const PATH_BYTES = 20;
const FLAGS = 24;
const ACL_ID = 28;
const STORED_CVERSION = 32;
const DIGEST = 36;
const RAW_OWNER = 40;
const STAT = SLOT_BYTES - STAT_BYTES;
const CZXID = STAT;
const MZXID = STAT + 8;
const CTIME = STAT + 16;
const MTIME = STAT + 24;
const VERSION = STAT + 32;
const SHOWN_CVERSION = STAT + 36;
const AVERSION = STAT + 40;
const SHOWN_OWNER = STAT + 44;
const DATA_LENGTH = STAT + 52;
const NUM_CHILDREN = STAT + 56;
const PZXID = STAT + 60;

const FLAG_LIVE = 1;
const FLAG_DATA_NULL = 2;

const PAGE_SLOTS_LOG2 = 10;
const PAGE_SLOTS = 1 << PAGE_SLOTS_LOG2;
const TWO_32 = 0x1_0000_0000;

interface Page {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** Names of the eight-byte fields that hold zxids or times. */
export const LongField = { czxid: CZXID, mzxid: MZXID, ctime: CTIME, mtime: MTIME, pzxid: PZXID } as const;
export type LongField = (typeof LongField)[keyof typeof LongField];

/**
 * The znodes of a tree, outside the collected heap: a fixed slot of 128 bytes each, and a blob that holds the path and the
 * data. It knows layout and links, nothing of transactions.
 *
 * Invariants: every live node except the root is linked into its parent's list of children and counted in the parent's
 * numChildren; the index finds exactly the live nodes by path; `SHOWN_CVERSION` = 2·stored − numChildren and `DATA_LENGTH` agree
 * with the slot at all times.
 */
export class NodeStore {
  readonly #pages: Page[] = [];
  readonly #index: PathIndex;
  readonly blobs = new BlobStore();
  /** Where paths are encoded to look them up. */
  readonly scratch = new Utf8Scratch();
  #nextId = 1;
  #freeHead: NodeId = NO_NODE;
  /** Ids freed while a snapshot walks the tree; they are used again only after it ended, so that its cursor stays valid. */
  #held: NodeId[] | null = null;
  #count = 0;
  #dataBytes = 0;

  constructor(hashSeed: number) {
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

  isLive(id: NodeId): boolean {
    return id < this.#nextId && (this.#int(id, FLAGS) & FLAG_LIVE) !== 0;
  }

  /** For the index: whether this node has that path. */
  hasPath(id: NodeId, bytes: Uint8Array, start: number, end: number): boolean {
    const { view } = this.#page(id);
    const at = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    if (view.getInt32(at + PATH_BYTES) !== end - start) return false;
    const ref = view.getUint32(at + BLOB);
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
    const id = this.#takeId();
    const page = this.#page(id);
    const at = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    page.bytes.fill(0, at, at + SLOT_BYTES);
    page.view.setInt32(at + PATH_BYTES, length);
    page.view.setInt32(at + FLAGS, FLAG_LIVE);
    this.#writeBlob(id, bytes, length, data);
    this.#index.add(id, bytes, 0, length);
    if (parent !== NO_NODE) this.#link(id, parent);
    this.#count++;
    this.#dataBytes += length + (data?.length ?? 0);
    return id;
  }

  /** Removes a node that has no children. */
  remove(id: NodeId): void {
    const parent = this.parentOf(id);
    const ref = this.#uint(id, BLOB);
    const at = this.blobs.offset(ref);
    const pathEnd = at + this.#int(id, PATH_BYTES);
    this.#index.remove(id, this.blobs.chunk(ref), at, pathEnd);
    if (parent !== NO_NODE) this.#unlink(id, parent);
    const size = pathEnd - at + this.#int(id, DATA_LENGTH);
    this.blobs.free(ref, size);
    this.#count--;
    this.#dataBytes -= size;
    this.#setInt(id, FLAGS, 0);
    if (this.#held !== null) this.#held.push(id);
    else this.#release(id);
  }

  /** From now until `releaseIds`, ids of removed nodes are not used again. */
  holdIds(): void {
    this.#held ??= [];
  }

  releaseIds(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const id of held) this.#release(id);
  }

  // -- Links -------------------------------------------------------------------------------------------------------------

  parentOf(id: NodeId): NodeId {
    return this.#int(id, PARENT);
  }

  firstChildOf(id: NodeId): NodeId {
    return this.#int(id, FIRST_CHILD);
  }

  nextSiblingOf(id: NodeId): NodeId {
    return this.#int(id, NEXT);
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
    const ref = this.#uint(id, BLOB);
    const at = this.blobs.offset(ref);
    return this.blobs.chunk(ref).toString('utf8', at, at + this.#int(id, PATH_BYTES));
  }

  /** The path's bytes, a view valid until the node changes. */
  pathBytes(id: NodeId): Buffer {
    const ref = this.#uint(id, BLOB);
    const at = this.blobs.offset(ref);
    return this.blobs.chunk(ref).subarray(at, at + this.#int(id, PATH_BYTES));
  }

  /** The data, a view valid until the node changes; null where the node has none. */
  data(id: NodeId): Buffer | null {
    if ((this.#int(id, FLAGS) & FLAG_DATA_NULL) !== 0) return null;
    const ref = this.#uint(id, BLOB);
    const at = this.blobs.offset(ref) + this.#int(id, PATH_BYTES);
    return this.blobs.chunk(ref).subarray(at, at + this.#int(id, DATA_LENGTH));
  }

  isDataNull(id: NodeId): boolean {
    return (this.#int(id, FLAGS) & FLAG_DATA_NULL) !== 0;
  }

  dataLength(id: NodeId): number {
    return this.#int(id, DATA_LENGTH);
  }

  setData(id: NodeId, data: Uint8Array | null): void {
    const before = this.#int(id, DATA_LENGTH);
    const pathBytes = this.#int(id, PATH_BYTES);
    this.#dataBytes += (data?.length ?? 0) - before;
    const ref = this.#uint(id, BLOB);
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
  copyData(id: NodeId, target: Buffer, at: number): number {
    const { view } = this.#page(id);
    const slot = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    const length = view.getInt32(slot + DATA_LENGTH);
    const ref = view.getUint32(slot + BLOB);
    const chunk = this.blobs.chunk(ref);
    const from = this.blobs.offset(ref) + view.getInt32(slot + PATH_BYTES);
    copyBytes(chunk, from, target, at, length);
    return length;
  }

  /** Bytes of the node's record in a snapshot. */
  snapshotBytes(id: NodeId): number {
    return 4 + this.#int(id, PATH_BYTES) + 4 + this.#int(id, DATA_LENGTH) + 8 + STAT_PERSISTED_BYTES;
  }

  /** Copies the node's record in a snapshot (path, data, ACL id, persisted stat) into `target` at `at`; returns the end. */
  copySnapshotRecord(id: NodeId, target: Buffer, at: number): number {
    const ref = this.#uint(id, BLOB);
    const pathBytes = this.#int(id, PATH_BYTES);
    const dataLength = this.#int(id, DATA_LENGTH);
    const aclId = this.aclId(id);
    let to = target.writeInt32BE(pathBytes, at);
    to = copyBytes(this.blobs.chunk(ref), this.blobs.offset(ref), target, to, pathBytes);
    to = target.writeInt32BE(this.isDataNull(id) ? -1 : dataLength, to);
    to = copyBytes(this.blobs.chunk(ref), this.blobs.offset(ref) + pathBytes, target, to, dataLength);
    to = target.writeInt32BE(aclId < 0 ? -1 : 0, to);
    to = target.writeInt32BE(aclId, to);
    this.copyStatPersisted(id, target, to);
    return to + STAT_PERSISTED_BYTES;
  }

  // -- Stat --------------------------------------------------------------------------------------------------------------

  /** Copies the Stat that clients see, 68 bytes, into `target` at `at`. */
  copyStat(id: NodeId, target: Buffer, at: number): void {
    const { bytes } = this.#page(id);
    const from = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES + STAT;
    for (let i = 0; i < STAT_BYTES; i++) target[at + i] = bytes[from + i]!;
  }

  /** Copies the 60 bytes of the persisted stat, which snapshots and digests hold, into `target` at `at`. */
  copyStatPersisted(id: NodeId, target: Buffer, at: number): void {
    const { bytes } = this.#page(id);
    const slot = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    for (let i = 0; i < 44; i++) target[at + i] = bytes[slot + STAT + i]!;
    for (let i = 0; i < 4; i++) target[at + 36 + i] = bytes[slot + STORED_CVERSION + i]!;
    for (let i = 0; i < 8; i++) target[at + 44 + i] = bytes[slot + RAW_OWNER + i]!;
    for (let i = 0; i < 8; i++) target[at + 52 + i] = bytes[slot + PZXID + i]!;
  }

  /** Takes over a persisted stat as a snapshot holds it. `shownOwner` is what clients see as the owner. */
  setStatPersisted(id: NodeId, persisted: Buffer, isSessionOwned: boolean): void {
    const { bytes } = this.#page(id);
    const slot = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    persisted.copy(bytes, slot + STAT, 0, 36);
    persisted.copy(bytes, slot + AVERSION, 40, 44);
    persisted.copy(bytes, slot + STORED_CVERSION, 36, 40);
    persisted.copy(bytes, slot + RAW_OWNER, 44, 52);
    if (isSessionOwned) persisted.copy(bytes, slot + SHOWN_OWNER, 44, 52);
    persisted.copy(bytes, slot + PZXID, 52, 60);
    this.#refreshShownCversion(id);
  }

  long(id: NodeId, field: LongField): number {
    const { view } = this.#page(id);
    const at = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES + field;
    return view.getInt32(at) * TWO_32 + view.getUint32(at + 4);
  }

  setLong(id: NodeId, field: LongField, value: number): void {
    const { view } = this.#page(id);
    const at = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES + field;
    view.setInt32(at, Math.floor(value / TWO_32));
    view.setInt32(at + 4, value | 0);
  }

  version(id: NodeId): number {
    return this.#int(id, VERSION);
  }

  setVersion(id: NodeId, version: number): void {
    this.#setInt(id, VERSION, version);
  }

  aversion(id: NodeId): number {
    return this.#int(id, AVERSION);
  }

  setAversion(id: NodeId, aversion: number): void {
    this.#setInt(id, AVERSION, aversion);
  }

  /** The cversion that transactions and snapshots hold: it counts creations only. */
  storedCversion(id: NodeId): number {
    return this.#int(id, STORED_CVERSION);
  }

  setStoredCversion(id: NodeId, cversion: number): void {
    this.#setInt(id, STORED_CVERSION, cversion);
    this.#refreshShownCversion(id);
  }

  numChildren(id: NodeId): number {
    return this.#int(id, NUM_CHILDREN);
  }

  /** ephemeralOwner as stored: a session, or the bit patterns of container and TTL nodes. */
  rawOwner(id: NodeId): bigint {
    const { view } = this.#page(id);
    return view.getBigInt64((id & (PAGE_SLOTS - 1)) * SLOT_BYTES + RAW_OWNER);
  }

  hasOwner(id: NodeId): boolean {
    return this.#int(id, RAW_OWNER) !== 0 || this.#int(id, RAW_OWNER + 4) !== 0;
  }

  setOwner(id: NodeId, raw: bigint, shown: bigint): void {
    const { view } = this.#page(id);
    const slot = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    view.setBigInt64(slot + RAW_OWNER, raw);
    view.setBigInt64(slot + SHOWN_OWNER, shown);
  }

  aclId(id: NodeId): number {
    return this.#int(id, ACL_ID);
  }

  setAclId(id: NodeId, aclId: number): void {
    this.#setInt(id, ACL_ID, aclId);
  }

  /**
   * CRC-32 over path (empty for the root), data, and {czxid, mzxid, pzxid, ctime, mtime, version, stored cversion, aversion,
   * raw owner}: a node's part in the digest of the tree. Path and data lie side by side, so one pass does for both.
   */
  computeDigest(id: NodeId): number {
    const { bytes, view } = this.#page(id);
    const slot = (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
    const ref = view.getUint32(slot + BLOB);
    const at = this.blobs.offset(ref);
    const length = view.getInt32(slot + PATH_BYTES) + view.getInt32(slot + DATA_LENGTH);
    const crc = crc32(this.blobs.chunk(ref), at, at + length, 0);
    const stat = digestScratch;
    for (let i = 0; i < 16; i++) stat[i] = bytes[slot + CZXID + i]!;
    for (let i = 0; i < 8; i++) stat[16 + i] = bytes[slot + PZXID + i]!;
    for (let i = 0; i < 20; i++) stat[24 + i] = bytes[slot + CTIME + i]!;
    for (let i = 0; i < 4; i++) stat[44 + i] = bytes[slot + STORED_CVERSION + i]!;
    for (let i = 0; i < 4; i++) stat[48 + i] = bytes[slot + AVERSION + i]!;
    for (let i = 0; i < 8; i++) stat[52 + i] = bytes[slot + RAW_OWNER + i]!;
    return crc32(stat, 0, DIGEST_STAT_BYTES, crc);
  }

  /** The node's own digest, as last set. */
  digest(id: NodeId): number {
    return this.#uint(id, DIGEST);
  }

  setDigest(id: NodeId, digest: number): void {
    this.#setInt(id, DIGEST, digest | 0);
  }

  // -- Within ------------------------------------------------------------------------------------------------------------

  #page(id: NodeId): Page {
    return this.#pages[id >>> PAGE_SLOTS_LOG2]!;
  }

  #int(id: NodeId, field: number): number {
    return this.#page(id).view.getInt32((id & (PAGE_SLOTS - 1)) * SLOT_BYTES + field);
  }

  #uint(id: NodeId, field: number): number {
    return this.#page(id).view.getUint32((id & (PAGE_SLOTS - 1)) * SLOT_BYTES + field);
  }

  #setInt(id: NodeId, field: number, value: number): void {
    this.#page(id).view.setInt32((id & (PAGE_SLOTS - 1)) * SLOT_BYTES + field, value);
  }

  #takeId(): NodeId {
    const free = this.#freeHead;
    if (free !== NO_NODE) {
      this.#freeHead = this.#int(free, NEXT);
      return free;
    }
    const id = this.#nextId++;
    if (id >>> PAGE_SLOTS_LOG2 >= this.#pages.length) {
      const bytes = Buffer.alloc(PAGE_SLOTS * SLOT_BYTES);
      this.#pages.push({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) });
    }
    return id;
  }

  #release(id: NodeId): void {
    this.#setInt(id, NEXT, this.#freeHead);
    this.#freeHead = id;
  }

  #link(id: NodeId, parent: NodeId): void {
    const first = this.firstChildOf(parent);
    this.#setInt(id, PARENT, parent);
    this.#setInt(id, NEXT, first);
    if (first !== NO_NODE) this.#setInt(first, PREVIOUS, id);
    this.#setInt(parent, FIRST_CHILD, id);
    this.#setInt(parent, NUM_CHILDREN, this.numChildren(parent) + 1);
    this.#refreshShownCversion(parent);
  }

  #unlink(id: NodeId, parent: NodeId): void {
    const next = this.#int(id, NEXT);
    const previous = this.#int(id, PREVIOUS);
    if (previous !== NO_NODE) this.#setInt(previous, NEXT, next);
    else this.#setInt(parent, FIRST_CHILD, next);
    if (next !== NO_NODE) this.#setInt(next, PREVIOUS, previous);
    this.#setInt(parent, NUM_CHILDREN, this.numChildren(parent) - 1);
    this.#refreshShownCversion(parent);
  }

  #refreshShownCversion(id: NodeId): void {
    this.#setInt(id, SHOWN_CVERSION, this.storedCversion(id) * 2 - this.numChildren(id));
  }

  #writeBlob(id: NodeId, path: Uint8Array, pathLength: number, data: Uint8Array | null): void {
    const ref = this.blobs.allocate(pathLength + (data?.length ?? 0));
    const chunk = this.blobs.chunk(ref);
    const at = this.blobs.offset(ref);
    for (let i = 0; i < pathLength; i++) chunk[at + i] = path[i]!;
    if (data !== null) chunk.set(data, at + pathLength);
    this.#setInt(id, BLOB, ref | 0);
    this.#setDataLength(id, data);
  }

  #setDataLength(id: NodeId, data: Uint8Array | null): void {
    this.#setInt(id, DATA_LENGTH, data?.length ?? 0);
    this.#setInt(id, FLAGS, data === null ? FLAG_LIVE | FLAG_DATA_NULL : FLAG_LIVE);
  }
}

const STAT_PERSISTED_BYTES = 60;
/** The stat part of what a node's digest covers. */
const DIGEST_STAT_BYTES = 60;
const digestScratch = Buffer.alloc(DIGEST_STAT_BYTES);

/** Below this many bytes a loop is faster than Buffer.copy's way into native code. */
const COPY_BY_HAND_MAX = 192;

/** Returns the end of the copy. */
function copyBytes(source: Buffer, from: number, target: Buffer, at: number, length: number): number {
  if (length <= COPY_BY_HAND_MAX) {
    for (let i = 0; i < length; i++) target[at + i] = source[from + i]!;
  } else {
    source.copy(target, at, from, from + length);
  }
  return at + length;
}
