import { ReservedXid } from '../../wire/ids.ts';

const LENGTH_BYTES = 4;
/** A frame's length and the number of its request, which tell a ping from all else. */
const HEADER_BYTES = 8;

/**
 * Passes the bytes of a connection on in both directions and puts pings of its own between the frames of one who is silent. The
 * answers to those are taken out again, so that the owner of the session sees only what it asked for. A pure machine.
 *
 * What the owner writes must be whole frames, or nothing that is a frame at all (a four-letter word). Answers come in order, which
 * is how a ping of ours is told from one of the owner's.
 */
export class PingRelay {
  /** Pings without an answer, oldest first: null for one of the owner's, or when ours was sent. */
  readonly #pings: (bigint | null)[] = [];
  #ours = 0;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** How many bytes of an unfinished header have been passed on. */
  #passedBytes = 0;
  /** What is still to come of the frame at hand. */
  #bodyBytes = 0;
  #dropping = false;
  /** The bytes are no frames: they are passed on as they are, and no ping is put between. */
  #opaque = false;

  /** Whether a ping may be sent now. */
  get pingable(): boolean {
    return !this.#opaque;
  }

  /** The owner writes: remembers its pings. */
  written(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
      if (view.getInt32(at + LENGTH_BYTES) === ReservedXid.ping) this.#pings.push(null);
      at += LENGTH_BYTES + Math.max(LENGTH_BYTES, view.getInt32(at));
    }
  }

  /** A ping of ours is sent. */
  pinged(sentNs: bigint): void {
    this.#pings.push(sentNs);
    this.#ours++;
  }

  /** What the owner is to get of a chunk from the server; `answered` is told when each of our pings that it answers was sent. */
  received(chunk: Buffer, answered: (sentNs: bigint) => void): Buffer[] {
    const passed: Buffer[] = [];
    let from = 0;
    let at = 0;
    const pass = (until: number): void => {
      if (until > from) passed.push(chunk.subarray(from, until));
      from = until;
    };
    while (at < chunk.length && !this.#opaque) {
      if (this.#bodyBytes > 0) {
        const taken = Math.min(this.#bodyBytes, chunk.length - at);
        this.#bodyBytes -= taken;
        at += taken;
        if (this.#dropping) from = at;
        if (this.#bodyBytes === 0) this.#dropping = false;
        continue;
      }
      if (this.#headerBytes === 0) pass(at);
      const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
      chunk.copy(this.#header, this.#headerBytes, at, at + taken);
      this.#headerBytes += taken;
      at += taken;
      if (this.#headerBytes < HEADER_BYTES) {
        // It may be the answer to a ping of ours, of which the owner must not see a byte.
        if (this.#ours > 0 && this.#passedBytes === 0) from = at;
        else this.#passedBytes = this.#headerBytes;
        break;
      }
      // What was held back of the header comes before the rest of it, which begins where this chunk does.
      const heldBytes = this.#headerBytes - taken - this.#passedBytes;
      const sentNs = this.#beginFrame();
      if (sentNs !== null) {
        answered(sentNs);
        from = at;
      } else if (heldBytes > 0) passed.push(Buffer.from(this.#header.subarray(0, heldBytes)));
    }
    pass(chunk.length);
    return passed;
  }

  /** A header is complete: when the ping was sent that the frame answers, if it was one of ours. */
  #beginFrame(): bigint | null {
    const partlyPassed = this.#passedBytes > 0;
    this.#headerBytes = 0;
    this.#passedBytes = 0;
    const frameBytes = this.#header.readInt32BE(0);
    if (frameBytes < LENGTH_BYTES) {
      this.#opaque = true;
      return null;
    }
    this.#bodyBytes = frameBytes - LENGTH_BYTES;
    if (this.#header.readInt32BE(LENGTH_BYTES) !== ReservedXid.ping) return null;
    // One that began before our ping was sent cannot be the answer to it.
    if (partlyPassed && this.#pings[0] !== null) return null;
    const sentNs = this.#pings.shift() ?? null;
    if (sentNs === null) return null;
    this.#ours--;
    this.#dropping = true;
    return sentNs;
  }
}
