import type { ZooKeeperClient } from '../../client/index.ts';
import { WaitTimeoutError } from '../errors.ts';
import { patiently, type WaitOptions, wouldWait } from '../patience.ts';
import { mayRepeat } from '../repeat.ts';
import { unless } from '../until.ts';
import type { AtomicNumber } from './atomic-number.ts';

/**
 * Numbers that nobody else gets, taken from a shared counter in blocks: one write for `blockSize` numbers. Curator's recipe of the
 * same name. As long as the counter only grows, every number is given out once in the whole cluster; they are in order within one
 * instance only. Numbers of a block that is not used up, and of one whose answer was lost, are never given out: there are gaps.
 */
export class CachedAtomicLong {
  readonly #client: ZooKeeperClient;
  readonly #counter: AtomicNumber<number>;
  readonly #blockSize: number;
  /** The last number given out, and the last one of the block. */
  #last = 0;
  #end = 0;
  #filling: Promise<void> | null = null;

  /** Throws `RangeError` if the block size is not a positive integer. */
  constructor(client: ZooKeeperClient, counter: AtomicNumber<number>, blockSize: number) {
    if (!Number.isSafeInteger(blockSize) || blockSize <= 0) {
      throw new RangeError(`blockSize must be a positive integer, not ${blockSize}`);
    }
    this.#client = client;
    this.#counter = counter;
    this.#blockSize = blockSize;
  }

  /**
   * The next number. Waits for another block where this one is used up; rejects with `WaitTimeoutError` if that takes too long, with
   * `timeoutMs` 0 at once.
   */
  next(options: WaitOptions = {}): Promise<number> {
    const late = (timeoutMs: number) =>
      new WaitTimeoutError('no block of numbers', this.#counter.path, timeoutMs);
    return patiently(this.#client.ports, options, late, async (signal, wait) => {
      while (this.#last === this.#end) {
        this.#filling ??= this.#fill().finally(() => {
          this.#filling = null;
        });
        if (!wait) {
          this.#filling.catch(() => {});
          throw wouldWait;
        }
        await unlessFailed(this.#filling, signal);
      }
      return ++this.#last;
    });
  }

  /** Takes a block on behalf of all who wait; it serves the next one who asks if they have all gone. */
  async #fill(): Promise<void> {
    for (;;) {
      try {
        const block = await this.#counter.add(this.#blockSize);
        if (!block.succeeded) continue;
        [this.#last, this.#end] = [block.pre, block.post];
        return;
      } catch (error) {
        // Whether or not that block was taken, another one will do.
        if (!mayRepeat(error)) throw error;
      }
    }
  }
}

/** Like `unless`, for work that may fail. */
async function unlessFailed(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let failed: { readonly error: unknown } | null = null;
  const settled = work.catch((error: unknown) => {
    failed = { error };
  });
  await unless(settled, signal);
  if (failed !== null) throw (failed as { readonly error: unknown }).error;
}
