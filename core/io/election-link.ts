import type { Socket } from 'node:net';
import { WireFault } from '../../wire/fault.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ELECTION_MESSAGE_BYTES_MAX, frameElectionMessage } from '../../wire/notification.ts';

export interface ElectionLinkEvents {
  /** One message, without its length. The bytes are the receiver's to keep. */
  message(bytes: Buffer): void;
  /** Once, when the connection has ended for whatever reason but `destroy`. Null for an end in good order. */
  ended(fault: Error | null): void;
}

/** Silence after which the system asks whether the other machine is still there. */
const KEEP_ALIVE_MS = 30_000;

/**
 * A connection of the election mesh after its handshake: framed messages, both ways at will. What cannot be sent at once waits in
 * a queue of one, in which a newer message takes the place of the older: nobody needs an outdated vote.
 */
export class ElectionLink {
  readonly #socket: Socket;
  readonly #events: ElectionLinkEvents;
  readonly #frames = new FrameReader(ELECTION_MESSAGE_BYTES_MAX);
  #waiting: Buffer | null = null;
  #fault: Error | null = null;
  #isOver = false;

  constructor(socket: Socket, events: ElectionLinkEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => {
      this.#fault ??= error;
    });
    socket.on('drain', () => this.#drained());
    socket.once('end', () => socket.destroy());
    socket.once('close', () => this.#end());
  }

  /** Begins to read, with what had already come after the handshake. */
  start(rest: Buffer): void {
    this.#socket.on('data', (chunk) => this.#read(chunk));
    if (rest.length > 0) this.#read(rest);
    this.#socket.resume();
  }

  send(message: Buffer): void {
    if (this.#isOver) return;
    if (this.#socket.writableNeedDrain) this.#waiting = message;
    else this.#socket.write(frameElectionMessage(message));
  }

  /** Drops the connection; nothing is told any more. */
  destroy(): void {
    this.#isOver = true;
    this.#waiting = null;
    this.#socket.destroy();
  }

  #drained(): void {
    const message = this.#waiting;
    this.#waiting = null;
    if (message !== null) this.send(message);
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#frames.push(chunk, (bytes, start, end) => {
        if (start === end) throw new WireFault('unreasonable-length', 'an election message of 0 bytes');
        if (!this.#isOver) this.#events.message(bytes.subarray(start, end));
      });
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      this.#fault = error;
      this.#socket.destroy();
      this.#end();
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = null;
    this.#events.ended(this.#fault);
  }
}
