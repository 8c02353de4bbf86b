import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Acl, ClientInfo, Stat } from '../wire/data.ts';
import type { SessionId, Zxid } from '../wire/ids.ts';
import type { AuthInfo } from './auth.ts';
import { type Codec, json } from './codec.ts';
import type { Connection } from './connection.ts';
import type { ClientContext, Data, OperationOptions } from './context.ts';
import { type CreateOptions, create } from './create.ts';
import { deleteGuaranteed, waitFor } from './guaranteed.ts';
import { deleteIdempotent, setIdempotent } from './idempotent.ts';
import { multiRead, type ReadOp, type ReadResults } from './multi-read.ts';
import type { ClientPorts } from './ports.ts';
import * as reads from './reads.ts';
import { isRetryable } from './retry-policies.ts';
import { retry } from './retrying.ts';
import type { ClientEvents, SharedSession } from './shared-session.ts';
import type { ClientState } from './state.ts';
import type { StatePolicy } from './state-policy.ts';
import { Transaction } from './transaction.ts';
import { deleteRecursive, type EnsureOptions, ensurePath } from './trees.ts';
import { TypedNodes } from './typed.ts';
import type { Watch, WatchTypeName } from './watch-ops.ts';
import { type AddWatchOptions, addWatch, checkWatches, removeWatches } from './watch-ops.ts';
import { WatchStream, type WatchStreamOptions } from './watch-stream.ts';
import type { WatchCounts, WatchListener } from './watches.ts';
import * as writes from './writes.ts';

type ClientEventName = keyof ClientEvents & ('state' | 'doubt' | 'away' | 'closing' | 'end');

export interface DeleteOptions extends writes.VersionOptions {
  /**
   * Go on deleting however often the connection breaks, until the server has answered or the session has ended; the signal then
   * stops the waiting, not the deleting. A delete whose answer was lost is repeated: where others may create the same path again
   * meanwhile, theirs would go, so this is for names that are made once, as those with `protected` or a sequence number are.
   */
  readonly guaranteed?: boolean | undefined;
  /** Settle the unknown: when the answer is lost the node is deleted again, and if it is not there by then, it was deleted. */
  readonly idempotent?: boolean | undefined;
}

/**
 * A ZooKeeper client: one session, kept alive over as many connections as it takes, and by default followed by a new one when it
 * is lost. Made by `connect`.
 *
 * Operations are sent in the order in which they are called, many at once on one connection, and answered in that order. While
 * there is no connection they wait for one; `signal` bounds the waiting. A read whose answer is lost with the connection is sent
 * again, `readSendsMax` times in all; a write rejects with `ConnectionLossError`, whose `outcome` says whether it may have been applied.
 *
 * All paths are relative to the chroot of the connect string. Every operation may reject with the errors of errors.ts; those
 * named with each method are the ones it is about. Data given to an operation must not be changed before it has settled.
 */
export class ZooKeeperClient implements AsyncDisposable {
  readonly #shared: SharedSession;
  readonly #connection: Connection;
  readonly #context: ClientContext;

  /** @internal Use `connect`, or `namespace`. */
  constructor(shared: SharedSession, context: ClientContext = shared.context) {
    this.#shared = shared;
    this.#connection = shared.connection;
    this.#context = context;
  }

  /** The session's id; 0n while there is none. It changes when a lost session is followed by a new one. */
  get sessionId(): SessionId {
    return this.#connection.session.identity.sessionId;
  }

  /** The session timeout that the server granted. */
  get sessionTimeoutMs(): number {
    return this.#connection.session.identity.timeoutMs;
  }

  /** The highest zxid that this session has seen: no server that is behind it will be used. */
  get lastZxid(): Zxid {
    return this.#connection.session.identity.lastZxid;
  }

  /** The last state reported; null before the first connection. */
  get state(): ClientState | null {
    return this.#shared.state;
  }

  /** Whether there is a connection with a session. */
  get connected(): boolean {
    return this.#connection.session.ready;
  }

  /** How many connections this client has had: events and answers come in the servers' order as long as it is the same one. */
  get connections(): number {
    return this.#connection.session.attempts.connections;
  }

  /** Whether the client has ended, by `close` or with its session: nothing more will come of it. */
  get ended(): boolean {
    return this.#connection.session.ended;
  }

  /**
   * Whether the session can be relied on at this moment, by the clock: true while there is a connection whose server has answered
   * something that was sent within the last two thirds of the session timeout. Unlike states and signals it is right even when the process has just been stopped for a while,
   * though not after the whole machine was suspended, which its monotonic clock may leave out.
   */
  get trusted(): boolean {
    return this.#connection.trusted;
  }

  /**
   * For how many milliseconds from now no server can let the session expire, by the monotonic clock of this machine: its timeout,
   * counted from when the latest request that was answered had been sent. 0 if there is no session, or none that is sure to live.
   */
  get safeForMs(): number {
    return this.#connection.safeForMs;
  }

  /** The server of the present connection as `host:port`, or null. */
  get server(): string | null {
    return this.#connection.session.ready ? this.#connection.session.attempts.server : null;
  }

