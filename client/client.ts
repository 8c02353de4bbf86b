import type { Acl, ClientInfo, Stat } from '../wire/data.ts';
import type { SessionId, Zxid } from '../wire/ids.ts';
import type { AuthInfo } from './auth.ts';
import { Chroot } from './chroot.ts';
import { Connection } from './connection.ts';
import { ClientContext, type Data, type OperationOptions } from './context.ts';
import { type CreateOptions, create } from './create.ts';
import { deleteGuaranteed, waitFor } from './guaranteed.ts';
import type { ConnectString } from './hosts.ts';
import { callListener, Listeners } from './listeners.ts';
import { multiRead, type ReadOp, type ReadResults } from './multi-read.ts';
import type { ClientPorts } from './ports.ts';
import * as reads from './reads.ts';
import type { SessionSettings } from './session-types.ts';
import type { ClientState, StateInfo } from './state.ts';
import { Transaction } from './transaction.ts';
import { deleteRecursive, type EnsureOptions, ensurePath } from './trees.ts';
import type { Watch, WatchTypeName } from './watch-ops.ts';
import { type AddWatchOptions, addWatch, checkWatches, removeWatches } from './watch-ops.ts';
import { WatchStream, type WatchStreamOptions } from './watch-stream.ts';
import { type WatchCounts, Watches, type WatchListener } from './watches.ts';
import * as writes from './writes.ts';

export interface DeleteOptions extends writes.VersionOptions {
  /**
   * Go on deleting however often the connection breaks, until the server has answered or the session has ended; the signal then
   * stops the waiting, not the deleting. A delete whose answer was lost is repeated: where others may create the same path again
   * meanwhile, theirs would go, so this is for names that are made once, as those with `protected` or a sequence number are.
   */
  readonly guaranteed?: boolean | undefined;
}

interface ClientEvents extends Record<string, readonly unknown[]> {
  /** The connection or the session changed. */
  state: [state: ClientState, info: StateInfo];
  /**
   * For two thirds of the session timeout the server has answered nothing that was sent since, although the connection is there:
   * the session may be about to expire.
   */
  doubt: [];
  /** The client has ended, once; null if `close` asked for it. */
  end: [error: Error | null];
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
  readonly #connection: Connection;
  readonly #context: ClientContext;
  readonly #listeners = new Listeners<ClientEvents>();
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #state: ClientState | null = null;

  /** Use `connect`. This starts to connect and does not wait. */
  constructor(target: ConnectString, settings: SessionSettings, ports: ClientPorts) {
    const chroot = new Chroot(target.chroot);
    const watches = new Watches(chroot, (listener, event) => callListener(listener, event));
    this.#connection = new Connection(target.endpoints, settings, watches, ports, {
      state: (state, info) => {
        this.#state = state;
        this.#listeners.emit('state', state, info);
      },
      doubt: () => this.#listeners.emit('doubt'),
      ended: (error) => {
        this.#resolveClosed();
        this.#listeners.emit('end', error);
      },
    });
    this.#context = new ClientContext(this.#connection, watches, chroot, ports);
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#connection.start();
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
    return this.#state;
  }

  /** Whether there is a connection with a session. */
  get connected(): boolean {
    return this.#connection.session.ready;
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
   * Whether the servers may have let the session expire by now, by the clock: nothing that was sent within the session timeout has
   * been answered. Then its locks may have passed to others.
   */
  get mayHaveExpired(): boolean {
    return this.#connection.mayHaveExpired;
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
  on<K extends keyof ClientEvents & ('state' | 'doubt' | 'end')>(
    event: K,
    listener: (...args: ClientEvents[K]) => void,
  ): this {
    this.#listeners.add(event, listener);
    return this;
  }

  off<K extends keyof ClientEvents & ('state' | 'doubt' | 'end')>(
    event: K,
    listener: (...args: ClientEvents[K]) => void,
  ): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  /**
   * Creates a node. Returns the path that it got, which with a sequential mode is longer than the one given, and its Stat. Fires
   * `created` at the node and `childrenChanged` at its parent. NodeExistsError, NoNodeError (no parent; see `parents`),
   * NoChildrenForEphemeralsError, InvalidAclError, NoAuthError, UnimplementedError (TTL nodes on a server without them).
   */
  create(path: string, data: Data = Buffer.alloc(0), options?: CreateOptions): Promise<writes.Created> {
    return create(this.#context, path, data, options);
  }

  /**
   * Deletes a node that has no children, if it has the version. Fires `deleted` at the node and `childrenChanged` at its parent.
   * NoNodeError, BadVersionError, NotEmptyError, NoAuthError.
   */
  delete(path: string, options?: DeleteOptions): Promise<void> {
    return attempt(() =>
      options?.guaranteed === true
        ? deleteGuaranteed(this.#context, path, options)
        : writes.deletePlain(this.#context, path, options),
    );
  }

  /** The node's Stat, or null if there is none. A `watch` fires when the node is created, changed or deleted. */
  exists(path: string, options?: reads.WatchedReadOptions): Promise<Stat | null> {
    return attempt(() => reads.exists(this.#context, path, options));
  }

  /** The node's data and Stat. A `watch` fires when the node is changed or deleted; NoNodeError leaves no watch. NoAuthError. */
  get(path: string, options?: reads.WatchedReadOptions): Promise<reads.NodeData> {
    return attempt(() => reads.get(this.#context, path, options));
  }

  /** Sets the node's data, if it has the version. Fires `dataChanged`. NoNodeError, BadVersionError, NoAuthError. */
  set(path: string, data: Data, options?: writes.VersionOptions): Promise<Stat> {
    return attempt(() => writes.set(this.#context, path, data, options));
  }

  /** Names of the children, in no order. A `watch` fires when one is added or removed, or the node deleted. NoNodeError, NoAuthError. */
  children(path: string, options?: reads.WatchedReadOptions): Promise<string[]> {
    return attempt(() => reads.children(this.#context, path, options));
  }

  /** The same together with the node's own Stat (getChildren2). */
  childrenAndStat(path: string, options?: reads.WatchedReadOptions): Promise<reads.ChildrenAndStat> {
    return attempt(() => reads.childrenAndStat(this.#context, path, options));
  }

  /** How many nodes there are below a node, at any depth. NoNodeError, NoAuthError. */
  getAllChildrenNumber(path: string, options?: OperationOptions): Promise<number> {
    return attempt(() => reads.getAllChildrenNumber(this.#context, path, options));
  }

  /** Paths of the session's ephemeral nodes that begin with a prefix, default all. */
  getEphemerals(prefix = '/', options?: OperationOptions): Promise<string[]> {
    return attempt(() => reads.getEphemerals(this.#context, prefix, options));
  }

  /** The node's ACL and Stat. Without the admin permission digests are masked. NoNodeError, NoAuthError. */
  getAcl(path: string, options?: OperationOptions): Promise<reads.AclAndStat> {
    return attempt(() => reads.getAcl(this.#context, path, options));
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
    return multiRead(this.#context, ops, options);
  }

  /**
   * Waits until the server has applied everything that the leader had committed when it got this request. Reads after it see at
   * least that; around a change of leaders the guarantee is weaker, as ZooKeeper's is.
   */
  sync(path = '/', options?: OperationOptions): Promise<void> {
    return attempt(() => reads.sync(this.#context, path, options));
  }

  /** The identities that the server knows of this connection. Servers from 3.7. */
  whoAmI(options?: OperationOptions): Promise<ClientInfo[]> {
    return reads.whoAmI(this.#context, options);
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
   * the process alive.
   */
  close(): Promise<void> {
    this.#connection.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
