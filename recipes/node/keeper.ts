import {
  type Acl,
  BadVersionError,
  ClosedError,
  type CreateModeName,
  type CreateOptions,
  type Data,
  NodeExistsError,
  NoNodeError,
  SessionExpiredError,
  type Stat,
  type WatchEvent,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { pause } from '../../client/retrying.ts';
import { Bell } from '../bell.ts';
import { isOver, isRefusedForNow, mayRepeat } from '../repeat.ts';
import { whileSession } from '../session-end.ts';
import { Condition } from './condition.ts';

/**
 * How a node that is kept stands:
 * - `absent`: it is not there, or has not been looked for yet.
 * - `present`: it is there. A lost connection does not change that; the client's state tells of it.
 * - `taken`: an ephemeral node of somebody else's session has its place.
 * - `closed`: it is not kept any more.
 */
export type NodeState = 'absent' | 'present' | 'taken' | 'closed';

export interface KeeperOptions {
  readonly mode: CreateModeName;
  readonly ttlMs?: number | undefined;
  readonly parents: CreateOptions['parents'];
  readonly protected: boolean;
  readonly acl: readonly Acl[] | undefined;
  /** Whether an ephemeral node of another session is deleted to make room, rather than waited for. */
  readonly replace: boolean;
  /** Whether the node is deleted in the end. */
  readonly remove: boolean;
}

export interface KeeperEvents {
  state(state: NodeState): void;
  /** The node cannot be made or written; it is tried again. */
  failed(error: Error): void;
}

/** How long after a refusal it is tried again. */
const RETRY_MS = 1_000;

const plainModes: Partial<Record<CreateModeName, CreateModeName>> = {
  'ephemeral-sequential': 'ephemeral',
  'persistent-sequential': 'persistent',
  'persistent-sequential-with-ttl': 'persistent-with-ttl',
};

/**
 * Keeps a node in existence: made again, under the same name, whenever it was deleted or vanished with its session. One loop looks,
 * creates, writes and waits for the next reason to look, so that no two steps ever overlap.
 */
export class Keeper {
  readonly #client: ZooKeeperClient;
  readonly #options: KeeperOptions;
  readonly #events: KeeperEvents;
  readonly #ephemeral: boolean;
  readonly #ending = new AbortController();
  /** The name that the node got, once that is known. */
  #path: string;
  #named: boolean;
  #data: Data;
  /** The last ones that the node had, or those that it began with. */
  #good: Data;
  /** Counts the data that were asked for, and which of them the node has. */
  #wanted = 0;
  #written = 0;
  #state: NodeState = 'absent';
  /** Whether a node that we made may be there. */
  #mayExist = false;
  /** Sessions of this client in which the node may have been made: what is left of older ones is about to vanish. */
  readonly #sessions = new Set<bigint>();
  /** Rings when there is reason for the loop to look again. */
  readonly #bell = new Bell();
  readonly #changed = new Condition(this.#ending.signal);
  /** Whether the node's data are unknown: it was there before, or the reply to its creation was lost. */
  #adopted = true;
  /** Why data were not written, and up to which. */
  #failure: { readonly upTo: number; readonly error: Error } | null = null;
  #replacedAtMs = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(
    client: ZooKeeperClient,
    path: string,
    data: Data,
    options: KeeperOptions,
    events: KeeperEvents,
  ) {
    this.#client = client;
    this.#path = path;
    this.#data = data;
    this.#good = data;
    this.#options = options;
    this.#events = events;
    this.#ephemeral = options.mode.startsWith('ephemeral');
    this.#named = !options.protected;
  }

  get path(): string {
    return this.#path;
  }

  get data(): Data {
    return this.#data;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** Begins to keep the node; resolves when it is there, rejects if it cannot be made. Ends itself then. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    let refuse: (error: Error) => void = () => {};
    const refused = new Promise<never>((_, reject) => {
      refuse = reject;
    });
    // Nobody may be waiting any more when it comes.
    refused.catch(() => {});
    this.#loop = this.#keep(refuse);
    try {
      await Promise.race([this.#changed.until(() => this.#state === 'present', signal), refused]);
    } catch (error) {
      this.close().catch(() => {});
      throw error;
    } finally {
      refuse = () => {};
    }
  }

  /** Gives the node other data, now or when it is made again; resolves when it has them. */
  async set(data: Data, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#ending.signal.aborted) throw this.#closedError();
    this.#data = data;
    const wanted = ++this.#wanted;
    this.#bell.ring();
    await this.#changed.until(() => {
      if (this.#failure !== null && this.#failure.upTo >= wanted) throw this.#failure.error;
      return this.#written >= wanted;
    }, signal);
  }

  /** Keeps the node no longer, and deletes it if it is to be; resolves when it is gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ending.abort(this.#closedError());
    this.#bell.ring();
    await this.#loop;
    this.#become('closed');
    if (!this.#options.remove || !this.#mayExist) return;
    // An ephemeral one goes with its session, whether or not somebody is there to be asked.
    await (this.#ephemeral ? whileSession(this.#client, this.#remove()) : this.#remove());
  }

  #closedError(): ClosedError {
    const context = { operation: 'keep', path: this.#path, detail: 'the node is not kept any more' };
    return new ClosedError(context, 'not-applied');
  }

  #become(state: NodeState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#events.state(state);
    this.#changed.wake();
  }

  async #keep(refuse: (error: Error) => void): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        if (this.#named) await this.#look();
        else await this.#create();
      } catch (error) {
        if (signal.aborted) return;
        // The next request waits for another connection, so this cannot spin.
        if (mayRepeat(error)) continue;
        if (isOver(error)) {
          refuse(error);
          this.#ending.abort(error);
          this.#become('closed');
          return;
        }
        const failure = error instanceof Error ? error : new Error(String(error));
        if (!isRefusedForNow(failure)) {
          refuse(failure);
          this.#refuseData(failure);
        }
        this.#events.failed(failure);
        await this.#pause();
      }
    }
  }

  /** Who asked for other data is told that they are not written; the node is kept with those that it had. */
  #refuseData(error: Error): void {
    this.#failure = { upTo: this.#wanted, error };
    this.#data = this.#good;
    this.#written = this.#wanted;
    this.#changed.wake();
  }

  /** Looks at the place of the node once, and stays as long as all is well. */
  async #look(): Promise<void> {
    const { signal } = this.#ending;
    const watching = new AbortController();
    let happened = false;
    const watch = ({ reason }: WatchEvent): void => {
      if (reason === 'session-lost' && this.#ephemeral) this.#become('absent');
      happened = true;
      this.#bell.ring();
    };
    try {
      // Data are not read, they may be large; a watch for a missing node goes with the signal below.
      const stat = await this.#client.exists(this.#path, { watch, watchSignal: watching.signal, signal });
      if (stat === null) {
        this.#become('absent');
        await this.#create();
      } else if (this.#ephemeral && stat.ephemeralOwner !== this.#client.sessionId) {
        if (this.#sessions.has(stat.ephemeralOwner)) await this.#clear(stat);
        else if (this.#options.replace) await this.#replace(stat);
        else {
          this.#mayExist = false;
          this.#become('taken');
          while (!happened && !signal.aborted) await this.#bell.rung();
        }
      } else {
        this.#mayExist = true;
        this.#sessions.clear();
        this.#sessions.add(stat.ephemeralOwner);
        await this.#stay(() => happened);
      }
    } finally {
      watching.abort();
    }
  }

  /** The node is there: writes what is to be written until something happens to it. */
  async #stay(happened: () => boolean): Promise<void> {
    while (!happened() && !this.#ending.signal.aborted) {
      if (this.#written < this.#wanted || this.#state !== 'present') {
        try {
          await this.#write();
        } catch (error) {
          if (error instanceof NoNodeError) return;
          throw error;
        }
      } else await this.#bell.rung();
    }
  }

  /** Makes sure that the node has the data. */
  async #write(): Promise<void> {
    const wanted = this.#wanted;
    const data = this.#data;
    // What was just created has them.
    if (this.#written < wanted || this.#adopted) {
      await this.#client.set(this.#path, data, { signal: this.#ending.signal });
      this.#adopted = false;
      this.#good = data;
    }
    this.#written = wanted;
    this.#become('present');
    this.#changed.wake();
  }

  async #create(): Promise<void> {
    const { mode, ttlMs, parents, acl } = this.#options;
    const wanted = this.#wanted;
    const data = this.#data;
    this.#adopted = true;
    if (this.#named) this.#mayExist = true;
    if (this.#named && this.#ephemeral) this.#sessions.add(this.#client.sessionId);
    const shared = { ttlMs, parents, acl, signal: this.#ending.signal };
    try {
      const created = this.#named
        ? await this.#client.create(this.#path, data, { ...shared, mode: plainModes[mode] ?? mode })
        : await this.#client.create(this.#path, data, { ...shared, mode, protected: true });
      this.#path = created.path;
      this.#named = true;
      this.#mayExist = true;
      this.#adopted = false;
      this.#good = data;
      this.#written = Math.max(this.#written, wanted);
      if (this.#ephemeral) this.#sessions.add(created.stat.ephemeralOwner);
    } catch (error) {
      // Somebody was faster, or the reply to an earlier attempt was lost: looking tells.
      if (!(error instanceof NodeExistsError)) throw error;
    }
  }

  /** Deletes a node that is in the way, if it is still the one that was seen. */
  async #clear(stat: Stat): Promise<void> {
    this.#become('absent');
    const { signal } = this.#ending;
    await this.#client.delete(this.#path, { version: stat.version, signal }).catch((error: unknown) => {
      // It has changed: looking tells.
      if (!(error instanceof NoNodeError || error instanceof BadVersionError)) throw error;
    });
    this.#sessions.delete(stat.ephemeralOwner);
  }

  /** Makes room, but not at once a second time: whoever is alive there may do the same. */
  async #replace(stat: Stat): Promise<void> {
    const { ports } = this.#client;
    const nowMs = ports.monotonicMs();
    if (nowMs - this.#replacedAtMs < RETRY_MS) {
      this.#become('taken');
      await pause(ports, RETRY_MS, this.#ending.signal);
    }
    this.#replacedAtMs = ports.monotonicMs();
    await this.#clear(stat);
  }

  /** Waits for a while, or for a reason to try again at once. */
  async #pause(): Promise<void> {
    const cancel = this.#client.ports.after(RETRY_MS, this.#bell.ring);
    await this.#bell.rung();
    cancel();
  }

  async #remove(): Promise<void> {
    for (;;) {
      try {
        if (this.#ephemeral) {
          const stat = await this.#client.exists(this.#path);
          const { sessionId } = this.#client;
          if (stat === null) return;
          if (stat.ephemeralOwner !== sessionId && !this.#sessions.has(stat.ephemeralOwner)) return;
        }
        await this.#client.delete(this.#path, { guaranteed: true });
        return;
      } catch (error) {
        if (error instanceof NoNodeError || isOver(error)) return;
        if (error instanceof SessionExpiredError && this.#ephemeral) return;
        if (isRefusedForNow(error)) await this.#pause();
        else if (!mayRepeat(error)) throw error;
      }
    }
  }
}
