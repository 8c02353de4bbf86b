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

export function bytesOf(data: Data): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

/** What operations are made of: the connection, the watch tables and the translation of paths. */
export class ClientContext {
  readonly connection: Connection;
  readonly watches: Watches;
  readonly chroot: Chroot;
  readonly ports: ClientPorts;

  constructor(connection: Connection, watches: Watches, chroot: Chroot, ports: ClientPorts) {
    this.connection = connection;
    this.watches = watches;
    this.chroot = chroot;
    this.ports = ports;
  }

  /** The server's path of a caller's one; throws `BadArgumentsError` if it is not valid. */
  path(operation: string, path: string, sequential = false): string {
    const fault = sequential ? sequentialPathFault(path) : pathFault(path);
    if (fault !== null) throw new BadArgumentsError({ operation, path, detail: fault });
    return this.chroot.toServer(path);
  }

  /** Starts an operation; the promise settles with its reply, its failure or the signal's reason. */
  call<B, T>(spec: CallSpec<B, T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) {
      return new Promise<T>((resolve, reject) => {
        this.connection.submit(new Call(spec, resolve, reject) as Call);
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
      );
      const release = onAbort(signal, () => call.fail(signal.reason));
      this.connection.submit(call as Call);
    });
  }
}
