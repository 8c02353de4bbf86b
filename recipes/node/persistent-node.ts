import type { CreateModeName, Data, OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { recipePath } from '../paths.ts';
import { Keeper, type NodeState } from './keeper.ts';
import { Subscribers } from './listeners.ts';
import type { KeptEphemeralOptions } from './node-options.ts';

export interface PersistentNodeOptions extends KeptEphemeralOptions {
  /** Default `ephemeral`. With a sequential mode the number that the node got first stays its name. */
  readonly mode?: CreateModeName | undefined;
  /** For the modes with a time to live, in milliseconds. */
  readonly ttlMs?: number | undefined;
  /** Puts `_c_<uuid>-` before the name, as Curator does. Sequential nodes always have it. Default false. */
  readonly protected?: boolean | undefined;
}

/**
 * A node that is there for as long as somebody keeps it: made again when it was deleted or its session was lost, always at the same
 * path. Curator's recipe of the same name.
 */
export class PersistentNode implements AsyncDisposable {
  readonly #keeper: Keeper;
  readonly #states: Subscribers<[state: NodeState]>;
  readonly #errors: Subscribers<[error: Error]>;

  private constructor(
    keeper: Keeper,
    states: Subscribers<[state: NodeState]>,
    errors: Subscribers<[error: Error]>,
  ) {
    this.#keeper = keeper;
    this.#states = states;
    this.#errors = errors;
  }

  /**
   * Makes the node and resolves when it is there; with another session's node in its place that may take until that session ends.
   * Rejects with whatever keeps it from being made (`NoAuthError`, `NoNodeError` with `parents: false`, …) or the signal's reason,
   * and leaves no node behind then.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    data: Data = Buffer.alloc(0),
    options: PersistentNodeOptions = {},
  ): Promise<PersistentNode> {
    const { mode = 'ephemeral', existing = 'wait', parents = 'container' } = options;
    recipePath('persistent node', path);
    if (!['wait', 'replace'].includes(existing)) {
      throw new TypeError(`persistent node: existing must be wait or replace, not ${String(existing)}`);
    }
    const states = new Subscribers<[state: NodeState]>();
    const errors = new Subscribers<[error: Error]>();
    const settings = {
      mode,
      ttlMs: options.ttlMs,
      parents,
      protected: options.protected === true || mode.includes('sequential'),
      acl: options.acl,
      replace: existing === 'replace',
      remove: true,
    };
    const keeper = new Keeper(client, path, data, settings, {
      state: (state) => states.tell(state),
      failed: (error) => errors.tell(error),
    });
    await keeper.start(options.signal);
    return new PersistentNode(keeper, states, errors);
  }

  /** The node's path; with a sequential mode or `protected` longer than the one asked for. */
  get path(): string {
    return this.#keeper.path;
  }

  /** What the node has, or is to have when it is made again. */
  get data(): Data {
    return this.#keeper.data;
  }

  get state(): NodeState {
    return this.#keeper.state;
  }

  /**
   * Gives the node other data, also when it is made again later. Resolves when it has them, however often the connection breaks.
   * Rejects with what the server says against it (the node is kept with the data that it had), with the signal's reason (they may
   * still be written), or `ClosedError`.
   */
  set(data: Data, options?: OperationOptions): Promise<void> {
    return this.#keeper.set(data, options?.signal);
  }

  /** Calls a listener whenever the state changes, until the answer is called. */
  onState(listener: (state: NodeState) => void): () => void {
    return this.#states.add(listener);
  }

  /** Calls a listener when the node cannot be made again or written; it is tried again every second. */
  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /** Keeps the node no longer and deletes it; resolves when it is gone. Idempotent. */
  close(): Promise<void> {
    return this.#keeper.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
