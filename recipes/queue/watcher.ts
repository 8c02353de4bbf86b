import { NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { isRefusedForNow } from '../repeat.ts';
import { isTransient, pause } from './passing.ts';

/** Items that others have in hand and that an idle consumer watches, in case they are given back. */
const LOCKS_WATCHED_MAX = 256;

/** Watches a queue for one consumer: whether its items have changed since they were listed, and whether one was given back. */
export class QueueWatcher {
  readonly #client: ZooKeeperClient;
  readonly #path: string;
  readonly #lockPath: string | null;
  readonly #ring: () => void;
  readonly #fail: (error: unknown) => void;
  readonly #ended = new AbortController();
  #armed = false;
  #stale = true;
  readonly #watchedLocks = new Set<string>();

  /** `ring` is called whenever there is reason to look again, `fail` with what will not pass. */
  constructor(
    client: ZooKeeperClient,
    path: string,
    lockPath: string | null,
    ring: () => void,
    fail: (error: unknown) => void,
  ) {
    this.#client = client;
    this.#path = path;
    this.#lockPath = lockPath;
    this.#ring = ring;
    this.#fail = fail;
  }

  /** Whether something has changed since the last `list`. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Lets the next look list again. */
  expire(): void {
    this.#stale = true;
    this.#ring();
  }

  /** Names of the items and of those in hand. NoNodeError if the queue is not there. */
  async list(
    signal: AbortSignal,
  ): Promise<{ readonly names: string[]; readonly locked: ReadonlySet<string> }> {
    this.#stale = false;
    // A watch that has not fired covers whatever comes after a later reading too.
    const arm = !this.#armed;
    this.#armed = true;
    const options = arm ? { watch: this.#fired, watchSignal: this.#ended.signal, signal } : { signal };
    try {
      const items = this.#client.children(this.#path, options);
      if (arm) {
        items.catch(() => {
          this.#armed = false;
        });
      }
      const locks = this.#lockPath === null ? [] : this.#client.children(this.#lockPath, { signal });
      const [names, locked] = await Promise.all([items, locks]);
      return { names, locked: new Set(locked) };
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  /** Rings when one of these items, which others have in hand, is given back or done. */
  watchLocks(names: Iterable<string>): void {
    if (this.#lockPath === null) return;
    for (const name of names) {
      if (this.#watchedLocks.has(name) || this.#watchedLocks.size >= LOCKS_WATCHED_MAX) continue;
      this.#watchedLocks.add(name);
      const gone = (): void => {
        this.#watchedLocks.delete(name);
        this.expire();
      };
      this.#client
        .get(childPath(this.#lockPath, name), { watch: gone, watchSignal: this.#ended.signal })
        .catch((error: unknown) => this.#unwatched(name, error));
    }
  }

  /** Given back meanwhile, or the connection is lost: look again either way. */
  async #unwatched(name: string, error: unknown): Promise<void> {
    if (isRefusedForNow(error)) await pause(this.#client);
    if (!this.#watchedLocks.delete(name) || this.#ended.signal.aborted) return;
    if (error instanceof NoNodeError) this.expire();
    else if (isTransient(error)) this.#ring();
    else this.#fail(error);
  }

  /** Takes all watches back. */
  close(): void {
    this.#ended.abort();
  }

  readonly #fired = (): void => {
    this.#armed = false;
    this.expire();
  };
}
