import { createServer, type Server, type Socket } from 'node:net';
import { delimitedHost, type HostAddress } from '../../wire/host-port.ts';
import type { Logger } from '../ports.ts';
import type { Scheduler } from '../timers.ts';
import type { ServerId } from '../zab/quorum.ts';

export interface BindOptions {
  /** For messages: what is listened for. */
  readonly purpose: string;
  /** For the error: what an operator can do. */
  readonly remedy: string;
  /** How often binding is tried, a second apart; 0 tries for ever. */
  readonly bindRetry: number;
  /** Gives up, between two tries or after the last. */
  readonly signal: AbortSignal;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export interface Place {
  /** Null for every address of the machine. */
  readonly host: string | null;
  readonly port: number;
}

/** Where a server listens that is told these addresses of its own. */
export function placesOf(addresses: readonly HostAddress[], listenOnAllIPs: boolean): readonly Place[] {
  if (!listenOnAllIPs) return addresses;
  return [...new Set(addresses.map(({ port }) => port))].map((port) => ({ host: null, port }));
}

/** What an operator can do about a port of the `server.N` line that cannot be had. */
export const portRemedy = (serverId: ServerId): string =>
  `free the port, correct server.${serverId}, or set quorumListenOnAllIPs=true if the address is not this machine's own`;

/** Resolves when nobody listens there any more. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
}

/** A port that somebody has just left, or a network that comes up late, is there a moment later. */
const BIND_RETRY_MS = 1000;

/**
 * Listens at one place, as often as it takes; a port of 0 lets the system choose.
 * Rejects with the place, the system's reason (as `cause`) and the remedy, or when it was told to give up.
 */
export async function bindPort(
  place: Place,
  accept: (socket: Socket) => void,
  options: BindOptions,
): Promise<{ readonly server: Server; readonly bound: HostAddress }> {
  const { purpose, remedy, bindRetry, signal, logger } = options;
  const name = `${delimitedHost(place.host ?? '*')}:${place.port}`;
  for (let tries = 1; ; tries++) {
    try {
      signal.throwIfAborted();
      const server = await listen(place, accept);
      if (!signal.aborted) return { server, bound: addressOf(server) };
      await closed(server);
    } catch (error) {
      if (signal.aborted)
        throw new Error(`listening for ${purpose} at ${name} was given up`, { cause: error });
      const { message } = error as Error;
      if (bindRetry !== 0 && tries >= bindRetry) {
        throw new Error(`cannot listen for ${purpose} at ${name}: ${message}; ${remedy}`, { cause: error });
      }
      logger.warn(`cannot listen for ${purpose} at ${name}, trying again: ${message}`);
    }
    await pause(options);
  }
}

function listen({ host, port }: Place, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, accept);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(host === null ? { port } : { port, host }, () => {
      server.removeListener('error', reject);
      resolve(server);
    });
  });
}

function addressOf(server: Server): HostAddress {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening port has no address');
  return { host: address.address, port: address.port };
}

function pause({ scheduler, signal }: BindOptions): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = scheduler.after(BIND_RETRY_MS, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    const stop = (): void => {
      timer.cancel();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
