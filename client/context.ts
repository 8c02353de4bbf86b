import { pathFault, sequentialPathFault } from '../wire/path.ts';
import { onAbort } from './aborts.ts';
import type { Chroot } from './chroot.ts';
import type { Connection } from './connection.ts';
import { BadArgumentsError } from './errors.ts';
import type { ClientPorts } from './ports.ts';
import { Call, type CallSpec } from './requests.ts';
import type { Watches } from './watches.ts';

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

/** What operations are made of: the connection, the watch tables and the translation of paths. */
export class ClientContext {
  readonly connection: Connection;
  readonly watches: Watches;
  readonly chroot: Chroot;
  readonly ports: ClientPorts;
  /** Whether operations go ahead even when `pendingMax` are waiting: those that clean up. */
  readonly #urgent: boolean;

  constructor(connection: Connection, watches: Watches, chroot: Chroot, ports: ClientPorts, urgent = false) {
    this.connection = connection;
    this.watches = watches;
    this.chroot = chroot;
    this.ports = ports;
    this.#urgent = urgent;
  }

  /** The same for operations that a full queue must not refuse. */
  urgently(): ClientContext {
    return new ClientContext(this.connection, this.watches, this.chroot, this.ports, true);
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
  call<B, T>(plain: CallSpec<B, T>, signal: AbortSignal | undefined): Promise<T> {
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
