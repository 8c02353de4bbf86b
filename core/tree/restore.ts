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
 */
export class TreeRestorer implements RecoverySink {
  readonly #options: TreeOptions;
  readonly #logger: Logger;
  #tree: DataTree;
  #isLoading = false;
  #snapshotDigest: ZxidDigest | null = null;
  #mismatches = 0;

  constructor(options: TreeOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#tree = new DataTree(options);
  }

  get mismatches(): number {
    return this.#mismatches;
  }

  /** The tree, once recovery has ended. Ephemerals whose session is unknown have gone. */
  finish(): DataTree {
    const tree = this.#tree;
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
    if (digest.treeDigest !== tree.digest.toLong()) this.#mismatch(zxid);
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
