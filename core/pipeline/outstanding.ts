import { viewOf } from '../../wire/bytes.ts';
import type { Acl } from '../../wire/data.ts';
import { crc32 } from '../storage/checksum.ts';
import type { PreparedNode, PreparedTxn } from '../tree/applied.ts';
import { isOutsideDigest, TreeDigest } from '../tree/digest.ts';
import { NO_NODE, type NodeId } from '../tree/node-id.ts';
import { LongField } from '../tree/node-store.ts';
import type { DataTree } from '../tree/tree.ts';

/**
 * What a node will be once all transactions proposed so far are applied. `exists` false means it will be gone. Never changed
 * once it stands in the view: a later change makes a record of its own.
 */
export class ChangeRecord implements PreparedNode {
  zxid = 0;
  readonly path: string;
  exists = true;
  czxid = 0;
  mzxid = 0;
  pzxid = 0;
  ctime = 0;
  mtime = 0;
  version = 0;
  /** As stored: it counts creations, and ends at 2^31 - 1. */
  cversion = 0;
  /** The number of the next sequential child: the cversion, except that it goes on below zero for as long as changes are under way. */
  nextSequence = 0;
  aversion = 0;
  owner = 0n;
  childCount = 0;
  acl: readonly Acl[] = [];
  /** The node in the tree; NO_NODE while its creation is under way. */
  node: NodeId = NO_NODE;
  /** The node whose data stands as it is in the tree, or NO_NODE where `data` is what it will be. */
  dataNode: NodeId = NO_NODE;
  data: Uint8Array | null = null;
  /** Part of the node in the tree's digest. */
  digest = 0;
  /** CRC-32 of path and data, with which the digest begins; -1 while it is not worked out. */
  bodyCrc = -1;

  constructor(path: string) {
    this.path = path;
  }

  /** A copy that the transaction `zxid` may change. */
  duplicate(zxid: number): ChangeRecord {
    const copy = new ChangeRecord(this.path);
    copy.zxid = zxid;
    copy.exists = this.exists;
    copy.czxid = this.czxid;
    copy.mzxid = this.mzxid;
    copy.pzxid = this.pzxid;
    copy.ctime = this.ctime;
    copy.mtime = this.mtime;
    copy.version = this.version;
    copy.cversion = this.cversion;
    copy.nextSequence = this.nextSequence;
    copy.aversion = this.aversion;
    copy.owner = this.owner;
    copy.childCount = this.childCount;
    copy.acl = this.acl;
    copy.node = this.node;
    copy.dataNode = this.dataNode;
    copy.data = this.data;
    copy.digest = this.digest;
    copy.bodyCrc = this.bodyCrc;
    return copy;
  }
}

/** The stat part of what a node's digest covers, in the digest's order. */
const STAT_BYTES = 60;
const statBytes = Buffer.alloc(STAT_BYTES);
const statView = viewOf(statBytes);
const TWO_32 = 0x1_0000_0000;

function putLong(value: number, at: number): void {
  statView.setInt32(at, Math.floor(value / TWO_32));
  statView.setInt32(at + 4, value | 0);
}

/**
 * The tree as it will be when everything proposed has been applied: the committed tree with the changes under way laid over
 * it. Requests are validated against this, so that a pipelined request sees the ones before it.
 *
 * Invariants: records are in the order of their zxids; `digest` is the digest after the newest of them; a record leaves the
 * view when its transaction is applied, and by then the tree says the same.
 */
export class OutstandingChanges implements PreparedTxn {
  readonly #tree: DataTree;
  readonly #byPath = new Map<string, ChangeRecord>();
  #records: ChangeRecord[] = [];
  #applied = 0;
  readonly #digest = new TreeDigest();
  readonly #begun = { length: 0, digest: new TreeDigest() };

  constructor(tree: DataTree) {
    this.#tree = tree;
  }

  get isEmpty(): boolean {
    return this.#applied === this.#records.length;
  }

