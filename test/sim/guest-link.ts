import type { Connection } from '../../core/pipeline/connection.ts';
import type { WritePath } from '../../core/pipeline/write-path.ts';
import type { ClientLink } from '../../core/ports.ts';
import type { Service } from '../../core/service.ts';
import type { Machine } from './machine.ts';

/** A client's connection as its server holds it: ends with the server's process, and belongs to the service that it came to. */
export class GuestLink implements ClientLink {
  connection: Connection | null = null;
  readonly #link: ClientLink;
  readonly #machine: Machine;
  readonly #life: number;
  readonly #service: Service<WritePath>;
  #lastArrivalMs = 0;
  #isClosed = false;

  constructor(link: ClientLink, machine: Machine, service: Service<WritePath>) {
    this.#link = link;
    this.#machine = machine;
    this.#life = machine.life;
    this.#service = service;
  }

  get remoteIp(): string {
    return this.#link.remoteIp;
  }

  get remotePort(): number {
    return this.#link.remotePort;
  }

  get bufferedBytes(): number {
    return this.#link.bufferedBytes;
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#life !== this.#machine.life;
  }

  write(bytes: Buffer): void {
    if (this.#isClosed) throw new Error('written to after close');
    if (!this.#isOver) this.#link.write(bytes);
  }

  close(): void {
    if (this.#isClosed) throw new Error('closed twice');
    this.#isClosed = true;
    this.#link.close();
  }

  pauseReading(): void {
    this.#link.pauseReading();
  }

  resumeReading(): void {
    this.#link.resumeReading();
  }

  /** The server's process is gone. */
  broke(): void {
    if (!this.#isClosed) this.close();
  }

  /** What the client does reaches the server's process after so long, in order. */
  arrive(delayMs: number, action: (service: Service<WritePath>, connection: Connection) => void): void {
    const { connection } = this;
    if (connection === null) return;
    const { agenda } = this.#machine;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, agenda.nowMs + delayMs);
    agenda.at(this.#lastArrivalMs, () =>
      this.#machine.input(this.#life, () => action(this.#service, connection)),
    );
  }
}
