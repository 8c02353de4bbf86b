import type { Server, Socket } from 'node:net';
import type { HostAddress } from '../../wire/host-port.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import type { EnsembleConfig } from '../config.ts';
import type { Logger } from '../ports.ts';
import type { Scheduler } from '../timers.ts';
import type { ServerId } from '../zab/quorum.ts';
import { bindPort, closed, placesOf, portRemedy } from './bind-port.ts';
import { QuorumLink, type QuorumLinkOptions } from './quorum-link.ts';

export interface QuorumListenerOptions extends QuorumLinkOptions {
  readonly serverId: ServerId;
  /** Where to listen. Port 0 lets the system choose. */
  readonly addresses: readonly HostAddress[];
  readonly listenOnAllIPs: boolean;
  /** How often binding a port is tried, a second apart; 0 tries for ever. */
  readonly bindRetry: number;
  /** Connections at the same time, at each address; `CONNECTIONS_MAX` unless told otherwise. More are turned away. */
  readonly connectionsMax?: number;
}

/** What the listener tells. `Handle` is whatever the leader made of a connection. */
export interface LearnerEvents<Handle> {
  connected(link: QuorumLink): Handle;
  packet(handle: Handle, packet: QuorumPacket): void;
  /** Once for each `connected`, whoever ended it, and never from within a call. */
  disconnected(handle: Handle, reason: string): void;
}

export interface QuorumListenerParts {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** No ensemble is as large, and a stranger cannot take all descriptors. */
const CONNECTIONS_MAX = 1024;

/** Where the servers of an ensemble reach `serverId` when it leads; empty for one that is not in the configuration. */
export function quorumAddressesOf(serverId: ServerId, ensemble: EnsembleConfig): HostAddress[] {
  const server = ensemble.servers.find(({ id }) => id === serverId);
  return (server?.addresses ?? []).map(({ host, quorumPort }) => ({ host, port: quorumPort }));
}

/**
 * The quorum port of a leader. It is opened when a server begins to lead and closed when that ends: an Apache ZooKeeper learner
 * that is refused tries again for a while, but one that is accepted and dropped gives the leader up.
 */
export class QuorumListener<Handle> {
  readonly #options: QuorumListenerOptions;
  readonly #events: LearnerEvents<Handle>;
  readonly #parts: QuorumListenerParts;
  readonly #servers: Server[] = [];
  readonly #links = new Map<QuorumLink, Socket>();
  readonly #closing = new AbortController();
  /** Settled when no port is about to be opened. */
  #opening: Promise<void> = Promise.resolve();

  constructor(options: QuorumListenerOptions, events: LearnerEvents<Handle>, parts: QuorumListenerParts) {
    if (options.addresses.length === 0) {
      throw new Error(`server.${options.serverId} has no address to await learners at`);
    }
    this.#options = options;
    this.#events = events;
    this.#parts = parts;
  }

  /**
   * Listens; learners may come before it resolves. Resolves with the addresses that are listened to; rejects if one cannot be, with
   * everything closed again.
   */
  listen(): Promise<readonly HostAddress[]> {
    const opening = this.#open();
    this.#opening = opening.then(
      () => {},
      () => {},
    );
    return opening;
  }

  /** Ends everything; no event follows. Resolves when the ports are free and every socket is gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    const gone = this.#closeAll();
    await this.#opening;
    await gone;
  }

  async #open(): Promise<readonly HostAddress[]> {
    const { serverId, bindRetry, addresses, listenOnAllIPs } = this.#options;
    const bound: HostAddress[] = [];
    try {
      for (const place of placesOf(addresses, listenOnAllIPs)) {
        const opened = await bindPort(place, (socket) => this.#accept(socket), {
          ...this.#parts,
          bindRetry,
          signal: this.#closing.signal,
          purpose: 'learners',
          remedy: portRemedy(serverId),
        });
        this.#keep(opened.server);
        bound.push(opened.bound);
      }
    } catch (error) {
      this.#closing.abort();
      await this.#closeAll();
      throw error;
    }
    return bound;
  }

  async #closeAll(): Promise<void> {
    const gone = this.#servers.map(closed);
    for (const [link, socket] of this.#links) {
      gone.push(new Promise((resolve) => socket.once('close', () => resolve())));
      link.close('the server leads no more');
    }
    await Promise.all(gone);
  }

  #keep(server: Server): void {
    const { connectionsMax = CONNECTIONS_MAX } = this.#options;
    server.maxConnections = connectionsMax;
    server.on('error', ({ message }) => this.#parts.logger.warn(`quorum port: ${message}`));
    server.once('drop', () =>
      this.#parts.logger.warn(`quorum port: connections beyond ${connectionsMax} are turned away`),
    );
    this.#servers.push(server);
  }

  #accept(socket: Socket): void {
    const { scheduler, logger } = this.#parts;
    if (this.#closing.signal.aborted) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const link = new QuorumLink(socket, this.#options, scheduler, {
      packet: (packet) => {
        this.#events.packet(handle, packet);
        return null;
      },
      disconnected: (reason) => {
        this.#links.delete(link);
        if (this.#closing.signal.aborted) return;
        logger.info(`quorum port: ${link.peer} is gone: ${reason}`);
        this.#events.disconnected(handle, reason);
      },
    });
    this.#links.set(link, socket);
    const handle = this.#events.connected(link);
    link.start();
  }
}
