import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidValueError, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { validated } from '../../client/schema.ts';
import { readAll, type Snapshot } from '../follow.ts';
import { recipePath } from '../paths.ts';
import { mergeLayers } from './merge.ts';
import { dataOf } from './publish.ts';
import type { ConfigSubscribeOptions } from './store.ts';
import { type ListenOptions, listen, Subscription } from './subscription.ts';
import { parse } from './value.ts';
import { type InvalidConfigListener, values } from './values.ts';

export interface LayeredConfigOptions<T> {
  /** What the merged value has to be; single layers may lack what others have. */
  readonly schema: StandardSchemaV1<unknown, T>;
  /** Makes one value of those that there are, the most general first. Default `mergeLayers`. */
  readonly merge?: ((layers: readonly unknown[]) => unknown) | undefined;
  /** What subscriptions that have none of their own do with values that are not valid; default nothing. */
  readonly onInvalid?: InvalidConfigListener | undefined;
}

/** What several layers amount to. */
export interface LayeredValue<T> {
  readonly value: T;
  /** The version of each layer, in the order of the paths; null for one that has no value. */
  readonly versions: readonly (number | null)[];
}

/**
 * Several configs read as one: defaults, then what the environment sets differently, then what this instance does. Each layer is a
 * node with a JSON value, published by a `ConfigStore` of its own; those that are missing are left out. The layers are read in one
 * request: what `ConfigStore.publishAll` has published together is never seen in part.
 *
 * Servers from 3.6.
 */
export class LayeredConfig<T> {
  /** The most general layer first. */
  readonly paths: readonly string[];
  readonly #client: ZooKeeperClient;
  readonly #schema: StandardSchemaV1<unknown, T>;
  readonly #merge: (layers: readonly unknown[]) => unknown;
  readonly #onInvalid: InvalidConfigListener | undefined;

  constructor(client: ZooKeeperClient, paths: readonly string[], options: LayeredConfigOptions<T>) {
    const { schema, merge = mergeLayers, onInvalid } = options;
    if (paths.length === 0) throw new RangeError('LayeredConfig: there must be a path');
    this.paths = paths.map((path) => recipePath('LayeredConfig', path));
    if (new Set(paths).size < paths.length) throw new TypeError('LayeredConfig: a path is named twice');
    if (typeof schema?.['~standard']?.validate !== 'function') {
      throw new TypeError('LayeredConfig: schema must be a Standard Schema (zod, valibot, arktype, …)');
    }
    this.#client = client;
    this.#schema = schema;
    this.#merge = merge;
    this.#onInvalid = onInvalid;
  }

  /** The merged value. `NoNodeError` if no layer has one, `InvalidValueError` if it is not what the schema wants. */
  async get(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<LayeredValue<T>> {
    const merged = await this.#merged(await readAll(this.#client, this.paths, options.signal));
    if (merged !== null) return merged;
    const context = { operation: 'get', path: this.paths[0]! };
    throw new NoNodeError('NoNode', 'no layer has a value', context);
  }

  /** The merged value, and again after a change of any layer; otherwise as `ConfigStore.subscribe`. */
  subscribe(options: ConfigSubscribeOptions = {}): Subscription<LayeredValue<T>> {
    const onInvalid = options.onInvalid ?? this.#onInvalid;
    const read = (snapshot: Snapshot) => this.#merged(snapshot);
    return new Subscription(
      (signal) => values(this.#client, this.paths, read, onInvalid, signal),
      options.signal,
    );
  }

  /** The same for a listener; the answer ends it. */
  onValue(
    listener: (merged: LayeredValue<T>) => void,
    options: ConfigSubscribeOptions & ListenOptions = {},
  ): () => void {
    return listen((signal) => this.subscribe({ ...options, signal }), listener, options);
  }

  async #merged(snapshot: Snapshot): Promise<LayeredValue<T> | null> {
    const layers: unknown[] = [];
    for (const [i, node] of snapshot.entries()) {
      const data = dataOf(node);
      if (data !== null) layers.push(await parse(data).catch((error: unknown) => this.#blame(i, error)));
    }
    if (layers.length === 0) return null;
    const value = await validated(this.#schema, this.#merge(layers));
    return {
      value,
      versions: snapshot.map((node) => (dataOf(node) === null ? null : node!.stat.version)),
    };
  }

  /** Says which layer it is that holds no JSON. */
  #blame(layer: number, error: unknown): never {
    if (!(error instanceof InvalidValueError)) throw error;
    const faults = error.faults.map(({ message }) => ({ at: this.paths[layer]!, message }));
    throw new InvalidValueError(faults, error);
  }
}
