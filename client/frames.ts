import type { ByteWriter } from '../wire/bytes.ts';
import type { Codec } from '../wire/codec.ts';
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
