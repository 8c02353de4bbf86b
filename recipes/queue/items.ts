import { type Codec, InvalidValueError } from '../../client/index.ts';

const VERSION = 0x0001_0001;
const ITEM = 0x01;
const END = 0x02;

/** What is known of items beyond themselves. */
export interface ItemNotes {
  /** How often a handler has failed on the first of the items. */
  readonly attempts?: number;
  /** Why they were set aside. */
  readonly error?: string;
  readonly failedAtMs?: number;
  /** The one item is all that the node held, which is not in this encoding. */
  readonly raw?: boolean;
}

/** Content of an item's node: one item, or several that were put together. */
export interface Packed {
  readonly items: readonly Uint8Array[];
  readonly notes: ItemNotes;
}

/**
 * Curator's encoding: a version, each item with its length, and an end mark. The notes follow the end mark, where Java's Curator does
 * not look; when it puts an item back it keeps all bytes, and with them the notes.
 */
export function packItems(items: readonly Uint8Array[], notes: ItemNotes = {}): Buffer {
  const trailer = Object.keys(notes).length === 0 ? '' : JSON.stringify(notes);
  const bytes = items.reduce((sum, item) => sum + 5 + item.length, 5 + Buffer.byteLength(trailer));
  const packed = Buffer.alloc(bytes);
  let at = packed.writeInt32BE(VERSION, 0);
  for (const item of items) {
    at = packed.writeInt32BE(item.length, packed.writeUInt8(ITEM, at));
    packed.set(item, at);
    at += item.length;
  }
  at = packed.writeUInt8(END, at);
  packed.write(trailer, at);
  return packed;
}

/** Reads what `packItems` or Java's Curator wrote; `InvalidValueError` if it is something else. */
export function unpackItems(data: Uint8Array | null): Packed {
  const view = Buffer.from(data ?? []);
  const wrong = (message: string): InvalidValueError => new InvalidValueError([{ at: '', message }]);
  if (view.length < 4 || view.readInt32BE(0) !== VERSION) throw wrong('not an item of a queue');
  const items: Buffer[] = [];
  for (let at = 4; ; ) {
    const mark = view[at++];
    if (mark === END) return { items, notes: notesIn(view.subarray(at)) };
    if (mark !== ITEM || at + 4 > view.length) throw wrong('the item of a queue is damaged');
    const length = view.readInt32BE(at);
    at += 4;
    if (length < 0 || at + length > view.length) throw wrong('the item of a queue is damaged');
    items.push(view.subarray(at, at + length));
    at += length;
  }
}

/** The same for bytes that may be anything: what is no encoding is one raw item. */
export function unpackAnything(data: Uint8Array | null): Packed {
  try {
    return unpackItems(data);
  } catch {
    return { items: [data ?? Buffer.alloc(0)], notes: { raw: true } };
  }
}

/** Notes that cannot be read are not worth an item. */
function notesIn(trailer: Buffer): ItemNotes {
  if (trailer.length === 0) return {};
  try {
    const notes: unknown = JSON.parse(trailer.toString());
    return typeof notes === 'object' && notes !== null ? notes : {};
  } catch {
    return {};
  }
}

/** The number of failures so far, whoever wrote the notes. */
export function attemptsIn({ attempts }: ItemNotes): number {
  return Number.isSafeInteger(attempts) && attempts! > 0 ? attempts! : 0;
}

export async function encodeItems<T>(codec: Codec<T>, items: Iterable<T>): Promise<Uint8Array[]> {
  const encoded: Uint8Array[] = [];
  for (const item of items) encoded.push(await codec.encode(item));
  return encoded;
}
