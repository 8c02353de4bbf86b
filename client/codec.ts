import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidValueError, validated } from './schema.ts';

/** What a node's data means. Both directions may take their time, and reject with `InvalidValueError`. */
export interface Codec<T> {
  encode(value: T): Uint8Array | Promise<Uint8Array>;
  /** The bytes are the codec's to read, not to keep. */
  decode(bytes: Uint8Array): T | Promise<T>;
}

/** The bytes themselves. */
export const bytes: Codec<Uint8Array> = {
  encode: (value) => value,
  decode: (value) => value,
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch (cause) {
    throw new InvalidValueError([{ at: '', message: 'not UTF-8' }], cause);
  }
}

export const text: Codec<string> = {
  encode: (value) => Buffer.from(value),
  decode: textOf,
};

/**
 * JSON; with a schema (zod, valibot, arktype or whatever else is a Standard Schema) only values that it allows, when they are
 * written as when they are read. What the schema makes of a value when it is read is what the reader gets.
 */
export function json<T = unknown>(): Codec<T>;
export function json<S extends StandardSchemaV1>(schema: S): Codec<StandardSchemaV1.InferOutput<S>>;
export function json(schema?: StandardSchemaV1): Codec<unknown> {
  return {
    encode: async (value) => {
      if (schema !== undefined) await validated(schema, value);
      const written = JSON.stringify(value);
      if (written === undefined)
        throw new InvalidValueError([{ at: '', message: `JSON has no ${typeof value}` }]);
      return Buffer.from(written);
    },
    decode: async (data) => {
      let value: unknown;
      try {
        value = JSON.parse(textOf(data));
      } catch (cause) {
        if (cause instanceof InvalidValueError) throw cause;
        throw new InvalidValueError([{ at: '', message: `not JSON: ${(cause as Error).message}` }], cause);
      }
      return schema === undefined ? value : validated(schema, value);
    },
  };
}
