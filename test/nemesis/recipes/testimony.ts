import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Asked } from './lies.ts';
import { type Answer, machineMs, type Report, type Resource } from './report.ts';

/** A worker's line to the witness. */
export class Testimony {
  readonly #socket: Socket;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  #names = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#waiting.shift()!(line as Answer));
  }

  static async begin(port: number): Promise<Testimony> {
    const socket = dial(port, '127.0.0.1');
    await once(socket, 'connect');
    const testimony = new Testimony(socket);
    await testimony.tell({ type: 'hello', worker: process.pid });
    return testimony;
  }

  /** A name that no other lease or item of any worker has. */
  name(): string {
    return `${process.pid}-${++this.#names}`;
  }

  tell(report: Report): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`${JSON.stringify(report)}\n`);
    });
  }

  /** Writes to what the lease protects, and tells what the lease says. `signal` is one that was kept. */
  claim(resource: Resource, holding: string, lease: Asked, signal: AbortSignal): Promise<Answer> {
    // First of all: should this process be stopped at any point from here on, what the lease says is right later than that.
    const atMs = machineMs();
    const { held, fencingToken: token } = lease;
    const { aborted } = signal;
    const safeMs = lease.safeForMs();
    return this.tell({ type: 'claim', resource, holding, token, atMs, held, aborted, safeMs });
  }

  letGo(holding: string): Promise<Answer> {
    return this.tell({ type: 'let-go', holding, atMs: machineMs() });
  }

  end(): void {
    this.#socket.end();
  }
}