  /** The path on the server that all paths are relative to; `/` if the connect string names none. */
  get chroot(): string {
    return this.#context.chroot.toServer('/');
  }

  /** Listens to an event until `off`. Listeners run before any promise settles that the same event concerns. */
  on<K extends ClientEventName>(event: K, listener: (...args: ClientEvents[K]) => void): this {
    this.#shared.listeners.add(event, listener);
    return this;
  }

  off<K extends ClientEventName>(event: K, listener: (...args: ClientEvents[K]) => void): this {
    this.#shared.listeners.remove(event, listener);
    return this;
  }

  /**
   * Creates a node. Returns the path that it got, which with a sequential mode is longer than the one given, and its Stat. Fires
   * `created` at the node and `childrenChanged` at its parent. NodeExistsError, NoNodeError (no parent; see `parents`),
   * NoChildrenForEphemeralsError, InvalidAclError, NoAuthError, UnimplementedError (TTL nodes on a server without them).
   */
  create(path: string, data?: Data, options?: CreateOptions): Promise<writes.Created> {
    const { defaultData } = this.#context.behaviour;
    return create(this.#context, path, data === undefined ? defaultData : data, options);
  }

  /**
   * Deletes a node that has no children, if it has the version. Fires `deleted` at the node and `childrenChanged` at its parent.
   * NoNodeError, BadVersionError, NotEmptyError, NoAuthError.
   */
  delete(path: string, options?: DeleteOptions): Promise<void> {
    const context = this.#context;
    if (options?.guaranteed === true) return attempt(() => deleteGuaranteed(context, path, options));
    if (options?.idempotent === true) return attempt(() => deleteIdempotent(context, path, options));
    return attempt(() => writes.deletePlain(context, path, options));
  }

  /** The node's Stat, or null if there is none. A `watch` fires when the node is created, changed or deleted. */
  exists(path: string, options?: reads.WatchedReadOptions): Promise<Stat | null> {
    return this.#read(options, () => reads.exists(this.#context, path, options));
  }

  /** The node's data and Stat. A `watch` fires when the node is changed or deleted; NoNodeError leaves no watch. NoAuthError. */
  get(path: string, options?: reads.GetOptions): Promise<reads.NodeData> {
    return this.#read(options, () => reads.get(this.#context, path, options));
  }

  /** Sets the node's data, if it has the version. Fires `dataChanged`. NoNodeError, BadVersionError, NoAuthError. */
  set(path: string, data: Data, options?: writes.SetOptions): Promise<Stat> {
    if (options?.idempotent === true) {
      return attempt(() => setIdempotent(this.#context, path, data, options));
    }
    return attempt(() => writes.setPlain(this.#context, path, data, options));
  }

  /** Names of the children, in no order. A `watch` fires when one is added or removed, or the node deleted. NoNodeError, NoAuthError. */
  children(path: string, options?: reads.WatchedReadOptions): Promise<string[]> {
    return this.#read(options, () => reads.children(this.#context, path, options));
  }

  /** The same together with the node's own Stat (getChildren2). */
  childrenAndStat(path: string, options?: reads.WatchedReadOptions): Promise<reads.ChildrenAndStat> {
    return this.#read(options, () => reads.childrenAndStat(this.#context, path, options));
  }

  /** How many nodes there are below a node, at any depth. NoNodeError, NoAuthError. */
  getAllChildrenNumber(path: string, options?: OperationOptions): Promise<number> {
    return this.#read(options, () => reads.getAllChildrenNumber(this.#context, path, options));
  }

  /** Paths of the session's ephemeral nodes that begin with a prefix, default all. */
  getEphemerals(prefix = '/', options?: OperationOptions): Promise<string[]> {
    return this.#read(options, () => reads.getEphemerals(this.#context, prefix, options));
  }

  /** The node's ACL and Stat. Without the admin permission digests are masked. NoNodeError, NoAuthError. */
  getAcl(path: string, options?: OperationOptions): Promise<reads.AclAndStat> {
    return this.#read(options, () => reads.getAcl(this.#context, path, options));
  }

  /** Sets the node's ACL, if it has the `aversion`. Fires no watch. NoNodeError, BadVersionError, InvalidAclError, NoAuthError. */
  setAcl(path: string, acl: readonly Acl[], options?: writes.SetAclOptions): Promise<Stat> {
    return attempt(() => writes.setAcl(this.#context, path, acl, options));
  }

  /** Begins a transaction: several writes, applied together or not at all by `commit`. */
  transaction(): Transaction {
    return new Transaction(this.#context);
  }

  /** Several reads in one request, each with its own result or error: `multiRead([{ get: '/a' }, { children: '/b' }])`. */
  multiRead<const Ops extends readonly ReadOp[]>(
    ops: Ops,
    options?: OperationOptions,
  ): Promise<ReadResults<Ops>> {
    return this.#read(options, () => multiRead(this.#context, ops, options));
  }

  /**
   * Waits until the server has applied everything that the leader had committed when it got this request. Reads after it see at
   * least that; around a change of leaders the guarantee is weaker, as ZooKeeper's is.
   */
  sync(path = '/', options?: OperationOptions): Promise<void> {
    return this.#read(options, () => reads.sync(this.#context, path, options));
  }

  /** The identities that the server knows of this connection. Servers from 3.7. */
  whoAmI(options?: OperationOptions): Promise<ClientInfo[]> {
    return this.#read(options, () => reads.whoAmI(this.#context, options));
  }

  /** Presents credentials, now and on every later connection. AuthFailedError if the server refuses them; it hangs up then. */
  async addAuth(scheme: string, auth: string | Uint8Array, options?: OperationOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const info: AuthInfo = { scheme, auth };
    const done = new Promise<void>((resolve, reject) => {
      this.#connection.addAuth(info, (error) => (error === null ? resolve() : reject(error)));
    });
    return waitFor(done, options?.signal);
  }

  /** Creates a node and those above it, unless they exist. */
  ensurePath(path: string, options?: EnsureOptions): Promise<void> {
    return ensurePath(this.#context, path, options);
  }

  /** Deletes a node and everything below it, children first; not atomic. NoNodeError, NoAuthError. */
  deleteRecursive(path: string, options?: OperationOptions): Promise<void> {
    return deleteRecursive(this.#context, path, options);
  }

  /**
   * Calls a listener with every change of a node, which need not exist, and with `recursive` of everything below it, until the
   * watch is removed. It survives connections and sessions; `resync` tells when changes may have been missed. Servers from 3.6.
   */
  addWatch(path: string, listener: WatchListener, options?: AddWatchOptions): Promise<Watch> {
    return addWatch(this.#context, path, listener, options);
  }

  /** Removes all of this client's watches of a type on a path; their listeners get `ended`. NoWatcherError if there is none. */
  removeWatches(path: string, type: WatchTypeName = 'any', options?: OperationOptions): Promise<void> {
    return removeWatches(this.#context, path, type, options);
  }

  /** Whether the server holds a watch of a type on a path for this connection. */
  checkWatches(path: string, type: WatchTypeName = 'any', options?: OperationOptions): Promise<boolean> {
    return checkWatches(this.#context, path, type, options);
  }

  /** Changes as an async iterable, see `WatchStream`: `resync` first, and whenever changes may have been missed. */
  watch(path: string, options?: WatchStreamOptions): WatchStream {
    return new WatchStream(this.#context, path, options);
  }

  /** Paths and listeners in the watch tables. */
  watchCounts(): WatchCounts {
    return this.#context.watches.counts();
  }

  /**
   * Ends the session on the server, which deletes its ephemeral nodes, after the operations already sent. Operations that were not
   * sent reject with `ClosedError`. Never rejects, may be called again and from anywhere; afterwards nothing of the client keeps
   * the process alive. On a namespace it does nothing: the session is that of the client it was made of.
   */
  close(): Promise<void> {
    if (this.#context !== this.#shared.context) return Promise.resolve();
    this.#shared.close();
    return this.#shared.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * A client whose paths are relative to a node below this one's, in the same session: `client.namespace('/app').get('/a')` reads
   * `/app/a`. The node is made when something below is created with `parents`, or by `ensurePath('/')`.
   */
  namespace(path: string): ZooKeeperClient {
    const context = this.#context.below(path.startsWith('/') ? path : `/${path}`);
    return new ZooKeeperClient(this.#shared, context);
  }

  /** Nodes of one kind: a template such as `/services/{name}` and what their data means, as a codec or a schema (then it is JSON). */
  typed<const Template extends string, S extends StandardSchemaV1>(
    template: Template,
    schema: S,
  ): TypedNodes<Template, StandardSchemaV1.InferOutput<S>>;
  typed<const Template extends string, T>(template: Template, codec: Codec<T>): TypedNodes<Template, T>;
  typed(template: string, kind: StandardSchemaV1 | Codec<unknown>): TypedNodes<string, unknown> {
    return new TypedNodes(this, template, '~standard' in kind ? json(kind) : kind);
  }

  /** What the client's states mean for whatever depends on its session. */
  get statePolicy(): StatePolicy {
    return this.#context.behaviour.states;
  }

  /** Reads do no harm when they are repeated, so the client's retry policy holds for them. */
  #read<T>(options: OperationOptions | undefined, start: () => Promise<T>): Promise<T> {
    const policy = this.#context.behaviour.retry;
    if (policy === null) return attempt(start);
    const { ports, connection } = this.#context;
    const retryable = (error: unknown) => isRetryable(error) && !connection.session.ended;
    return retry(policy, () => attempt(start), { signal: options?.signal, retryable, ports });
  }

  /** @internal What recipes take their time from. */
  get ports(): ClientPorts {
    return this.#context.ports;
  }

  /** @internal What `connect` needs to wait for the first connection. */
  get connection(): Connection {
    return this.#connection;
  }
}

/** Arguments that are not valid are reported like any other failure: by the promise. */
function attempt<T>(start: () => Promise<T>): Promise<T> {
  try {
    return start();
  } catch (error) {
    return Promise.reject(error);
  }
}
