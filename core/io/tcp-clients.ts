import { createServer, type Server, type Socket } from 'node:net';
import type { ClientLink, Logger } from '../ports.ts';

/** What the listener pushes to. `Handle` is whatever the server made of a link. */
export interface LinkEvents<Handle> {
  /** Null refuses the link: it has been closed. */
  connected(link: ClientLink): Handle | null;
  received(handle: Handle, chunk: Buffer): void;
  /** All that was written has left. */
  drained(handle: Handle): void;
  disconnected(handle: Handle): void;
}

/** Connections that the system completes ahead of our accepting them, unless the configuration says otherwise. */
const ACCEPT_BACKLOG = 1024;
/** How long a peer may take to read its last bytes after we have ended the connection. */
const CLOSE_GRACE_MS = 5000;

class SocketLink implements ClientLink {
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    // An IPv4 client of a socket that listens on every address shows as ::ffff:a.b.c.d.
    this.remoteIp = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    this.remotePort = socket.remotePort ?? 0;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends what was written, then ends. A peer that does not read it cannot hold the socket for longer than the grace. */
  close(): void {
    const socket = this.#socket;
    socket.removeAllListeners('data');
    socket.resume();
    socket.destroySoon();
    if (socket.destroyed) return;
    const grace = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS);
    socket.once('close', () => clearTimeout(grace));
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }
}

/**
 * Rejects with the system's error if nobody could listen there now. A server asks before it touches its files: a port in use is
 * the one sign of another server, perhaps an Apache ZooKeeper, that is at work on them with the same configuration.
 */
export async function assertPortIsFree(port: number, host: string | null): Promise<void> {
  if (port === 0) return;
  const probe = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(host === null ? { port } : { port, host }, () => probe.close(() => resolve()));
  });
}

/** The client port: sockets in, links out. */
export class TcpClients<Handle> {
  readonly #server: Server;
  readonly #events: LinkEvents<Handle>;
  readonly #logger: Logger;
  readonly #sockets = new Set<Socket>();

  constructor(events: LinkEvents<Handle>, logger: Logger) {
    this.#events = events;
    this.#logger = logger;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
  }

  /** Rejects with the system's error, such as EADDRINUSE. Port 0 lets the system choose; a backlog of -1 is the default. */
  async listen(port: number, host: string | null, backlog = -1): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      const shared = { port, backlog: backlog > 0 ? backlog : ACCEPT_BACKLOG };
      const options = host === null ? shared : { ...shared, host };
      this.#server.listen(options, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#logger.warn(`accepting a connection failed: ${error.message}`));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the client port has no address');
    return { host: address.address, port: address.port };
  }

  /** Takes no more connections; those that are there go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Drops every connection at once, with what was not sent. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when the port is free and every connection is gone. */
  async closed(): Promise<void> {
    const sockets = [...this.#sockets].map(
      (socket) =>
        new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve()))),
    );
    const port = new Promise<void>((resolve) => {
      if (!this.#server.listening) resolve();
      else this.#server.close(() => resolve());
    });
    await Promise.all([port, ...sockets]);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Errors are followed by 'close', which is what counts.
    socket.on('error', () => {});
    const handle = this.#events.connected(new SocketLink(socket));
    if (handle === null) return;
    socket.on('data', (chunk) => this.#events.received(handle, chunk));
    socket.on('drain', () => this.#events.drained(handle));
    socket.once('end', () => socket.destroySoon());
    socket.once('close', () => this.#events.disconnected(handle));
  }
}
