import type { Socket } from 'node:net';
import type { HostAddress } from '../../wire/host-port.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import type { ServerId } from '../zab/quorum.ts';
import { ElectionLink } from './election-link.ts';
import { type Attempt, raceConnect } from './race-connect.ts';

/** What the mesh tells. Of one connection: `connected`, then its messages, then `gone` or the `connected` of one that replaces it. */
export interface ElectionMeshEvents {
  /** One message; the bytes are the receiver's to keep. */
  message(from: ServerId, bytes: Buffer): void;
  /** A connection stands. What is sent from within the call is the first that the peer hears on it. */
  connected(peer: ServerId): void;
  /** The last connection has ended, or the first attempt was refused or failed. Told once, until the next `connected`. */
  gone(peer: ServerId): void;
}

/** What all peers of a mesh share. */
export interface PeerParts {
  readonly serverId: ServerId;
  readonly cnxTimeoutMs: number;
  readonly hello: () => Buffer;
  readonly events: ElectionMeshEvents;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A connection was opened, which has to be gone when the mesh is closed. */
  readonly opened: (socket: Socket) => void;
  /** The peer has no connection, attempt or plan left. */
  readonly idle: (peer: ElectionPeer) => void;
}

/** How a peer is reached. */
export interface PeerAddresses {
  readonly addresses: readonly HostAddress[];
  /** Whether a connection is to stand at all times; otherwise only when there is something to say, or the peer asks for it. */
  readonly isPersistent: boolean;
}

/** First pause between two attempts: short, since an election after a crash waits for it. */
const BACKOFF_MIN_MS = 20;
const BACKOFF_MAX_MS = 1000;
/** A connection that lasted as long as this was a good one, and the next pause is short again. */
const GOOD_LINK_MS = 1000;
/** A knock this soon after a connection was made was under way before it, and says nothing about it. */
const KNOCK_RACE_MS = 1000;
/**
 * A question that nobody has answered for this long makes the connection doubtful: whoever is asked answers at once, or asks again and
 * again as well. When addresses have changed or a network was cut, the system notices by itself only after a quarter of an hour.
 */
const ANSWER_LIMIT_MS = 2000;
/** How long a knock may take to be read. */
const KNOCK_LINGER_MS = 2000;

/**
 * One other server of the mesh, and the only connection to it. Of two servers the one with the larger id opens it; the other one
 * knocks: it connects, says who it is and closes, and is connected back. A newer connection replaces an older one without a word,
 * since it is only opened by who has lost the older.
 */
export class ElectionPeer {
  readonly id: ServerId;
  readonly #parts: PeerParts;
  #reach: PeerAddresses;
  #toldAddresses: readonly HostAddress[] = [];
  #link: ElectionLink | null = null;
  #linkSinceMs = 0;
  #attempt: Attempt | null = null;
  #attemptSinceMs = 0;
  #retry: NodeJS.Timeout | null = null;
  #retryAtMs = 0;
  #backoffMs = BACKOFF_MIN_MS;
  readonly #knocks = new Set<Socket>();
  /** The last message: sent again on a new connection, as nobody knows whether it arrived on the old one. */
  #newest: Buffer | null = null;
  #sendCount = 0;
  /** When the connection was first asked something since it last said anything; null if nothing is asked. */
  #askedAtMs: number | null = null;
  #isGone = false;
  #isClosed = false;

  constructor(id: ServerId, reach: PeerAddresses, parts: PeerParts) {
    this.id = id;
    this.#reach = reach;
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return this.#link === null && this.#attempt === null && this.#retry === null;
  }

  /** Begins to keep a connection, if it is to stand at all times. */
  start(reach = this.#reach): void {
    this.#reach = reach;
    if (reach.isPersistent && this.isIdle) this.#dial();
  }

