import { type Acl, NoNodeError, type OperationOptions, type ZooKeeperClient } from '../../client/index.ts';
import { mayRepeat } from '../repeat.ts';
import { hasChanged, ROUNDS_MAX, replaceNode } from './take-over.ts';

/** A node that is written and left: nobody keeps it, and nothing but `remove` deletes it. */
export class PermanentNode {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #acl: readonly Acl[] | undefined;

  constructor(client: ZooKeeperClient, path: string, acl: readonly Acl[] | undefined) {
    this.path = path;
    this.#client = client;
    this.#acl = acl;
  }

  /** Gives the node the data; makes it if it is not there, and anew if it is ephemeral. */
  async write(data: Uint8Array, { signal }: OperationOptions = {}): Promise<void> {
    for (let round = 1; ; round++) {
      try {
        const stat = await this.#client.exists(this.path, { signal });
        if (stat === null) {
          await this.#client.create(this.path, data, { parents: 'container', acl: this.#acl, signal });
        } else if (stat.ephemeralOwner === 0n) await this.#client.set(this.path, data, { signal });
        else await replaceNode(this.#client, this.path, stat, data, { mode: 'persistent', acl: this.#acl });
        return;
      } catch (error) {
        if (round >= ROUNDS_MAX || !(hasChanged(error) || mayRepeat(error))) throw error;
      }
    }
  }

  /** Deletes the node; it may be gone already. */
  async remove(): Promise<void> {
    try {
      await this.#client.delete(this.path, { guaranteed: true });
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
    }
  }
}
