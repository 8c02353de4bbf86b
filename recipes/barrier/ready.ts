import {
  type Acl,
  BadVersionError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { mayRepeat, repeatedly } from '../repeat.ts';
import { isLeftOver, membersOf, READY } from './decide.ts';

/** The node of a double barrier that says that it was entered, told from those of other rounds by its czxid. */
export class Ready {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #directory: string;
  readonly #acl: readonly Acl[] | undefined;

  constructor(client: ZooKeeperClient, directory: string, acl: readonly Acl[] | undefined) {
    this.path = childPath(directory, READY);
    this.#client = client;
    this.#directory = directory;
    this.#acl = acl;
  }

  /** Opens the barrier for all; it may be open already. */
  async create(signal: AbortSignal): Promise<void> {
    try {
      await repeatedly(() => this.#client.create(this.path, '', { acl: this.#acl, signal }));
    } catch (error) {
      if (!(error instanceof NodeExistsError)) throw error;
    }
  }

  /** The czxid of the one that is there, or null. */
  async czxid(signal: AbortSignal): Promise<number | null> {
    return (await repeatedly(() => this.#client.exists(this.path, { signal })))?.czxid ?? null;
  }

  /** The czxid of one that members have left who have all died since: it is older than all of these; null if there is none. */
  async leftOver(names: readonly string[], signal: AbortSignal): Promise<number | null> {
    const reads = [READY, ...membersOf(names)].map((name) => ({ get: childPath(this.#directory, name) }));
    const results = await repeatedly(() => this.#client.multiRead(reads, { signal }));
    const [ready, ...members] = results.map((result) => (result.ok ? result.value.stat.czxid : null));
    if (ready === undefined || ready === null) return null;
    const there = members.filter((czxid) => czxid !== null);
    return isLeftOver(ready, there) ? ready : null;
  }

  /**
   * Removes the one with this czxid, and no other: the next round may have made its own already. A new node begins at version 0, so
   * one that was written and found to be the one meant can be deleted by its version.
   */
  async remove(czxid: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        const seen = await this.#client.exists(this.path, { signal });
        if (seen?.czxid !== czxid) return;
        const written = await this.#client.set(this.path, '', { version: seen.version, signal });
        if (written.czxid !== czxid) return;
        await this.#client.delete(this.path, { version: written.version, signal });
        return;
      } catch (error) {
        if (error instanceof NoNodeError) return;
        // Another member removes it, too.
        if (!(error instanceof BadVersionError || mayRepeat(error))) throw error;
      }
    }
  }

  /**
   * Removes it together with the node of a member that is the last: while that was there no other round could begin. False if one of
   * the two was gone, or nobody knows.
   */
  async removeWith(memberPath: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#client.transaction().delete(memberPath).delete(this.path).commit({ signal });
      return true;
    } catch (error) {
      const failure = error instanceof MultiError ? error.failure : error;
      if (failure instanceof NoNodeError || mayRepeat(failure)) return false;
      throw failure;
    }
  }
}
