import type { StandardSchemaV1 } from '@standard-schema/spec';
import { NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { ConfigStore } from '../config/index.ts';
import type { Scope } from '../scope.ts';

/** The latest valid value of a config, at hand without waiting. */
export class ConfigFeed<T> implements AsyncDisposable {
  readonly path: string;
  readonly store: ConfigStore<T, unknown>;
  readonly #stop = new AbortController();
  readonly #whenAbsent: T | undefined;
  #latest: { readonly value: T } | null = null;
  #following: Promise<void> = Promise.resolve();
  /** Resolves when there is a value, and rejects where there is none or it is not valid. */
  readonly ready: Promise<unknown>;

  /** Starts at once, and ends with the scope. */
  constructor(
    scope: Scope,
    client: ZooKeeperClient,
    path: string,
    schema: StandardSchemaV1<unknown, T>,
    whenAbsent: T | undefined,
  ) {
    this.path = path;
    this.store = new ConfigStore(client, path, { schema });
    this.#whenAbsent = whenAbsent;
    this.ready = scope.start(`config ${path}`, (signal) => this.#start(signal));
  }

  /** The value; before the first one what was given for that. Throws if there is neither. */
  get value(): T {
    if (this.#latest !== null) return this.#latest.value;
    if (this.#whenAbsent !== undefined) return this.#whenAbsent;
    throw new Error(`config ${this.path}: no value yet; await the module's ready(), or give a default`);
  }

  /** `NoNodeError` where nothing was published, unless there is a value for that; `InvalidValueError` if what is there is not valid. */
  async #start(signal: AbortSignal): Promise<this> {
    try {
      this.#latest = await this.store.get({ signal });
    } catch (error) {
      if (!(error instanceof NoNodeError && this.#whenAbsent !== undefined)) throw error;
    }
    this.#following = this.#follow();
    // Told by `close`; until then the latest value stays.
    this.#following.catch(() => {});
    return this;
  }

  async #follow(): Promise<void> {
    for await (const published of this.store.subscribe({ signal: this.#stop.signal }))
      this.#latest = published;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}
