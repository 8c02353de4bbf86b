import type { StandardSchemaV1 } from '@standard-schema/spec';
import { NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { ConfigStore, type InvalidConfig } from '../config/index.ts';
import type { Scope } from '../scope.ts';

/** What is wrong with a config that is followed: a value that is not valid, or why there will be no other. The last good one stays. */
export type ConfigErrorListener = (path: string, error: Error) => void;

/** The latest valid value of a config as one schema has it, at hand without waiting. */
export class ConfigFeed<T> implements AsyncDisposable {
  readonly path: string;
  readonly store: ConfigStore<T, unknown>;
  readonly schema: StandardSchemaV1<unknown, T>;
  readonly #report: ConfigErrorListener;
  readonly #stop = new AbortController();
  #latest: { readonly value: T } | null = null;
  /** Why there was no value in the beginning. */
  #absent: NoNodeError | null = null;
  #following: Promise<void> = Promise.resolve();
  /** Resolves when it follows the config, and rejects where it cannot, or what is there is not valid. */
  readonly started: Promise<unknown>;

  /** Starts at once, and ends with the scope. */
  constructor(
    scope: Scope,
    client: ZooKeeperClient,
    path: string,
    schema: StandardSchemaV1<unknown, T>,
    report: ConfigErrorListener,
  ) {
    this.path = path;
    this.schema = schema;
    this.#report = report;
    this.store = new ConfigStore(client, path, { schema });
    this.started = scope.start(`config ${path}`, (signal) => this.#start(signal));
  }

  /** The value; before the first one what was given for that. Throws if there is neither. */
  value(whenAbsent: T | undefined): T {
    if (this.#latest !== null) return this.#latest.value;
    if (whenAbsent !== undefined) return whenAbsent;
    throw new Error(`config ${this.path}: no value yet; await the module's ready(), or give a default`);
  }

  /** Waits for a value. `NoNodeError` where nothing was published, unless there is one for that; `InvalidValueError` if it is not valid. */
  async ready(whenAbsent: T | undefined): Promise<void> {
    await this.started;
    if (this.#latest === null && whenAbsent === undefined && this.#absent !== null) throw this.#absent;
  }

  async #start(signal: AbortSignal): Promise<this> {
    try {
      this.#latest = await this.store.get({ signal });
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
      this.#absent = error;
    }
    this.#following = this.#follow();
    // Told by `close` too.
    this.#following.catch((error: unknown) => this.#failed(error));
    return this;
  }

  async #follow(): Promise<void> {
    const onInvalid = ({ error }: InvalidConfig): void => this.#failed(error);
    const values = this.store.subscribe({ signal: this.#stop.signal, onInvalid });
    for await (const published of values) this.#latest = published;
  }

  #failed(error: unknown): void {
    callListener(this.#report, this.path, error instanceof Error ? error : new Error(String(error)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}
