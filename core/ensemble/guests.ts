import { type FourLetterWord, fourLetterWordOf } from '../../wire/four-letter.ts';
import type { ServerStats } from '../admin/stats.ts';
import type { LinkEvents } from '../io/tcp-clients.ts';
import { SESSIONLESS_MS_MAX } from '../pipeline/clients.ts';
import type { Connection } from '../pipeline/connection.ts';
import type { WritePath } from '../pipeline/write-path.ts';
import type { ClientLink } from '../ports.ts';
import type { Service } from '../service.ts';
import { type Scheduler, Timers } from '../timers.ts';

export interface GuestsParts {
  /** Who serves clients now; null while nobody does. */
  readonly service: () => Service<WritePath> | null;
  readonly fourLetterReply: (word: FourLetterWord) => string;
  readonly scheduler: Scheduler;
  readonly stats: ServerStats;
}

/** A connection to a member's client port: with the service that took it in, or with nobody. */
export interface Guest {
  readonly link: ClientLink;
  /** Null from before there is a service until it is taken in. */
  host: { readonly service: Service<WritePath>; readonly connection: Connection } | null;
  /** Its first bytes, while there are fewer than four and nobody has taken it in. */
  prefix: Buffer;
  timeout: { cancel(): void } | null;
}

/**
 * The connections to a member's client port. Services come and go with roles; a connection belongs to the one that took it in. While
 * there is none, four-letter words are answered, and clients are turned away as soon as they speak, so that they try another
 * server.
 */
export class Guests implements LinkEvents<Guest> {
  readonly #parts: GuestsParts;
  readonly #timers: Timers;
  readonly #unserved = new Set<Guest>();

  constructor(parts: GuestsParts) {
    this.#parts = parts;
    this.#timers = new Timers(parts.scheduler);
  }

  connected(link: ClientLink): Guest | null {
    const guest: Guest = { link, host: null, prefix: Buffer.alloc(0), timeout: null };
    const service = this.#parts.service();
    if (service !== null) return this.#takeIn(guest, service) ? guest : null;
    this.#unserved.add(guest);
    guest.timeout = this.#timers.after(SESSIONLESS_MS_MAX, () => {
      this.#parts.stats.sessionlessExpired++;
      this.#close(guest);
    });
    return guest;
  }

  received(guest: Guest, chunk: Buffer): void {
    let bytes = chunk;
    if (guest.host === null) {
      const service = this.#parts.service();
      if (service === null) {
        this.#receivedUnserved(guest, chunk);
        return;
      }
      if (!this.#takeIn(guest, service)) return;
      bytes = Buffer.concat([guest.prefix, chunk]);
    }
    guest.host!.service.received(guest.host!.connection, bytes);
  }

  drained({ host }: Guest): void {
    host?.service.drained(host.connection);
  }

  disconnected(guest: Guest): void {
    this.#forget(guest);
    guest.host?.service.clients.disconnected(guest.host.connection);
  }

  /** Closes the connections that nobody serves; those of a service end with it. */
  stop(): void {
    this.#timers.stop();
    for (const guest of [...this.#unserved]) this.#close(guest);
  }

  /** False if the service refuses it, and has closed it then. */
  #takeIn(guest: Guest, service: Service<WritePath>): boolean {
    this.#forget(guest);
    const connection = service.clients.connected(guest.link);
    if (connection === null) return false;
    guest.host = { service, connection };
    return true;
  }

  #receivedUnserved(guest: Guest, chunk: Buffer): void {
    guest.prefix = Buffer.concat([guest.prefix, chunk.subarray(0, 4)]);
    if (guest.prefix.length < 4) return;
    const word = fourLetterWordOf(guest.prefix.readInt32BE(0));
    if (word === null) this.#parts.stats.ensemble.turnedAway++;
    else guest.link.write(Buffer.from(this.#parts.fourLetterReply(word), 'utf8'));
    this.#close(guest);
  }

  #close(guest: Guest): void {
    this.#forget(guest);
    guest.link.close();
  }

  #forget(guest: Guest): void {
    this.#unserved.delete(guest);
    guest.timeout?.cancel();
    guest.timeout = null;
  }
}
