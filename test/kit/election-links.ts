import type { ServerId } from '../../core/zab/quorum.ts';
import type { Notification } from '../../wire/notification.ts';
import type { Rng } from './seed.ts';

/** What happens at its time, and in order of being planned when times are equal. */
export class Agenda {
  nowMs = 0;
  #order = 0;
  #events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];

  at(atMs: number, run: () => void): void {
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    let at = this.#events.length;
    while (at > 0 && this.#events[at - 1]!.atMs > event.atMs) at--;
    this.#events.splice(at, 0, event);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Runs what is due until then; throws when that is more than a calm system could ever have to do. */
  runUntil(untilMs: number, eventsMax = 200_000): void {
    for (let count = 0; this.#events.length > 0 && this.#events[0]!.atMs <= untilMs; count++) {
      if (count > eventsMax) throw new Error(`more than ${eventsMax} events until ${untilMs} ms: a storm`);
      const event = this.#events.shift()!;
      this.nowMs = event.atMs;
      event.run();
    }
    this.nowMs = untilMs;
  }
}

interface Connection {
  isOpen: boolean;
  /** By direction: what waits to leave, and when the last message arrives. */
  readonly waiting: Map<ServerId, Notification>;
  readonly lastArrivalMs: Map<ServerId, number>;
  /** The ends that still believe in it. */
  readonly standing: Set<ServerId>;
}

export interface LinkEvents {
  isUp(server: ServerId): boolean;
  deliver(from: ServerId, to: ServerId, notification: Notification): void;
  connected(server: ServerId, peer: ServerId): void;
  gone(server: ServerId, peer: ServerId): void;
}

/**
 * Connections like those of the election mesh, on an agenda: FIFO with random delays, a queue of one in which the newest message
 * wins, both ends told of the end at different times, with or without what was still under way; connected again after a pause.
 */
export class SimulatedLinks {
  delayMs = 3;
  readonly #servers: readonly ServerId[];
  readonly #agenda: Agenda;
  readonly #rng: Rng;
  readonly #events: LinkEvents;
  readonly #connections = new Map<string, Connection>();
  readonly #cut = new Set<string>();

  constructor(servers: readonly ServerId[], agenda: Agenda, rng: Rng, events: LinkEvents) {
    this.#servers = servers;
    this.#agenda = agenda;
    this.#rng = rng;
    this.#events = events;
    for (const one of servers) for (const other of servers) if (one < other) this.#connectLater(one, other);
  }

  canReach(one: ServerId, other: ServerId): boolean {
    return !this.#cut.has(keyOf(one, other));
  }

  cut(one: ServerId, other: ServerId): void {
    this.#cut.add(keyOf(one, other));
    this.#end(one, other);
  }

  healAll(): void {
    this.#cut.clear();
  }

  /** The process of a server has died: its ends are gone, the others hear of it. */
  died(server: ServerId): void {
    for (const other of this.#servers) {
      if (other === server) continue;
      this.#connections.get(keyOf(server, other))?.standing.delete(server);
      this.#end(server, other);
    }
  }

  send(from: ServerId, to: ServerId, notification: Notification): void {
    const connection = this.#connections.get(keyOf(from, to));
    if (connection === undefined || !connection.isOpen) return;
    const isPlanned = connection.waiting.has(from);
    connection.waiting.set(from, notification);
    if (!isPlanned) this.#agenda.after(this.#rng.below(2), () => this.#depart(connection, from, to));
  }

  #depart(connection: Connection, from: ServerId, to: ServerId): void {
    const notification = connection.waiting.get(from)!;
    connection.waiting.delete(from);
    if (!connection.isOpen) return;
    const arrivalMs = Math.max(
      connection.lastArrivalMs.get(from) ?? 0,
      this.#agenda.nowMs + this.#rng.below(this.delayMs),
    );
    connection.lastArrivalMs.set(from, arrivalMs);
    this.#agenda.at(arrivalMs, () => {
      if (connection.standing.has(to)) this.#events.deliver(from, to, notification);
    });
  }

  #end(one: ServerId, other: ServerId): void {
    const connection = this.#connections.get(keyOf(one, other));
    if (connection === undefined || !connection.isOpen) return;
    connection.isOpen = false;
    for (const [end, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      const soonMs = this.#agenda.nowMs + this.#rng.below(4);
      const lastMs = connection.lastArrivalMs.get(peer) ?? 0;
      this.#agenda.at(this.#rng.chance(50) ? soonMs : Math.max(soonMs, lastMs), () => {
        if (connection.standing.delete(end) && this.#events.isUp(end)) this.#events.gone(end, peer);
      });
    }
  }

  #connectLater(one: ServerId, other: ServerId): void {
    this.#agenda.after(5 + this.#rng.below(30), () => this.#tryConnect(one, other));
  }

  #tryConnect(one: ServerId, other: ServerId): void {
    this.#connectLater(one, other);
    const key = keyOf(one, other);
    const old = this.#connections.get(key);
    if (old !== undefined && (old.isOpen || old.standing.size > 0)) return;
    const { isUp, gone, connected } = this.#events;
    if (this.#cut.has(key)) return;
    if (isUp(one) && isUp(other)) {
      const standing = new Set([one, other]);
      const fresh = { isOpen: true, waiting: new Map(), lastArrivalMs: new Map(), standing };
      this.#connections.set(key, fresh);
      connected(one, other);
      connected(other, one);
    } else if (isUp(one)) gone(one, other);
    else if (isUp(other)) gone(other, one);
  }
}

function keyOf(one: ServerId, other: ServerId): string {
  return one < other ? `${one}-${other}` : `${other}-${one}`;
}
