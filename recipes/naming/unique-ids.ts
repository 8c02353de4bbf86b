import { waitFor } from '../../client/guaranteed.ts';
import type { Acl, ZooKeeperClient } from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';
import { sequenceOf } from '../sequence.ts';
import { IdsUnavailableError } from './errors.ts';

const MARKER = 'id-';

/** Ids stay below 2^51, so that a number holds each exactly. */
const BLOCK_MAX = 2 ** 20;

/**
 * Where numbering ends. Servers give out the highest signed 32-bit number, 2^31 - 1, again and again, Apache ZooKeeper before 3.6 goes
 * on below zero; some room before that is for those who ask all the same.
 */
const NUMBERS_MAX = 2 ** 31 - 65_536;

/** The number in the name of a sequential node; null if there are none left that the server gives out once only. */
export function numberOf(name: string): number | null {
  const sequence = sequenceOf(name, MARKER);
  return sequence === null || sequence < 0 || sequence >= NUMBERS_MAX ? null : sequence;
}

export interface UniqueIdsOptions {
  /** How many ids one write on the server is good for; those that a process does not use are lost. At most 1,048,576. Default 1. */
  readonly block?: number | undefined;
  /** ACL of everything that is created. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/**
 * Ids that nobody else gets from the same path: numbers from 0 on, with gaps, growing for who asks for one after the other. Made of
 * the numbers that the server gives to sequential nodes; everybody must use the same `block`.
 *
 * The server counts in 32 bits. Shortly before 2,147,483,648 blocks `next` rejects for good.
 */
export class UniqueIds {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #block: number;
  readonly #acl: readonly Acl[] | undefined;
  #next = 0;
  #end = 0;
  #refill: Promise<void> | null = null;
  #exhausted = false;

  /** Throws `TypeError` or `RangeError` if an argument cannot be right. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: UniqueIdsOptions = {}) {
    const { block = 1, acl } = options;
    this.path = recipePath('ids', path);
    if (!Number.isSafeInteger(block) || block < 1 || block > BLOCK_MAX) {
      throw new RangeError(`ids: block must be an integer from 1 to ${BLOCK_MAX}, not ${block}`);
    }
    this.#client = client;
    this.#block = block;
    this.#acl = acl;
  }

  /**
   * The next id. Rejects with `IdsUnavailableError` if there are none left, with the signal's reason, and with whatever the creation
   * of a node may end with; then it can be asked again.
   */
  async next(options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#block === 1) return this.#number(signal);
    while (this.#next === this.#end) {
      this.#refill ??= this.#fetch();
      await waitFor(this.#refill, signal);
    }
    return this.#next++;
  }

  async #fetch(): Promise<void> {
    try {
      const number = await this.#number(undefined);
      this.#next = number * this.#block;
      this.#end = this.#next + this.#block;
    } finally {
      this.#refill = null;
    }
  }

  /** A number that the server gives out once. One whose answer is lost is skipped. */
  async #number(signal: AbortSignal | undefined): Promise<number> {
    if (this.#exhausted) throw new IdsUnavailableError(this.path, 'exhausted');
    const { path } = await this.#client.create(childPath(this.path, MARKER), '', {
      mode: 'ephemeral-sequential',
      protected: true,
      // The directory keeps the count: it must not vanish when it is empty, as a container does.
      parents: 'persistent',
      acl: this.#acl,
      signal,
    });
    // The number is all that was wanted.
    this.#client.delete(path, { guaranteed: true }).catch(() => {});
    const number = numberOf(nameOf(path));
    if (number !== null) return number;
    this.#exhausted = true;
    throw new IdsUnavailableError(this.path, 'exhausted');
  }
}
