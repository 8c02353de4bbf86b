import { ByteWriter } from '../../wire/bytes.ts';
import { WireFault } from '../../wire/fault.ts';
import { SNAP_SIGNATURE } from '../../wire/quorum.ts';
import type { InlineReader } from '../../wire/quorum-reader.ts';
import type { SnapshotSink, SnapshotSource } from './contract.ts';
import { SnapshotBody } from './snapshot-body.ts';
import { writeSnapshotBodyHead } from './snapshot-format.ts';

/** Ends a snapshot on the wire, so that a reader who lost count notices. */
const signature = makeSignature();

/** About a millisecond of work. */
const CHUNK_BYTES_GOAL = 256 * 1024;
/** Room for the node with which a chunk passes its goal. */
const CHUNK_BYTES_SLACK = 64 * 1024;
const REST_BYTES_MIN = 4096;

function makeSignature(): Buffer {
  const writer = new ByteWriter();
  writer.writeString(SNAP_SIGNATURE);
  return writer.finish();
}

/**
 * A tree as it follows a SNAP packet, chunk by chunk (LearnerHandler, DataTree.serialize): no header, no seal, no digest. The
 * packet's zxid is the source's. The copy is fuzzy, like that on disk: proposals after that zxid must follow.
 *
 * Each chunk belongs to the caller. Take the next one when the connection has room for it. `return` ends a stream that is not
 * taken to its end; without it the source stays open and the tree keeps the ids of removed nodes.
 */
export class SnapshotStreamWriter implements IterableIterator<Buffer, undefined, undefined> {
  readonly #source: SnapshotSource;
  readonly #writer = new ByteWriter(0);
  #phase: 'head' | 'nodes' | 'done' = 'head';

  constructor(source: SnapshotSource) {
    this.#source = source;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Buffer, undefined> {
    if (this.#phase === 'done') return { done: true, value: undefined };
    const writer = this.#writer;
    writer.renew(CHUNK_BYTES_GOAL + CHUNK_BYTES_SLACK);
    try {
      if (this.#phase === 'head') writeSnapshotBodyHead(writer, this.#source);
      this.#phase = 'nodes';
      if (!this.#source.writeNodes(writer, CHUNK_BYTES_GOAL)) {
        writer.writeString('/');
        writer.writeRaw(signature);
        this.return();
      }
    } catch (error) {
      this.return();
      throw error;
    }
    return { done: false, value: writer.view() };
  }

  return(): IteratorResult<Buffer, undefined> {
    if (this.#phase !== 'done') this.#source.close();
    this.#phase = 'done';
    return { done: true, value: undefined };
  }
}

/**
 * Reads what follows a SNAP packet into a sink, cut anywhere, and finds its end. Holds at most one record, in a buffer that
 * grows as its bytes arrive.
 *
 * `push` throws `WireFault` for what is no snapshot or what the sink refuses; what the sink was given must be forgotten then,
 * as it must when the stream ends early. Nothing in the stream tells damage from truth: it has no checksum.
 */
export class SnapshotStreamReader implements InlineReader {
  readonly #sink: SnapshotSink;
  readonly #body: SnapshotBody;
  readonly #zxid: number;
  /** The beginning of a record, `#restBytes` long. */
  #rest = Buffer.alloc(0);
  #restBytes = 0;
  #isDone = false;

  /** `zxid` is the packet's: last transaction that is surely in the tree. */
  constructor(sink: SnapshotSink, zxid: number) {
    this.#sink = sink;
    this.#body = new SnapshotBody(sink);
    this.#zxid = zxid;
  }

  /** Takes `bytes[start, end)`; returns where the snapshot ends, -1 if it took everything and needs more. */
  push(bytes: Buffer, start: number, end: number): number {
    if (this.#isDone) throw new Error('the snapshot has ended already');
    try {
      const at = this.#takeBody(bytes, start, end);
      return at === -1 ? -1 : this.#takeSignature(bytes, at, end);
    } catch (fault) {
      // Errors of the system and of assertions have a code; a sink that finds no sense in a record throws a plain one.
      if (fault instanceof WireFault || !(fault instanceof Error) || 'code' in fault) throw fault;
      throw new WireFault('malformed', fault.message);
    }
  }

  #takeBody(bytes: Buffer, start: number, end: number): number {
    const body = this.#body;
    let at = start;
    while (!body.isComplete) {
      if (this.#restBytes === 0) {
        at = body.take(bytes, at, end);
        if (body.isComplete) break;
      }
      at = this.#keep(bytes, at, end, body.needed);
      if (this.#restBytes < body.needed) return -1;
      const taken = body.take(this.#rest, 0, this.#restBytes);
      this.#dropRest(taken);
    }
    return at;
  }

  #takeSignature(bytes: Buffer, start: number, end: number): number {
    const at = this.#keep(bytes, start, end, signature.length);
    if (this.#rest.compare(signature, 0, this.#restBytes, 0, this.#restBytes) !== 0) {
      throw new WireFault('malformed', `the snapshot does not end with ${SNAP_SIGNATURE}`);
    }
    if (this.#restBytes < signature.length) return -1;
    this.#isDone = true;
    this.#rest = Buffer.alloc(0);
    this.#sink.snapshotLoaded(this.#zxid, null);
    return at;
  }

  /** Moves bytes to the rest until it has `wanted`, or there are no more; returns where it stopped. */
  #keep(bytes: Buffer, start: number, end: number, wanted: number): number {
    const count = Math.min(wanted - this.#restBytes, end - start);
    const filled = this.#restBytes + count;
    if (filled > this.#rest.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(wanted, Math.max(2 * filled, REST_BYTES_MIN)));
      this.#rest.copy(grown, 0, 0, this.#restBytes);
      this.#rest = grown;
    }
    bytes.copy(this.#rest, this.#restBytes, start, start + count);
    this.#restBytes = filled;
    return start + count;
  }

  #dropRest(taken: number): void {
    if (taken === 0) return;
    this.#rest.copy(this.#rest, 0, taken, this.#restBytes);
    this.#restBytes -= taken;
  }
}
