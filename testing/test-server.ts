import { defaultConfig, type ServerConfig } from '../core/config.ts';
import { MemoryFiles } from '../core/io/memory-files.ts';
import { type Files, type Logger, silentLogger } from '../core/ports.ts';
import { type RunningServer, startServer } from '../core/server.ts';

export interface TestServerOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  /** The tick, in milliseconds; sessions may be as short as two of them. 100 unless told otherwise, so that expiry tests are quick. */
  readonly tickTimeMs?: number;
  /** Anything else a zoo.cfg could say. */
  readonly config?: Partial<Omit<ServerConfig, 'clientPort' | 'tickTimeMs'>>;
  readonly logger?: Logger;
}

/**
 * A real server in this process: the production code with its files in memory, on a loopback port. Started in milliseconds,
 * empty, with TTL nodes on and every four-letter word allowed.
 *
 * `restart` stops it and starts it again on the same files and port, as a crash-free restart would.
 */
export class TestServer implements AsyncDisposable {
  readonly #config: ServerConfig;
  readonly #files: Files;
  readonly #logger: Logger;
  #running: RunningServer | null;

  private constructor(config: ServerConfig, files: Files, logger: Logger, running: RunningServer) {
    this.#config = { ...config, clientPort: running.address.port };
    this.#files = files;
    this.#logger = logger;
    this.#running = running;
  }

  /** Rejects with EADDRINUSE if the port is taken. */
  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const tickTimeMs = options.tickTimeMs ?? 100;
    const config: ServerConfig = {
      ...defaultConfig,
      dataDir: '/data',
      dataLogDir: '/data',
      clientPortAddress: '127.0.0.1',
      minSessionTimeoutMs: 2 * tickTimeMs,
      maxSessionTimeoutMs: Math.max(60_000, 20 * tickTimeMs),
      maxClientCnxns: 0,
      fourLetterWordWhitelist: ['*'],
      extendedTypesEnabled: true,
      preAllocSizeBytes: 64 * 1024,
      ...options.config,
      clientPort: options.port ?? 0,
      tickTimeMs,
    };
    const files = new MemoryFiles();
    const logger = options.logger ?? silentLogger;
    return new TestServer(config, files, logger, await startServer(config, { files, logger }));
  }

  get host(): string {
    return '127.0.0.1';
  }

  get port(): number {
    return this.#config.clientPort;
  }

  /** What a client is given to connect: `127.0.0.1:port`. */
  get connectString(): string {
    return `${this.host}:${this.port}`;
  }

  /** Ends a session at once, as if its client had been silent too long. False if there is no such session. */
  expireSession(sessionId: bigint): boolean {
    return this.#running?.expireSession(sessionId) ?? false;
  }

  /** Stops serving and keeps the files; `start` again with `restart`. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#running = await startServer(this.#config, { files: this.#files, logger: this.#logger });
  }

  async close(): Promise<void> {
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
