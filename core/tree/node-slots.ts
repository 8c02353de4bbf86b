import { viewOf } from '../../wire/bytes.ts';
import { STAT_BYTES } from '../../wire/data.ts';
import { copyWords } from './copy.ts';
import { NO_NODE, type NodeId } from './node-id.ts';

/**
 * Layout of a node's slot. The last 68 bytes are the node's Stat exactly as clients are sent it, kept current at every change,
 * so that a read copies it as it is; what clients are not shown (the stored cversion, the raw owner) stands before it.
 */
const SLOT_BYTES = 128;
const PARENT = 0;
const FIRST_CHILD = 4;
const NEXT = 8;
const PREVIOUS = 12;
export const BLOB = 16;
export const PATH_BYTES = 20;
export const FLAGS = 24;
const ACL_ID = 28;
const STORED_CVERSION = 32;
const DIGEST = 36;
const RAW_OWNER = 40;
const DESCENDANTS = 48;
const STAT = SLOT_BYTES - STAT_BYTES;
const CZXID = STAT;
const MZXID = STAT + 8;
const CTIME = STAT + 16;
const MTIME = STAT + 24;
const VERSION = STAT + 32;
const SHOWN_CVERSION = STAT + 36;
const AVERSION = STAT + 40;
const SHOWN_OWNER = STAT + 44;
export const DATA_LENGTH = STAT + 52;
const NUM_CHILDREN = STAT + 56;
const PZXID = STAT + 60;

export const FLAG_LIVE = 1;
export const FLAG_DATA_NULL = 2;

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

/** Size of a persisted stat. */
export const STAT_PERSISTED_BYTES = 60;

/**
 * A slot for each node: ids, the Stat and what belongs to it, the links between nodes. It knows nothing of paths and data.
 *
 * Invariants: every live node except the root is in its parent's list of children and counted in the parent's numChildren;
 * the cversion that clients see is 2·stored − numChildren at all times; each node knows how many are below it.
 */
export class NodeSlots {
  readonly #pages: Page[] = [];
  #nextId = 1;
  #freeHead: NodeId = NO_NODE;
  /** Ids freed while somebody walks the tree; they are used again only after the last walk ended, so that cursors stay valid. */
  readonly #held: NodeId[] = [];
  #holders = 0;

  isLive(id: NodeId): boolean {
    return id < this.#nextId && (this.int(id, FLAGS) & FLAG_LIVE) !== 0;
  }

  /** From now on, ids of removed nodes are not used again, until `releaseIds` was called as often as this. */
  holdIds(): void {
    this.#holders += 1;
  }

