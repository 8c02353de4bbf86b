import { NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { wouldWait } from '../patience.ts';
import { repeatedly } from '../repeat.ts';
import { unless, until } from '../until.ts';

/** Lets one at a time put an item into a queue of bounded size, in the order in which they came, once there is room. */
export class Room {
  readonly #client: ZooKeeperClient;
  readonly #path: string;
  readonly #maxItems: number;
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(client: ZooKeeperClient, path: string, maxItems: number) {
    this.#client = client;
    this.#path = path;
    this.#maxItems = maxItems;
  }

  /** Waits for room; the answer is to be called when the item is there, or will not be. */
  async enter(signal: AbortSignal, wait: boolean): Promise<() => void> {
    if (!wait && this.#waiting > 0) throw wouldWait;
    const before = this.#line;
    let leave: () => void = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#line = before.then(() => left);
    this.#waiting++;
    const release = (): void => {
      this.#waiting--;
      leave();
    };
    try {
      await unless(before, signal);
      await this.#untilRoom(signal, wait);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #untilRoom(signal: AbortSignal, wait: boolean): Promise<void> {
    // Most often there is room, and the number of children alone is less to read than their names.
    const stat = await repeatedly(() => this.#client.exists(this.#path, { signal }));
    if (stat === null || stat.numChildren < this.#maxItems) return;
    await repeatedly(() =>
      until(
        (options) =>
          this.#client.children(this.#path, options).catch((error: unknown) => {
            if (error instanceof NoNodeError) return [];
            throw error;
          }),
        (names) => (names.length < this.#maxItems ? true : undefined),
        signal,
        wait,
      ),
    );
  }
}
