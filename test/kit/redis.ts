import { Redis } from 'ioredis';
import { Child, freePort, which } from './processes.ts';
import { type TempDirectory, tempDirectory } from './temp.ts';

/** The redis-server of the system, or null. */
export function redisServer(): string | null {
  return which('redis-server');
}

/** A Redis of its own, on loopback, that keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #child: Child;
  readonly #temp: TempDirectory;

  private constructor(port: number, child: Child, temp: TempDirectory) {
    this.port = port;
    this.#child = child;
    this.#temp = temp;
  }

  static async start(): Promise<RedisServer> {
    const temp = await tempDirectory('zookit-redis-');
    const port = await freePort();
    const child = new Child('redis-server', [
      ...['--port', String(port)],
      ...['--bind', '127.0.0.1'],
      ...['--save', ''],
      ...['--appendonly', 'no'],
      ...['--dir', temp.path],
    ]);
    const server = new RedisServer(port, child, temp);
    try {
      await child.waitFor(/Ready to accept connections/);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A client; the caller quits it. */
  connect(): Redis {
    return new Redis({ host: '127.0.0.1', port: this.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGKILL');
    await this.#temp[Symbol.asyncDispose]();
  }
}