  /** `asks`: the peer has to say something soon, or the connection is given up for a new one when it is asked again. */
  send(message: Buffer, asks: boolean): void {
    this.#newest = message;
    this.#sendCount++;
    if (this.#link === null) {
      this.#dialSoon();
      return;
    }
    if (!asks) this.#askedAtMs = null;
    else this.#askedAtMs ??= this.#nowMs();
    const unansweredMs = this.#askedAtMs === null ? 0 : this.#nowMs() - this.#askedAtMs;
    if (unansweredMs < ANSWER_LIMIT_MS) {
      this.#link.send(message);
      return;
    }
    this.#parts.logger.info(
      `election: server ${this.id} has not answered for ${Math.round(unansweredMs)} ms`,
    );
    this.#renew();
  }

  /** The peer, whose id is the larger one, has opened a connection; `rest` came right after its handshake. */
  accept(socket: Socket, rest: Buffer): void {
    this.#adopt(socket, rest);
  }

  /** The peer, whose id is the smaller one, asks to be connected; it may have said where. */
  knocked(addresses: readonly HostAddress[]): void {
    const nowMs = this.#nowMs();
    this.#toldAddresses = addresses;
    if (this.#link !== null && nowMs - this.#linkSinceMs < KNOCK_RACE_MS) return;
    if (this.#attempt !== null && nowMs - this.#attemptSinceMs < KNOCK_RACE_MS) return;
    this.#renew();
  }

  /** Drops everything; nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#stopDialling();
    this.#link?.destroy();
    this.#link = null;
    for (const socket of this.#knocks) socket.destroy();
    this.#knocks.clear();
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }

  /** Gives the connection up, and looks for another at once. */
  #renew(): void {
    this.#link?.destroy();
    this.#link = null;
    this.#backoffMs = BACKOFF_MIN_MS;
    this.#dial();
  }

  #stopDialling(): void {
    this.#attempt?.cancel();
    this.#attempt = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #dial(): void {
    this.#stopDialling();
    const addresses = [...this.#reach.addresses];
    for (const told of this.#toldAddresses) {
      if (!addresses.some(({ host, port }) => host === told.host && port === told.port)) addresses.push(told);
    }
    if (addresses.length === 0) {
      this.#lost('it is not known where it listens');
      return;
    }
    this.#attemptSinceMs = this.#nowMs();
    this.#attempt = raceConnect(addresses, this.#parts.cnxTimeoutMs, (socket, error) => {
      this.#attempt = null;
      if (socket !== null) this.#reached(socket);
      else this.#lost(error?.message ?? 'no connection');
    });
  }

  #reached(socket: Socket): void {
    this.#parts.opened(socket);
    socket.write(this.#parts.hello());
    if (this.id < this.#parts.serverId) {
      this.#adopt(socket, Buffer.alloc(0));
      return;
    }
    this.#knocks.add(socket);
    socket.once('close', () => this.#knocks.delete(socket));
    socket.setTimeout(KNOCK_LINGER_MS, () => socket.destroy());
    socket.resume();
    socket.end();
    // It connects back at once; should that fail, we knock again.
    this.#planNext();
  }

  #adopt(socket: Socket, rest: Buffer): void {
    this.#stopDialling();
    this.#link?.destroy();
    const link = new ElectionLink(socket, {
      message: (bytes) => {
        this.#askedAtMs = null;
        this.#parts.events.message(this.id, bytes);
      },
      ended: (fault) => {
        this.#link = null;
        if (this.#nowMs() - this.#linkSinceMs >= GOOD_LINK_MS) this.#backoffMs = BACKOFF_MIN_MS;
        this.#lost(fault?.message ?? 'it has closed the connection');
      },
    });
    this.#link = link;
    this.#linkSinceMs = this.#nowMs();
    this.#askedAtMs = null;
    this.#isGone = false;
    this.#parts.logger.debug(`election: connected to server ${this.id}`);
    const sendCount = this.#sendCount;
    this.#parts.events.connected(this.id);
    if (this.#link !== link) return;
    if (this.#sendCount === sendCount && this.#newest !== null) link.send(this.#newest);
    link.start(rest);
  }

  /** There is no connection, and none under way. */
  #lost(reason: string): void {
    if (!this.#isGone) {
      this.#isGone = true;
      this.#parts.logger.info(`election: server ${this.id} is gone: ${reason}`);
      this.#parts.events.gone(this.id);
    }
    this.#planNext();
  }

  #planNext(): void {
    if (this.#isClosed || !this.isIdle) return;
    if (this.#reach.isPersistent) this.#dialLater();
    else this.#parts.idle(this);
  }

  /** After a pause that grows from one attempt to the next, and differs between servers that lost each other at the same time. */
  #dialLater(): void {
    const backoffMs = this.#backoffMs;
    this.#backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
    this.#dialAfter(backoffMs / 2 + this.#parts.random.below(Math.floor(backoffMs / 2) + 1));
  }

  /** There is something to say: whoever waits for the next attempt does not wait for long. */
  #dialSoon(): void {
    if (this.#attempt !== null) return;
    if (this.#retry !== null && this.#retryAtMs - this.#nowMs() <= BACKOFF_MIN_MS) return;
    this.#backoffMs = BACKOFF_MIN_MS;
    this.#dialLater();
  }

  #dialAfter(delayMs: number): void {
    if (this.#isClosed) return;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retryAtMs = this.#nowMs() + delayMs;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#dial();
    }, delayMs);
  }
}
