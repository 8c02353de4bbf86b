import type { Acl } from '../../client/index.ts';
import {
  NodeExistsError,
  NoNodeError,
  type OperationOptions,
  type WatchedReadOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath, pathFault } from '../../wire/path.ts';
import { int32 } from '../counter/numbers.ts';
import { WaitTimeoutError } from '../errors.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions } from '../patience.ts';
import { repeatedly } from '../repeat.ts';
import { until } from '../until.ts';
import type { BarrierOptions } from './barrier.ts';
import { decideRemaining } from './decide.ts';

/** What stands before the ids in the names of nodes. */
const PREFIX = 'down-';

export interface CountDownOptions extends OperationOptions {
  /** Who counts down: the same id counts once, however often, also after a restart. Default one that nobody else has. */
  readonly id?: string | undefined;
}

/**
 * Opens, for good, when it has been counted down a number of times. Each count is a node of its own (`<path>/down-<id>`, persistent;
 * `path` holds the number in four bytes): none is ever counted twice, also when its answer was lost with the connection.
 * Curator has no such recipe. Counts of somebody who has died since stay; who dies before counting is missing for ever.
 */
export class CountDownLatch {
  readonly path: string;
  readonly count: number;
  readonly #client: ZooKeeperClient;
  readonly #acl: readonly Acl[] | undefined;

  /**
   * Throws `TypeError` if the path is not valid, `RangeError` if the count is no integer from 0 of 32 bits. Does nothing else: who
   * uses the latch first makes it, and its count is valid for all.
   */
  constructor(client: ZooKeeperClient, path: string, count: number, { acl }: BarrierOptions = {}) {
    this.path = recipePath('latch', path);
    int32.encode(count);
    if (count < 0) throw new RangeError(`count must be 0 or more, not ${count}`);
    this.count = count;
    this.#client = client;
    this.#acl = acl;
  }

  /** Counts down by one, unless this id has done so; resolves with how often it has still to be done then. */
  async countDown({ id = this.#client.ports.uuid(), signal }: CountDownOptions = {}): Promise<number> {
    const path = childPath(this.path, PREFIX + id);
    const fault = id.includes('/') ? 'an id must not contain /' : pathFault(path);
    if (fault !== null) throw new TypeError(`latch ${this.path}: id ${JSON.stringify(id)}: ${fault}`);
    for (;;) {
      try {
        await repeatedly(() => this.#client.create(path, '', { acl: this.#acl, signal }));
      } catch (error) {
        if (error instanceof NoNodeError) {
          await this.#make(signal);
          continue;
        }
        if (!(error instanceof NodeExistsError)) throw error;
      }
      return this.remaining({ signal });
    }
  }

  /** How often it has still to be counted down, as the server has it, which may lag behind others. */
  remaining({ signal }: OperationOptions = {}): Promise<number> {
    return repeatedly(() => this.#remaining({ signal }));
  }

  /**
   * Waits until the latch is open, through lost connections and sessions. Rejects with `WaitTimeoutError` or the signal's reason;
   * nothing is left behind.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    const late = (timeoutMs: number) => new WaitTimeoutError('latch not open', this.path, timeoutMs);
    await patiently(this.#client.ports, options, late, (signal, wait) =>
      repeatedly(() =>
        until(
          (read) => this.#remaining(read),
          (remaining) => (remaining === 0 ? true : undefined),
          signal,
          wait,
        ),
      ),
    );
  }

  /** Deletes the latch and all counts, so that it can be used again. Not atomic: nobody should count or wait meanwhile. */
  async reset({ signal }: OperationOptions = {}): Promise<void> {
    try {
      await repeatedly(() => this.#client.deleteRecursive(this.path, { signal }));
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
    }
  }

  async #remaining(options: WatchedReadOptions): Promise<number> {
    for (;;) {
      try {
        const names = await this.#client.children(this.path, options);
        const { data } = await this.#client.get(this.path, { signal: options.signal });
        return decideRemaining(names, PREFIX, int32.decode(data ?? Buffer.alloc(0)));
      } catch (error) {
        if (!(error instanceof NoNodeError)) throw error;
      }
      await this.#make(options.signal);
    }
  }

  async #make(signal: AbortSignal | undefined): Promise<void> {
    const options = { parents: 'container', acl: this.#acl, signal } as const;
    try {
      await repeatedly(() => this.#client.create(this.path, int32.encode(this.count), options));
    } catch (error) {
      if (!(error instanceof NodeExistsError)) throw error;
    }
  }
}
