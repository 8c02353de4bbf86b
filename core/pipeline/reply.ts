import { ByteWriter } from '../../wire/bytes.ts';
import type { Codec } from '../../wire/codec.ts';
import { STAT_BYTES } from '../../wire/data.ts';
import type { ErrorCode } from '../../wire/errors.ts';
import { REPLY_HEADER_BYTES } from '../../wire/replies.ts';
import type { NodeId } from '../tree/node-id.ts';
import type { NodeStore } from '../tree/node-store.ts';

const TWO_32 = 0x1_0000_0000;
const CAPACITY_MIN = 512;
/** A buffer that one large answer made grow is not kept for ever. */
const CAPACITY_KEPT_MAX = 64 * 1024;

/**
 * The bytes that one connection will be sent at the end of the turn: frames one after another, built in place. `begin` and
 * `end` enclose the body of one frame.
 */
export class ReplyBuffer {
  readonly writer = new ByteWriter(CAPACITY_MIN);
  #frameAt = 0;

  get isEmpty(): boolean {
    return this.writer.pos === 0;
  }

  /** Begins a frame with its reply header; the body is written to `writer` next. */
  begin(xid: number, zxid: number, err: number): void {
    const { writer } = this;
    writer.reserve(4 + REPLY_HEADER_BYTES);
    const { bytes, pos } = writer;
    this.#frameAt = pos;
    bytes.writeInt32BE(xid, pos + 4);
    bytes.writeInt32BE(Math.floor(zxid / TWO_32), pos + 8);
    bytes.writeInt32BE(zxid | 0, pos + 12);
    bytes.writeInt32BE(err, pos + 16);
    writer.pos = pos + 20;
  }

  /** Ends the frame; returns its size with the length. */
  end(): number {
    const { writer } = this;
    const size = writer.pos - this.#frameAt;
    writer.bytes.writeInt32BE(size - 4, this.#frameAt);
    return size;
  }

  /** Gives up the frame that was begun. */
  abandon(): void {
    this.writer.pos = this.#frameAt;
  }

  /** A whole frame without a body. */
  header(xid: number, zxid: number, err: ErrorCode): number {
    this.begin(xid, zxid, err);
    return this.end();
  }

  /** A whole frame with a record as its body; nothing of it stays if the value cannot be written. */
  record<T>(xid: number, zxid: number, codec: Codec<T>, value: T): number {
    this.begin(xid, zxid, 0);
    try {
      codec.write(this.writer, value);
    } catch (fault) {
      this.abandon();
      throw fault;
    }
    return this.end();
  }

  /** Appends the Stat of a node to the frame that was begun. */
  stat(store: NodeStore, node: NodeId): void {
    const { writer } = this;
    writer.reserve(STAT_BYTES);
    store.copyStat(node, writer.dataView, writer.pos);
    writer.pos += STAT_BYTES;
  }

  /** A frame whose body is these bytes, without a reply header. */
  raw(body: Uint8Array): number {
    this.writer.writeInt(body.length);
    this.writer.writeRaw(body);
    return body.length + 4;
  }

  /** The bytes gathered, as a buffer of their own; empties this one. */
  take(): Buffer {
    const { writer } = this;
    const taken = Buffer.from(writer.view());
    writer.reset();
    if (writer.bytes.length > CAPACITY_KEPT_MAX) writer.renew(CAPACITY_MIN);
    return taken;
  }
}
