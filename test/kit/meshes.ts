import { connect, createServer, type Server, type Socket } from 'node:net';
import { ElectionMesh, type ElectionMeshOptions } from '../../core/io/election-mesh.ts';
import { systemClock } from '../../core/io/system-clock.ts';
import { type Logger, silentLogger } from '../../core/ports.ts';
import type { ServerId } from '../../core/zab/quorum.ts';
import { writeElectionHello } from '../../wire/election-hello.ts';
import type { HostAddress } from '../../wire/host-port.ts';
import { Changes } from './changes.ts';
import { Rng } from './seed.ts';

/** A mesh on loopback that writes down what it tells, as `connected 2`, `gone 2` and `2: text`. */
export class TestMesh implements AsyncDisposable {
  readonly id: ServerId;
  readonly log: string[] = [];
  readonly mesh: ElectionMesh;
  address: HostAddress = { host: '127.0.0.1', port: 0 };
  /** Says something from within `connected`, null to say nothing. */
  greeting: string | null = null;
  readonly #changes = new Changes();

  /** How far this mesh's clock is ahead of the system's. */
  aheadMs = 0;

  private constructor(id: ServerId, options: Partial<ElectionMeshOptions>, logger: Logger) {
    this.id = id;
    const defaults: ElectionMeshOptions = {
      serverId: id,
      addresses: [this.address],
      peers: new Map(),
      listenOnAllIPs: false,
      bindRetry: 1,
      cnxTimeoutMs: 5000,
    };
    this.mesh = new ElectionMesh(
      { ...defaults, ...options },
      {
        message: (from, bytes) => this.#tell(`${from}: ${bytes.length > 100 ? bytes[0] : bytes.toString()}`),
        connected: (peer) => {
          this.#tell(`connected ${peer}`);
          if (this.greeting !== null) this.say(peer, this.greeting);
        },
        gone: (peer) => this.#tell(`gone ${peer}`),
      },
      {
        clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + this.aheadMs },
        random: new Rng(id),
        logger,
      },
    );
  }

  static async start(
    id: ServerId,
    options: Partial<ElectionMeshOptions> = {},
    logger: Logger = silentLogger,
  ): Promise<TestMesh> {
    const mesh = new TestMesh(id, options, logger);
    mesh.address = { host: '127.0.0.1', port: (await mesh.mesh.listen())[0]!.port };
    return mesh;
  }

  /** Lets the mesh keep connections to these servers. */
  meet(...peers: { readonly id: ServerId; readonly address: HostAddress }[]): void {
    this.mesh.setPeers(
      new Map(peers.map(({ id, address }) => [id, { addresses: [address], isPersistent: true }])),
    );
  }

  say(to: ServerId, text: string): void {
    this.mesh.send(to, Buffer.from(text));
  }

  /** Says something that wants an answer. */
  ask(to: ServerId, text: string): void {
    this.mesh.send(to, Buffer.from(text), true);
  }

  /** Waits until a line was told as often as that. */
  until(line: string, times = 1): Promise<void> {
    return this.#changes.until(
      `mesh ${this.id}: ${line} (told: ${this.log.slice(-9).join(', ')})`,
      () => this.log.filter((told) => told === line).length >= times,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.mesh.close();
  }

  #tell(line: string): void {
    this.log.push(line);
    this.#changes.tell();
  }
}

/** A connection whose every byte a test chooses. */
export class RawPeer implements Disposable {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  isClosed = false;
  readonly #changes = new Changes();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#changes.tell();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#changes.tell();
    });
  }

  static to({ host, port }: HostAddress): RawPeer {
    return new RawPeer(connect({ host, port }));
  }

  /** Connects as that server would. */
  static as(sid: number, to: HostAddress, from: HostAddress = { host: '127.0.0.1', port: 1 }): RawPeer {
    const peer = RawPeer.to(to);
    peer.socket.write(writeElectionHello(sid, from));
    return peer;
  }

  say(text: string): void {
    const body = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length);
    this.socket.write(Buffer.concat([length, body]));
  }

  until(what: string, condition: (bytes: Buffer) => boolean): Promise<void> {
    return this.#changes.until(what, () => condition(this.received));
  }

  closed(): Promise<void> {
    return this.#changes.until('the connection is closed', () => this.isClosed);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A port at which a test answers itself. */
export class RawListener implements AsyncDisposable {
  readonly peers: RawPeer[] = [];
  readonly #server: Server;
  readonly #changes = new Changes();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.peers.push(new RawPeer(socket));
      this.#changes.tell();
    });
  }

  static async start(): Promise<RawListener> {
    const server = createServer();
    const listener = new RawListener(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  get address(): HostAddress {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return { host: '127.0.0.1', port: address.port };
  }

  async peer(at: number): Promise<RawPeer> {
    await this.#changes.until(`connection ${at}`, () => this.peers.length > at);
    return this.peers[at]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
