import type { Server, Socket } from 'node:net';
import { type ElectionHello, ElectionHelloReader, writeElectionHello } from '../../wire/election-hello.ts';
import { WireFault } from '../../wire/fault.ts';
import type { HostAddress } from '../../wire/host-port.ts';
import type { EnsembleConfig } from '../config.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import type { ServerId } from '../zab/quorum.ts';
import { bindPort, closed, type Place, placesOf, portRemedy } from './bind-port.ts';
import {
  type ElectionMeshEvents,
  ElectionPeer,
  type PeerAddresses,
  type PeerParts,
} from './election-peer.ts';
import { nodeScheduler } from './node-scheduler.ts';

export type { ElectionMeshEvents } from './election-peer.ts';

export interface ElectionMeshOptions {
  readonly serverId: ServerId;
  /** Where this server listens, and what it says of itself. Port 0 lets the system choose. */
  readonly addresses: readonly HostAddress[];
  readonly peers: ReadonlyMap<ServerId, PeerAddresses>;
  readonly listenOnAllIPs: boolean;
  /** How often binding a port is tried, a second apart; 0 tries for ever. */
  readonly bindRetry: number;
  readonly cnxTimeoutMs: number;
}

export interface MeshParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Connections that have not said who they are. More are turned away. */
const HANDSHAKES_MAX = 64;
/** Servers that connect and are not in the configuration: those that will join it, or have left it. */
const STRANGERS_MAX = 64;

/** How the servers of an ensemble reach each other: between voters connections stand, and observers keep theirs to the voters. */
export function electionPeersOf(serverId: ServerId, ensemble: EnsembleConfig): Map<ServerId, PeerAddresses> {
  const peers = new Map<ServerId, PeerAddresses>();
  for (const { id, addresses, role } of ensemble.servers) {
    if (id === serverId) continue;
    const reach = addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));
    peers.set(id, { addresses: reach, isPersistent: role === 'participant' });
  }
  return peers;
}

/**
 * The connections over which servers elect a leader, one between each two, as ZooKeeper makes them. Messages are votes of which
 * only the newest counts: one that cannot be sent at once gives way to the next, and the last is sent again on a new connection.
 *
 * What it holds is bounded: for each peer a message to send and one that is arriving, a fixed number of handshakes and of strangers.
 * A peer that breaks the protocol loses its connection; it may come again after the pause that everyone keeps.
 */
export class ElectionMesh {
  readonly #options: ElectionMeshOptions;
  readonly #parts: MeshParts;
  readonly #events: ElectionMeshEvents;
  readonly #peerParts: PeerParts;
  #members: ReadonlyMap<ServerId, PeerAddresses>;
  readonly #peers = new Map<ServerId, ElectionPeer>();
  readonly #servers: Server[] = [];
  readonly #handshakes = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  #said: HostAddress;
  #namelessId = -1;
  readonly #closing = new AbortController();

