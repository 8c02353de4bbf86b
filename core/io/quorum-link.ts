import type { Socket } from 'node:net';
import { ByteWriter } from '../../wire/bytes.ts';
import { WireFault } from '../../wire/fault.ts';
import { delimitedHost } from '../../wire/host-port.ts';
import { type QuorumPacket, QuorumPacketReader, writeQuorumPacket } from '../../wire/quorum.ts';
import type { InlineReader, QuorumPacketSink } from '../../wire/quorum-reader.ts';
import type { Scheduler } from '../timers.ts';
import type { LearnerLink } from '../zab/leader-types.ts';

export interface QuorumLinkOptions {
  /** Longest data taken in a packet; what is held of one that is arriving is bounded by it. */
  readonly dataBytesMax: number;
  /** Bytes that may wait for the other side before it is given up; `UNSENT_BYTES_MAX` unless told otherwise. */
  readonly unsentBytesMax?: number;
}

export interface QuorumLinkEvents {
  /** A packet, as `QuorumPacketSink` has it. */
  packet(packet: QuorumPacket): InlineReader | null;
  /** Once, whoever ended the connection, and never from within a call. No packet follows, nor comes after `close`. */
  disconnected(reason: string): void;
}

/** Beyond this the other side does not read, or not nearly as fast as the ensemble writes: it had better begin anew. */
export const UNSENT_BYTES_MAX = 256 * 1024 * 1024;
/** A stream waits while as much is unsent. Deep enough for a fast network, and little beside a tree. */
const STREAM_UNSENT_BYTES = 768 * 1024;
/** Packets are gathered in buffers of at most this size, unless one of them is larger. */
const BLOCK_BYTES = 1024 * 1024;
/** Room for what a turn usually sends. */
const BLOCK_BYTES_FIRST = 4096;
/** More than a packet has around its data. */
const PACKET_BYTES_EXTRA = 64;
/** Silence after which the system asks whether the other machine is still there. */
const KEEP_ALIVE_MS = 30_000;

interface Stream {
  readonly chunks: Iterator<Buffer>;
  readonly done: () => void;
}

/**
 * One connection on the quorum port, at either end. The packets of a turn leave in one write at its end. A stream takes its turn
 * among the packets, a chunk a turn of the event loop, so that it delays nobody else; what is sent meanwhile waits behind it.
 *
 * Invariants: bytes leave in the order of the calls. What waits is bounded by `unsentBytesMax`, and of a stream by about 1 MiB.
 * Every stream is taken to its end or ended with `return`. What the other side sends can end this connection and nothing else.
 */
export class QuorumLink implements LearnerLink {
  /** `host:port` of the other side. */
  readonly peer: string;
  readonly #socket: Socket;
  readonly #events: QuorumLinkEvents;
  readonly #scheduler: Scheduler;
  readonly #reader: QuorumPacketReader;
  readonly #sink: QuorumPacketSink;
  readonly #unsentBytesMax: number;
  /** What waits for the end of the turn or for a stream that comes first; the newest packets are still in the writer. */
  readonly #queue: (Buffer | Stream)[] = [];
  #queuedBytes = 0;
  readonly #writer = new ByteWriter(BLOCK_BYTES_FIRST);
  #isPumpPlanned = false;
  /** Why the connection has ended; null while it stands. */
  #reason: string | null = null;