  /** Ends one `holdIds`. */
  releaseIds(): void {
    if (this.#holders === 0) throw new Error('ids are released more often than they were held');
    this.#holders -= 1;
    if (this.#holders > 0) return;
    for (const id of this.#held.splice(0)) this.#release(id);
  }

  // -- Links -------------------------------------------------------------------------------------------------------------

  parentOf(id: NodeId): NodeId {
    return this.int(id, PARENT);
  }

  firstChildOf(id: NodeId): NodeId {
    return this.int(id, FIRST_CHILD);
  }

  nextSiblingOf(id: NodeId): NodeId {
    return this.int(id, NEXT);
  }

  // -- Stat --------------------------------------------------------------------------------------------------------------

  /** Copies the Stat that clients see, 68 bytes, into `target` at `at`. */
  copyStat(id: NodeId, target: DataView, at: number): void {
    copyWords(this.#page(id).view, slotAt(id) + STAT, target, at, STAT_BYTES);
  }

  /** Copies the 60 bytes of the persisted stat, which snapshots hold, into `target` at `at`. */
  copyStatPersisted(id: NodeId, target: DataView, at: number): void {
    const { view } = this.#page(id);
    const slot = slotAt(id);
    copyWords(view, slot + STAT, target, at, 44);
    copyWords(view, slot + STORED_CVERSION, target, at + 36, 4);
    copyWords(view, slot + RAW_OWNER, target, at + 44, 8);
    copyWords(view, slot + PZXID, target, at + 52, 8);
  }

  /** Takes over a persisted stat as a snapshot holds it. `shownOwner` is what clients see as the owner. */
  setStatPersisted(id: NodeId, persisted: Buffer, isSessionOwned: boolean): void {
    const { bytes } = this.#page(id);
    const slot = slotAt(id);
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
    const at = slotAt(id) + field;
    return view.getInt32(at) * TWO_32 + view.getUint32(at + 4);
  }

  setLong(id: NodeId, field: LongField, value: number): void {
    const { view } = this.#page(id);
    const at = slotAt(id) + field;
    view.setInt32(at, Math.floor(value / TWO_32));
    view.setInt32(at + 4, value | 0);
  }

  version(id: NodeId): number {
    return this.int(id, VERSION);
  }

  setVersion(id: NodeId, version: number): void {
    this.setInt(id, VERSION, version);
  }

  aversion(id: NodeId): number {
    return this.int(id, AVERSION);
  }

  setAversion(id: NodeId, aversion: number): void {
    this.setInt(id, AVERSION, aversion);
  }

  /** The cversion that transactions and snapshots hold: it counts creations only. */
  storedCversion(id: NodeId): number {
    return this.int(id, STORED_CVERSION);
  }

  setStoredCversion(id: NodeId, cversion: number): void {
    this.setInt(id, STORED_CVERSION, cversion);
    this.#refreshShownCversion(id);
  }

  numChildren(id: NodeId): number {
    return this.int(id, NUM_CHILDREN);
  }

  /** Nodes below this one, at any depth. */
  descendants(id: NodeId): number {
    return this.int(id, DESCENDANTS);
  }

  /** ephemeralOwner as stored: a session, or the bit patterns of container and TTL nodes. */
  rawOwner(id: NodeId): bigint {
    const { view } = this.#page(id);
    return view.getBigInt64(slotAt(id) + RAW_OWNER);
  }

  hasOwner(id: NodeId): boolean {
    return this.int(id, RAW_OWNER) !== 0 || this.int(id, RAW_OWNER + 4) !== 0;
  }

  setOwner(id: NodeId, raw: bigint, shown: bigint): void {
    const { view } = this.#page(id);
    const slot = slotAt(id);
    view.setBigInt64(slot + RAW_OWNER, raw);
    view.setBigInt64(slot + SHOWN_OWNER, shown);
  }

  aclId(id: NodeId): number {
    return this.int(id, ACL_ID);
  }

  setAclId(id: NodeId, aclId: number): void {
    this.setInt(id, ACL_ID, aclId);
  }

  /** The node's own digest, as last set. */
  digest(id: NodeId): number {
    return this.uint(id, DIGEST);
  }

  setDigest(id: NodeId, digest: number): void {
    this.setInt(id, DIGEST, digest | 0);
  }

  /** Puts what a node's digest covers of its Stat into `target`: 60 bytes, in the digest's own order. */
  copyDigestStat(id: NodeId, target: DataView): void {
    const { view } = this.#page(id);
    const slot = slotAt(id);
    copyWords(view, slot + CZXID, target, 0, 16);
    copyWords(view, slot + PZXID, target, 16, 8);
    copyWords(view, slot + CTIME, target, 24, 20);
    copyWords(view, slot + STORED_CVERSION, target, 44, 4);
    copyWords(view, slot + AVERSION, target, 48, 4);
    copyWords(view, slot + RAW_OWNER, target, 52, 8);
  }

  // -- For the store -------------------------------------------------------------------------------------------------------

  /** A zeroed slot for a new node. */
  protected takeSlot(): NodeId {
    const free = this.#freeHead;
    let id = free;
    if (free !== NO_NODE) this.#freeHead = this.int(free, NEXT);
    else id = this.#nextId++;
    if (id >>> PAGE_SLOTS_LOG2 >= this.#pages.length) {
      const bytes = Buffer.alloc(PAGE_SLOTS * SLOT_BYTES);
      this.#pages.push({ bytes, view: viewOf(bytes) });
    }
    this.#page(id).bytes.fill(0, slotAt(id), slotAt(id) + SLOT_BYTES);
    return id;
  }

  /** The node is no more. Its links stay readable while ids are held. */
  protected giveSlot(id: NodeId): void {
    this.setInt(id, FLAGS, 0);
    if (this.#holders > 0) this.#held.push(id);
    else this.#release(id);
  }

  protected link(id: NodeId, parent: NodeId): void {
    const first = this.firstChildOf(parent);
    this.setInt(id, PARENT, parent);
    this.setInt(id, NEXT, first);
    if (first !== NO_NODE) this.setInt(first, PREVIOUS, id);
    this.setInt(parent, FIRST_CHILD, id);
    this.setInt(parent, NUM_CHILDREN, this.numChildren(parent) + 1);
    this.#refreshShownCversion(parent);
    this.#countAbove(id, 1);
  }

  protected unlink(id: NodeId, parent: NodeId): void {
    const next = this.int(id, NEXT);
    const previous = this.int(id, PREVIOUS);
    if (previous !== NO_NODE) this.setInt(previous, NEXT, next);
    else this.setInt(parent, FIRST_CHILD, next);
    if (next !== NO_NODE) this.setInt(next, PREVIOUS, previous);
    this.setInt(parent, NUM_CHILDREN, this.numChildren(parent) - 1);
    this.#refreshShownCversion(parent);
    this.#countAbove(id, -1);
  }

  #refreshShownCversion(id: NodeId): void {
    this.setInt(id, SHOWN_CVERSION, this.storedCversion(id) * 2 - this.numChildren(id));
  }

  protected int(id: NodeId, field: number): number {
    return this.#page(id).view.getInt32(slotAt(id) + field);
  }

  protected uint(id: NodeId, field: number): number {
    return this.#page(id).view.getUint32(slotAt(id) + field);
  }

  protected setInt(id: NodeId, field: number, value: number): void {
    this.#page(id).view.setInt32(slotAt(id) + field, value);
  }

  #page(id: NodeId): Page {
    return this.#pages[id >>> PAGE_SLOTS_LOG2]!;
  }

  /** A node without descendants came or went: those above have one more or one less. */
  #countAbove(id: NodeId, difference: 1 | -1): void {
    for (let at = this.parentOf(id); at !== NO_NODE; at = this.parentOf(at)) {
      this.setInt(at, DESCENDANTS, this.int(at, DESCENDANTS) + difference);
    }
  }

  #release(id: NodeId): void {
    this.setInt(id, NEXT, this.#freeHead);
    this.#freeHead = id;
  }
}

/** Where a node's slot begins in its page. */
function slotAt(id: NodeId): number {
  return (id & (PAGE_SLOTS - 1)) * SLOT_BYTES;
}
