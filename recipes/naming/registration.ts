import {
  BadVersionError,
  type Codec,
  NoNodeError,
  type OperationOptions,
  type Stat,
  UnansweredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { OwnNode } from '../lock/own-node.ts';
import type { Receipts } from '../receipts.ts';
import { repeatedly } from '../repeat.ts';
import type { SessionEnd } from '../session-end.ts';
import { NameLostError } from './errors.ts';

/** What a registration needs of its registry. */
export interface RegistrationHome<T> {
  readonly client: ZooKeeperClient;
  readonly receipts: Receipts;
  readonly codec: Codec<T>;
  /** Called once when the registration has ended. */
  ended(registration: Registration<T>): void;
}

interface Taken {
  readonly name: string;
  readonly path: string;
  readonly mode: 'ephemeral' | 'persistent';
  readonly stat: Stat;
  /** Begun before the name was taken. */
  readonly session: SessionEnd;
}

/** A name that was taken. */
export class Registration<T> implements AsyncDisposable {
  readonly name: string;
  /** The node that holds the value. */
  readonly path: string;
  readonly mode: 'ephemeral' | 'persistent';
  readonly #home: RegistrationHome<T>;
  readonly #czxid: number;
  readonly #session: SessionEnd;
  readonly #node: OwnNode | null;
  readonly #controller = new AbortController();
  #version: number;
  #line: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | null = null;
  readonly #onState = (): void => {
    if (this.#session.over) this.#lose();
  };

  /** @internal Made by `NameRegistry.register`. */
  constructor(home: RegistrationHome<T>, { name, path, mode, stat, session }: Taken) {
    this.name = name;
    this.path = path;
    this.mode = mode;
    this.#home = home;
    this.#czxid = stat.czxid;
    this.#version = stat.version;
    this.#session = session;
    if (mode === 'persistent') {
      session.release();
      this.#node = null;
      return;
    }
    this.#node = new OwnNode(home.client, path, { czxid: stat.czxid });
    this.#node.onDeleted = () => this.#lose();
    // After the session's own listener.
    home.client.on('state', this.#onState).on('end', this.#onState);
    this.#onState();
  }

  /**
   * Aborts with `NameLostError` when the name is not ours any more, as far as this client has heard: a persistent one learns of it
   * only by `update` and `release`. Also when it was released.
   */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Changes what the name stands for. `NameLostError` if it is not ours any more, or somebody else has written to its node. */
  async update(value: T, options: OperationOptions = {}): Promise<void> {
    const data = await this.#home.codec.encode(value);
    return this.#inLine(async () => {
      this.#controller.signal.throwIfAborted();
      try {
        await this.#home.receipts.apply(
          (transaction) => transaction.set(this.path, data, { version: this.#version }),
          options.signal,
        );
        this.#version++;
      } catch (error) {
        if (!isLost(error)) throw error;
        this.#lose(error);
        throw this.#controller.signal.reason;
      }
    });
  }

  /** Gives the name back; resolves when it is free. Nothing happens if it is not ours any more. Idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#inLine(() => this.#delete());
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #delete(): Promise<void> {
    if (this.#controller.signal.aborted) return;
    this.#node?.stop();
    try {
      const stat = await repeatedly(() => this.#home.client.exists(this.path));
      if (stat?.czxid === this.#czxid) {
        await this.#home.receipts.apply((transaction) =>
          transaction.delete(this.path, { version: stat.version }),
        );
      }
    } catch (error) {
      // A name that went with its session is free; any other may still be there.
      const free = isLost(error) || (this.mode === 'ephemeral' && error instanceof UnansweredError);
      if (!free) {
        this.#released = null;
        throw error;
      }
    }
    this.#lose();
  }

  #inLine<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#line.then(work);
    this.#line = result.catch(() => {});
    return result;
  }

  #lose(cause?: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#node?.stop();
    this.#session.release();
    this.#home.client.off('state', this.#onState).off('end', this.#onState);
    this.#controller.abort(new NameLostError(this.path, cause));
    this.#home.ended(this);
  }
}

function isLost(error: unknown): boolean {
  return error instanceof NoNodeError || error instanceof BadVersionError;
}
