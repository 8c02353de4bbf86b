import { pathFault, sequentialPathFault } from '../wire/path.ts';
import { onAbort } from './aborts.ts';
import type { Behaviour } from './behaviour.ts';
import { Chroot } from './chroot.ts';
import type { Connection } from './connection.ts';
import { BadArgumentsError } from './errors.ts';
import { gzip } from './gzip.ts';
import type { ClientPorts } from './ports.ts';
import { Call, type CallSpec } from './requests.ts';
import { channels, type Observed, observe } from './tracing.ts';
import type { Watches, WatchListener } from './watches.ts';

/** Options of every operation. */
export interface OperationOptions {
  /**
   * Stops waiting: the promise rejects with the signal's reason. A request that was already sent may still be applied; its
   * answer is discarded.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Data of a node as callers give it: text is UTF-8; null and empty are different. */
export type Data = string | Uint8Array | null;

/** The bytes of data; throws `BadArgumentsError` for what is none. */
export function bytesOf(operation: string, path: string, data: Data): Uint8Array | null {
  if (typeof data === 'string') return Buffer.from(data);
  if (data === null || data instanceof Uint8Array) return data;
  const detail = `data must be a string, a Uint8Array or null, not ${typeof data}`;
  throw new BadArgumentsError({ operation, path, detail });
}

/** The version that an operation asks for, -1 for any; throws `BadArgumentsError` where the wire would make another of it. */
export function versionOf(operation: string, path: string, version: number | undefined): number {
  if (version === undefined) return -1;
  if (Number.isInteger(version) && version === (version | 0)) return version;
  const detail = `version must be a 32-bit integer, not ${String(version)}`;
  throw new BadArgumentsError({ operation, path, detail });
}

/** What a context is put together from. */
export interface ContextParts {
  readonly connection: Connection;
  readonly watches: Watches;
  /** Of the caller's paths: the connect string's and the namespace's. */
  readonly chroot: Chroot;
  readonly ports: ClientPorts;
  readonly behaviour: Behaviour;
  /** Where the caller's paths begin below the connect string's chroot; empty unless in a namespace. */
  readonly namespace?: string;
  /** Whether operations go ahead even when `pendingMax` are waiting: those that clean up. */
  readonly urgent?: boolean;
}

/** What operations are made of: the connection, the watch tables, the translation of paths and what calls leave open. */
export class ClientContext {
  readonly connection: Connection;
  readonly watches: Watches;
  readonly chroot: Chroot;
  readonly ports: ClientPorts;
  readonly behaviour: Behaviour;
  readonly namespace: string;
  readonly #parts: ContextParts;
  readonly #urgent: boolean;
  #heard: WeakMap<WatchListener, WatchListener> | null = null;

  constructor(parts: ContextParts) {
    this.connection = parts.connection;
    this.watches = parts.watches;
    this.chroot = parts.chroot;
    this.ports = parts.ports;
    this.behaviour = parts.behaviour;
    this.namespace = parts.namespace ?? '';
    this.#urgent = parts.urgent ?? false;
    this.#parts = parts;
  }

  /** The same for operations that a full queue must not refuse. */
  urgently(): ClientContext {
    return new ClientContext({ ...this.#parts, urgent: true });
  }

  /** The same for the server's own paths. */
  whole(): ClientContext {
    return new ClientContext({ ...this.#parts, chroot: new Chroot(''), namespace: '' });
  }

  /** The same below a path; throws `BadArgumentsError` if that is none. */
  below(path: string): ClientContext {
    const prefix = this.path('namespace', path);
    if (path === '/') return new ClientContext(this.#parts);
    return new ClientContext({
      ...this.#parts,
      chroot: new Chroot(prefix),
      namespace: this.namespace + path,
    });
  }

  /** The path below the connect string's chroot, which is what policies by path are asked for. */
  policyPath(path: string): string {
    if (this.namespace === '') return path;
    return path === '/' ? this.namespace : this.namespace + path;
  }

  /** A listener as the watch tables are to hold it: whose events' paths are those below the namespace. */
  heard(listener: WatchListener): WatchListener {
    if (this.namespace === '') return listener;
    this.#heard ??= new WeakMap();
    let own = this.#heard.get(listener);
    if (own === undefined) {
      const below = new Chroot(this.namespace);
      own = (event) => listener({ ...event, path: below.toClient(event.path) });
      this.#heard.set(listener, own);
    }
    return own;
  }

  /** The data as the server is to hold it; throws `BadArgumentsError` for what is none. */
  encode(operation: string, path: string, data: Data, compressed: boolean | undefined): Uint8Array | null {
    const plain = bytesOf(operation, path, data);
    if (plain === null || !this.compresses(path, compressed)) return plain;
    return gzip(plain);
  }

  /** Whether data at a path is compressed, unless the operation says so itself. */
  compresses(path: string, compressed: boolean | undefined): boolean {
    if (compressed !== undefined) return compressed;
    const { compress } = this.behaviour;
    return compress?.(this.policyPath(path)) ?? false;
  }

  /** The server's path of a caller's one; throws `BadArgumentsError` if it is not valid. */
  path(operation: string, path: string, sequential = false): string {
    const fault =
      typeof path !== 'string'
        ? `a path must be a string, not ${typeof path}`
        : sequential
          ? sequentialPathFault(path)
          : pathFault(path);
    if (fault !== null) throw new BadArgumentsError({ operation, path, detail: fault });
    return this.chroot.toServer(path);
  }

  /** What an error has to say beyond the caller's path: that it lies below a chroot, which may not exist. */
  get note(): string | undefined {
    const { prefix } = this.chroot;
    return prefix === '' ? undefined : `below the chroot ${prefix}`;
  }

  /** Starts an operation; the promise settles with its reply, its failure or the signal's reason. */
  call<B, T>(spec: CallSpec<B, T>, signal: AbortSignal | undefined): Promise<T> {
    const { tracer } = this.behaviour;
    if (tracer === null && !channels.operation.hasSubscribers) return this.#call(spec, signal);
    return observe(this.#observed(spec), tracer, () => this.#call(spec, signal));
  }

  #observed({ operation, path }: Pick<CallSpec<unknown, unknown>, 'operation' | 'path'>): Observed {
    const { session } = this.connection;
    return {
      operation,
      path,
      server: () => (session.ready ? session.attempts.server : null),
      sessionId: () => session.identity.sessionId,
      monotonicMs: () => this.ports.monotonicMs(),
    };
  }

  #call<B, T>(plain: CallSpec<B, T>, signal: AbortSignal | undefined): Promise<T> {
    const { note } = this;
    const spec = note === undefined ? plain : { ...plain, note };
    if (signal === undefined) {
      return new Promise<T>((resolve, reject) => {
        this.connection.submit(new Call(spec, resolve, reject, this.#urgent) as Call);
      });
    }
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const call = new Call(
        spec,
        (value) => {
          release();
          resolve(value);
        },
        (error) => {
          release();
          reject(error);
        },
        this.#urgent,
      );
      const release = onAbort(signal, () => call.fail(signal.reason));
      this.connection.submit(call as Call);
    });
  }
}
