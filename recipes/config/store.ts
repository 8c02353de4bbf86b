import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Acl, type NodeData, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { validated } from '../../client/schema.ts';
import { childPath } from '../../wire/path.ts';
import { getOrNull } from '../follow.ts';
import { recipePath } from '../paths.ts';
import { UnknownVersionError } from './errors.ts';
import { entryName, historyOf, readRecord, versionsOf } from './history.ts';
import { dataOf, type PreparedChange, publishPrepared } from './publish.ts';
import { type ListenOptions, listen, Subscription } from './subscription.ts';
import { parse, serialised } from './value.ts';
import { type InvalidConfigListener, values } from './values.ts';

export interface ConfigStoreOptions<Out, In = Out> {
  /** What values are allowed: zod, valibot, arktype or whatever else is a Standard Schema. */
  readonly schema: StandardSchemaV1<In, Out>;
  /** Versions kept in the history, the present one included. Default 10; at least 1. */
  readonly historyMax?: number | undefined;
  /** ACL of the nodes that are created; default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
  /** What subscriptions that have none of their own do with values that are not valid; default nothing. */
  readonly onInvalid?: InvalidConfigListener | undefined;
}

/** A value that was published. */
export interface ConfigValue<T> {
  /** What the schema made of the value. */
  readonly value: T;
  /** The version of the node: 0 if the first value made it, and one more with each value. */
  readonly version: number;
  /** When it was set, by the server's clock. */
  readonly atMs: number;
}

export interface ConfigPublishOptions {
  /** Who publishes, as the history is to have it. */
  readonly by?: string | undefined;
  /** The version that is to be replaced; null if there must be no value yet. Left out: whatever is there. */
  readonly ifVersion?: number | null | undefined;
  /** Stops waiting; what was sent already may still be applied. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConfigSubscribeOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of each value that was set and is not valid; the subscriber keeps the last good one. Default: that of the store. */
  readonly onInvalid?: InvalidConfigListener | undefined;
}

/** One version of a config. */
export interface ConfigHistoryEntry {
  readonly version: number;
  /** As it was published. Not validated: the schema may have changed since. */
  readonly value: unknown;
  /** Who published it; null if that was not said, or the node was set by other means. */
  readonly by: string | null;
  /** When, by the server's clock. */
  readonly atMs: number;
  /** The version whose value this is, if it was a rollback. */
  readonly rollbackTo: number | null;
}

/** A change that `ConfigStore.publishAll` can publish together with others. Made by `ConfigStore.change`. */
export interface ConfigChange {
  readonly path: string;
  /** @internal */
  readonly client: ZooKeeperClient;
  /** @internal */
  prepare(by: string | null): Promise<PreparedChange>;
}

/**
 * A value that is published to whoever subscribes, with a schema that nothing passes that does not fit.
 *
 * The node holds the plain JSON value, for other languages and the shell to read and, at their own risk, to set. Its history lies
 * below it, one node a version. Writes go through one transaction each.
 */
export class ConfigStore<Out, In = Out> {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #schema: StandardSchemaV1<In, Out>;
  readonly #historyMax: number;
  readonly #acl: readonly Acl[] | undefined;
  readonly #onInvalid: InvalidConfigListener | undefined;

  constructor(client: ZooKeeperClient, path: string, options: ConfigStoreOptions<Out, In>) {
    const { schema, historyMax = 10, acl, onInvalid } = options;
    this.path = recipePath('ConfigStore', path);
    if (typeof schema?.['~standard']?.validate !== 'function') {
      throw new TypeError(`ConfigStore ${path}: schema must be a Standard Schema (zod, valibot, arktype, …)`);
    }
    if (!Number.isInteger(historyMax) || historyMax < 1) {
      throw new RangeError(`ConfigStore ${path}: historyMax must be 1 or more, not ${historyMax}`);
    }
    this.#client = client;
    this.#schema = schema;
    this.#historyMax = historyMax;
    this.#acl = acl;
    this.#onInvalid = onInvalid;
  }

