import { connect, type Socket } from 'node:net';
import type { HostAddress } from '../../wire/host-port.ts';

/** An attempt that is under way. */
export interface Attempt {
  /** Ends it; nothing is reported any more. */
  cancel(): void;
}

/**
 * Tries all addresses of a server at the same time, each resolved anew and each of the IP addresses behind a name in turn.
 * Reports once, never from within the call: the first connection that stands, paused, or why the last one failed. An attempt that takes
 * longer than `timeoutMs` fails.
 */
export function raceConnect(
  addresses: readonly HostAddress[],
  timeoutMs: number,
  done: (socket: Socket | null, error: Error | null) => void,
): Attempt {
  const sockets = new Set<Socket>();
  let isOver = false;
  const finish = (socket: Socket | null, error: Error | null): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    for (const other of sockets) if (other !== socket) other.destroy();
    sockets.clear();
    done(socket, error);
  };
  const timer = setTimeout(() => finish(null, new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  for (const { host, port } of addresses) {
    const socket = connect({ host, port, noDelay: true });
    sockets.add(socket);
    // Stays for good: an error that comes after the attempt must not be one that nobody listens to.
    socket.on('error', (error) => {
      sockets.delete(socket);
      if (sockets.size === 0) finish(null, error);
    });
    socket.once('connect', () => {
      socket.pause();
      finish(socket, null);
    });
  }
  return {
    cancel: () => {
      isOver = true;
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
