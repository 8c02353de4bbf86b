import type { Socket } from 'node:net';
import { QuorumLink } from '../../core/io/quorum-link.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import { Changes } from './changes.ts';
import { realScheduler, socketPair } from './quorum-links.ts';
import { QuorumStream, TEST_DATA_BYTES_MAX } from './quorum-stream.ts';

/** One end over loopback, whose other end is not read until a test resumes it. */
export class Half implements Disposable {
  readonly link: QuorumLink;
  readonly near: Socket;
  readonly far: Socket;
  reason: string | null = null;
  readonly packets: QuorumPacket[] = [];
  readonly #changes = new Changes();

  private constructor([near, far]: [Socket, Socket], unsentBytesMax: number | undefined) {
    this.near = near;
    this.far = far;
    const limit = unsentBytesMax === undefined ? {} : { unsentBytesMax };
    this.link = new QuorumLink(near, { dataBytesMax: TEST_DATA_BYTES_MAX, ...limit }, realScheduler, {
      packet: (packet) => {
        this.packets.push(packet);
        this.#changes.tell();
        return null;
      },
      disconnected: (reason) => {
        if (this.reason !== null) throw new Error(`disconnected twice: ${this.reason}, ${reason}`);
        this.reason = reason;
        this.#changes.tell();
      },
    });
    this.link.start();
  }

  static async start(unsentBytesMax?: number): Promise<Half> {
    return new Half(await socketPair(), unsentBytesMax);
  }

  /** Reads the other end as packets from now on. */
  readFar(): { readonly stream: QuorumStream; until(count: number): Promise<void> } {
    const stream = new QuorumStream();
    const changes = new Changes();
    this.far.on('data', (chunk) => {
      stream.push(chunk);
      changes.tell();
    });
    this.far.resume();
    return {
      stream,
      until: (count) => changes.until(`${count} packets`, () => stream.packets.length >= count),
    };
  }

  disconnected(): Promise<void> {
    return this.#changes.until('the end is told', () => this.reason !== null);
  }

  [Symbol.dispose](): void {
    this.near.destroy();
    this.far.destroy();
  }
}

/** Chunks that are made when they are asked for, and a note of how the iterator ended. */
export class Chunks implements Iterator<Buffer> {
  taken = 0;
  ended: 'no' | 'taken' | 'returned' = 'no';
  readonly #count: number;
  readonly #chunkBytes: number;
  readonly #onNext: () => void;

  constructor(count: number, chunkBytes: number, onNext: () => void = () => {}) {
    this.#count = count;
    this.#chunkBytes = chunkBytes;
    this.#onNext = onNext;
  }

  next(): IteratorResult<Buffer> {
    this.#onNext();
    if (this.taken === this.#count) {
      this.ended = 'taken';
      return { done: true, value: undefined };
    }
    return { done: false, value: Buffer.alloc(this.#chunkBytes, this.taken++ & 0xff) };
  }

  return(): IteratorResult<Buffer> {
    if (this.ended !== 'no') throw new Error(`a stream that had ended (${this.ended}) was returned`);
    this.ended = 'returned';
    return { done: true, value: undefined };
  }
}
