import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';

/** Which way bytes go: from whoever opened the connection, or back to it. */
export type Direction = 'from-opener' | 'to-opener';

export interface ProxyOptions {
  /** A connection was opened; what is returned sees its bytes as they arrive, before they are passed on. */
  readonly opened?: () => (direction: Direction, chunk: Buffer) => void;
  /** How long a target that refuses is asked again before the opener's connection ends; 0 where nothing is said. */
  readonly patienceMs?: number;
}

const RETRY_MS = 20;

/**
 * A cable between two programs: it listens on loopback and passes every connection on to a port there, in order and unchanged.
 * Tests listen in, hold bytes back, or pull it out.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ProxyOptions;
  readonly #pairs = new Set<Pair>();
  #held: ReadonlySet<Direction> = new Set();

  private constructor(server: Server, targetPort: number, options: ProxyOptions) {
    this.#server = server;
    this.#options = options;
    server.on('connection', (opener) => this.#accept(opener, targetPort));
  }

  /** `targetPort` need not be listened on yet. */
  static start(targetPort: number, options: ProxyOptions = {}): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true });
      const proxy = new TcpProxy(server, targetPort, options);
      server.on('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(proxy));
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** Passes nothing on in these directions, on connections of now and later, until `release`; nobody is told. */
  hold(...directions: readonly Direction[]): void {
    this.#held = new Set(directions);
    for (const pair of this.#pairs) pair.hold(this.#held);
  }

  /** Passes on what was held back, and all that follows. */
  release(): void {
    this.hold();
  }

  /** Breaks every connection; what was held back is lost. */
  drop(): void {
    for (const pair of [...this.#pairs]) pair.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(opener: Socket, targetPort: number): void {
    const pair = new Pair(opener, this.#options.opened?.() ?? (() => {}), () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    pair.hold(this.#held);
    pair.connect(targetPort, performance.now() + (this.#options.patienceMs ?? 0));
  }
}

/**
 * The two sockets of one connection. A socket that is held is not read, so that its sender's buffers fill as over a dead line.
 */
class Pair {
  readonly #opener: Socket;
  readonly #listen: (direction: Direction, chunk: Buffer) => void;
  readonly #onClose: () => void;
  #target: Socket | null = null;
  #retry: NodeJS.Timeout | undefined;
  #held: ReadonlySet<Direction> = new Set();

  constructor(opener: Socket, listen: (direction: Direction, chunk: Buffer) => void, onClose: () => void) {
    this.#opener = opener;
    this.#listen = listen;
    this.#onClose = onClose;
    opener.on('error', () => {});
    opener.on('close', () => this.#end(this.#target));
  }

  connect(port: number, untilMs: number): void {
    const target = netConnect(port, '127.0.0.1');
    let connected = false;
    target.on('error', () => {});
    target.on('connect', () => {
      connected = true;
      this.#target = target;
      this.#pass(this.#opener, target, 'from-opener');
      this.#pass(target, this.#opener, 'to-opener');
      this.hold(this.#held);
    });
    target.on('close', () => {
      if (connected || this.#opener.destroyed || performance.now() >= untilMs) this.#end(this.#opener);
      else this.#retry = setTimeout(() => this.connect(port, untilMs), RETRY_MS);
    });
  }

  hold(directions: ReadonlySet<Direction>): void {
    this.#held = directions;
    if (this.#target === null) return;
    setFlowing(this.#opener, !directions.has('from-opener'));
    setFlowing(this.#target, !directions.has('to-opener'));
  }

  destroy(): void {
    clearTimeout(this.#retry);
    this.#opener.destroy();
    this.#target?.destroy();
    this.#onClose();
  }

  /** One end has closed: the other one gets what is on its way to it and is closed too. */
  #end(other: Socket | null): void {
    clearTimeout(this.#retry);
    other?.destroySoon();
    this.#onClose();
  }

  #pass(from: Socket, to: Socket, direction: Direction): void {
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      this.#listen(direction, chunk);
      to.write(chunk);
    });
  }
}

function setFlowing(socket: Socket, flowing: boolean): void {
  if (flowing) socket.resume();
  else socket.pause();
}