  /** Changes under way, oldest first. */
  *records(): Iterable<ChangeRecord> {
    for (let i = this.#applied; i < this.#records.length; i++) yield this.#records[i]!;
  }

  /** The node as it will be; undefined if there will be none. */
  get(path: string): ChangeRecord | undefined {
    const pending = this.#byPath.get(path);
    if (pending !== undefined) return pending.exists ? pending : undefined;
    const node = this.#tree.findPath(path);
    return node === NO_NODE ? undefined : this.#fromTree(node, path);
  }

  exists(path: string): boolean {
    const pending = this.#byPath.get(path);
    return pending === undefined ? this.#tree.findPath(path) !== NO_NODE : pending.exists;
  }

  /** Lays a change over the view and carries it into the digest. */
  add(record: ChangeRecord): void {
    if (this.#tree.options.digestEnabled) this.#carryDigest(record);
    this.#records.push(record);
    this.#byPath.set(record.path, record);
  }

  /** The digest after every change under way, as the wire has it. */
  digestLong(): bigint {
    return this.#currentDigest().toLong();
  }

  /** The transaction was applied: its changes are in the tree now. */
  applied(zxid: number): void {
    while (this.#applied < this.#records.length && this.#records[this.#applied]!.zxid <= zxid) {
      const record = this.#records[this.#applied++]!;
      if (this.#byPath.get(record.path) === record) this.#byPath.delete(record.path);
    }
    if (this.#applied === this.#records.length) {
      this.#records = [];
      this.#applied = 0;
    } else if (this.#applied >= 1024) {
      this.#records = this.#records.slice(this.#applied);
      this.#applied = 0;
    }
  }

  /** Of the oldest transaction under way that changes anything: it is the next one to be applied that asks. */
  prepared(path: string): PreparedNode | null {
    const oldest = this.#records[this.#applied];
    for (let i = this.#applied; i < this.#records.length; i++) {
      const record = this.#records[i]!;
      if (record.zxid !== oldest!.zxid) break;
      if (record.path === path) return record;
    }
    return null;
  }

  /** What is added from now on can be withdrawn by `undo`, until the next call. */
  begin(): void {
    this.#begun.length = this.#records.length;
    this.#begun.digest.copyFrom(this.#currentDigest());
  }

  undo(): void {
    this.rollback(this.#begun);
  }

  /** A point to go back to when a multi fails half way. */
  mark(): OutstandingMark {
    const digest = new TreeDigest();
    digest.copyFrom(this.#currentDigest());
    return { length: this.#records.length, digest };
  }

  rollback(mark: OutstandingMark): void {
    const undone = this.#records.splice(mark.length);
    const paths = new Set(undone.map((record) => record.path));
    for (const path of paths) this.#byPath.delete(path);
    for (const record of this.records()) if (paths.has(record.path)) this.#byPath.set(record.path, record);
    this.#digest.copyFrom(mark.digest);
  }

  #currentDigest(): TreeDigest {
    if (this.isEmpty) this.#digest.copyFrom(this.#tree.digest);
    return this.#digest;
  }

  #carryDigest(record: ChangeRecord): void {
    const total = this.#currentDigest();
    total.subtract(record.digest);
    record.digest = record.exists && !isOutsideDigest(record.path) ? this.#digestOf(record) : 0;
    total.add(record.digest);
  }

  /** The same as `NodeStore.computeDigest`, of a node that is still to be. */
  #digestOf(record: ChangeRecord): number {
    if (record.bodyCrc === -1) record.bodyCrc = this.#bodyCrcOf(record);
    putLong(record.czxid, 0);
    putLong(record.mzxid, 8);
    putLong(record.pzxid, 16);
    putLong(record.ctime, 24);
    putLong(record.mtime, 32);
    statView.setInt32(40, record.version);
    statView.setInt32(44, record.cversion);
    statView.setInt32(48, record.aversion);
    statView.setBigInt64(52, record.owner);
    return crc32(statBytes, 0, STAT_BYTES, record.bodyCrc);
  }

  #bodyCrcOf({ path, dataNode, data }: ChangeRecord): number {
    const { store } = this.#tree;
    if (dataNode !== NO_NODE) return store.bodyCrc(dataNode);
    const pathLength = path === '/' ? 0 : store.scratch.encode(path);
    const crc = crc32(store.scratch.bytes, 0, pathLength);
    return data === null ? crc : crc32(data, 0, data.length, crc);
  }

  #fromTree(node: NodeId, path: string): ChangeRecord {
    const store = this.#tree.store;
    const record = new ChangeRecord(path);
    record.zxid = -1;
    record.czxid = store.long(node, LongField.czxid);
    record.mzxid = store.long(node, LongField.mzxid);
    record.pzxid = store.long(node, LongField.pzxid);
    record.ctime = store.long(node, LongField.ctime);
    record.mtime = store.long(node, LongField.mtime);
    record.version = store.version(node);
    record.cversion = record.nextSequence = store.storedCversion(node);
    record.aversion = store.aversion(node);
    if (store.hasOwner(node)) record.owner = store.rawOwner(node);
    record.childCount = store.numChildren(node);
    record.acl = this.#tree.acls.get(store.aclId(node));
    record.node = node;
    record.dataNode = node;
    record.digest = store.digest(node);
    return record;
  }
}

export interface OutstandingMark {
  readonly length: number;
  readonly digest: TreeDigest;
}
