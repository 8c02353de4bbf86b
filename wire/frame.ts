import { JUTE_MAXBUFFER_DEFAULT } from './bytes.ts';
import { WireFault } from './fault.ts';

/** Called with a frame's body as `bytes[start, end)`: a view of what arrived, valid as long as the caller keeps it. */
export type FrameSink = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts a byte stream into frames (int32 length, then as many bytes). A frame that lies whole in one chunk is handed on in
 * place; only a frame that spans chunks is copied, once.
 *
 * Invariants: a length outside [0, frameBytesMax] is a `frame-too-large` fault, after which the stream cannot be trusted and
 * `push` must not be called again; memory held is at most 4 bytes or one frame, allocated as its bytes arrive, never at the
 * sender's word.
 */
export class FrameReader {
  readonly frameBytesMax: number;
  readonly #header = Buffer.alloc(4);
  #headerFill = 0;
  #partial: Buffer | null = null;
  #partialFill = 0;
  #frameBytes = 0;

  constructor(frameBytesMax = JUTE_MAXBUFFER_DEFAULT) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Bytes held of a frame that has not fully arrived. */
  get pendingBytes(): number {
    return this.#headerFill + this.#partialFill;
  }

  push(chunk: Buffer, sink: FrameSink): void {
    let pos = 0;
    const end = chunk.length;
    if (this.#partial !== null || this.#headerFill > 0) pos = this.#resume(chunk, sink);
    while (end - pos >= 4) {
      const frameBytes = this.#checked(chunk.readInt32BE(pos));
      if (end - pos - 4 < frameBytes) {
        this.#begin(frameBytes, chunk, pos + 4);
        return;
      }
      const start = pos + 4;
      pos = start + frameBytes;
      sink(chunk, start, pos);
    }
    if (pos < end) {
      chunk.copy(this.#header, 0, pos, end);
      this.#headerFill = end - pos;
    }
  }

  #checked(frameBytes: number): number {
    if (frameBytes < 0 || frameBytes > this.frameBytesMax) {
      throw new WireFault(
        'frame-too-large',
        `frame length ${frameBytes} is outside [0, ${this.frameBytesMax}] (jute.maxbuffer)`,
      );
    }
    return frameBytes;
  }

  #begin(frameBytes: number, chunk: Buffer, from: number): void {
    this.#headerFill = 0;
    this.#frameBytes = frameBytes;
    this.#partial = Buffer.allocUnsafeSlow(Math.min(frameBytes, Math.max(4096, (chunk.length - from) * 2)));
    this.#partialFill = chunk.copy(this.#partial, 0, from);
  }

  /** Continues a frame begun in an earlier chunk; returns where in the chunk the next one begins. */
  #resume(chunk: Buffer, sink: FrameSink): number {
    let pos = 0;
    if (this.#partial === null) {
      const take = Math.min(4 - this.#headerFill, chunk.length);
      chunk.copy(this.#header, this.#headerFill, 0, take);
      this.#headerFill += take;
      pos = take;
      if (this.#headerFill < 4) return pos;
      const frameBytes = this.#checked(this.#header.readInt32BE(0));
      this.#headerFill = 0;
      if (chunk.length - pos >= frameBytes) {
        sink(chunk, pos, pos + frameBytes);
        return pos + frameBytes;
      }
      this.#begin(frameBytes, chunk, pos);
      return chunk.length;
    }
    const take = Math.min(this.#frameBytes - this.#partialFill, chunk.length);
    this.#grow(this.#partialFill + take);
    chunk.copy(this.#partial, this.#partialFill, 0, take);
    this.#partialFill += take;
    if (this.#partialFill === this.#frameBytes) {
      const frame = this.#partial;
      this.#partial = null;
      this.#partialFill = 0;
      sink(frame, 0, this.#frameBytes);
    }
    return take;
  }

  #grow(need: number): void {
    const partial = this.#partial!;
    if (need <= partial.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#frameBytes, Math.max(need, partial.length * 2)));
    partial.copy(grown, 0, 0, this.#partialFill);
    this.#partial = grown;
  }
}
