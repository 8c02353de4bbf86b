import { viewOf } from '../../wire/bytes.ts';

/**
 * Variable-size byte blobs outside the collected heap: a million znodes cost the garbage collector nothing.
 *
 * Blobs live in 1 MiB chunks, in units of 16 bytes. A reference is chunk << 16 | unit, an unsigned 32-bit number, so up to 64
 * GiB can be addressed. Freed blobs go to the free list of their size class, threaded through the blobs themselves. A blob
 * above `CHUNKED_BYTES_MAX` has a chunk of its own.
 *
 * Invariants: a live reference belongs to one owner; `free` is told the same size as `allocate` was; bytes of a fresh blob are
 * undefined.
 */
const UNIT = 16;
const CHUNK_BYTES = 1 << 20;
const CHUNKED_BYTES_MAX = 64 * 1024;
const SMALL_CLASSES = 64; // 16, 32, … 1024 bytes
const CHUNKS_MAX = 65_536;

/** Reference that no blob has. */
export const NO_BLOB = 0xffff_ffff;

function classOf(bytes: number): number {
  if (bytes <= SMALL_CLASSES * UNIT) return Math.max(0, Math.ceil(bytes / UNIT) - 1);
  // Above 1 KiB: four classes a doubling, so that at most a fifth of a blob is unused.
  const exponent = 31 - Math.clz32(bytes - 1);
  const quarter = ((bytes - 1) >>> (exponent - 2)) & 3;
  return SMALL_CLASSES + (exponent - 10) * 4 + quarter;
}

function classBytes(sizeClass: number): number {
  if (sizeClass < SMALL_CLASSES) return (sizeClass + 1) * UNIT;
  const exponent = 10 + ((sizeClass - SMALL_CLASSES) >>> 2);
  const quarter = (sizeClass - SMALL_CLASSES) & 3;
  return (1 << exponent) + (quarter + 1) * (1 << (exponent - 2));
}

export class BlobStore {
  readonly #chunks: (Buffer | null)[] = [];
  readonly #views: (DataView | null)[] = [];
  readonly #freeHeads: number[] = [];
  readonly #freeChunks: number[] = [];
  /** Chunk that new blobs are cut from, and where its unused part begins. */
  #current = -1;
  #currentPos = CHUNK_BYTES;
  #liveBytes = 0;

  /** Bytes that live blobs occupy, size classes rounded up. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** The chunk a blob lies in; its bytes begin at `offset(ref)`. */
  chunk(ref: number): Buffer {
    return this.#chunks[ref >>> 16]!;
  }

  /** The same chunk, for access in words. */
  view(ref: number): DataView {
    return this.#views[ref >>> 16]!;
  }

  offset(ref: number): number {
    return (ref & 0xffff) * UNIT;
  }

  allocate(bytes: number): number {
    if (bytes > CHUNKED_BYTES_MAX) return this.#allocateChunk(bytes);
    const sizeClass = classOf(bytes);
    const rounded = classBytes(sizeClass);
    this.#liveBytes += rounded;
    const free = this.#freeHeads[sizeClass] ?? NO_BLOB;
    if (free !== NO_BLOB) {
      this.#freeHeads[sizeClass] = this.chunk(free).readUInt32LE(this.offset(free));
      return free;
    }
    if (this.#currentPos + rounded > CHUNK_BYTES) {
      this.#current = this.#takeChunkIndex();
      this.#putChunk(this.#current, CHUNK_BYTES);
      this.#currentPos = 0;
    }
    const ref = ((this.#current << 16) | (this.#currentPos / UNIT)) >>> 0;
    this.#currentPos += rounded;
    return ref;
  }

  free(ref: number, bytes: number): void {
    if (bytes > CHUNKED_BYTES_MAX) {
      this.#liveBytes -= bytes;
      this.#chunks[ref >>> 16] = null;
      this.#views[ref >>> 16] = null;
      this.#freeChunks.push(ref >>> 16);
      return;
    }
    const sizeClass = classOf(bytes);
    this.#liveBytes -= classBytes(sizeClass);
    this.chunk(ref).writeUInt32LE(this.#freeHeads[sizeClass] ?? NO_BLOB, this.offset(ref));
    this.#freeHeads[sizeClass] = ref;
  }

  /** Whether a blob allocated for `have` bytes can hold `want` bytes without moving or wasting a size class. */
  fits(have: number, want: number): boolean {
    if (have > CHUNKED_BYTES_MAX || want > CHUNKED_BYTES_MAX) return have === want;
    return classOf(have) === classOf(want);
  }

  #allocateChunk(bytes: number): number {
    const index = this.#takeChunkIndex();
    this.#putChunk(index, bytes);
    this.#liveBytes += bytes;
    return (index << 16) >>> 0;
  }

  #putChunk(index: number, bytes: number): void {
    const chunk = Buffer.allocUnsafeSlow(bytes);
    this.#chunks[index] = chunk;
    this.#views[index] = viewOf(chunk);
  }

  #takeChunkIndex(): number {
    const index = this.#freeChunks.pop() ?? this.#chunks.length;
    if (index >= CHUNKS_MAX)
      throw new RangeError(`znode data exceeds ${CHUNKS_MAX} chunks of ${CHUNK_BYTES} bytes`);
    return index;
  }
}