  /**
   * The present value, as the server of this client has it. Rejects with `NoNodeError` if none has been published, and with
   * `InvalidValueError` if something else than a valid value was set.
   */
  async get(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<ConfigValue<Out>> {
    const node = await getOrNull(this.#client, this.path, options.signal);
    if (dataOf(node) === null) {
      throw new NoNodeError('NoNode', 'no value has been published', { operation: 'get', path: this.path });
    }
    return this.#published(node!);
  }

  /**
   * Publishes a value and returns its version. Nothing is written that readers would find invalid: `InvalidValueError`. With
   * `ifVersion`, `BadVersionError` if another version is there, `NodeExistsError` if there should be none. Applied once, also when
   * the connection is lost meanwhile.
   */
  async publish(value: In, options: ConfigPublishOptions = {}): Promise<number> {
    const [version] = await ConfigStore.publishAll([this.change(value, options)], options);
    return version!;
  }

  /** A change for `publishAll`. */
  change(value: In, options: Pick<ConfigPublishOptions, 'ifVersion'> = {}): ConfigChange {
    return this.#change(value, options.ifVersion);
  }

  /**
   * Publishes several values in one transaction: all of them or, if one is not valid or one `ifVersion` does not hold, none.
   * Returns their versions. The stores must be of one client and of different paths.
   */
  static async publishAll(
    changes: readonly ConfigChange[],
    options: Omit<ConfigPublishOptions, 'ifVersion'> = {},
  ): Promise<number[]> {
    const { by = null, signal } = options;
    signal?.throwIfAborted();
    const [first] = changes;
    if (first === undefined) return [];
    if (changes.some(({ client }) => client !== first.client)) {
      throw new TypeError('publishAll: the stores must be of one client');
    }
    if (new Set(changes.map(({ path }) => path)).size < changes.length) {
      throw new TypeError('publishAll: two changes of one path');
    }
    const prepared = await Promise.all(changes.map((change) => change.prepare(by)));
    return publishPrepared(first.client, prepared, signal);
  }

  /**
   * Publishes the value of an earlier version again, as a new version, which it returns. `UnknownVersionError` if the history does
   * not hold it, `InvalidValueError` if the schema has changed and does not allow it any more.
   */
  async rollback(version: number, options: ConfigPublishOptions = {}): Promise<number> {
    const { by = null, ifVersion, signal } = options;
    signal?.throwIfAborted();
    let entry = await this.#entry(version, signal);
    if (entry === null) {
      // The server may lag behind the one that showed the version.
      await this.#client.sync(this.path, { signal });
      entry = await this.#entry(version, signal);
    }
    if (entry === null) {
      throw new UnknownVersionError(this.path, version, await this.#versions(signal));
    }
    const change = await this.#change(entry.value, ifVersion, version).prepare(by);
    const [published] = await publishPrepared(this.#client, [change], signal);
    return published!;
  }

  /**
   * The versions that are kept, newest first. One that was set by other means than `publish` appears once it has been replaced; if
   * it was replaced by such means too, never.
   */
  async history(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<ConfigHistoryEntry[]> {
    const versions = await this.#versions(options.signal);
    const entries = await Promise.all(versions.map((version) => this.#entry(version, options.signal)));
    // Some may have been dropped since their names were read.
    return entries.filter((entry) => entry !== null);
  }

  /**
   * The present value and each new one, for `for await`. A slow reader gets the newest, not those in between, and so does one that
   * was disconnected; versions never go back, unless the node was deleted and published anew. A value that is not valid is not handed out, nor is its absence: the last good one
   * stands. Ends with the signal and with the client; throws what makes reading impossible (`NoAuthError`).
   */
  subscribe(options: ConfigSubscribeOptions = {}): Subscription<ConfigValue<Out>> {
    const onInvalid = options.onInvalid ?? this.#onInvalid;
    const read = async ([node]: readonly (NodeData | null)[]) =>
      dataOf(node ?? null) === null ? null : await this.#published(node!);
    return new Subscription(
      (signal) => values(this.#client, [this.path], read, onInvalid, signal),
      options.signal,
    );
  }

  /** The same for a listener; the answer ends it. */
  onValue(
    listener: (published: ConfigValue<Out>) => void,
    options: ConfigSubscribeOptions & ListenOptions = {},
  ): () => void {
    return listen((signal) => this.subscribe({ ...options, signal }), listener, options);
  }

  async #published({ data, stat }: NodeData): Promise<ConfigValue<Out>> {
    const value = await validated(this.#schema, await parse(data!));
    return { value, version: stat.version, atMs: stat.mtime };
  }

  #change(value: unknown, ifVersion: number | null | undefined, rollbackTo?: number): ConfigChange {
    const { path } = this;
    const client = this.#client;
    const rollback = rollbackTo === undefined ? {} : { rollbackTo };
    const prepare = async (by: string | null): Promise<PreparedChange> => {
      const { text, plain } = await serialised(this.#schema, value);
      const record = { id: client.ports.uuid(), by, ...rollback, value: plain };
      return { path, text, ifVersion, record, historyMax: this.#historyMax, acl: this.#acl };
    };
    return { path, client, prepare };
  }

  async #versions(signal: AbortSignal | undefined): Promise<number[]> {
    try {
      return versionsOf(await this.#client.children(historyOf(this.path), { signal }));
    } catch (error) {
      if (error instanceof NoNodeError) return [];
      throw error;
    }
  }

  async #entry(version: number, signal: AbortSignal | undefined): Promise<ConfigHistoryEntry | null> {
    const path = childPath(historyOf(this.path), entryName(version));
    const node = await getOrNull(this.#client, path, signal);
    const record = node === null ? null : readRecord(node.data);
    if (record === null) return null;
    const { value, by, rollbackTo = null, atMs = node!.stat.ctime } = record;
    return { version, value, by, atMs, rollbackTo };
  }
}