  constructor(socket: Socket, options: QuorumLinkOptions, scheduler: Scheduler, events: QuorumLinkEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#scheduler = scheduler;
    this.#unsentBytesMax = options.unsentBytesMax ?? UNSENT_BYTES_MAX;
    this.#reader = new QuorumPacketReader(options.dataBytesMax);
    this.#sink = { packet: (packet) => (this.#reason === null ? events.packet(packet) : null) };
    this.peer = peerOf(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', ({ message }) => this.close(`the connection to ${this.peer} broke: ${message}`));
    socket.once('end', () => this.close(`${this.peer} has closed the connection`));
    socket.on('drain', () => this.#planPump());
    socket.once('close', () => {
      this.close(`the connection to ${this.peer} has ended`);
      this.#events.disconnected(this.#reason!);
    });
  }

  get isClosed(): boolean {
    return this.#reason !== null;
  }

  /** Bytes that were sent and not yet taken by the system. */
  get bufferedBytes(): number {
    if (this.#reason !== null) return 0;
    return this.#queuedBytes + this.#writer.pos + this.#socket.writableLength;
  }

  /** Begins to read. */
  start(): void {
    if (this.#reason !== null) return;
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.resume();
  }

  /** The packet is copied. Throws `WireFault` (`unencodable`) for one that has no form on the wire; nothing of it is sent then. */
  send(packet: QuorumPacket): void {
    if (this.#reason !== null) return;
    const writer = this.#writer;
    if (writer.pos + (packet.data?.length ?? 0) + PACKET_BYTES_EXTRA > BLOCK_BYTES) this.#seal();
    const start = writer.pos;
    try {
      writeQuorumPacket(writer, packet);
    } catch (fault) {
      writer.pos = start;
      throw fault;
    }
    const { bufferedBytes } = this;
    if (bufferedBytes > this.#unsentBytesMax) {
      this.close(
        `${this.peer} does not read: ${bufferedBytes} bytes wait for it, more than ${this.#unsentBytesMax}`,
      );
    } else this.#planPump();
  }

  /** The chunks must not change after they were taken. What `chunks` throws is thrown in a later turn. */
  stream(chunks: Iterator<Buffer>, done: () => void): void {
    if (this.#reason !== null) {
      chunks.return?.();
      return;
    }
    this.#seal();
    this.#queue.push({ chunks, done });
    this.#planPump();
  }

  /** Drops the connection with all that was not taken by the system. */
  close(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#socket.destroy();
    const queue = this.#queue.splice(0);
    this.#queuedBytes = 0;
    this.#writer.renew(0);
    for (const item of queue) if (!Buffer.isBuffer(item)) item.chunks.return?.();
  }

  #read(chunk: Buffer): void {
    if (this.#reason !== null) return;
    try {
      this.#reader.push(chunk, this.#sink);
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      this.close(`${this.peer} sent what cannot be read: ${fault.message}`);
    }
  }

  #seal(): void {
    const writer = this.#writer;
    if (writer.pos === 0) return;
    this.#queue.push(writer.view());
    this.#queuedBytes += writer.pos;
    writer.renew(BLOCK_BYTES_FIRST);
  }

  #planPump(): void {
    if (this.#isPumpPlanned || this.#reason !== null) return;
    if (this.#queue.length === 0 && this.#writer.pos === 0) return;
    this.#isPumpPlanned = true;
    this.#scheduler.endOfTurn(() => {
      this.#isPumpPlanned = false;
      this.#socket.cork();
      try {
        this.#pump();
      } finally {
        this.#socket.uncork();
      }
    });
  }

  #pump(): void {
    let mayStream = true;
    while (this.#reason === null) {
      if (this.#queue.length === 0) this.#seal();
      const item = this.#queue[0];
      if (item === undefined) return;
      if (Buffer.isBuffer(item)) {
        this.#queue.shift();
        this.#queuedBytes -= item.length;
        this.#socket.write(item);
      } else {
        // As much as this makes the socket tell when it has drained.
        if (this.#socket.writableLength >= STREAM_UNSENT_BYTES) return;
        if (!mayStream) {
          this.#planPump();
          return;
        }
        mayStream = false;
        this.#takeChunk(item);
      }
    }
  }

  #takeChunk({ chunks, done }: Stream): void {
    const next = chunks.next();
    if (next.done !== true) {
      this.#socket.write(next.value);
      return;
    }
    this.#queue.shift();
    done();
  }
}

/** An IPv4 address that reached a socket for both families shows as ::ffff:a.b.c.d. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return 'somebody';
  return `${delimitedHost(remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''))}:${remotePort}`;
}
