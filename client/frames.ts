import { ByteReader, type ByteWriter } from '../wire/bytes.ts';
import type { Codec } from '../wire/codec.ts';
import { WireFault } from '../wire/fault.ts';
import { FrameReader } from '../wire/frame.ts';
import type { OpCode } from '../wire/opcodes.ts';

function beginFrame(writer: ByteWriter): number {
  const start = writer.pos;
  writer.writeInt(0);
  return start;
}

/** Puts the length of the frame begun at `start` in its place. */
function endFrame(writer: ByteWriter, start: number): number {
  const frameBytes = writer.pos - start - 4;
  writer.bytes.writeInt32BE(frameBytes, start);
  return frameBytes;
}

/** Bytes as a frame, for the handshake, which has no header. */
export function writeBody(writer: ByteWriter, body: Uint8Array): void {
  const start = beginFrame(writer);
  writer.writeRaw(body);
  endFrame(writer, start);
}

/** One request as a frame: header and body. Returns the frame's length; throws `WireFault` if the body cannot be encoded. */
export function writeFrame<T>(
  writer: ByteWriter,
  xid: number,
  type: OpCode,
  codec: Codec<T>,
  body: T,
): number {
  const start = beginFrame(writer);
  writer.writeInt(xid);
  writer.writeInt(type);
  codec.write(writer, body);
  return endFrame(writer, start);
}

/** The frames that come over one connection after another. */
export class FrameStream {
  readonly #frameBytesMax: number;
  #frames: FrameReader;
  /** Counts connections, so that a chunk's later frames are not taken for those of a connection dropped meanwhile. */
  #link = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
    this.#frames = new FrameReader(frameBytesMax);
  }

  /** What comes from now on is that of a new connection. */
  begin(): void {
    this.#link++;
    this.#frames = new FrameReader(this.#frameBytesMax);
  }

  /** The connection is over, and so is what is left of the chunk at hand. */
  stop(): void {
    this.#link++;
  }

  /** Hands on the frames that a chunk completes. Throws the `WireFault` that ends them, and whatever `each` throws, unless stopped. */
  push(bytes: Buffer, each: (reader: ByteReader) => void): void {
    const link = this.#link;
    try {
      this.#frames.push(bytes, (frame, start, end) => {
        if (link === this.#link) each(new ByteReader(frame, start, end, end - start));
      });
    } catch (error) {
      if (link === this.#link || !(error instanceof WireFault)) throw error;
    }
  }
}
