import { ByteReader } from './bytes.ts';
import { AuthInfo, type QuorumPacket, QuorumPacketExtent } from './quorum-packet.ts';

/** Takes over the stream for as long as it stands in a form of its own, as the snapshot after a SNAP does. */
export interface InlineReader {
  /** Takes `bytes[start, end)`; returns the offset where its part of the stream ends, or -1 if it took everything and needs more. */
  push(bytes: Buffer, start: number, end: number): number;
}

export interface QuorumPacketSink {
  /**
   * A packet. `data` is a view that the reader never writes to again: it stays valid for as long as it is held, but may hold a
   * whole chunk of the socket in memory, so whoever keeps it for long copies it. Returns who reads on if what follows is not a
   * packet, else null.
   */
  packet(packet: QuorumPacket): InlineReader | null;
}

/** A first guess for a packet that spans chunks: most are a head and one small transaction. */
const PARTIAL_BYTES_MIN = 256;

/**
 * Cuts the byte stream of a quorum link into packets. They stand back to back without a length, so the reader goes by what is
 * inside them; it suspends and goes on at any byte. A packet that lies whole in one chunk is read in place, one that spans
 * chunks is copied once.
 *
 * Invariants: each byte is looked at a bounded number of times, however the stream is cut; memory held is at most one packet,
 * allocated as its bytes arrive and never at the sender's word. Chunks must not be changed after they were pushed. After a
 * throw (`WireFault` for a stream that is no stream of packets, or what the sink threw) `push` must not be called again.
 */
export class QuorumPacketReader {
  readonly #extent: QuorumPacketExtent;
  #inline: InlineReader | null = null;
  #partial: Buffer | null = null;
  #fill = 0;

  /** `dataBytesMax` is the longest data taken, and the most bytes of identities. */
  constructor(dataBytesMax: number) {
    this.#extent = new QuorumPacketExtent(dataBytesMax);
  }

  /** Bytes held of a packet that has not fully arrived. */
  get pendingBytes(): number {
    return this.#fill;
  }

  push(chunk: Buffer, sink: QuorumPacketSink): void {
    let pos = 0;
    while (pos < chunk.length) {
      if (this.#inline !== null) pos = this.#readInline(this.#inline, chunk, pos);
      else if (this.#partial !== null) pos = this.#resume(this.#partial, chunk, pos, sink);
      else pos = this.#readInPlace(chunk, pos, sink);
    }
  }

  #readInline(inline: InlineReader, chunk: Buffer, pos: number): number {
    const end = inline.push(chunk, pos, chunk.length);
    if (end === -1) return chunk.length;
    if (end < pos || end > chunk.length) {
      throw new RangeError(`an inline reader ended at ${end}, outside of [${pos}, ${chunk.length}]`);
    }
    this.#inline = null;
    return end;
  }

  #readInPlace(chunk: Buffer, pos: number, sink: QuorumPacketSink): number {
    if (this.#extent.scan(chunk, pos, chunk.length - pos)) {
      const end = pos + this.#extent.needed;
      this.#deliver(chunk, pos, end, sink);
      return end;
    }
    const arrived = chunk.length - pos;
    this.#partial = Buffer.allocUnsafeSlow(Math.max(PARTIAL_BYTES_MIN, arrived * 2));
    this.#fill = chunk.copy(this.#partial, 0, pos);
    return chunk.length;
  }

  /** Adds to a packet begun in an earlier chunk what it is known to need; returns where in the chunk to go on. */
  #resume(partial: Buffer, chunk: Buffer, pos: number, sink: QuorumPacketSink): number {
    const take = Math.min(this.#extent.needed - this.#fill, chunk.length - pos);
    const held = this.#withRoom(partial, this.#fill + take);
    chunk.copy(held, this.#fill, pos, pos + take);
    this.#fill += take;
    if (this.#extent.scan(held, 0, this.#fill)) {
      const size = this.#fill;
      this.#partial = null;
      this.#fill = 0;
      this.#deliver(held, 0, size, sink);
    }
    return pos + take;
  }

  #withRoom(partial: Buffer, need: number): Buffer {
    if (need <= partial.length) return partial;
    // Identities announce themselves one by one: room for just the next would copy the packet as often as there are some.
    const ahead = Math.min(this.#extent.needed, partial.length * 2);
    const grown = Buffer.allocUnsafeSlow(Math.max(need, ahead, Math.ceil(partial.length * 1.25)));
    partial.copy(grown, 0, 0, this.#fill);
    this.#partial = grown;
    return grown;
  }

  #deliver(bytes: Buffer, start: number, end: number, sink: QuorumPacketSink): void {
    this.#extent.begin();
    const reader = new ByteReader(bytes, start, end, end - start);
    const type = reader.readInt();
    const zxid = reader.readLongExact();
    const data = reader.readBuffer();
    const authinfo = AuthInfo.read(reader);
    this.#inline = sink.packet({ type, zxid, data, authinfo });
  }
}
