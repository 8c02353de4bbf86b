import type { ClientPorts, Endpoint, Link, LinkEvents } from '../../client/index.ts';
import { formatEndpoint } from '../../client/index.ts';
import { ByteReader, ByteWriter } from '../../wire/bytes.ts';
import type { Codec } from '../../wire/codec.ts';
import { type ConnectRequest, readConnectRequest, writeConnectResponse } from '../../wire/connect.ts';
import { WatcherEvent } from '../../wire/events.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReplyHeader } from '../../wire/replies.ts';
import { Rng } from './seed.ts';

/** A request as the scripted server saw it. `body` is for the codec of its type. */
export interface SeenRequest {
  readonly xid: number;
  readonly type: number;
  readonly body: Buffer;
}

export interface Grant {
  readonly sessionId: bigint;
  readonly timeOut: number;
  readonly readOnly?: boolean;
}

/** One connection that a client made, seen from the server's side; the test plays the server. */
export class ScriptedLink implements Link {
  readonly endpoint: Endpoint;
  readonly openedAtMs: number;
  readonly requests: SeenRequest[] = [];
  handshake: ConnectRequest | null = null;
  /** What was written, as it was written. */
  readonly raws: Buffer[] = [];
  /** How many writes the client's side made. */
  writes = 0;
  destroyed = false;
  readonly #events: LinkEvents;
  readonly #world: ClientWorld;
  readonly #frames = new FrameReader();
  #taken = 0;

  constructor(world: ClientWorld, endpoint: Endpoint, events: LinkEvents) {
    this.#world = world;
    this.endpoint = endpoint;
    this.#events = events;
    this.openedAtMs = world.monotonicMs();
  }

  get server(): string {
    return formatEndpoint(this.endpoint);
  }

  write(bytes: Buffer): void {
    this.writes++;
    this.raws.push(bytes);
    // A four-letter word is no frame.
    if (bytes.length === 4) return;
    this.#frames.push(Buffer.from(bytes), (frame, start, end) => {
      const reader = new ByteReader(frame, start, end);
      if (this.handshake === null) {
        this.handshake = readConnectRequest(reader);
        return;
      }
      const xid = reader.readInt();
      const type = reader.readInt();
      this.requests.push({ xid, type, body: Buffer.from(frame.subarray(reader.pos, end)) });
    });
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** Requests that arrived since the last look, pings left out unless asked for. */
  take(pings = false): SeenRequest[] {
    const fresh = this.requests.slice(this.#taken);
    this.#taken = this.requests.length;
    return pings ? fresh : fresh.filter(({ xid }) => xid !== -2);
  }

  /** The connection is accepted; the client's handshake follows. */
  async accept(): Promise<void> {
    this.#events.open();
    await this.#world.turn();
  }

  /** Accepts and answers the handshake. */
  async grant({ sessionId, timeOut, readOnly = false }: Grant): Promise<void> {
    if (this.handshake === null) await this.accept();
    const passwd = Buffer.alloc(16, Number(sessionId & 0xffn));
    await this.send(writeConnectResponse({ protocolVersion: 0, timeOut, sessionId, passwd, readOnly }));
  }

  /** Sends bodies as frames, all in one chunk. */
  async send(...bodies: Buffer[]): Promise<void> {
    const frames = bodies.map((body) => {
      const header = Buffer.alloc(4);
      header.writeInt32BE(body.length);
      return Buffer.concat([header, body]);
    });
    await this.raw(Buffer.concat(frames));
  }

  async raw(bytes: Buffer): Promise<void> {
    if (!this.destroyed) this.#events.data(bytes);
    await this.#world.turn();
  }

  async close(error: Error | null = null): Promise<void> {
    if (!this.destroyed) this.#events.closed(error);
    this.destroyed = true;
    await this.#world.turn();
  }
}

/** A reply's bytes: header and, where the operation succeeded, body. */
export function reply<T>(xid: number, zxid: number, codec?: Codec<T>, body?: T): Buffer {
  const writer = new ByteWriter();
  ReplyHeader.write(writer, { xid, zxid, err: 0 });
  if (codec !== undefined) codec.write(writer, body as T);
  return writer.finish();
}

export function errorReply(xid: number, zxid: number, err: number): Buffer {
  const writer = new ByteWriter();
  ReplyHeader.write(writer, { xid, zxid, err });
  return writer.finish();
}

export function notification(type: number, path: string, zxid = -1): Buffer {
  const writer = new ByteWriter();
  ReplyHeader.write(writer, { xid: -1, zxid, err: 0 });
  WatcherEvent.write(writer, { type, state: 3, path });
  return writer.finish();
}

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** A client's whole world: a clock that moves when the test says, chance from a seed, and a network whose servers are scripts. */
export class ClientWorld implements ClientPorts {
  readonly random: Rng;
  readonly links: ScriptedLink[] = [];
  /** Called with each new connection. */
  onOpen: (link: ScriptedLink) => void = () => {};
  #nowMs = 1_000;
  #timers: Timer[] = [];
  #endOfTurn: (() => void)[] = [];
  #uuids = 0;

  constructor(seed = 1) {
    this.random = new Rng(seed);
  }

  wallMs(): number {
    return this.monotonicMs();
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  uuid(): string {
    return `00000000-0000-4000-8000-${String(this.#uuids++).padStart(12, '0')}`;
  }

  open(endpoint: Endpoint, events: LinkEvents): Link {
    const link = new ScriptedLink(this, endpoint, events);
    this.links.push(link);
    queueMicrotask(() => this.onOpen(link));
    return link;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  endOfTurn(run: () => void): void {
    this.#endOfTurn.push(run);
  }

  /** Timers that would still fire: 0 for a client that has ended. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Links that nobody has destroyed. */
  get openLinks(): ScriptedLink[] {
    return this.links.filter((link) => !link.destroyed);
  }

  /** The newest connection. */
  get link(): ScriptedLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('the client has not opened a link');
    return link;
  }

  /** Lets everything happen that needs no time. */
  async turn(): Promise<void> {
    do {
      // All promise reactions run before an immediate does.
      await new Promise((resolve) => setImmediate(resolve));
      for (const run of this.#endOfTurn.splice(0)) run();
    } while (this.#endOfTurn.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#endOfTurn.length > 0) await this.turn();
  }

  /** Lets time pass, timer by timer. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await this.turn();
    for (;;) {
      const next = this.#timers.reduce<Timer | null>(
        (first, timer) => (first === null || timer.atMs < first.atMs ? timer : first),
        null,
      );
      if (next === null || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await this.turn();
    }
    this.#nowMs = untilMs;
    await this.turn();
  }
}