  constructor(options: ElectionMeshOptions, events: ElectionMeshEvents, parts: MeshParts) {
    const [first] = options.addresses;
    if (first === undefined)
      throw new Error(`server.${options.serverId} has no address to hold elections at`);
    this.#options = options;
    this.#parts = parts;
    this.#events = events;
    this.#members = options.peers;
    this.#said = first;
    this.#peerParts = {
      ...parts,
      serverId: options.serverId,
      cnxTimeoutMs: options.cnxTimeoutMs,
      hello: () => writeElectionHello(options.serverId, this.#said),
      events,
      opened: (socket) => this.#track(socket),
      idle: (peer) => {
        if (!this.#members.has(peer.id)) this.#peers.delete(peer.id);
      },
    };
  }

  /**
   * Listens, then begins to connect to the peers. Resolves with the addresses that are listened to; rejects if one cannot be, with
   * everything closed again.
   */
  async listen(): Promise<readonly HostAddress[]> {
    const { addresses, listenOnAllIPs } = this.#options;
    const bound: HostAddress[] = [];
    try {
      for (const place of placesOf(addresses, listenOnAllIPs)) bound.push(await this.#bind(place));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#said = { host: this.#said.host, port: bound[0]!.port };
    this.setPeers(this.#members);
    return bound;
  }

  /** Who belongs to the mesh from now on; others lose their connections. */
  setPeers(members: ReadonlyMap<ServerId, PeerAddresses>): void {
    this.#members = members;
    for (const [id, peer] of this.#peers) {
      if (members.has(id)) continue;
      peer.close();
      this.#peers.delete(id);
      this.#events.gone(id);
    }
    for (const [id, reach] of members) this.#peerOf(id, reach).start(reach);
  }

  /**
   * Sends the newest message to a peer: now, or when there is a connection again, unless a newer one takes its place. The bytes must not
   * change afterwards. To a server that is neither a member nor connected, nothing is sent. `asks`: the message wants an answer; a
   * connection over which none comes is replaced when the peer is asked again.
   */
  send(to: ServerId, message: Buffer, asks = false): void {
    if (!this.#closing.signal.aborted) this.#peers.get(to)?.send(message, asks);
  }

  /** Ends everything; no event follows. Resolves when the ports are free and every socket is gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    const gone = this.#servers.map(closed);
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
    for (const socket of this.#sockets) {
      gone.push(new Promise((resolve) => socket.once('close', () => resolve())));
      socket.destroy();
    }
    await Promise.all(gone);
  }

  async #bind(place: Place): Promise<HostAddress> {
    const { serverId, bindRetry } = this.#options;
    const { server, bound } = await bindPort(place, (socket) => this.#greet(socket), {
      scheduler: nodeScheduler,
      logger: this.#parts.logger,
      bindRetry,
      signal: this.#closing.signal,
      purpose: 'elections',
      remedy: portRemedy(serverId),
    });
    server.on('error', ({ message }) => this.#parts.logger.warn(`election port: ${message}`));
    this.#servers.push(server);
    return bound;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /**
   * Somebody has connected: until it has said who it is, nothing else is done with it. It has a fixed time for that, however
   * busily it sends, and when there are too many of its kind the one that has taken the longest goes.
   */
  #greet(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#closing.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#track(socket);
    const [oldest] = this.#handshakes;
    if (oldest !== undefined && this.#handshakes.size >= HANDSHAKES_MAX) {
      this.#handshakes.delete(oldest);
      oldest.destroy();
    }
    this.#handshakes.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#options.cnxTimeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      this.#handshakes.delete(socket);
    };
    socket.once('close', settle);
    socket.once('end', () => socket.destroy());
    const reader = new ElectionHelloReader();
    const read = (chunk: Buffer): void => {
      try {
        const end = reader.push(chunk);
        if (end < 0) return;
        socket.off('data', read);
        socket.pause();
        settle();
        this.#welcome(socket, reader.hello!, chunk.subarray(end));
      } catch (error) {
        if (!(error instanceof WireFault)) throw error;
        const { remoteAddress = 'somebody' } = socket;
        this.#parts.logger.warn(`election port: ${remoteAddress} is no server: ${error.message}`);
        socket.destroy();
      }
    };
    socket.on('data', read);
  }

  #welcome(socket: Socket, { sid, addresses }: ElectionHello, rest: Buffer): void {
    const { serverId } = this.#options;
    if (sid === serverId) {
      this.#parts.logger.warn(
        `election port: ${socket.remoteAddress} has our own id ${serverId}; two servers must not share a myid`,
      );
      socket.destroy();
      return;
    }
    const id = sid ?? this.#namelessId--;
    const peer = this.#known(id, addresses);
    if (peer === null) {
      this.#parts.logger.warn(`election port: server ${id} is not in the configuration and is turned away`);
      socket.destroy();
    } else if (sid !== null && sid < serverId) {
      socket.destroy();
      peer.knocked(addresses);
    } else {
      peer.accept(socket, rest);
    }
  }

  /** The peer of that id; a stranger is taken in while there is room, if it can be reached or is connected already. */
  #known(id: ServerId, addresses: readonly HostAddress[]): ElectionPeer | null {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    if (this.#peers.size - this.#members.size >= STRANGERS_MAX) return null;
    if (id >= 0 && id < this.#options.serverId && addresses.length === 0) return null;
    return this.#peerOf(id, { addresses: [], isPersistent: false });
  }

  #peerOf(id: ServerId, reach: PeerAddresses): ElectionPeer {
    let peer = this.#peers.get(id);
    if (peer === undefined) {
      peer = new ElectionPeer(id, reach, this.#peerParts);
      this.#peers.set(id, peer);
    }
    return peer;
  }
}
