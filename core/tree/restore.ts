import type { Acl } from '../../wire/data.ts';
import { formatZxid } from '../../wire/ids.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import type { Logger } from '../ports.ts';
import type { RecoverySink, ZxidDigest } from '../storage/contract.ts';
import { DIGEST_VERSION } from './digest.ts';
import { DataTree, type TreeOptions } from './tree.ts';

/**
 * Fills a tree from what recovery reads, and compares digests where the files carry them. A mismatch is counted and said,
 * once, but does not stop the server: ZooKeeper does the same.
 *
 * A learner's snapshot may be of a tree that its leader sent while transactions changed it, and nothing tells where that ended.
 * The log makes it whole in any case. So what differs at first is forgotten as soon as a transaction finds the tree as it should be.
 */
export class TreeRestorer implements RecoverySink {
  readonly #options: TreeOptions;
  readonly #logger: Logger;
  #tree: DataTree;
  #isLoading = false;
  #snapshotDigest: ZxidDigest | null = null;
  #mismatches = 0;
  /** Whether a transaction has found the tree as it should be, and what differed before. */
  #isConfirmed = true;
  #unconfirmed: number[] = [];

  constructor(options: TreeOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#tree = new DataTree(options);
  }

  get mismatches(): number {
    return this.#mismatches + this.#unconfirmed.length;
  }

  /** The tree, once recovery has ended. Ephemerals whose session is unknown have gone. */
  finish(): DataTree {
    const tree = this.#tree;
    for (const zxid of this.#unconfirmed.splice(0)) this.#mismatch(zxid);
    for (const [session, paths] of tree.owners.ephemerals) {
      if (tree.sessions.has(session)) continue;
      for (const path of [...paths]) tree.removeOrphan(path);
    }
    return tree;
  }

  reset(): void {
    this.#tree = new DataTree(this.#options);
    this.#isLoading = false;
    this.#snapshotDigest = null;
    this.#isConfirmed = true;
    this.#unconfirmed = [];
  }

  session(id: bigint, timeoutMs: number): void {
    this.#loading().sessions.set(id, timeoutMs);
  }

  acl(id: number, acl: Acl[]): void {
    this.#loading().acls.load(id, acl);
  }

  node(path: Buffer, data: Buffer | null, aclId: number, statPersisted: Buffer): void {
    this.#loading().loadNode(path, data, aclId, statPersisted);
  }

  snapshotLoaded(zxid: number, digest: ZxidDigest | null): void {
    this.#loading().finishLoad(zxid);
    // The empty tree of a first start is never in change.
    this.#isConfirmed = zxid === 0;
    this.#snapshotDigest = digest;
    this.#compareWithSnapshot(zxid);
  }

  txn(logged: LoggedTxn): void {
    const tree = this.#tree;
    tree.apply(logged);
    const { zxid } = logged.header;
    this.#compareWithSnapshot(zxid);
    // Within the range that a fuzzy snapshot may already hold in part, only the snapshot's own digest can be compared.
    const isFuzzy = this.#snapshotDigest !== null && zxid < this.#snapshotDigest.zxid;
    const { digest } = logged;
    if (isFuzzy || digest === null || digest.version !== DIGEST_VERSION || !this.#options.digestEnabled)
      return;
    if (digest.treeDigest === tree.digest.toLong()) this.#confirm();
    else if (this.#isConfirmed) this.#mismatch(zxid);
    else this.#unconfirmed.push(zxid);
  }

  #confirm(): void {
    this.#isConfirmed = true;
    this.#unconfirmed = [];
  }

  #loading(): DataTree {
    if (!this.#isLoading) {
      this.#isLoading = true;
      this.#tree = DataTree.empty(this.#options);
    }
    return this.#tree;
  }

  #compareWithSnapshot(zxid: number): void {
    const expected = this.#snapshotDigest;
    if (expected === null || expected.zxid !== zxid || expected.version !== DIGEST_VERSION) return;
    if (this.#options.digestEnabled && BigInt.asIntN(64, expected.digest) !== this.#tree.digest.toLong()) {
      this.#mismatch(zxid);
    }
  }

  #mismatch(zxid: number): void {
    if (this.#mismatches++ > 0) return;
    this.#logger.error('the restored tree differs from the digest on disk', { zxid: formatZxid(zxid) });
  }
}
