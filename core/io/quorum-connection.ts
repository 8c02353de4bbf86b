import type { Socket } from 'node:net';
import { delimitedHost, type HostAddress } from '../../wire/host-port.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import type { InlineReader } from '../../wire/quorum-reader.ts';
import type { Logger } from '../ports.ts';
import type { Scheduler } from '../timers.ts';
import { QuorumLink, type QuorumLinkOptions } from './quorum-link.ts';
import { type Attempt, raceConnect } from './race-connect.ts';

export interface LeaderConnectionOptions extends QuorumLinkOptions {
  /** How long a connection may be tried for: `connectToLearnerMasterLimit` ticks, or `initLimit` ticks where that is 0. */
  readonly connectLimitMs: number;
  /** How long nothing but refusals is taken from every address: a machine that is there without the port does not lead. */
  readonly refusedLimitMs: number;
}

/** What a connection to a leader tells, never from within a call. */
export interface LeaderConnectionEvents {
  /** The connection stands. What is sent from within the call is the first that the leader hears. */
  connected(): void;
  /** A packet of the leader. Returns who reads on if what follows is not a packet, else null. */
  packet(packet: QuorumPacket): InlineReader | null;
  /** Once: the connection has ended, or there was none within the limit. Nothing follows. Not told after `close`. */
  disconnected(reason: string): void;
}

export interface LeaderConnectionParts {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** Pauses between two attempts at one address: a leader opens its port moments after its election. */
const RETRY_MIN_MS = 2;
const RETRY_MAX_MS = 200;
/** An attempt without an answer ends here, and the name is resolved anew: time for two lost packets to be repeated. */
const ATTEMPT_MS = 5000;

/**
 * Connects to a leader: all of its addresses are tried at the same time, each again and again for itself, and the first that
 * answers is kept.
 */
export function connectToLeader(
  addresses: readonly HostAddress[],
  options: LeaderConnectionOptions,
  events: LeaderConnectionEvents,
  parts: LeaderConnectionParts,
): LeaderConnection {
  if (addresses.length === 0) throw new Error('the leader has no address to connect to');
  return new LeaderConnection(addresses, options, events, parts);
}

/** A learner's end of the connection to its leader. One that has ended stays so. */
export class LeaderConnection {
  readonly #options: LeaderConnectionOptions;
  readonly #events: LeaderConnectionEvents;
  readonly #parts: LeaderConnectionParts;
  readonly #name: string;
  readonly #limit: { cancel(): void };
  readonly #attempts = new Map<HostAddress, { cancel(): void }>();
  readonly #refusedLimit: { cancel(): void };
  #lastError: string = 'no answer';
  /** Addresses whose last attempt ended in a refusal. */
  readonly #refused = new Set<HostAddress>();
  #link: QuorumLink | null = null;
  #isOver = false;

  constructor(
    addresses: readonly HostAddress[],
    options: LeaderConnectionOptions,
    events: LeaderConnectionEvents,
    parts: LeaderConnectionParts,
  ) {
    this.#options = options;
    this.#events = events;
    this.#parts = parts;
    this.#name = addresses.map(nameOf).join(', ');
    const { connectLimitMs, refusedLimitMs } = options;
    this.#limit = parts.scheduler.after(connectLimitMs, () => this.#giveUp(connectLimitMs));
    this.#refusedLimit = parts.scheduler.after(refusedLimitMs, () => {
      if (this.#refused.size === addresses.length) this.#giveUp(refusedLimitMs);
    });
    for (const address of addresses) this.#attempt(address, RETRY_MIN_MS);
  }

  /** `host:port` of the leader while there is a connection, else null. */
  get peer(): string | null {
    return this.#link?.peer ?? null;
  }

  /** Bytes that were sent and not yet taken by the system. */
  get bufferedBytes(): number {
    return this.#link?.bufferedBytes ?? 0;
  }

  /**
   * Sends at the end of the turn, in order. The packet is copied. Before `connected` and after the end it goes nowhere. Throws
   * `WireFault` (`unencodable`) for a packet that has no form on the wire.
   */
  send(packet: QuorumPacket): void {
    this.#link?.send(packet);
  }

  /** Drops the connection or the attempts, with what was not sent; nothing is told any more. */
  close(): void {
    this.#isOver = true;
    this.#stopConnecting();
    this.#link?.close('this server has left its leader');
    this.#link = null;
  }

  #stopConnecting(): void {
    this.#limit.cancel();
    this.#refusedLimit.cancel();
    for (const attempt of this.#attempts.values()) attempt.cancel();
    this.#attempts.clear();
  }

  #attempt(address: HostAddress, retryMs: number): void {
    const attempt: Attempt = raceConnect([address], ATTEMPT_MS, (socket, error) => {
      if (socket === null) this.#retry(address, retryMs, error!);
      else if (isOwnEcho(socket)) {
        socket.destroy();
        this.#retry(address, retryMs, new Error('nobody listens there'));
      } else {
        // Not to be cancelled with the others.
        this.#attempts.delete(address);
        this.#reached(socket);
      }
    });
    this.#attempts.set(address, attempt);
  }

  #retry(address: HostAddress, retryMs: number, { message, code }: NodeJS.ErrnoException): void {
    this.#lastError = message;
    if (code === 'ECONNREFUSED') this.#refused.add(address);
    else this.#refused.delete(address);
    this.#parts.logger.debug(`the leader cannot be reached at ${nameOf(address)} yet: ${message}`);
    const timer = this.#parts.scheduler.after(retryMs, () =>
      this.#attempt(address, Math.min(retryMs * 2, RETRY_MAX_MS)),
    );
    this.#attempts.set(address, timer);
  }

  #reached(socket: Socket): void {
    this.#stopConnecting();
    const link = new QuorumLink(socket, this.#options, this.#parts.scheduler, {
      packet: (packet) => this.#events.packet(packet),
      disconnected: (reason) => this.#end(reason),
    });
    this.#link = link;
    this.#events.connected();
    link.start();
  }

  #giveUp(limitMs: number): void {
    this.#stopConnecting();
    this.#end(`no connection to the leader at ${this.#name} within ${limitMs} ms: ${this.#lastError}`);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link = null;
    this.#events.disconnected(reason);
  }
}

/** Whoever connects to a port of their own machine where nobody listens may be given that same port, and meet themselves. */
export function isOwnEcho({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}

function nameOf({ host, port }: HostAddress): string {
  return `${delimitedHost(host)}:${port}`;
}
