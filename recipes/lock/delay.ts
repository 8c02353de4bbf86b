import {
  BadVersionError,
  ConnectionLossError,
  type Data,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { wouldWait } from '../patience.ts';
import { unless } from '../until.ts';
import type { OwnNode } from './own-node.ts';

/*
 * The lock delay. Invariant: before a lease is given out, the name of the holder's node is in the data of the lock's directory, and
 * only the holder's own release takes it out again. So a name whose node is not in the line belongs to a holder that went without a
 * release. Who comes first in line and finds one waits, and then puts its own name in its place, if nothing has changed meanwhile.
 * The directory's children stay as Curator has them: to Java, whatever is a child stands in line.
 */

const PREFIX = 'holder:';

/** The data of a lock's directory while the node of that name holds the lock. */
export function recordOf(name: string): string {
  return PREFIX + name;
}

/** What the data of a lock's directory means to the one who is first in line. */
export type RecordMeaning =
  /** Nobody holds it, or did and released it: the lock is free for us. */
  | { readonly kind: 'free' }
  /** The name is ours already, from an attempt whose answer was lost. */
  | { readonly kind: 'ours' }
  /** That one held it, and has gone without a release. */
  | { readonly kind: 'abandoned'; readonly by: string };

export function readRecord(data: Buffer | null, ours: string): RecordMeaning {
  const text = data?.toString() ?? '';
  if (!text.startsWith(PREFIX)) return { kind: 'free' };
  const name = text.slice(PREFIX.length);
  return name === ours ? { kind: 'ours' } : { kind: 'abandoned', by: name };
}

const FREE: Data = '';

/** The name of the holder in the data of a lock's directory. */
export class HolderRecord {
  readonly #client: ZooKeeperClient;
  readonly #directory: string;
  readonly #name: string;
  /** Of the directory with our name in it; null while we cannot tell. */
  #version: number | null = null;
  /** A client that is closed with the lock in hand gives it back: the session's end deletes the node. */
  readonly #onClosing = (): void => void this.clear();

  constructor(client: ZooKeeperClient, directory: string, name: string) {
    this.#client = client;
    this.#directory = directory;
    this.#name = name;
  }

  /**
   * Writes the name; for the one who is first in line. Where the last holder went without a release, not before `lockDelayMs` have
   * passed since this was found, or that release came after all. False if there is reason to look at the line again: `own` is
   * deleted, the session may have ended, the directory is gone.
   */
  async write(
    own: OwnNode,
    lockDelayMs: number,
    signal: AbortSignal | undefined,
    wait: boolean,
  ): Promise<boolean> {
    const { ports, sessionId } = this.#client;
    let abandoned = null as { readonly by: string; readonly foundMs: number } | null;
    while (!own.deleted && this.#client.sessionId === sessionId) {
      const watching = new AbortController();
      let fired = (): void => {};
      const change = new Promise<void>((resolve) => {
        fired = resolve;
      });
      let cancel = (): void => {};
      try {
        const watch = (): void => fired();
        const { data, stat } = await this.#client.get(this.#directory, {
          watch,
          watchSignal: watching.signal,
          signal,
        });
        const meaning = readRecord(data, this.#name);
        if (meaning.kind === 'ours') {
          return this.#written(stat.version);
        }
        if (meaning.kind === 'abandoned') {
          if (abandoned?.by !== meaning.by) abandoned = { by: meaning.by, foundMs: ports.monotonicMs() };
          const leftMs = abandoned.foundMs + lockDelayMs - ports.monotonicMs();
          if (leftMs > 0) {
            if (!wait) throw wouldWait;
            own.onDeleted = fired;
            if (own.deleted) fired();
            cancel = ports.after(Math.ceil(leftMs), fired);
            await unless(change, signal);
            continue;
          }
        }
        watching.abort();
        const written = await this.#client.set(this.#directory, recordOf(this.#name), {
          version: stat.version,
          compressed: false,
          signal,
        });
        return this.#written(written.version);
      } catch (error) {
        if (error instanceof NoNodeError) return false;
        // Somebody else wrote, or we did and do not know: the record tells.
        if (!(error instanceof BadVersionError || error instanceof ConnectionLossError)) throw error;
      } finally {
        own.onDeleted = () => {};
        cancel();
        watching.abort();
      }
    }
    return false;
  }

  /** Takes the name out, if it is there, however often the connection breaks, until the session or the client ends. Never rejects. */
  async clear(): Promise<void> {
    this.#client.off('closing', this.#onClosing);
    for (;;) {
      try {
        const version = this.#version ?? (await this.#versionIfOurs());
        if (version !== null) await this.#client.set(this.#directory, FREE, { version, compressed: false });
        return;
      } catch (error) {
        // What became of it is read from the record when there is a connection again.
        this.#version = null;
        if (!(error instanceof ConnectionLossError)) return;
      }
    }
  }

  #written(version: number): true {
    this.#version = version;
    this.#client.on('closing', this.#onClosing);
    return true;
  }

  async #versionIfOurs(): Promise<number | null> {
    // A server that lags behind does not show yet what we have just written through another.
    await this.#client.sync(this.#directory);
    const { data, stat } = await this.#client.get(this.#directory);
    return readRecord(data, this.#name).kind === 'ours' ? stat.version : null;
  }
}
