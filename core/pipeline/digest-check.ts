import { formatZxid } from '../../wire/ids.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import type { ServerStats } from '../admin/stats.ts';
import type { Logger } from '../ports.ts';
import type { DataTree } from '../tree/tree.ts';

interface DigestCheckParts {
  readonly tree: DataTree;
  readonly stats: ServerStats;
  readonly logger: Logger;
}

/** A tree that differs from what its transactions say is a bug or damaged memory: it is counted each time, and said once. */
export class DigestCheck {
  readonly #parts: DigestCheckParts;
  #isReported = false;

  constructor(parts: DigestCheckParts) {
    this.#parts = parts;
  }

  /** The transaction was applied last. */
  applied({ header, digest }: LoggedTxn): void {
    const { tree, stats, logger } = this.#parts;
    if (digest === null || tree.digest.equalsLong(digest.treeDigest)) return;
    stats.digestMismatches++;
    if (this.#isReported) return;
    this.#isReported = true;
    logger.error('the tree differs from the digest of its transaction', { zxid: formatZxid(header.zxid) });
  }
}
