import {
  type Acl,
  NodeExistsError,
  NoNodeError,
  type OperationOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { WaitTimeoutError } from '../errors.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { mayRepeat, repeatedly } from '../repeat.ts';
import { untilGone } from './until-gone.ts';

export interface BarrierOptions {
  /** ACL of the nodes, and of those above that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/**
 * A gate that is closed while its node exists: Curator's recipe of the same name, with the same node (`path`, persistent). It stays
 * closed when who closed it is gone. Not promised: that a barrier which is removed and set again at once lets everybody through
 * who waited; who looks too late waits for the next removal.
 */
export class DistributedBarrier {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #acl: readonly Acl[] | undefined;

  /** Throws `TypeError` if the path is not valid. Does nothing else. */
  constructor(client: ZooKeeperClient, path: string, { acl }: BarrierOptions = {}) {
    this.path = recipePath('barrier', path);
    this.#client = client;
    this.#acl = acl;
  }

  /** Closes the barrier; it may be closed already. */
  async set({ signal }: OperationOptions = {}): Promise<void> {
    try {
      const options = { parents: 'container', acl: this.#acl, signal } as const;
      await repeatedly(() => this.#client.create(this.path, '', options));
    } catch (error) {
      if (!(error instanceof NodeExistsError)) throw error;
    }
  }

  /** Opens the barrier; it may be open already. A barrier that was set again meanwhile is not removed instead. */
  async remove({ signal }: OperationOptions = {}): Promise<void> {
    const closed = await repeatedly(() => this.#client.exists(this.path, { signal }));
    for (let now = closed; now !== null && now.czxid === closed!.czxid; ) {
      try {
        await this.#client.delete(this.path, { signal });
        return;
      } catch (error) {
        if (error instanceof NoNodeError) return;
        if (!mayRepeat(error)) throw error;
      }
      now = await repeatedly(() => this.#client.exists(this.path, { signal }));
    }
  }

  /**
   * Waits until the barrier is open, through lost connections and sessions. Rejects with `WaitTimeoutError` or the signal's reason;
   * nothing is left behind.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    const late = (timeoutMs: number) => new WaitTimeoutError('barrier not open', this.path, timeoutMs);
    await patiently(this.#client.ports, options, late, (signal, wait) =>
      untilGone(this.#client, this.path, signal, wait),
    );
  }
}
