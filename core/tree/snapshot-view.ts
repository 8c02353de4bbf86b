import type { ByteWriter } from '../../wire/bytes.ts';
import type { Acl } from '../../wire/data.ts';
import type { SnapshotSource, ZxidDigest } from '../storage/contract.ts';
import { DIGEST_VERSION } from './digest.ts';
import { NO_NODE, type NodeId } from './node-id.ts';
import { LongField } from './node-store.ts';
import type { DataTree } from './tree.ts';

/**
 * A walk over the tree, depth first, that stands still while transactions are applied in between. Ids of removed nodes are not
 * used again until `close`, and a removed node still knows its next sibling and its parent, so the walk finds on from
 * wherever it stood. Nodes younger than the snapshot are left out: replaying the log creates them.
 *
 * Any number of walks may be under way at a time: a leader feeds several learners while it writes its own snapshot.
 */
export class TreeSnapshot implements SnapshotSource {
  readonly zxid: number;
  readonly #tree: DataTree;
  readonly #sessions: (readonly [bigint, number])[];
  readonly #acls: (readonly [number, readonly Acl[]])[];
  #cursor: NodeId;
  #isClosed = false;

  constructor(tree: DataTree) {
    this.#tree = tree;
    this.zxid = tree.lastProcessedZxid;
    this.#sessions = [...tree.sessions];
    this.#acls = [...tree.acls.entries()];
    this.#cursor = tree.findPath('/');
    tree.store.holdIds();
  }

  sessions(): Iterable<readonly [id: bigint, timeoutMs: number]> {
    return this.#sessions;
  }

  acls(): Iterable<readonly [id: number, acl: readonly Acl[]]> {
    return this.#acls;
  }

  writeNodes(writer: ByteWriter, bytesGoal: number): boolean {
    const goal = writer.pos + bytesGoal;
    while (this.#cursor !== NO_NODE) {
      if (writer.pos >= goal) return true;
      const node = this.#cursor;
      const isOurs = this.#isOurs(node);
      if (isOurs) this.#writeNode(writer, node);
      this.#cursor = this.#after(node, isOurs);
    }
    return false;
  }

  digest(): ZxidDigest | null {
    if (!this.#tree.options.digestEnabled) return null;
    return {
      zxid: this.#tree.lastProcessedZxid,
      version: DIGEST_VERSION,
      digest: this.#tree.digest.toBigInt(),
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cursor = NO_NODE;
    this.#tree.store.releaseIds();
  }

  #isOurs(node: NodeId): boolean {
    const { store } = this.#tree;
    return store.isLive(node) && store.long(node, LongField.czxid) <= this.zxid;
  }

  #after(node: NodeId, descend: boolean): NodeId {
    const { store } = this.#tree;
    const child = descend ? store.firstChildOf(node) : NO_NODE;
    if (child !== NO_NODE) return child;
    for (let at = node; at !== NO_NODE; at = store.parentOf(at)) {
      const next = store.nextSiblingOf(at);
      if (next !== NO_NODE) return next;
    }
    return NO_NODE;
  }

  #writeNode(writer: ByteWriter, node: NodeId): void {
    const { store } = this.#tree;
    writer.reserve(store.snapshotBytes(node));
    writer.pos = store.copySnapshotRecord(node, writer.dataView, writer.pos);
  }
}
