import {
  type InlineReader,
  type QuorumPacket,
  QuorumPacketReader,
  QuorumPacketType,
  SNAP_SIGNATURE,
} from '../../wire/quorum.ts';

/** Longest data that tests expect in a packet. */
export const TEST_DATA_BYTES_MAX = 1_048_576;

/** What stands in a stream: a packet, or the snapshot that follows a SNAP, with its signature. */
export type StreamItem = { readonly packet: QuorumPacket } | { readonly snapshot: Buffer };

/** Finds the end of a snapshot by its signature alone, so that it knows nothing of what is in there. */
class UntilSignature implements InlineReader {
  readonly #end: Buffer;
  readonly #done: (snapshot: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(done: (snapshot: Buffer) => void) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(SNAP_SIGNATURE.length);
    this.#end = Buffer.concat([length, Buffer.from(SNAP_SIGNATURE)]);
    this.#done = done;
  }

  push(bytes: Buffer, start: number, end: number): number {
    const before = this.#held.length;
    this.#held = Buffer.concat([this.#held, bytes.subarray(start, end)]);
    const at = this.#held.indexOf(this.#end, Math.max(0, before - this.#end.length));
    if (at === -1) return -1;
    const size = at + this.#end.length;
    this.#done(this.#held.subarray(0, size));
    return start + size - before;
  }
}

/** Cuts one direction of a quorum link into packets and snapshots, as it arrives. */
export class QuorumStream {
  readonly items: StreamItem[] = [];
  readonly #reader = new QuorumPacketReader(TEST_DATA_BYTES_MAX);
  #inSnapshot = false;

  push(chunk: Buffer): void {
    this.#reader.push(chunk, {
      packet: (packet) => {
        this.items.push({ packet });
        if (packet.type !== QuorumPacketType.SNAP) return null;
        this.#inSnapshot = true;
        return new UntilSignature((snapshot) => {
          this.#inSnapshot = false;
          this.items.push({ snapshot });
        });
      },
    });
  }

  get packets(): QuorumPacket[] {
    return this.items.flatMap((item) => ('packet' in item ? [item.packet] : []));
  }

  get snapshots(): Buffer[] {
    return this.items.flatMap((item) => ('snapshot' in item ? [item.snapshot] : []));
  }

  /** Whether the stream may end here: nothing has begun that is not whole. */
  get isWhole(): boolean {
    return this.#reader.pendingBytes === 0 && !this.#inSnapshot;
  }
}
