import {
  type Acl,
  BadVersionError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type Stat,
  type UnansweredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { parentOf } from '../../wire/path.ts';
import { isOver, mayRepeat, repeatedly } from '../repeat.ts';
import { whileSession } from '../session-end.ts';
import { whatIsKnown } from './compare-and-set.ts';

interface ReceiptNode {
  readonly path: string;
  readonly sessionId: bigint;
  version: number;
}

/**
 * An ephemeral node of a writer's own, which each of its writes sets too, in the same transaction and by version. So a write whose
 * answer was lost is settled by repeating it: if the receipt refuses its version, the write was made; if only the other node does, it was
 * not. That holds while the session lives; the receipt goes with it.
 */
export class Receipt {
  readonly #client: ZooKeeperClient;
  readonly #prefix: string;
  readonly #acl: readonly Acl[] | undefined;
  #node: ReceiptNode | null = null;

  constructor(client: ZooKeeperClient, directory: string, acl: readonly Acl[] | undefined) {
    this.#client = client;
    this.#prefix = directory === '/' ? '/' : `${directory}/`;
    this.#acl = acl;
  }

  /** Like `compareAndSet`, or `createIfMissing` where nothing was seen; false if somebody else was first. */
  async write(path: string, seen: Stat | null, data: Buffer, signal: AbortSignal): Promise<boolean> {
    let doubt: UnansweredError | null = null;
    let node: ReceiptNode | null = null;
    for (;;) {
      try {
        // In doubt only the receipt that the doubtful write went with can tell.
        if (node === null || doubt === null) node = await this.#make(signal);
        const transaction = this.#client.transaction().set(node.path, '', { version: node.version });
        const [stat] = await (seen === null
          ? transaction.create(path, data, { acl: this.#acl })
          : transaction.set(path, data, { version: seen.version })
        ).commit({ signal });
        node.version = stat.version;
        return true;
      } catch (error) {
        if (mayRepeat(error)) {
          if (error.outcome === 'unknown') doubt ??= error;
          continue;
        }
        const verdict = error instanceof MultiError ? judge(error, doubt !== null, seen === null) : 'report';
        if (verdict === 'another') return false;
        if (verdict === 'no-parent') {
          await this.#parents(path, signal);
        } else if (verdict === 'written') {
          node!.version = (node!.version + 1) | 0;
          return true;
        } else {
          // It was deleted or touched, or a write of unknown outcome may have used its version.
          this.close().catch(() => {});
          if (verdict === 'report') {
            throw whatIsKnown(error instanceof MultiError ? error.failure : error, doubt, signal);
          }
        }
      }
    }
  }

  /** Deletes the receipt; the next write makes another. */
  async close(): Promise<void> {
    const node = this.#node;
    this.#node = null;
    if (node === null) return;
    const deleted = this.#client.delete(node.path, { guaranteed: true }).catch((error: unknown) => {
      if (!(error instanceof NoNodeError || mayRepeat(error) || isOver(error))) throw error;
    });
    await whileSession(this.#client, deleted);
  }

  async #make(signal: AbortSignal): Promise<ReceiptNode> {
    if (this.#node === null || this.#node.sessionId !== this.#client.sessionId) {
      const { path, stat } = await repeatedly(() =>
        this.#client.create(`${this.#prefix}receipt`, '', {
          mode: 'ephemeral',
          protected: true,
          parents: 'container',
          acl: this.#acl,
          signal,
        }),
      );
      this.#node = { path, sessionId: stat.ephemeralOwner, version: stat.version };
    }
    return this.#node;
  }

  #parents(path: string, signal: AbortSignal): Promise<void> {
    const options = { mode: 'container', acl: this.#acl, signal } as const;
    return repeatedly(() => this.#client.ensurePath(parentOf(path), options));
  }
}

/** What a refused transaction means. */
function judge(
  { index, failure }: MultiError,
  doubtful: boolean,
  creates: boolean,
): 'written' | 'another' | 'new-receipt' | 'no-parent' | 'report' {
  const gone = failure instanceof NoNodeError;
  const changed = failure instanceof BadVersionError;
  if (index === 0) {
    // Nobody else uses the receipt's versions.
    if (doubtful) return changed ? 'written' : 'report';
    return gone || changed ? 'new-receipt' : 'report';
  }
  // The receipt was as it should be: no earlier attempt was applied either.
  if (gone && creates) return 'no-parent';
  return gone || changed || failure instanceof NodeExistsError ? 'another' : 'report';
}
