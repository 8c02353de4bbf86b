import type { Stat } from '../wire/data.ts';
import { pathFault } from '../wire/path.ts';
import { onAbort } from './aborts.ts';
import type { Codec } from './codec.ts';
import type { Data, OperationOptions } from './context.ts';
import type { CreateOptions } from './create.ts';
import { ConnectionLossError, NoNodeError, SessionExpiredError } from './errors.ts';
import type { GetOptions, NodeData, WatchedReadOptions } from './reads.ts';
import { InvalidValueError } from './schema.ts';
import type { WatchEvent } from './watches.ts';
import type { Created, SetOptions, VersionOptions } from './writes.ts';

/** The names in a template's braces. */
type NamesIn<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** What a template's names stand for: each one segment of the path. */
export type PathParams<Template extends string> = string extends Template
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesIn<Template>]: string };

/** A value together with the Stat that it was read with; `stat.version` is what a conditional `set` asks for. */
export interface TypedValue<T> {
  readonly value: T;
  readonly stat: Stat;
}

/** What a node holds now: a value, none because there is no node, or bytes that are no value. */
export type TypedChange<T> =
  | ({ readonly type: 'value' } & TypedValue<T>)
  | { readonly type: 'absent' }
  | { readonly type: 'invalid'; readonly error: InvalidValueError; readonly stat: Stat };

/** The operations that typed nodes are made of. */
interface Operations {
  readonly ended: boolean;
  get(path: string, options?: GetOptions): Promise<NodeData>;
  exists(path: string, options?: WatchedReadOptions): Promise<Stat | null>;
  children(path: string, options?: OperationOptions): Promise<string[]>;
  create(path: string, data: Data, options?: CreateOptions): Promise<Created>;
  set(path: string, data: Data, options?: SetOptions): Promise<Stat>;
  delete(path: string, options?: VersionOptions): Promise<void>;
}

/**
 * The nodes of one kind: their paths follow a template such as `/services/{name}`, and their data holds values of one type. Every
 * operation rejects with `InvalidValueError` for a value that is none, before anything is sent, or for data that holds none, and
 * else with what the plain operation rejects with. Throws `TypeError` if the template cannot give paths.
 */
export class TypedNodes<Template extends string, T> {
  readonly template: Template;
  readonly #operations: Operations;
  readonly #codec: Codec<T>;
  readonly #segments: readonly string[];

  constructor(operations: Operations, template: Template, codec: Codec<T>) {
    this.template = template;
    this.#operations = operations;
    this.#codec = codec;
    this.#segments = template.split('/');
    const fault = pathFault(this.#fill(() => 'x'));
    if (fault !== null) throw new TypeError(`template ${JSON.stringify(template)}: ${fault}`);
    if (/[{}]/.test(this.#fill(() => 'x'))) {
      throw new TypeError(
        `template ${JSON.stringify(template)}: a name in braces is a whole segment or part of one`,
      );
    }
  }

  /** The path of one node. Throws `TypeError` if a parameter is missing or is not one segment. */
  path(params: PathParams<Template>): string {
    const given = params as Readonly<Record<string, string | undefined>>;
    const path = this.#fill((name) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (typeof value === 'string' && value !== '' && !value.includes('/')) return value;
      throw new TypeError(
        `${this.template}: ${name} must be a name without a slash, not ${JSON.stringify(value)}`,
      );
    });
    const fault = pathFault(path);
    if (fault !== null) throw new TypeError(`${this.template}: path ${JSON.stringify(path)}: ${fault}`);
    return path;
  }

  async get(params: PathParams<Template>, options?: OperationOptions): Promise<TypedValue<T>> {
    return this.#read(this.path(params), options);
  }

  async create(params: PathParams<Template>, value: T, options?: CreateOptions): Promise<Created> {
    const path = this.path(params);
    return this.#operations.create(path, await this.#codec.encode(value), options);
  }

  /** Sets the value, if the node has the `version`. The result's version is what the next `set` asks for. */
  async set(params: PathParams<Template>, value: T, options?: SetOptions): Promise<Stat> {
    const path = this.path(params);
    return this.#operations.set(path, await this.#codec.encode(value), options);
  }

  async delete(params: PathParams<Template>, options?: VersionOptions): Promise<void> {
    return this.#operations.delete(this.path(params), options);
  }

  /** Names of the children of one node, in no order. */
  async children(params: PathParams<Template>, options?: OperationOptions): Promise<string[]> {
    return this.#operations.children(this.path(params), options);
  }

  /**
   * What the node holds, now and whenever it changes, until the signal aborts or the client is closed. Of changes that follow each
   * other closely only the last is certain to be seen. It goes on over lost connections and sessions, and leaves no watch behind.
   */
  async *watch(
    params: PathParams<Template>,
    options: OperationOptions = {},
  ): AsyncGenerator<TypedChange<T>, void, undefined> {
    const path = this.path(params);
    const { signal } = options;
    const over = (): boolean => signal?.aborted === true;
    while (!over()) {
      const watching = new AbortController();
      let fired: (event?: WatchEvent) => void = () => {};
      const changed = new Promise<void>((resolve) => {
        fired = () => resolve();
      });
      const release = signal === undefined ? () => {} : onAbort(signal, () => fired());
      try {
        const watch = (event: WatchEvent): void => fired(event);
        const change = await this.#look(path, { watch, watchSignal: watching.signal, signal });
        if (change !== null) yield change;
        if (change !== null) await changed;
      } catch (error) {
        if (over() || this.#operations.ended) return;
        // Each read waits for a connection, so this cannot spin.
        if (!(error instanceof ConnectionLossError || error instanceof SessionExpiredError)) throw error;
      } finally {
        release();
        watching.abort();
      }
    }
  }

  /** What the node holds; null where it was made between two looks, and another one is due. */
  async #look(path: string, options: WatchedReadOptions): Promise<TypedChange<T> | null> {
    try {
      const { data, stat } = await this.#operations.get(path, options);
      try {
        return { type: 'value', value: await this.#codec.decode(data ?? Buffer.alloc(0)), stat };
      } catch (error) {
        if (error instanceof InvalidValueError) return { type: 'invalid', error, stat };
        throw error;
      }
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
    }
    return (await this.#operations.exists(path, options)) === null ? { type: 'absent' } : null;
  }

  async #read(path: string, options: OperationOptions | undefined): Promise<TypedValue<T>> {
    const { data, stat } = await this.#operations.get(path, { signal: options?.signal });
    return { value: await this.#codec.decode(data ?? Buffer.alloc(0)), stat };
  }

  #fill(value: (name: string) => string): string {
    return this.#segments
      .map((segment) => segment.replace(/\{([^{}]+)\}/g, (_, name: string) => value(name)))
      .join('/');
  }
}
