import { ByteReader, ByteWriter } from './bytes.ts';
import { WireFault } from './fault.ts';

/**
 * How one kind of value stands on the wire. Reading and writing come from the same declaration, so that client and server
 * cannot disagree. `bytesMin` is the least number of bytes a value takes: it bounds hostile vector counts.
 */
export interface Codec<T> {
  readonly bytesMin: number;
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

export type Decoded<C> = C extends Codec<infer T> ? T : never;

type Fields = Readonly<Record<string, Codec<unknown>>>;
type RecordOf<F extends Fields> = { -readonly [K in keyof F]: Decoded<F[K]> };

export interface RecordCodec<T> extends Codec<T> {
  readonly name: string;
}

function scalar<T>(
  bytesMin: number,
  read: (r: ByteReader) => T,
  write: (w: ByteWriter, v: T) => void,
): Codec<T> {
  return { bytesMin, read, write };
}

export const byte = scalar<number>(
  1,
  (r) => r.readByte(),
  (w, v) => w.writeByte(v),
);
export const bool = scalar<boolean>(
  1,
  (r) => r.readBool(),
  (w, v) => w.writeBool(v),
);
export const int = scalar<number>(
  4,
  (r) => r.readInt(),
  (w, v) => w.writeInt(v),
);
/** 64 bits that are an identity or a bit pattern: session ids, passwords' seeds, digests. */
export const long = scalar<bigint>(
  8,
  (r) => r.readLong(),
  (w, v) => w.writeLong(v),
);
/** 64 bits that count and stay below 2^53: zxids. A value beyond is a fault. */
export const longExact = scalar<number>(
  8,
  (r) => r.readLongExact(),
  (w, v) => w.writeLongExact(v),
);
/** 64 bits that a stranger chose, such as a TTL or a clock: read as the nearest double. */
export const longApproximate = scalar<number>(
  8,
  (r) => r.readLongApproximate(),
  (w, v) => w.writeLongExact(v),
);
export const ustring = scalar<string | null>(
  4,
  (r) => r.readString(),
  (w, v) => w.writeString(v),
);
export const buffer = scalar<Uint8Array | null>(
  4,
  (r) => r.readBuffer(),
  (w, v) => w.writeBuffer(v),
);

/** A string that the protocol never leaves null: null reads as a `malformed` fault. */
export const text = scalar<string>(
  4,
  (r) => {
    const value = r.readString();
    if (value === null) throw new WireFault('malformed', `null string at offset ${r.pos - 4}`);
    return value;
  },
  (w, v) => w.writeString(v),
);

export function vector<T>(element: Codec<T>): Codec<T[] | null> {
  return {
    bytesMin: 4,
    read(reader) {
      const count = reader.readCount(element.bytesMin);
      if (count < 0) return null;
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(element.read(reader));
      return values;
    },
    write(writer, values) {
      if (values === null) {
        writer.writeInt(-1);
        return;
      }
      writer.writeInt(values.length);
      for (const value of values) element.write(writer, value);
    },
  };
}

/** A record is its fields in order: no tag, no padding, no length. */
export function record<F extends Fields>(name: string, fields: F): RecordCodec<RecordOf<F>> {
  let bytesMin = 0;
  for (const codec of Object.values(fields)) bytesMin += codec.bytesMin;
  return { name, bytesMin, ...(compiled<RecordOf<F>>(fields) ?? interpreted<RecordOf<F>>(fields)) };
}

type ReadWrite<T> = Pick<Codec<T>, 'read' | 'write'>;

/**
 * Reading and writing as functions made for the record: they name its fields, so that the engine knows the shape of the value,
 * which takes an eighth off a write's time in the server (docs/decisions/0013-compiled-codecs.md). Null where the process may
 * not make code from strings. Only field names of declarations get into the code, never input.
 */
export function compiled<T>(fields: Fields): ReadWrite<T> | null {
  const names = Object.keys(fields);
  for (const name of names)
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`${name} cannot be a field's name`);
  const values = names.map((name) => `${name}: $${name}.read(reader)`);
  const writes = names.map((name) => `$${name}.write(writer, value.${name});`);
  const code = `return {
    read: (reader) => ({ ${values.join(', ')} }),
    write: (writer, value) => { ${writes.join(' ')} },
  };`;
  try {
    return new Function(...names.map((name) => `$${name}`), code)(...Object.values(fields)) as ReadWrite<T>;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}

/** The same, looking at the declaration each time. */
export function interpreted<T>(fields: Fields): ReadWrite<T> {
  const entries = Object.entries(fields);
  return {
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const [key, codec] of entries) value[key] = codec.read(reader);
      return value as T;
    },
    write(writer, value) {
      for (const [key, codec] of entries) codec.write(writer, (value as Record<string, unknown>)[key]);
    },
  };
}

/** Reads one value that must fill the bytes exactly. */
export function decode<T>(codec: Codec<T>, bytes: Buffer): T {
  const reader = new ByteReader(bytes);
  const value = codec.read(reader);
  if (reader.remaining !== 0) {
    throw new WireFault('malformed', `${reader.remaining} bytes left after the record`);
  }
  return value;
}

export function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new ByteWriter();
  codec.write(writer, value);
  return writer.finish();
}
