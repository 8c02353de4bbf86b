import { waitFor } from '../../client/guaranteed.ts';
import {
  type Acl,
  ClosedError,
  type Codec,
  json,
  NodeExistsError,
  NoNodeError,
  type OperationOptions,
  type Stat,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { follow, getOrNull } from '../follow.ts';
import { recipePath } from '../paths.ts';
import { Receipts } from '../receipts.ts';
import { SessionEnd } from '../session-end.ts';
import { NameTakenError } from './errors.ts';
import { Registration, type RegistrationHome } from './registration.ts';

export interface NameRegistryOptions<T> {
  /** How values become bytes. Default JSON. */
  readonly codec?: Codec<T> | undefined;
  /** ACL of everything that is created. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

export interface RegisterOptions extends OperationOptions {
  /**
   * `ephemeral`, the default: the name is free again when the client is gone. `persistent`: it stays until it is released.
   */
  readonly mode?: 'ephemeral' | 'persistent' | undefined;
}

const ROUNDS_MAX = 16;

/**
 * Names and what they stand for, each given to whoever asks first: `<path>/<name>` holds the value. Nobody overwrites the name of
 * another.
 */
export class NameRegistry<T> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #codec: Codec<T>;
  readonly #acl: readonly Acl[] | undefined;
  readonly #receipts: Receipts;
  /** Attempts that were given up and may still have to be undone. */
  readonly #cleaning = new Set<Promise<unknown>>();
  readonly #registrations = new Set<Registration<T>>();

  /** Throws `TypeError` if the path is not valid. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: NameRegistryOptions<T> = {}) {
    this.path = recipePath('registry', path);
    if (this.path === '/') throw new TypeError('registry: the root cannot be a registry');
    this.#client = client;
    // Whoever names a type without a codec says that JSON holds it.
    this.#codec = options.codec ?? (json() as Codec<T>);
    this.#acl = options.acl;
    this.#receipts = new Receipts(client, `${path}-receipts`, options.acl);
  }

  /**
   * Takes a name. `NameTakenError` if somebody has it, this registry included; a client that has just lost its session may find its
   * own name taken until the server has noticed. A persistent name may have been taken although this rejects with
   * `SessionExpiredError` or `ClosedError`, if the `outcome` is unknown.
   */
  async register(name: string, value: T, options: RegisterOptions = {}): Promise<Registration<T>> {
    const { mode = 'ephemeral', signal } = options;
    const path = this.#pathOf(name);
    const data = await this.#codec.encode(value);
    const home: RegistrationHome<T> = {
      client: this.#client,
      receipts: this.#receipts,
      codec: this.#codec,
      ended: (registration) => this.#registrations.delete(registration),
    };
    const session = new SessionEnd(this.#client);
    let stat: Stat;
    try {
      stat = await this.#create(path, data, mode, signal);
    } catch (error) {
      session.release();
      throw error;
    }
    const registration = new Registration(home, { name, path, mode, stat, session });
    this.#registrations.add(registration);
    return registration;
  }

  /** What a name stands for; null if nobody has it. `InvalidValueError` if the codec does not allow what is there. */
  async lookup(name: string, options: OperationOptions = {}): Promise<T | null> {
    const node = await getOrNull(this.#client, this.#pathOf(name), options.signal);
    return node === null ? null : await this.#codec.decode(node.data ?? Buffer.alloc(0));
  }

  /** The names that somebody has, sorted. */
  async names(options: OperationOptions = {}): Promise<string[]> {
    try {
      return (await this.#client.children(this.path, options)).sort();
    } catch (error) {
      if (error instanceof NoNodeError) return [];
      throw error;
    }
  }

  /**
   * What a name stands for, now and whenever that has changed; null while nobody has it. Changes that follow each other quickly may
   * come as one, and what was there before never comes again. Goes on over lost connections and sessions. Ends when the signal aborts,
   * by throwing its reason, with `ClosedError` when the client is closed, or by leaving the loop.
   */
  async *watch(name: string, options: OperationOptions = {}): AsyncGenerator<T | null, never, undefined> {
    const path = this.#pathOf(name);
    const { signal } = options;
    let seen: number | null | undefined;
    for await (const [node = null] of follow(this.#client, [path], signal ?? new AbortController().signal)) {
      const mzxid = node?.stat.mzxid ?? null;
      if (mzxid === seen) continue;
      seen = mzxid;
      yield node === null ? null : await this.#codec.decode(node.data ?? Buffer.alloc(0));
    }
    signal?.throwIfAborted();
    throw new ClosedError({ operation: 'watch', path }, 'not-applied');
  }

  /** Releases the ephemeral names that were registered here, and waits until nothing is left of attempts that were given up. */
  async close(): Promise<void> {
    const ephemeral = [...this.#registrations].filter(({ mode }) => mode === 'ephemeral');
    await Promise.all(ephemeral.map((registration) => registration.release()));
    await Promise.all(this.#cleaning);
    await this.#receipts.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #pathOf(name: string): string {
    if (typeof name !== 'string' || name.includes('/')) {
      throw new TypeError(`registry: a name must be a string without a slash, not ${JSON.stringify(name)}`);
    }
    return recipePath('registry', childPath(this.path, name));
  }

  /** Creates the node of a name and returns its Stat. Who gives up leaves none behind. */
  async #create(
    path: string,
    data: Uint8Array,
    mode: 'ephemeral' | 'persistent',
    signal: AbortSignal | undefined,
  ): Promise<Stat> {
    signal?.throwIfAborted();
    const creating = this.#createNode(path, data, mode);
    try {
      await waitFor(creating, signal);
      const stat = await this.#client.exists(path, { signal });
      const ours = mode === 'persistent' || stat?.ephemeralOwner === this.#client.sessionId;
      if (stat !== null && ours) return stat;
    } catch (error) {
      const remove = (): Promise<void> =>
        this.#receipts.apply((transaction) => transaction.delete(path, { version: 0 }));
      const cleaned: Promise<unknown> = creating
        .then(remove)
        .catch(() => {})
        .finally(() => this.#cleaning.delete(cleaned));
      this.#cleaning.add(cleaned);
      throw error;
    }
    // Deleted as soon as it was there, or gone with its session.
    throw new NameTakenError(path);
  }

  async #createNode(path: string, data: Uint8Array, mode: 'ephemeral' | 'persistent'): Promise<void> {
    for (let round = 1; ; round++) {
      try {
        await this.#receipts.apply((transaction) => transaction.create(path, data, { mode, acl: this.#acl }));
        return;
      } catch (error) {
        if (error instanceof NodeExistsError) throw new NameTakenError(path);
        if (!(error instanceof NoNodeError) || round >= ROUNDS_MAX) throw error;
        // Names may come and go, so that the directory must not vanish with the last of them.
        await this.#client.ensurePath(this.path, { acl: this.#acl });
      }
    }
  }
}
