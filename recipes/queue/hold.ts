import {
  type Acl,
  ConnectionLossError,
  MultiError,
  NodeExistsError,
  NoNodeError,
  type Transaction,
  UnansweredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { lookingController } from '../lock/looking-signal.ts';
import { isRefusedForNow } from '../repeat.ts';
import { SessionEnd } from '../session-end.ts';
import { Trust } from '../trust.ts';
import { ItemInDoubtError } from './errors.ts';
import { pause } from './passing.ts';

/** The nodes of an item. */
export interface ItemPaths {
  readonly item: string;
  readonly lock: string;
}

export interface TakeOptions {
  readonly acl: readonly Acl[] | undefined;
  readonly signal: AbortSignal;
}

/** An item that was taken, and what its node holds. */
export interface TakenItem {
  readonly hold: ItemHold;
  readonly data: Buffer | null;
}

/**
 * An item in hand: an ephemeral node that keeps others away from it, with Curator's name. Its data tells our nodes from those that
 * others make under the same name.
 */
export class ItemHold {
  readonly lockPath: string;
  readonly fencingToken: number;
  readonly #client: ZooKeeperClient;
  readonly #token: string;
  readonly #session: SessionEnd;
  readonly #controller = lookingController(() => this.#trust.check());
  readonly #itemPath: string;
  readonly #trust: Trust;

  private constructor(
    client: ZooKeeperClient,
    paths: ItemPaths,
    token: string,
    fencingToken: number,
    session: SessionEnd,
  ) {
    this.lockPath = paths.lock;
    this.fencingToken = fencingToken;
    this.#itemPath = paths.item;
    this.#client = client;
    this.#token = token;
    this.#session = session;
    this.#trust = new Trust(client, client.sessionId, () => this.#doubt());
    this.#trust.begin();
    if (session.over) this.#doubt();
  }

  /**
   * Takes the item, if nobody else has it; `elsewhere` if somebody has, `gone` if there is no such item. The signal gives the attempt
   * up. NoNodeError that names the lock if its directory is missing.
   */
  static async take(
    client: ZooKeeperClient,
    paths: ItemPaths,
    options: TakeOptions,
  ): Promise<TakenItem | 'elsewhere' | 'gone'> {
    const token = client.ports.uuid();
    const session = new SessionEnd(client);
    try {
      const locked = await lock(client, paths, token, session, options);
      if (typeof locked !== 'string') {
        return { hold: new ItemHold(client, paths, token, locked.czxid, session), data: locked.data };
      }
      session.release();
      return locked;
    } catch (error) {
      session.release();
      throw error;
    }
  }

  /** Aborts when somebody else may be given the item, or with `abort`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the session is over, and the item given back by its end. */
  get lost(): boolean {
    return this.#session.over;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /**
   * Applies what `build` makes of the item, which deletes it, together with the deletion of the lock; repeated until the server has
   * answered. False if the session has ended, or if the item is gone: then nothing, or what an earlier attempt did, was applied.
   */
  async finish(
    build: (transaction: Transaction<readonly unknown[]>) => Transaction<readonly unknown[]>,
  ): Promise<boolean> {
    try {
      for (let locked = true; !this.lost; ) {
        const begun = this.#client.transaction().delete(this.#itemPath) as Transaction<readonly unknown[]>;
        const whole = build(begun);
        try {
          await (locked ? whole.delete(this.lockPath) : whole).commit();
          this.#end();
          return true;
        } catch (error) {
          if (error instanceof ConnectionLossError) continue;
          const { failure } = error instanceof MultiError ? error : { failure: error };
          if (isRefusedForNow(failure)) {
            await pause(this.#client);
            continue;
          }
          if (!(error instanceof MultiError)) throw error;
          if (!(error.failure instanceof NoNodeError)) throw error.failure;
          // Gone after a lost answer: an earlier attempt was applied, the lock's deletion included.
          if (error.index === 0) break;
          // Somebody took our lock away. What was done to the item was done all the same.
          if (error.failure.path === this.lockPath && locked) locked = false;
          else throw error.failure;
        }
      }
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error;
    }
    await this.release();
    return false;
  }

  /** Gives the item back as it is; others may take it. Goes on until the server has answered or the session has ended. */
  async release(): Promise<void> {
    try {
      await unlock(this.#client, this.lockPath, this.#token, this.#session);
    } finally {
      this.#end();
    }
  }

  /** Stops watching over the item. */
  #end(): void {
    this.#trust.release();
    this.#session.release();
  }

  #doubt(): void {
    this.#controller.abort(new ItemInDoubtError(this.#itemPath));
  }
}

/** Creates the lock, if the item is there, and reads what it needs in the same breath. */
async function lock(
  client: ZooKeeperClient,
  { item, lock: path }: ItemPaths,
  token: string,
  session: SessionEnd,
  { acl, signal }: TakeOptions,
): Promise<{ readonly czxid: number; readonly data: Buffer | null } | 'elsewhere' | 'gone'> {
  let inDoubt = false;
  try {
    for (;;) {
      const created = client
        .transaction()
        .check(item, -1)
        .create(path, token, { mode: 'ephemeral', acl })
        .commit({ signal });
      const read = Promise.all([client.get(item, { signal }), client.get(path, { signal })]);
      // If the lock is not ours nobody asks for them.
      read.catch(() => {});
      try {
        await created;
        // From here on there is a lock of ours, whatever becomes of the reading.
        inDoubt = true;
        const [{ data }, { stat }] = await read;
        return { czxid: stat.czxid, data };
      } catch (error) {
        if (error instanceof MultiError) {
          if (error.index === 0 && error.failure instanceof NoNodeError) {
            if (inDoubt) await unlock(client, path, token, session);
            return 'gone';
          }
          if (!(error.failure instanceof NodeExistsError)) throw error.failure;
          const czxid = inDoubt ? await czxidOfOurs(client, path, token) : null;
          if (czxid === null) return 'elsewhere';
          return { czxid, data: (await client.get(item, { signal })).data };
        }
        if (!(error instanceof ConnectionLossError) || session.over) throw error;
        inDoubt ||= error.outcome === 'unknown';
      }
    }
  } catch (error) {
    // It may have been created all the same, and nobody would ever let go of it.
    if (!session.over) unlock(client, path, token, session).catch(() => {});
    throw error;
  }
}

/** Whether a lock is the one that we made: its czxid, or null. */
async function czxidOfOurs(client: ZooKeeperClient, path: string, token: string): Promise<number | null> {
  try {
    // Another server may lag behind the one that was asked to create.
    const [, { data, stat }] = await Promise.all([client.sync(path), client.get(path)]);
    return data?.toString() === token && stat.ephemeralOwner === client.sessionId ? stat.czxid : null;
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}

/** Deletes the lock if it is ours, until the server has answered or the session has ended. */
async function unlock(
  client: ZooKeeperClient,
  path: string,
  token: string,
  session: SessionEnd,
): Promise<void> {
  while (!session.over) {
    try {
      // While our session lives nobody else can have a lock in the place of ours.
      if ((await czxidOfOurs(client, path, token)) !== null && !session.over) await client.delete(path);
      return;
    } catch (error) {
      if (error instanceof NoNodeError) return;
      if (error instanceof ConnectionLossError) continue;
      if (error instanceof UnansweredError) return;
      if (!isRefusedForNow(error)) throw error;
      await pause(client);
    }
  }
}
