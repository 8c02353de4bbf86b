import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** What a contender tells: the token of a write, or what it thought of its lease when a write of it was refused. */
export type Message =
  | { readonly token: number; readonly pid: number }
  | { readonly refused: { readonly token: number; readonly aborted: boolean; readonly held: boolean } };

/**
 * The resource that a lock protects, on a socket: takes writes that carry a fencing token and refuses those with an older token than
 * the newest it has seen. It knows what must not happen and keeps a list of what did.
 */
export class Judge implements AsyncDisposable {
  readonly violations: string[] = [];
  accepted = 0;
  refused = 0;
  /** Process that wrote last. */
  writer: number | null = null;
  /** How many tokens it has seen. */
  get holders(): number {
    return this.#owners.size;
  }
  readonly #server: Server;
  readonly #owners = new Map<number, Socket>();
  readonly #sockets = new Set<Socket>();
  #newest = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<Judge> {
    const judge = new Judge();
    judge.#server.listen(0, '127.0.0.1');
    await once(judge.#server, 'listening');
    return judge;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    // Contenders are killed.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const lines = createInterface({ input: socket });
    lines.on('error', () => {});
    lines.on('line', (line) => socket.write(`${this.#answer(JSON.parse(line) as Message, socket)}\n`));
  }

  #answer(message: Message, socket: Socket): 'ok' | 'stale' {
    if ('refused' in message) {
      const { token, aborted, held } = message.refused;
      if (held || !aborted) {
        this.violations.push(
          `token ${token} was refused after ${this.#newest}, and its holder believes in it: held ${held}, aborted ${aborted}`,
        );
      }
      return 'ok';
    }
    const { token, pid } = message;
    const owner = this.#owners.get(token);
    if (owner !== undefined && owner !== socket) this.violations.push(`token ${token} has two holders`);
    this.#owners.set(token, socket);
    if (token < this.#newest) {
      this.refused++;
      return 'stale';
    }
    this.#newest = token;
    this.writer = pid;
    this.accepted++;
    return 'ok';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
